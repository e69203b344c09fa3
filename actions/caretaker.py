"""Brings runs to their last verdict: those of this program that go on, and those that nobody cares for any more."""

from collections.abc import Callable, Container, Coroutine, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from actions.aftermath import Aftermath, left_alone
from actions.keeping import KEEP_EVERY
from actions.means import Means
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from actions.verdict import Verdict
from backend.clock import Clock
from backend.errors import JournalError, SourceError
from backend.holding import Locks
from backend.incident.runs import RunRecord
from backend.incident.scribe import Scribe

MOST = 100
"""So many open runs are looked at, the newest first."""
LOOK_AGAIN = 2 * KEEP_EVERY
"""Seconds until a second look at a run that nobody holds: in that time whoever runs it makes its lock anew."""
REST = 30.0
"""Seconds until a run is taken up again whose verdict could not be written."""


class Voice(Protocol):
    """What tells the person."""

    def broken_off(self, runs: Sequence[RunRecord]) -> None:
        """Some runs were begun, and never ended."""

    async def ended(self, run: RunRecord, spec: ActionSpec, verdict: Verdict) -> None:
        """A run has its last verdict."""


@dataclass(slots=True)
class OpenRuns:
    """Finds the runs in the journal that nobody on this host brings to their end."""

    scribe: Scribe
    locks: Locks
    clock: Clock
    host: str
    unsure: Sequence[RunRecord] = ()
    """The runs without a verdict that nobody held at the last look, and that only another look can judge."""
    _unheld_before: frozenset[str] = frozenset()

    async def left(self, ours: Container[str], spared: Callable[[str], bool]) -> Sequence[RunRecord]:
        """Those that may be taken up, but for the spared: ours at once, others' when they are left alone.

        One without a verdict counts when two looks in a row found nobody: a lock that was taken away is made anew.
        """
        await self.scribe.catch_up()
        now = self.clock.now()
        quiet = [
            run
            for run in self.scribe.ledger.open_runs[-MOST:]
            if not spared(run.id) and (run.id in ours or left_alone(run, now, self.host))
        ]
        unheld = await self.locks.unheld([run.id for run in quiet]) if quiet else ()  # mostly there is none
        free = [run for run in quiet if run.id in unheld]
        left = [run for run in free if run.verdict is not None or run.id in self._unheld_before]
        self.unsure = [run for run in free if run.verdict is None and run.id not in self._unheld_before]
        self._unheld_before = frozenset(unheld)
        if any(run.verdict is None for run in left):
            await self.scribe.catch_up()  # one that ended between the two looks has its verdict by now
            still = {run.id: run for run in self.scribe.ledger.open_runs}
            left = [still[run.id] for run in left if run.id in still]
        return left


@dataclass(slots=True)
class Caretaker:
    """Takes up each run that is due, and tells what it finds."""

    runs: OpenRuns
    means: Callable[[ActionSpec], Means]
    voice: Voice
    ours: MutableMapping[str, Verdict]
    """The runs of this program that are still open, and what is known of them; whoever acts puts them in."""
    only_looks: Callable[[], bool]
    """Whether this program must not take anything up."""
    _rests_until: dict[str, float] = field(default_factory=dict)
    _cared_for: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    async def look(self) -> Sequence[RunRecord]:
        """The runs that are due: nobody else brings them to their end. What was broken off is told, once."""
        due = await self.runs.left(self.ours, self._is_spared)
        self._tell(due)
        return due

    def take_up(self, due: Sequence[RunRecord]) -> Sequence[Coroutine[None, None, None]]:
        """What brings each of them to its end, as far as this program knows what it did."""
        known = [] if self.only_looks() else [run for run in due if run.intent.action in REGISTRY]
        self._cared_for.update(run.id for run in known)
        return [self._care(run, REGISTRY[run.intent.action]) for run in known]

    def _is_spared(self, id_: str) -> bool:
        return id_ in self._cared_for or self.runs.clock.monotonic() < self._rests_until.get(id_, 0.0)

    def _tell(self, due: Sequence[RunRecord]) -> None:
        news = [run for run in due if run.verdict is None and run.id not in self._told and run.id not in self.ours]
        self._told.update(run.id for run in news)
        if news:
            self.voice.broken_off(news)

    async def _care(self, run: RunRecord, spec: ActionSpec) -> None:
        id_ = run.id
        known = self.ours.get(id_)
        try:
            verdict = await Aftermath(self.means(spec), spec.acts_on).settle(id_, known)
        except (JournalError, SourceError):
            verdict = None  # no journal, or no place for locks: the first action says why
        finally:
            self._cared_for.discard(id_)
        if verdict is None or not verdict.recorded:
            self._rests_until[id_] = self.runs.clock.monotonic() + REST
        if verdict is None:
            return
        if verdict.recorded:
            self.ours.pop(id_, None)
        else:
            self.ours[id_] = verdict
        if known is None or known.so_far:
            await self.voice.ended(run, spec, verdict)
