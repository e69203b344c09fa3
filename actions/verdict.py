"""What a fresh read showed after an action."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from backend.frozen import dataclass
from backend.incident.entry import told_as_data
from backend.model.target import Target
from backend.text import add, first_line


class Word(StrEnum):
    """The verdict in a word, the worst last."""

    WORKED = "worked"
    UNKNOWN = "unknown"
    NO_EFFECT = "no effect"
    WORSE = "worse"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Word).index(self)


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """What became of one target."""

    target: Target
    word: Word
    text: str
    """Before and after, in numbers where there are any; lines that are to be copied stand below."""
    so_far: bool = False
    """Not ended, or not settled yet: it is followed, and a second verdict is written when it ends."""
    under_way: bool = False
    """Whether something goes on with it that has to come to an end first."""

    @property
    def unsettled(self) -> bool:
        """Whether it is followed although it has not worked until now."""
        return self.so_far and self.word is not Word.WORKED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an action as a whole: the worst of its targets, with counts."""

    word: Word
    text: str
    targets: tuple[TargetVerdict, ...]
    skipped: int = 0
    """Targets that were planned but never touched."""
    needless: int = 0
    """Targets that were not touched because they were by then what was wanted."""
    stopped: str = ""
    """Why not all was done that was planned, and how far it came; empty when nothing stopped it."""
    recorded: bool = True
    """Whether the journal has all of the run."""

    @property
    def so_far(self) -> bool:
        """Whether any target is still being followed."""
        return any(one.so_far for one in self.targets)

    @classmethod
    def over(
        cls, verdicts: Sequence[TargetVerdict], skipped: int = 0, needless: int = 0, *, none: str = "nothing was done"
    ) -> "Verdict":
        """The verdict over several targets. What was never touched is unknown, and so is a whole that has it.

        What needed nothing makes a whole neither better nor worse. `none` is what is said when there is no target.
        """
        in_vain = f", {needless} needed nothing" if needless else ""
        if not verdicts:
            return cls(Word.UNKNOWN, f"{none}{in_vain}", (), skipped, needless)
        words = [one.word for one in verdicts] + [Word.UNKNOWN] * bool(skipped)
        worst = max(words, key=lambda word: word.rank)
        text = verdicts[0].text if len(verdicts) == 1 else _counts(verdicts)
        untouched = f", {skipped} not touched" if skipped else ""
        return cls(worst, add(text, f"{in_vain}{untouched}"), tuple(verdicts), skipped, needless)

    def stopped_by(self, why: str) -> "Verdict":
        """The same, saying what stopped it and how far it came."""
        return replace(self, text=add(self.text, f"; {why}"), stopped=why)

    def unrecorded(self, why: object) -> "Verdict":
        """The same, saying that the journal does not have it all."""
        return replace(self, text=add(self.text, f"; not recorded: {why}"), recorded=False)

    def as_data(self, *, final: bool) -> Mapping[str, Any]:
        """What the journal keeps of it."""
        return {
            "verdict": self.word.value,
            **told_as_data(self.text),
            "final": final,
            **({"stopped": self.stopped} if self.stopped else {}),
            "targets": [
                {
                    "key": one.target.key,
                    "verdict": one.word.value,
                    "text": first_line(one.text),
                    "so_far": one.so_far,
                }
                for one in self.targets
            ],
        }


def _counts(verdicts: Sequence[TargetVerdict]) -> str:
    counted = Counter(f"{one.word.value} so far" if one.so_far else one.word.value for one in verdicts)
    return ", ".join(f"{count} {word}" for word, count in counted.items())
