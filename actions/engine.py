"""The engine's unit: restart it, or clear its failed state (runbook, Quick Actions and Service Recovery)."""

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from actions.means import Changed
from actions.plan import Plan, Refusal, Risk, Step, UnitCommand
from actions.spec import Ask
from actions.verdict import TargetVerdict, Word
from backend.clients import systemctl
from backend.errors import MissingRoute, SourceError
from backend.model.engine import START_LIMIT, Unit, UnitVerb, verb_argv
from backend.model.host import ProcessTable
from backend.model.situation import Situation
from backend.model.target import Target, UnitTarget, of_kind
from backend.parts import ENGINE_UNIT, HOST_PROCESSES, JOBS_RUNNING
from backend.spans import span
from backend.text import counted, listed

if TYPE_CHECKING:  # the registry is read before the first picture, which must not wait for a network library
    from backend.clients.api import ApiClient
    from backend.clients.engine import EngineClient
    from backend.clock import Clock

HEALTHY_WITHIN = 60.0
"""Seconds that a restarted engine has until its health must be good."""
ENOUGH_NAMES = 4
"""Running jobs that are told by name."""
CLOCKS_DIFFER = 5.0
"""Seconds by which the service manager's clock may be ahead of ours."""
HOLDS = 10.0
"""Seconds that a new run must be seen to hold: one that crashes does so after a moment."""


def the_unit(situation: Situation) -> tuple[Target, ...]:
    """The engine's unit, where the service manager has it."""
    unit = situation.value(ENGINE_UNIT)
    return (UnitTarget.of(unit, _read_at(situation)),) if unit and unit.load == "loaded" else ()


def the_failed_unit(situation: Situation) -> tuple[Target, ...]:
    """The engine's unit, if it has failed."""
    unit = situation.value(ENGINE_UNIT)
    return the_unit(situation) if unit and unit.active == "failed" else ()


def plan_restart(ask: Ask) -> Plan | Refusal:
    """Stop and start the unit in one go; its running jobs go back to the queue or fail."""
    unit = _unit(ask)
    if isinstance(unit, Refusal):
        return unit
    if left := _limited(unit, _read_at(ask.situation)):
        return Refusal(
            f"The unit hit its start limit: a start may be refused for another {math.ceil(left)} s, "
            "unless reset failed (e in resources) clears it."
        )
    return _plan(
        ask, unit, "restart", Risk.HIGH,
        title="restart engine",
        confirm=ask.config.engine.unit,
        effects=_hurts(ask, unit),
        checks=(
            f"a new run of the unit is active, and healthy within {HEALTHY_WITHIN:.0f} s",
            f"it stays so for {HOLDS:.0f} s",
        ),
        settle=HEALTHY_WITHIN,
    )  # fmt: skip


def _limited(unit: Unit, at: datetime | None) -> float | None:
    """Seconds for which its start limit may still refuse a start, 0 where it cannot; None where that is not known."""
    if unit.result != START_LIMIT:
        return 0.0
    if unit.start_limit is None or unit.changed_at is None or at is None:
        return None
    # What was counted came before it failed. A moment from ahead is of a clock that goes otherwise, and tells nothing.
    since = (at - unit.changed_at).total_seconds()
    return max(0.0, unit.start_limit - since) if since >= -CLOCKS_DIFFER else None


def plan_reset_failed(ask: Ask) -> Plan | Refusal:
    """Clear the failed state; nothing is started."""
    unit = _unit(ask if ask.targets else replace(ask, targets=the_unit(ask.situation)))
    if isinstance(unit, Refusal):
        return unit
    if unit.active != "failed":
        return Refusal(f"The unit has not failed, it is {unit.active}: there is nothing to reset.")
    return _plan(
        ask, unit, "reset-failed", Risk.LOW,
        title="reset failed",
        confirm=None,
        effects=(
            "its start limit is counted anew; nothing is started: restart it afterwards (S)",
            "cannot be undone, and harms nobody",
        ),
        checks=("the unit is inactive instead of failed",),
        settle=5.0,
    )  # fmt: skip


def _read_at(situation: Situation) -> datetime | None:
    return situation[ENGINE_UNIT].value_at


def _unit(ask: Ask) -> Unit | Refusal:
    if ask.options:
        return Refusal(f"This action has no option {sorted(ask.options)[0]!r}.")
    unit = ask.situation.value(ENGINE_UNIT)
    if unit is None or unit.load != "loaded":
        return Refusal(
            f"The service manager does not know {ask.config.engine.unit}; see engine.unit in the configuration."
        )
    meant = ask.targets[0] if len(ask.targets) == 1 else None
    if not isinstance(meant, UnitTarget) or not meant.same(unit, _read_at(ask.situation)):
        return Refusal("The unit is not what it was when the action was asked for; look again before acting.")
    return unit


def _plan(
    ask: Ask, unit: Unit, verb: UnitVerb, risk: Risk, *,
    title: str, confirm: str | None, effects: tuple[str, ...], checks: tuple[str, ...], settle: float,
) -> Plan:  # fmt: skip
    target = UnitTarget.of(unit, _read_at(ask.situation))
    argv = verb_argv(ask.config.engine.systemctl, verb, ask.config.engine.unit)
    return Plan(
        action="engine.restart" if verb == "restart" else "engine.reset-failed",
        title=title,
        what=ask.config.engine.unit,
        risk=risk,
        targets=(target,),
        about=(_about(unit, _read_at(ask.situation)),),
        steps=(Step(UnitCommand(verb, argv), target),),
        preconditions=(_only_if(target),),
        effects=effects,
        checks=checks,
        facts_age_s=ask.situation[ENGINE_UNIT].age(ask.situation.at) or 0.0,
        confirm=confirm,
        settle=settle,
    )


def _only_if(target: UnitTarget) -> str:
    if target.restless:
        return "the unit still does not stay up, in whichever run"
    return f"the unit is still {target.active}, in the run shown here"


def _about(unit: Unit, at: datetime | None) -> str:
    lasts = None if unit.changed_at is None or at is None else (at - unit.changed_at).total_seconds()
    age = "" if lasts is None or lasts < 0 else f" for {span(lasts)}"
    result = "" if unit.result in ("", "success") else f"result {unit.result}"
    restarts = f"{unit.restarts} restarts" if unit.restarts else ""
    run = f"run {unit.invocation[:8]}" if unit.invocation else "no run"
    return "  ".join(word for word in (unit.name, f"{unit.active} ({unit.sub}){age}", result, restarts, run) if word)


def _hurts(ask: Ask, unit: Unit) -> tuple[str, ...]:
    """Whom a restart hurts, in numbers where they are known."""
    running, table = ask.situation.fresh(JOBS_RUNNING), ask.situation.fresh(HOST_PROCESSES)
    lines = ["cannot be undone; jobs that wait stay in the queue"]
    there = systemctl.manager(ask.config.engine.systemctl)
    if not there.here:
        lines.insert(0, f"how many worker processes it ends cannot be seen from here: it goes to {there.place}")
    elif table is not None:
        lines[:0] = _ends(table)
    if running is None:
        lines.insert(0, "running jobs lose what they have computed; which run is not known now")
    elif running.jobs:
        names = listed([f"{job.label} {job.strategy}" for job in running.jobs], ENOUGH_NAMES)
        loses = "loses what it has" if len(running.jobs) == 1 else "lose what they have"
        lines.insert(0, f"{counted(len(running.jobs), 'running job')} {loses} computed: {names}")
    at = _read_at(ask.situation)
    if _limited(unit, at) is None:
        lines.insert(0, "its start limit was hit and may refuse this; reset failed (e in resources) clears that first")
    return (*_starts(unit, at), *lines)


def _ends(table: ProcessTable) -> Iterable[str]:
    """The processes that end with the engine, and those that may: nobody knows what belongs to it now."""
    if table.workers:
        freed = sum(worker.rss for worker in table.workers) / 1024**2
        yield f"ends {_workers(len(table.workers))} and frees {freed:.0f} MiB"
    if table.doubtful:
        yield f"may end {_workers(len(table.doubtful))} of which nobody knows now whether they are the engine's"


def _workers(count: int) -> str:
    return counted(count, "worker process", "worker processes")


def _starts(unit: Unit, at: datetime | None) -> tuple[str, ...]:
    """What a restart is for a unit that does not run as it should."""
    if unit.restless(at):
        return ("the unit does not stay up, and is started again and again: this breaks that off, and starts it anew",)
    if unit.active == "activating":
        return ("the unit is being started: this breaks that off, and starts it anew",)
    return () if unit.running else (f"the unit is {unit.active}: this starts it",)


Judge = Callable[[UnitTarget, Unit], Awaitable[TargetVerdict]]
"""What a verdict makes of the unit as it was targeted, and as it stands now. Raises SourceError."""


def _nothing() -> None:
    """Nothing is counted from the question on."""


class EngineExecutor:
    """Asks the unit for one verb, and judges what becomes of it."""

    def __init__(
        self, engine: "EngineClient", verb: UnitVerb, judge: Judge, clock: "Clock", asked: Callable[[], None] = _nothing
    ) -> None:
        self._engine = engine
        self._verb = verb
        self._judge = judge
        self._asked = asked
        self._clock = clock

    @property
    def place(self) -> str:
        """The service manager that has the unit."""
        return self._engine.place

    async def barred(self) -> str | None:
        """Whether the right to ask for it is missing, and which lines give it. Raises SourceError."""
        missing = await self._engine.needs_password(self._verb)
        if missing is None:
            return None
        return f"A password would be needed for sudo here; these lines in sudoers allow it.\n{missing}"

    async def gone(self, target: Target) -> Changed | None:
        """How the unit is no longer what was confirmed. Raises SourceError."""
        wanted = of_kind(target, UnitTarget)
        unit = await self._engine.unit()
        if wanted.same(unit, self._clock.now()):
            return None
        return Changed(f"{target.label} is {unit.active} {_how_it_changed(wanted, unit)}")

    async def perform(self, step: Step) -> str:
        """Run the step's command, once. Raises SourceError."""
        self._asked()
        return await self._engine.control(of_kind(step.request, UnitCommand).verb)

    async def look(self, target: Target) -> TargetVerdict:
        """What a fresh read shows afterwards. Raises SourceError."""
        wanted = of_kind(target, UnitTarget)
        return await self._judge(wanted, await self._engine.unit())


def _how_it_changed(wanted: UnitTarget, unit: Unit) -> str:
    if wanted.restless:
        return f"now{' and holds' * unit.running}, and was started again and again; look again before acting"
    if unit.invocation == wanted.invocation:
        return f"now, and was {wanted.active}; somebody was faster"
    return f"{'in another run' if unit.invocation else 'and in no run'} now; somebody was faster"


def restart_executor(engine: "EngineClient", api: "ApiClient", clock: "Clock") -> EngineExecutor:
    """Restarts the unit, and looks at it and at the health that the API tells of."""
    judge = Restarted(api, clock)
    return EngineExecutor(engine, "restart", judge, clock, judge.asked)


def reset_executor(engine: "EngineClient", clock: "Clock") -> EngineExecutor:
    """Clears the failed state, and looks whether it is gone."""
    return EngineExecutor(engine, "reset-failed", was_reset, clock)


async def was_reset(target: UnitTarget, unit: Unit) -> TargetVerdict:
    """The verdict on a unit whose failed state was cleared."""
    if unit.active == "failed":
        return TargetVerdict(target, Word.NO_EFFECT, f"still failed ({unit.result})", so_far=True)
    return TargetVerdict(target, Word.WORKED, f"failed -> {unit.active}")


def _restarts(target: UnitTarget, unit: Unit) -> str:
    """How often its manager started it by itself, before and after, where it did so at all."""
    if target.restarts is None or unit.restarts is None or not (target.restarts or unit.restarts):
        return ""
    return f", restarts {target.restarts} -> {unit.restarts}"


class Restarted:
    """The verdict on a unit that was restarted: by its run, and by the health of the engine in it."""

    def __init__(self, api: "ApiClient", clock: "Clock") -> None:
        self._api = api
        self._clock = clock
        self._asked_at: float | None = None
        self._holds: tuple[tuple[str, int | None], float] | None = None
        """The run and its restart count that the last look found, and since when they are the same."""
        self._took: float | None = None
        """Seconds from the question to this run's first good health."""

    def asked(self) -> None:
        """Note that the restart is asked for now: from here on it is counted until the engine is healthy."""
        self._asked_at = self._clock.monotonic()

    async def __call__(self, target: UnitTarget, unit: Unit) -> TargetVerdict:
        """What a fresh read shows after a restart. Raises SourceError."""
        # An engine that ran and does not run any more is worse than one that did not run before either.
        ran = target.active == "active" and not target.restless
        bad = Word.WORSE if ran and not unit.running else Word.NO_EFFECT
        if unit.active == "failed":
            return TargetVerdict(target, bad, f"{target.active} -> failed ({unit.result})")
        if not unit.invocation:
            return await self._unnamed(target, unit, bad)
        if unit.invocation == target.invocation:
            text = f"{target.active} -> {unit.active} in the same run {unit.invocation[:8]}"
            return TargetVerdict(target, bad, text, so_far=True, under_way=unit.changing)
        text = f"{target.active} -> {unit.active} in a new run{_restarts(target, unit)}"
        if not unit.running:
            return TargetVerdict(target, bad, text, so_far=True, under_way=unit.changing)
        return await self._healthy(target, unit, text)

    async def _unnamed(self, target: UnitTarget, unit: Unit, bad: Word) -> TargetVerdict:
        """Without a name of its run nobody can tell whether one that works is a new one, unless none worked before."""
        text = f"{target.active} -> {unit.active}"
        if not unit.running:
            return TargetVerdict(target, bad, f"{text}, in no run", so_far=True, under_way=unit.changing)
        if target.active in {"inactive", "failed"}:
            return await self._healthy(target, unit, text)
        return TargetVerdict(
            target, Word.UNKNOWN, f"{text}, and the service manager does not tell in which run", so_far=True
        )

    async def _healthy(self, target: UnitTarget, unit: Unit, text: str) -> TargetVerdict:
        held = self._held(unit)
        try:
            health = await self._api.health()
        except MissingRoute:
            if held >= HOLDS:
                return TargetVerdict(target, Word.WORKED, f"{text}, and holds for {held:.0f} s")
            return TargetVerdict(
                target, Word.NO_EFFECT, f"{text}, but not yet for {HOLDS:.0f} s", so_far=True, under_way=True
            )
        except SourceError as error:  # nothing is decided then: it is followed until its health can be read
            raise error.told_as(f"its health ({text}): {error.summary}") from error
        if health.healthy:  # one good look is not enough: an engine that crashes does so after a moment
            said = f"{text}, health {health.status}{self._after()}"
            return TargetVerdict(target, Word.WORKED, said, so_far=held < HOLDS)
        text = f"{text}, but its health is {health.status}"
        return TargetVerdict(target, Word.NO_EFFECT, text, so_far=True, under_way=True)

    def _after(self) -> str:
        """How long good health took; another program that follows the run does not know."""
        if self._took is None and self._asked_at is not None:
            self._took = self._clock.monotonic() - self._asked_at
        return "" if self._took is None else f" after {self._took:.0f} s"

    def _held(self, unit: Unit) -> float:
        """Seconds for which looks have found this run, by our own clock: the service manager may be on another host."""
        run, now = (unit.invocation, unit.restarts), self._clock.monotonic()
        if self._holds is None or self._holds[0] != run:
            self._holds, self._took = (run, now), None
        return now - self._holds[1]
