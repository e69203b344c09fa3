"""From a key to a verdict: target -> plan -> dialog -> guard again -> run -> verdict -> journal."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from typing import Protocol

from actions.allowed import allowed
from actions.brake import ENDING, Brake, waiting
from actions.guard import Posture, forbids_planning
from actions.outcome import Progress
from actions.plan import Plan, Refusal
from actions.run import Runner
from actions.spec import ActionSpec, Ask
from actions.standing import one_at_a_time
from actions.verdict import Verdict, Word
from backend.config.model import Config
from backend.model.situation import Situation
from backend.model.target import Target
from backend.text import listed


class Stage(Protocol):
    """What the dispatcher needs of the application."""

    def situation(self) -> Situation:
        """What is known now."""

    def posture(self) -> Posture:
        """Whether this program may act."""

    async def confirm(self, plan: Plan) -> bool:
        """Show the dialog; whether the person confirmed."""

    def tell(self, text: str, *, title: str, grave: bool) -> None:
        """Say something to the person, literally."""

    def progressed(self, progress: Progress | None) -> None:
        """Show how far a run is; None when it is over."""

    def reads(self, text: str | None) -> None:
        """Show that facts are read before a dialog can open; None when that is over."""

    def recorded(self, spec: ActionSpec) -> None:
        """The journal has grown, and the world may have changed: read what the action touched."""

    async def advice(self, spec: ActionSpec) -> str:
        """What else answers the gravest finding, as a sentence; empty when there is nothing.

        What the action touched is read again before.
        """


class Leaving(Enum):
    """What it means to leave now."""

    FREE = auto()
    """Nothing is open, and nothing runs."""
    OPEN = auto()
    """A dialog is dropped."""
    RUNS = auto()
    """What runs is stopped after its step."""
    ENDS = auto()
    """What runs was told to end before: it is cut short."""


ENOUGH_NAMES = 3
"""How many targets a refusal lists before it says how many more there are."""
AT_ONCE = 0.1
"""Seconds that pass as nothing: what takes longer before a dialog opens is told."""


@dataclass(slots=True)
class Dispatcher:
    """Takes one action at a time from its key to its verdict."""

    stage: Stage
    runner: Callable[[ActionSpec], Runner]
    config: Config
    busy: ActionSpec | None = None
    """The action that was asked for: its dialog is on its way or open, it runs, or its refusal is written down."""
    running: bool = False
    """Whether it runs: something was sent, or is about to be."""
    open_runs: dict[str, Verdict] = field(default_factory=dict)
    """Runs of this program whose last verdict is not on record yet, by id, with what is known of them."""
    asks: bool = False
    """Whether its dialog is open."""
    reading: bool = False
    """Whether its dialog waits for what may forbid it; until then it can be dropped."""
    _dropped: asyncio.Event = field(default_factory=asyncio.Event)
    _ending: str = ""
    """Why nothing new is begun any more."""
    _brake: Brake | None = None
    """That of what runs now."""
    _progress: Progress | None = None
    """How far it is."""
    _quiet: asyncio.Event = field(default_factory=asyncio.Event)

    async def act(self, spec: ActionSpec, targets: Sequence[Target], left_out: Sequence[str] = ()) -> None:
        """Plan, confirm, run and report one action; every refusal is told.

        What was `left_out` of the targets stands before the effects of the plan.
        """
        if self.busy is not None:
            self._refuse(spec, one_at_a_time(self.busy.title))
            return
        self.busy = spec
        try:
            verdict = await self._act(spec, tuple(targets), left_out)
        finally:
            self.busy = None
            self.stage.progressed(None)
        if verdict is not None:
            await self.report(spec, verdict)

    async def _act(self, spec: ActionSpec, targets: tuple[Target, ...], left_out: Sequence[str]) -> Verdict | None:
        """What came of it; None where nothing was done, which is told."""
        self._dropped.clear()
        runner = self.runner(spec)
        plan = self._plan(spec, targets)
        if isinstance(plan, Plan):
            plan = await allowed(plan, targets, partial(self._plan, spec), partial(self._forbidden, spec, runner))
        if self._dropped.is_set():
            self.stage.tell("dropped; nothing was sent", title=spec.title, grave=False)
            return None
        if isinstance(plan, Refusal):
            self._refuse(spec, plan)
            return None
        plan = replace(plan, effects=(*left_out, *plan.effects))
        if not await self._confirmed(plan):
            return None
        again = self._still(spec, plan) if not self._ending else Refusal(f"{self._ending}; nothing was sent.")
        if isinstance(again, Refusal):
            self._refuse(spec, await runner.refused(plan, again))
            return None
        self.running, self._brake = True, runner.brake
        self._progressed(Progress(0, len(plan.steps), "may it still run?"))
        try:
            outcome = await runner.run(plan, self._progressed)
        finally:
            self.running, self._brake, self._progress = False, None, None
            self._quiet.set()
        self.stage.recorded(spec)
        if isinstance(outcome, Refusal):
            self._refuse(spec, outcome)
            return None
        if outcome.verdict.so_far or not outcome.verdict.recorded:
            self.open_runs[outcome.run_id] = outcome.verdict
        return outcome.verdict

    async def _confirmed(self, plan: Plan) -> bool:
        self.asks = True
        try:
            return await self.stage.confirm(plan)
        finally:
            self.asks = False

    async def _forbidden(self, spec: ActionSpec, runner: Runner, plan: Plan) -> Refusal | None:
        """What forbids it now; who drops it waits neither for a disk that hangs nor for a slow command."""
        self.reading = True
        asking = asyncio.create_task(runner.forbidden(plan))
        dropped = asyncio.create_task(self._dropped.wait())
        try:
            done, _ = await asyncio.wait({asking, dropped}, timeout=AT_ONCE, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self.stage.reads(f"{spec.title}: looks whether it may run   esc drops it")
                await asyncio.wait({asking, dropped}, return_when=asyncio.FIRST_COMPLETED)
                self.stage.reads(None)
            return None if dropped.done() else asking.result()
        finally:
            self.reading = False
            dropped.cancel()
            asking.cancel()

    def drop(self) -> bool:
        """Leave the action whose dialog is not open yet; whether there is one.

        So does whoever begins to type or to be asked something else meanwhile: a dialog that opened under these hands
        would be answered by what they type.
        """
        if self.reading:
            self._dropped.set()
        return self.reading

    def stop(self, why: str) -> bool:
        """Let what runs send nothing more; whether anything runs."""
        if self._brake is not None:
            self._brake.pull(why)
        if self._progress is not None:
            self._progressed(self._progress)
        return self._brake is not None

    def _progressed(self, progress: Progress) -> None:
        """Show how far it is, and whether it goes on."""
        self._progress = progress
        self.stage.progressed(replace(progress, stops=self._brake is not None and self._brake.pulled))

    def end(self, now: float, *, again: bool = True) -> str:
        """Begin nothing more, and let what runs come to its end; what that waits for, as a sentence, if it does.

        Told a second time, a moment later by this monotonic clock, it is cut short, unless `again` is false.
        """
        first, self._ending = not self._ending, ENDING
        if self._brake is None:
            return ""
        if first or again:
            self._brake.told_to_end(now)
        return "" if self._brake.cuts else waiting(self._brake)

    @property
    def leaving(self) -> Leaving:
        """What `end` does now. An action whose dialog is on its way holds nobody, nor does a refusal."""
        if self._brake is not None:
            return Leaving.ENDS if self._brake.was_told else Leaving.RUNS
        return Leaving.OPEN if self.asks else Leaving.FREE

    async def quiet(self) -> None:
        """Wait until nothing runs."""
        while self.running:
            self._quiet.clear()
            await self._quiet.wait()

    def _plan(self, spec: ActionSpec, targets: tuple[Target, ...]) -> Plan | Refusal:
        situation = self.stage.situation()
        return forbids_planning(spec.facts, situation, self.stage.posture()) or spec.planner(
            Ask(situation, targets, self.config)
        )

    def _still(self, spec: ActionSpec, plan: Plan) -> Plan | Refusal:
        """The same plan once more, from what is known by now: each of its targets must still be part of it."""
        again = self._plan(spec, plan.targets)
        if isinstance(again, Refusal):
            return again
        kept = {target.key for target in again.targets}  # not the targets themselves: one may mean any run of its unit
        left = [target.label for target in plan.targets if target.key not in kept]
        if not left:
            return again
        return Refusal(f"{listed(left, ENOUGH_NAMES)} can no longer be acted on; look again before acting.")

    async def report(self, spec: ActionSpec, verdict: Verdict, *, about: str = "") -> None:
        """Tell what came of a run; when it did not work, what else answers the finding follows once that is read.

        What the run was `about` is told where it is not the one that the person has just confirmed.
        """
        worked = verdict.word is Word.WORKED
        word = f"{verdict.word.value} so far" if worked and verdict.so_far else verdict.word.value
        told = f"{word}: {verdict.text}"
        self.stage.tell(
            f"{about}: {told}" if about else told, title=spec.title, grave=not (worked and verdict.recorded)
        )
        if not worked and (advice := await self.stage.advice(spec)):
            self.stage.tell(advice, title=spec.title, grave=False)

    def _refuse(self, spec: ActionSpec, refusal: Refusal) -> None:
        self.stage.tell(refusal.reason, title=f"{spec.title}: refused", grave=True)
