"""What a fresh read showed after an action."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.model.target import Target


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
    """Before and after, in numbers where there are any."""
    so_far: bool = False
    """Not ended yet: it is followed, and a second verdict is written when it ends."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an action as a whole: the worst of its targets, with counts."""

    word: Word
    text: str
    targets: tuple[TargetVerdict, ...]

    @property
    def so_far(self) -> bool:
        """Whether any target is still being followed."""
        return any(one.so_far for one in self.targets)

    @classmethod
    def over(cls, verdicts: Sequence[TargetVerdict], skipped: int = 0) -> "Verdict":
        """The verdict over several targets; `skipped` were planned but never touched."""
        if not verdicts:
            return cls(Word.UNKNOWN, "nothing was done", ())
        worst = max((one.word for one in verdicts), key=lambda word: word.rank)
        text = verdicts[0].text if len(verdicts) == 1 else _counts(verdicts)
        return cls(worst, f"{text}, {skipped} not touched" if skipped else text, tuple(verdicts))


def _counts(verdicts: Sequence[TargetVerdict]) -> str:
    counted = Counter("worked so far" if one.so_far else one.word.value for one in verdicts)
    return ", ".join(f"{count} {word}" for word, count in counted.items())
