"""How a confirmed plan runs: locks, a fresh look at the targets, the intent on disk, the steps, the verdict."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from actions.guard import forbids_running
from actions.plan import Plan, Refusal, Step
from actions.verdict import TargetVerdict, Verdict, Word
from backend.clock import Clock
from backend.errors import JournalError, NotAllowed, SourceError
from backend.incident.entry import Kind
from backend.incident.journal import Journal
from backend.locks import TargetLock
from backend.model.target import Target

SETTLE = 8.0
"""Seconds after its step in which a target's verdict is awaited; later it is *so far*, and followed."""
LOOK_EVERY = 1.0
"""Seconds between two fresh looks at one target."""
FOLLOW_EVERY = 5.0
"""Seconds between two looks at a target that is followed after its first verdict."""
RECENT = 500
"""Journal lines that are looked through for cool-downs and budgets."""


class Executor(Protocol):
    """What acts on one kind of target, and looks at it."""

    async def gone(self, target: Target) -> str | None:
        """Why the target is no longer what was confirmed. Raises SourceError."""

    async def perform(self, step: Step) -> str:
        """Do the step, once; returns the far side's word. Raises SourceError."""

    async def look(self, target: Target) -> TargetVerdict:
        """What a fresh read shows. Raises SourceError."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step gave."""

    step: Step
    result: str
    took_ms: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, for showing."""

    done: int
    of: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    run_id: str
    verdict: Verdict
    steps: tuple[StepResult, ...]


Report = Callable[[Progress], None]


class Runner:
    """Runs plans, one at a time for each target, and writes down what it does before it does it."""

    def __init__(self, executor: Executor, journal: Journal, lock_dir: Path, clock: Clock) -> None:
        self._executor = executor
        self._journal = journal
        self._lock_dir = lock_dir
        self._clock = clock
        self.stopping = asyncio.Event()
        """Set to stop before the next step; the journal says after which."""

    async def run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        """Run the plan, or say why not. Nothing is sent before the intent is on disk."""
        with ExitStack() as held:
            for target in plan.targets:
                if refusal := self._lock(target, held):
                    return refusal
            try:
                recent = await asyncio.to_thread(self._journal.tail, RECENT)
            except JournalError as error:
                return _unrecordable(error)
            refusal = forbids_running(plan, recent, self._clock.now()) or await self._changed(plan)
            if refusal:
                return refusal
            run = _Run(plan, self._executor, self._journal, self._clock, report, self.stopping)
            try:
                await run.declare()
            except JournalError as error:
                return _unrecordable(error)
            return await run.go()

    async def follow(self, outcome: Outcome, plan: Plan) -> Verdict:
        """Wait until every target that is *so far* has ended, and write the second verdict."""
        ended = await asyncio.gather(*(self._until_ended(one) for one in outcome.verdict.targets))
        verdict = Verdict.over(ended)
        keys = tuple(one.target.key for one in ended)
        data = _as_data(verdict, final=True)
        await asyncio.to_thread(
            self._journal.append, "verdict", id=outcome.run_id, action=plan.action, targets=keys, data=data, sync=True
        )
        return verdict

    def _lock(self, target: Target, held: ExitStack) -> Refusal | None:
        lock = TargetLock(self._lock_dir, target.key, clock=self._clock)
        try:
            holder = lock.acquire()
        except NotAllowed as error:
            return Refusal(f"Nothing was sent: {error.summary}.")
        if holder is not None:
            since = f" since {holder.since:%H:%M:%S}" if holder.since else ""
            return Refusal(f"{holder.who} acts on {target.label}{since}; wait for what comes of it.")
        held.callback(lock.release)
        return None

    async def _changed(self, plan: Plan) -> Refusal | None:
        for target in plan.targets:
            try:
                reason = await self._executor.gone(target)
            except SourceError as error:
                return Refusal(f"{target.label} cannot be looked at afresh ({error.summary}); nothing was sent.")
            if reason:
                return Refusal(f"{reason[0].upper()}{reason[1:]}; nothing was sent.")
        return None

    async def _until_ended(self, seen: TargetVerdict) -> TargetVerdict:
        while seen.so_far:
            await asyncio.sleep(FOLLOW_EVERY)
            try:
                seen = await self._executor.look(seen.target)
            except SourceError:
                continue  # the pane tells of it; the next look decides
        return seen


class _Run:
    """One run of one plan."""

    def __init__(
        self, plan: Plan, executor: Executor, journal: Journal, clock: Clock, report: Report, stopping: asyncio.Event
    ) -> None:
        self.id = uuid4().hex[:12]
        self._plan = plan
        self._executor = executor
        self._journal = journal
        self._clock = clock
        self._report = report
        self._stopping = stopping
        self._results: list[StepResult] = []
        self._watches: list[asyncio.Task[TargetVerdict]] = []

    async def declare(self) -> None:
        """Put the intent on disk. Raises JournalError."""
        steps = [step.text for step in self._plan.steps]
        await self._write(
            "intent", {"risk": self._plan.risk.value, "steps": steps, "facts_age_s": self._plan.facts_age_s}
        )

    async def go(self) -> Outcome:
        """Do the steps, see what came of them, and write that down."""
        try:
            await self._steps()
            verdicts = await asyncio.gather(*self._watches)
        except asyncio.CancelledError:
            await self._close(
                Verdict(Word.UNKNOWN, f"stopped after step {len(self._results)} of {len(self._plan.steps)}", ())
            )
            raise
        finally:
            for watch in self._watches:
                watch.cancel()
        verdict = Verdict.over(verdicts, skipped=len(self._plan.steps) - len(self._results))
        return Outcome(self.id, await self._close(verdict), tuple(self._results))

    async def _steps(self) -> None:
        for number, step in enumerate(self._plan.steps):
            if number and await self._halted():
                return
            await self._do(number, step)
            watch = asyncio.create_task(self._watch(step.target))
            self._watches.append(watch)
            if number < self._plan.pace.canaries:
                await watch

    async def _halted(self) -> bool:
        """Keep the rate; stop when somebody asks, or when a target that was touched fared badly."""
        try:
            async with asyncio.timeout(1 / self._plan.pace.per_second):
                await self._stopping.wait()
        except TimeoutError:
            pass
        ended = (watch.result() for watch in self._watches if watch.done())
        return self._stopping.is_set() or any(one.word is not Word.WORKED for one in ended)

    async def _do(self, number: int, step: Step) -> None:
        self._report(Progress(number, len(self._plan.steps), step.text))
        began = self._clock.monotonic()
        try:
            result = await self._executor.perform(step)
        except SourceError as error:
            result = f"{error.kind}: {error.summary}"
        took = 1000 * (self._clock.monotonic() - began)
        self._results.append(StepResult(step, result, took))
        await self._note("step", {"n": number + 1, "text": step.text, "result": result, "took_ms": round(took, 1)})

    async def _watch(self, target: Target) -> TargetVerdict:
        """Look until the target has ended or the time to settle is over."""
        until = self._clock.monotonic() + SETTLE
        seen = TargetVerdict(target, Word.UNKNOWN, "not looked at yet", so_far=True)
        while seen.so_far and self._clock.monotonic() < until:
            await asyncio.sleep(LOOK_EVERY)
            try:
                seen = await self._executor.look(target)
            except SourceError as error:
                seen = TargetVerdict(target, Word.UNKNOWN, f"cannot be read: {error.summary}", so_far=True)
            self._report(Progress(len(self._results), len(self._plan.steps), f"{target.label}: {seen.text}"))
        return seen if seen.word is Word.WORKED else replace(seen, so_far=False)

    async def _close(self, verdict: Verdict) -> Verdict:
        trouble = await self._note("verdict", _as_data(verdict, final=not verdict.so_far))
        return replace(verdict, text=f"{verdict.text}; not recorded: {trouble}") if trouble else verdict

    async def _note(self, kind: Kind, data: Mapping[str, Any]) -> JournalError | None:
        """Write down what happened; what was done is told even if that cannot be written."""
        try:
            await self._write(kind, data)
        except JournalError as error:
            return error
        return None

    async def _write(self, kind: Kind, data: Mapping[str, Any]) -> None:
        keys = tuple(target.key for target in self._plan.targets)
        await asyncio.to_thread(
            self._journal.append, kind, id=self.id, action=self._plan.action, targets=keys, data=data, sync=True
        )


def _unrecordable(error: JournalError) -> Refusal:
    return Refusal(f"Nothing was sent, for the journal cannot record it: {error}")


def _as_data(verdict: Verdict, *, final: bool) -> Mapping[str, Any]:
    return {
        "verdict": verdict.word.value,
        "text": verdict.text,
        "final": final,
        "targets": [
            {"key": one.target.key, "verdict": one.word.value, "text": one.text, "so_far": one.so_far}
            for one in verdict.targets
        ],
    }
