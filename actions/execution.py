"""One run of one confirmed plan: the intent on disk, the steps at their pace, what fresh reads show, the verdict."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from actions.plan import Plan, Refusal, Step
from actions.verdict import TargetVerdict, Verdict, Word
from backend.clock import Clock
from backend.errors import JournalError, SourceError
from backend.incident.entry import Kind
from backend.incident.journal import Journal
from backend.model.target import Target

LOOK_EVERY = 1.0
"""Seconds between two fresh looks at one target."""


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
Sleep = Callable[[float], Awaitable[None]]


class Run:
    """One run of one plan."""

    def __init__(
        self,
        plan: Plan,
        executor: Executor,
        journal: Journal,
        clock: Clock,
        sleep: Sleep,
        report: Report,
        stopping: asyncio.Event,
    ) -> None:
        self.id = uuid4().hex[:12]
        self._plan = plan
        self._executor = executor
        self._journal = journal
        self._clock = clock
        self._sleep = sleep
        self._report = report
        self._stopping = stopping
        self._results: list[StepResult] = []
        self._watches: list[asyncio.Task[TargetVerdict]] = []
        """One for each step that was sent."""
        self._unrecorded: JournalError | None = None

    async def go(self) -> Outcome | Refusal:
        """Put the intent on disk, do the steps, see what came of them, and write that down however it ends."""
        ended = False
        try:
            await self._declare()
            await self._steps()
            verdicts = await asyncio.gather(*self._watches)
            ended = True
        except JournalError as error:  # the intent's: of all that comes later the run goes on to its verdict
            ended = True
            return unrecordable(error)
        finally:
            for watch in self._watches:
                watch.cancel()
            if not ended:
                await self._close(self._broken_off())
        verdict = Verdict.over(verdicts, skipped=len(self._plan.steps) - len(self._watches))
        if self._stopping.is_set():
            verdict = replace(verdict, text=f"{verdict.text}; backtop was told to end {self._how_far()}")
        return Outcome(self.id, await self._close(verdict), tuple(self._results))

    async def _declare(self) -> None:
        steps = [step.text for step in self._plan.steps]
        data = {"risk": self._plan.risk.value, "steps": steps, "facts_age_s": self._plan.facts_age_s}
        await self._write("intent", data, self._plan.targets)

    async def _steps(self) -> None:
        for number, step in enumerate(self._plan.steps):
            if await self._halted(number):
                return
            # All were looked at just before the first; since then time has passed.
            if number and (reason := await changed(self._executor, step.target)):
                await self._did(step, f"not sent: {reason}", 0.0)
                continue
            trouble = await self._do(number, step)
            watch = asyncio.create_task(self._watch(step.target, trouble))
            self._watches.append(watch)
            if len(self._watches) <= self._plan.pace.canaries:
                await watch

    async def _halted(self, number: int) -> bool:
        """Keep the rate; stop when asked, when the journal breaks, or when a target that was touched fared badly."""
        if number:
            await self._sleep(1 / self._plan.pace.per_second)
        ended = (watch.result() for watch in self._watches if watch.done())
        halted = self._stopping.is_set() or self._unrecorded is not None
        return halted or any(one.word is not Word.WORKED for one in ended)

    async def _do(self, number: int, step: Step) -> str | None:
        """Send the step, once; returns what went wrong. Also when cancelled its end is awaited, and written down."""
        self._report(Progress(number, len(self._plan.steps), step.text))
        began = self._clock.monotonic()
        sending = asyncio.ensure_future(self._executor.perform(step))
        try:
            await _until_done(sending)
        finally:
            await self._did(step, _word_of(sending), 1000 * (self._clock.monotonic() - began))
        with suppress(SourceError):
            sending.result()
            return None
        return self._results[-1].result

    async def _did(self, step: Step, result: str, took: float) -> None:
        self._results.append(StepResult(step, result, took))
        data = {"n": len(self._results), "text": step.text, "result": result, "took_ms": round(took, 1)}
        await self._note("step", data, (step.target,))

    async def _watch(self, target: Target, trouble: str | None) -> TargetVerdict:
        """Look until the target has ended or the time to settle is over."""
        until = self._clock.monotonic() + self._plan.settle
        seen = TargetVerdict(target, Word.UNKNOWN, "not looked at yet", so_far=True)
        while seen.so_far and self._clock.monotonic() < until:
            await self._sleep(LOOK_EVERY)
            try:
                seen = await self._executor.look(target)
            except SourceError as error:
                seen = TargetVerdict(target, Word.UNKNOWN, f"cannot be read: {error.summary}", so_far=True)
            self._report(Progress(len(self._results), len(self._plan.steps), f"{target.label}: {seen.text}"))
            if self._stopping.is_set():
                break
        text = f"{seen.text} ({trouble})" if trouble else seen.text
        if seen.word is Word.WORKED or not seen.so_far:
            return replace(seen, text=text)
        if self._stopping.is_set():
            return replace(seen, word=Word.UNKNOWN, text=f"{text}; not settled", so_far=False)
        return replace(seen, text=text, so_far=False)

    def _broken_off(self) -> Verdict:
        text = f"stopped {self._how_far()}" if self._results else f"stopped {self._how_far()}; nothing was sent"
        return Verdict(Word.UNKNOWN, text, (), len(self._plan.steps) - len(self._watches))

    def _how_far(self) -> str:
        done, of = len(self._results), len(self._plan.steps)
        return f"after step {done} of {of}" if done else f"before step 1 of {of}"

    async def _close(self, verdict: Verdict) -> Verdict:
        await self._note("verdict", verdict.as_data(final=not verdict.so_far), self._plan.targets)
        return verdict.unrecorded(self._unrecorded) if self._unrecorded else verdict

    async def _note(self, kind: Kind, data: Mapping[str, Any], targets: Sequence[Target]) -> None:
        """Write down what happened; what was done is told even if that cannot be written."""
        try:
            await self._write(kind, data, targets)
        except JournalError as error:
            self._unrecorded = self._unrecorded or error

    async def _write(self, kind: Kind, data: Mapping[str, Any], targets: Sequence[Target]) -> None:
        keys = tuple(target.key for target in targets)
        append = partial(self._journal.append, id=self.id, action=self._plan.action, targets=keys, data=data, sync=True)
        writing = asyncio.get_running_loop().run_in_executor(None, append, kind)
        await _until_done(writing)
        writing.result()


async def changed(executor: Executor, target: Target) -> str | None:
    """Why this target must not be acted on now, by a fresh look."""
    try:
        return await executor.gone(target)
    except SourceError as error:
        return f"{target.label} cannot be looked at afresh ({error.summary})"


async def _until_done(begun: "asyncio.Future[Any]") -> None:
    """Wait for what cannot be taken back, even when cancelled meanwhile; only then be cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while not begun.done():
        try:
            await asyncio.wait({begun})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _word_of(sending: "asyncio.Future[str]") -> str:
    """What came of a request that has ended, one way or the other."""
    if sending.cancelled():
        return "cut off: it may have been done"
    match sending.exception():
        case None:
            return sending.result()
        case SourceError() as error:
            return f"{error.kind}: {error.summary}"
        case fault:
            return f"backtop failed ({type(fault).__name__}): it may have been done"


def unrecordable(error: JournalError) -> Refusal:
    """Without a record nothing is sent."""
    return Refusal(f"Nothing was sent, for the journal cannot record it: {error}")
