"""One run of one confirmed plan: the intent on disk, the steps at their pace, what fresh reads show, the verdict."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from actions.brake import BY_ITSELF, Brake
from actions.credit import credited
from actions.keeping import LOST
from actions.means import Means, changed
from actions.outcome import Outcome, Progress, Report, StepResult, how_far
from actions.plan import SETTLE, Plan, Refusal, Step
from actions.verdict import TargetVerdict, Verdict, Word
from actions.watch import LATE, LOOK_EVERY, Watch, unseen
from backend.errors import (
    CutOff,
    JournalError,
    JournalHangs,
    MissingObject,
    MissingRoute,
    NotAllowed,
    Refused,
    SourceError,
    TimedOut,
)
from backend.holding import Grip
from backend.incident.anchor import Anchor
from backend.incident.entry import Kind, told_as_data
from backend.incident.identity import Meant, meant_as_data
from backend.model.target import Target
from backend.text import add
from backend.threads import until_done

UNDONE = (NotAllowed, MissingRoute, MissingObject)
"""Answers that prove that nothing was done."""
DOUBTFUL = (Refused, TimedOut, CutOff)
"""Answers, or none, after which it may have been done all the same."""


class Run:
    """One run of one plan."""

    def __init__(self, id_: str, plan: Plan, means: Means, report: Report, brake: Brake, grip: Grip) -> None:
        self.id = id_
        self._plan = plan
        self._means = means
        self._report = report
        self._brake = brake
        self._grip = grip
        self._results: list[StepResult] = []
        self._watches: list[asyncio.Task[TargetVerdict]] = []
        """One for each step that was sent."""
        self._sent: list[Target] = []
        self._needless = 0
        self._left = len(plan.steps)
        """How many steps have not begun."""
        self._watch = Watch(means, self._tell, brake.hurries)
        self._unrecorded: JournalError | None = None
        self._anchor = Anchor()

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
            return undeclared(error)
        finally:
            for watch in self._watches:
                watch.cancel()
            if not ended:
                await self._close(self._broken_off())
        verdict = Verdict.over(verdicts, self._untouched, self._needless)
        if self._brake.pulled and (verdict.skipped or any(one.unsettled for one in verdicts)):
            verdict = verdict.stopped_by(f"{self._brake.why} {self._how_far()}")
        return Outcome(self.id, await self._close(verdict), tuple(self._results))

    async def _declare(self) -> None:
        plan = self._plan
        meant = Meant(plan.targets, self._means.executor.place, plan.settle)
        data = {
            "risk": plan.risk.value,
            "steps": [step.text for step in plan.steps],
            "facts_age_s": plan.facts_age_s,
            **meant_as_data(meant),
        }
        await self._write("intent", data, plan.targets)

    async def _steps(self) -> None:
        for number, step in enumerate(self._plan.steps):
            if await self._halted(number):
                return
            self._left -= 1
            # All were looked at just before the first; since then time has passed.
            if number and (found := await changed(self._means.executor, step.target)):
                self._needless += found.needless
                await self._did(step, f"not sent: {found.why}", 0.0, sent=False, needless=found.needless)
                continue
            self._sent.append(step.target)  # before it is: however that ends, somebody has to see what became of it
            trouble = await self._do(number, step)
            watch = asyncio.create_task(self._followed(step.target, trouble))
            self._watches.append(watch)
            if len(self._watches) <= self._plan.pace.canaries:
                await watch

    async def _halted(self, number: int) -> bool:
        """Keep the rate; stop when asked, when the journal breaks, or when a target that was touched fared badly.

        Nothing is sent under a lock that somebody else has by now.
        """
        if number:
            await self._means.sleep(1 / self._plan.pace.per_second)
        if not self._brake.pulled and not await self._grip.have():
            self._brake.pull(LOST)
        if self._unrecorded is not None:
            self._halt("the journal cannot be written")
        for watch in self._watches:
            if watch.done():
                watch.result()  # a fault of backtop's own sends nothing more either
        return self._brake.pulled

    def _halt(self, why: str) -> None:
        """Send nothing more and show it, unless something else stopped it before; what asks for that later is late."""
        if not self._brake.pulled:
            self._brake.pull(f"{BY_ITSELF} ({why})")
            self._report(Progress(len(self._results), len(self._plan.steps), self._brake.why))

    async def _do(self, number: int, step: Step) -> SourceError | None:
        """Send the step, once; returns what went wrong. Also when cancelled its end is awaited, and written down.

        Only the brake cuts it short.
        """
        self._report(Progress(number, len(self._plan.steps), step.text))
        began = self._means.clock.monotonic()
        sending = asyncio.ensure_future(self._means.executor.perform(step))
        try:
            with self._brake.over(step.text, sending.cancel):
                await until_done(sending)
        finally:
            took = 1000 * (self._means.clock.monotonic() - began)
            await self._did(step, _word_of(sending, cut=self._brake.cuts), took, **_doubts(sending))
        if sending.cancelled() and self._brake.cuts:
            return None
        try:
            sending.result()
        except SourceError as error:
            return error
        return None

    async def _did(self, step: Step, result: str, took: float, *, sent: bool = True, **doubts: bool) -> None:
        self._results.append(StepResult(step, result, took))
        data = {
            "n": len(self._results), "text": step.text, "sent": sent, **told_as_data(result, "result"),
            "took_ms": round(took, 1),
            **{name: True for name, holds in doubts.items() if holds},
        }  # fmt: skip
        await self._note("step", data, (step.target,))

    async def _followed(self, target: Target, trouble: SourceError | None) -> TargetVerdict:
        """What is seen of a target; where it did not work those that are left are spared."""
        seen = await self._settled(target, trouble)
        if seen.word is not Word.WORKED and self._left:
            self._halt(f"{target.label}: {seen.word.value}")
        return seen

    async def _settled(self, target: Target, trouble: SourceError | None) -> TargetVerdict:
        """What is seen of a target once it has settled; what was refused needs no long wait."""
        looking = asyncio.ensure_future(self._watch.settled(target, *_time_to_settle(self._plan.settle, trouble)))
        try:
            with self._brake.over(f"what became of {target.label}", looking.cancel):
                seen = await looking
        except asyncio.CancelledError:
            if not self._brake.cuts:
                raise
            return unseen(target)
        if trouble is None:
            return seen
        told = replace(seen, text=add(f"{seen.text} ({trouble.kind}: {trouble.summary}", ")"))
        return credited(told, undone=isinstance(trouble, UNDONE), doubtful=isinstance(trouble, DOUBTFUL))

    def _tell(self, seen: TargetVerdict) -> None:
        self._report(Progress(len(self._results), len(self._plan.steps), f"{seen.target.label}: {seen.text}"))

    def _broken_off(self) -> Verdict:
        """What is written when it is cut short; what became of what was sent is for whoever comes next to see."""
        stopped = f"stopped {self._how_far()}"
        text = stopped if self._results else f"{stopped}; nothing was sent"
        open_ones = tuple(unseen(target) for target in self._sent)
        return Verdict(Word.UNKNOWN, text, open_ones, self._untouched, self._needless, stopped)

    @property
    def _untouched(self) -> int:
        """How many targets were planned and not sent, although they needed something."""
        return len(self._plan.steps) - len(self._sent) - self._needless

    def _how_far(self) -> str:
        return how_far(len(self._results), len(self._plan.steps))

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
        await self._means.scribe.append(
            kind, id=self.id, action=self._plan.action, targets=keys, data=data, anchor=self._anchor
        )


def new_id() -> str:
    """What intent, steps and verdicts of one run will have in common."""
    return uuid4().hex[:12]


def _time_to_settle(usual: float, trouble: SourceError | None) -> tuple[float, float]:
    """Seconds for a target, and for one on which something is under way.

    What was declined needs no long wait, unless it was done all the same and failed on its way; what got no answer may
    be done later than usual.
    """
    match trouble:
        case TimedOut() | CutOff():
            return max(usual, LATE), max(usual, LATE)
        case _ if isinstance(trouble, UNDONE):
            return LOOK_EVERY, LOOK_EVERY
        case Refused():
            return min(usual, SETTLE), usual
        case _:
            return usual, usual


def _doubts(sending: "asyncio.Future[str]") -> dict[str, bool]:
    """What is known of what was asked for where the answer was not good: each word is kept with the step."""
    if sending.cancelled():
        return {"lost": True}
    trouble = sending.exception()
    return {
        "lost": isinstance(trouble, TimedOut | CutOff),
        "refused": isinstance(trouble, Refused),
        "undone": isinstance(trouble, UNDONE),
    }


def _word_of(sending: "asyncio.Future[str]", *, cut: bool) -> str:
    """What came of a request that has ended, one way or the other."""
    if sending.cancelled():
        return f"cut {'short' if cut else 'off'}: it may have been done"
    match sending.exception():
        case None:
            return sending.result()
        case SourceError() as error:
            return f"{error.kind}: {error.summary}"
        case fault:
            return f"backtop failed ({type(fault).__name__}): it may have been done"


def undeclared(error: JournalError) -> Refusal:
    """Without an intent on disk nothing is sent; of one that hangs nobody knows whether it stands there."""
    if not isinstance(error, JournalHangs):
        return unrecordable(error)
    return Refusal(
        "Nothing was sent to the platform. Whether the intent stands in the journal is not known; if it does, who "
        f"reads it next is told of a run that was broken off, and this one sent nothing: {error}"
    )


def unrecordable(error: JournalError) -> Refusal:
    """Without a record nothing is sent."""
    return Refusal(f"Nothing was sent, for the journal cannot record it: {error}")
