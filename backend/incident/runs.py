"""What the journal tells of each run: its intent, its steps, and its last verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from backend.frozen import dataclass
from backend.incident.entry import Entry


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as far as it is written down."""

    intent: Entry
    steps: tuple[Entry, ...] = ()
    verdict: Entry | None = None
    """The last one; None while it runs, or when it was broken off."""

    @property
    def id(self) -> str:
        """What intent, steps and verdicts have in common."""
        return self.intent.id

    @property
    def open(self) -> bool:
        """Whether its last word is still to come."""
        return self.verdict is None or self.verdict.data.get("final") is not True

    @property
    def last_at(self) -> datetime:
        """When something was written of it last."""
        return (self.verdict or (self.steps[-1] if self.steps else self.intent)).at

    @property
    def entries(self) -> Sequence[Entry]:
        """What is kept of it: the intent, the steps, the last verdict."""
        return (self.intent, *self.steps, *((self.verdict,) if self.verdict else ()))

    @property
    def host(self) -> str:
        """Where it was run, by the name of who ran it."""
        return self.intent.actor.rpartition("@")[2]

    @property
    def sent(self) -> Mapping[str, datetime]:
        """When each target was touched last, by its key."""
        return {key: step.at for step in self.steps if step.data.get("sent") is not False for key in step.targets}

    @property
    def lost(self) -> Mapping[str, datetime]:
        """When each target was touched last to whose step nobody had the answer, by its key."""
        return {key: step.at for step in self.steps if step.data.get("lost") is True for key in step.targets}

    @property
    def needless(self) -> frozenset[str]:
        """The targets that were not touched because they were by then what was wanted."""
        return self._noted("needless")

    @property
    def touched(self) -> Mapping[str, datetime]:
        """When each target was touched, or may have been: of a run that was broken off not all is written down."""
        meant = frozenset(self.intent.targets)
        perhaps = meant if self.verdict is None else meant & self._judged
        touched = dict.fromkeys(perhaps, self.intent.at) | {key: at for key, at in self.sent.items() if key in meant}
        undone = self.undone
        return {key: at for key, at in touched.items() if key not in undone}

    @property
    def undone(self) -> frozenset[str]:
        """The targets for which the answer proved that nothing was done."""
        return self._noted("undone")

    @property
    def doubtful(self) -> frozenset[str]:
        """The targets whose step was refused, or never answered: it may have been done all the same."""
        return self._noted("refused") | self._noted("lost")

    def _noted(self, word: str) -> frozenset[str]:
        return frozenset(key for step in self.steps if step.data.get(word) is True for key in step.targets)

    @property
    def _judged(self) -> frozenset[str]:
        """The targets that the last verdict tells of: they were touched, as far as anybody knows."""
        told = self.verdict.data.get("targets") if self.verdict else None
        rows = told if isinstance(told, list) else []
        return frozenset(str(each.get("key")) for each in rows if isinstance(each, dict))


def gathered(entries: Iterable[Entry], before: Mapping[str, RunRecord] | None = None) -> dict[str, RunRecord]:
    """The runs of these entries by id, in the order of their intents; `before` are those that entries go on with."""
    runs = dict(before or {})
    steps: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind == "intent":
            runs[entry.id] = RunRecord(entry)
            steps.pop(entry.id, None)
        elif entry.id in runs and entry.kind == "step":
            steps.setdefault(entry.id, []).append(entry)
        elif entry.id in runs and entry.kind == "verdict":
            runs[entry.id] = replace(runs[entry.id], verdict=entry)
    for id_, more in steps.items():
        runs[id_] = replace(runs[id_], steps=(*runs[id_].steps, *more))
    return runs
