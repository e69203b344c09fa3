"""What `act` finds unfinished: it tells of it before it acts, and brings to its end what nobody else cares for."""

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from actions.brake import Brake
from actions.caretaker import LOOK_AGAIN, MOST, Caretaker, OpenRuns
from actions.means import Means
from actions.plan import Plan
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from actions.unfinished import MOST_TOLD, targets_of, told_broken_off, told_going_on
from actions.verdict import Verdict
from backend.clock import Clock
from backend.errors import JournalError
from backend.holding import Locks
from backend.incident.entry import verdict_word
from backend.incident.identity import meant_by
from backend.incident.runs import RunRecord
from backend.incident.scribe import Scribe
from backend.text import clean, listed

JUDGED_WITHIN = 20.0
"""Seconds for which an action waits for what becomes of an earlier one on the same target."""


class Unfinished:
    """The open runs on one platform, as the journal tells of them to one who is about to act."""

    def __init__(
        self,
        means: Callable[[ActionSpec], Means],
        scribe: Scribe,
        locks: Locks,
        clock: Clock,
        *,
        only_looks: bool,
        says: Callable[[str], None],
    ) -> None:
        self._means = means
        self._scribe = scribe
        self._says = says
        runs = OpenRuns(scribe, locks, clock, socket.gethostname())
        self._caretaker = Caretaker(runs, means, self, {}, only_looks=lambda: only_looks)
        self._found: Sequence[RunRecord] = ()
        self._broken_off: Collection[str] = ()
        self._cares: dict[str, asyncio.Task[None]] = {}
        """What brings each run to its end that was taken up, by its id."""

    async def look(self) -> None:
        """Find and tell them, and take up those that nobody else brings to their end.

        A journal that cannot be read is left to what is asked for: that is refused for it.
        """
        with suppress(JournalError):
            due = await self._caretaker.look()
            if any(map(self._is_here, self._caretaker.runs.unsure)):  # what is elsewhere is not told
                await asyncio.sleep(LOOK_AGAIN)
                due = await self._caretaker.look()
            self._found = [run for run in self._scribe.ledger.open_runs[-MOST:] if self._is_here(run)]
            self._tell()
            for run in due:
                for care in self._caretaker.take_up([run]):
                    self._cares[run.id] = asyncio.create_task(care)

    async def judge(self, plan: Plan, brake: Brake) -> None:
        """Wait a while for what became of the plan's targets: once more is done to them nobody can tell."""
        keys = {target.key for target in plan.targets}
        touching = [run for run in self._found if not keys.isdisjoint(run.intent.targets) and run.id in self._cares]
        if not touching:
            return
        self._says(f"looking first at what became of {listed([targets_of(run) for run in touching])} …")
        cares = {run.id: self._cares.pop(run.id) for run in touching}
        await brake.unless_hurried(asyncio.wait(cares.values()), JUDGED_WITHIN)
        for run in touching:
            if not cares[run.id].done() and not brake.hurries():
                self._says(f"what became of {targets_of(run)} is not known within {JUDGED_WITHIN:g} s")
        await _left(cares.values())

    async def leave(self) -> None:
        """Leave to others what has not ended yet."""
        await _left(self._cares.values())

    async def as_data(self) -> list[dict[str, Any]]:
        """What was found, and what has become of it by now, as `act --json` prints it."""
        with suppress(JournalError):
            await self._scribe.catch_up()
        return [self._row(self._scribe.ledger.run(run.id) or run) for run in self._found]

    def broken_off(self, runs: Sequence[RunRecord]) -> None:
        """Some runs were begun, and never ended."""
        self._broken_off = {run.id for run in runs}

    async def ended(self, run: RunRecord, spec: ActionSpec, verdict: Verdict) -> None:
        """A run has its last verdict."""
        self._says(f"{spec.id} of {targets_of(run)}, unfinished until now: {verdict.word.value}: {verdict.text}")

    def _is_here(self, run: RunRecord) -> bool:
        """Whether it acts on this platform, as far as can be understood."""
        spec = REGISTRY.get(run.intent.action)
        meant = None if spec is None else meant_by(run, spec.acts_on)
        return spec is None or meant is None or meant.place == self._means(spec).executor.place

    def _tell(self) -> None:
        """The newest; what was broken off comes before all that goes on."""
        for run in sorted(self._found, key=lambda run: run.id in self._broken_off)[-MOST_TOLD:]:
            self._says(self._told(run))
        if len(self._found) > MOST_TOLD:
            self._says(f"{len(self._found) - MOST_TOLD} more runs have no last verdict; backtop journal tells of them")

    def _told(self, run: RunRecord) -> str:
        return told_broken_off(run) if run.id in self._broken_off else told_going_on(run)

    def _row(self, run: RunRecord) -> dict[str, Any]:
        verdict = run.verdict
        return {
            "action": run.intent.action,
            "targets": [clean(key) for key in run.intent.targets],
            "at": run.intent.at,
            "by": run.intent.actor,
            "state": self._state(run),
            "verdict": None if verdict is None else verdict_word(verdict),
            "text": self._told(run) if verdict is None else clean(verdict.data.get("text")),
        }

    def _state(self, run: RunRecord) -> str:
        if not run.open:
            return "ended"
        if run.verdict is None:
            return "broken off" if run.id in self._broken_off else "no verdict yet"
        return "no last verdict yet"


async def _left(cares: Collection["asyncio.Task[None]"]) -> None:
    """End them; what is being written is written to its end."""
    for care in cares:
        care.cancel()
    if cares:
        await asyncio.wait(cares)
