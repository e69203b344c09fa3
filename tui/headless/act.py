"""`backtop act`: the same plans, guards, runs and journal as behind the keys."""

import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from actions.advice import Advice, next_action
from actions.aftermath import Aftermath
from actions.allowed import allowed
from actions.brake import ENDING, Brake, waiting
from actions.guard import Posture, forbids_planning
from actions.means import Means
from actions.outcome import Outcome, Progress
from actions.plan import Plan, Refusal, Risk
from actions.registry import REGISTRY
from actions.run import Runner
from actions.spec import ActionSpec, Ask
from actions.verdict import Word
from backend.clock import Clock
from backend.config.model import Config
from backend.errors import JournalError, SourceError
from backend.holding import Locks
from backend.incident.journal import Journal
from backend.incident.scribe import Scribe
from backend.locks import whoami
from backend.model.situation import Situation
from backend.model.target import Target, UnitTarget
from backend.parts import ENGINE_UNIT, HOST_PROCESSES, JOBS_HEALTH, JOBS_RUNNING
from backend.platform import Platform
from backend.text import add, clean, listed
from tui.headless.dry import forbidden
from tui.headless.look import look
from tui.headless.saying import complain, say, say_json
from tui.headless.telling import as_text, outcome_as_data, plan_as_data
from tui.headless.unfinished import Unfinished
from tui.signals import when_told_to_end

EXIT_CODES = {Word.WORKED: 0, Word.NO_EFFECT: 1, Word.WORSE: 1, Word.UNKNOWN: 3}
REFUSED = 2
UNRECORDED = (
    "backtop act: the journal does not have all of this run: no other backtop knows what came of it. Keep this output."
)
BESIDE = (JOBS_HEALTH, JOBS_RUNNING, ENGINE_UNIT, HOST_PROCESSES)
"""Parts that a plan tells of where they are known, but does not need."""
ENOUGH_NAMES = 5
"""How many fitting targets a refusal lists before it says how many more there are."""
ADVISED_WITHIN = 5.0
"""Seconds that what came of a run may wait for advice."""
SERVICE = ".service"
Looks = Callable[..., Coroutine[Any, Any, Situation]]
"""Looks at the platform: at the parts of these keys, or at all."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for."""

    action: str
    targets: tuple[str, ...]
    options: Mapping[str, str]
    dry_run: bool
    yes: bool
    word: str | None
    wait: bool = False
    """Whether to stay until what goes on has ended."""


@dataclass(frozen=True, slots=True)
class _Confirmed:
    """What shall run."""

    plan: Plan
    targets: tuple[Target, ...]
    """What was asked for; not all of it must be in the plan."""
    may_run: bool
    """Whether nothing was known to forbid it when it was planned."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What is told in the end."""

    plan: Plan | None
    result: Outcome | Refusal | None
    forbids: Sequence[str] = ()
    advice: Advice | None = None
    left_out: Sequence[str] = ()
    """What was asked for by name and is not in the plan that ran: nobody saw that before."""
    unfinished: Sequence[Mapping[str, Any]] = ()


async def act(config: Config, clock: Clock, order: Order, *, as_json: bool) -> int:
    """Plan, and unless it is a dry run do it; returns the exit code."""
    spec = REGISTRY.get(order.action)
    if spec is None:
        known = ", ".join(REGISTRY)
        return _tell(order, _Said(None, Refusal(f"There is no action {order.action!r}; there are: {known}.")), as_json)
    platform = Platform(config)
    scribe = Scribe(Journal(config.journal_path, whoami(), clock))
    locks = Locks(config.lock_dir, clock)

    def means(of: ActionSpec) -> Means:
        return Means(of.executor(platform, clock), scribe, locks, clock)

    unfinished = Unfinished(
        means, scribe, locks, clock, only_looks=order.dry_run or config.read_only, says=_says_beside(as_json)
    )
    runner = Runner(means(spec))
    _hear_signals(runner)
    try:
        said = await _acted(config, order, spec, runner, partial(look, platform, clock), unfinished, as_json)
    finally:
        await unfinished.leave()
        await platform.aclose()
    return _tell(order, replace(said, unfinished=await unfinished.as_data()), as_json) or _untouched(said.left_out)


def _says_beside(as_json: bool) -> Callable[[str], None]:
    """What says to people what is in the object for programs."""
    return (lambda _: None) if as_json else (lambda text: complain(f"backtop act: {text}"))


async def _acted(
    config: Config,
    order: Order,
    spec: ActionSpec,
    runner: Runner,
    looks: Looks,
    unfinished: Unfinished,
    quiet: bool,
) -> _Said:
    """Plan, and unless it is a dry run do it; told to end before that, it sends nothing."""
    planned = await runner.brake.unless_hurried(_planned(config, order, spec, runner, looks, unfinished))
    if planned is None:
        return _Said(None, Refusal(f"{runner.brake.why}; nothing was sent."))
    if isinstance(planned, _Said):
        return planned
    plan = planned.plan
    if planned.may_run:  # what is refused changes nothing, and need not wait
        await unfinished.judge(plan, runner.brake)
    outcome = await _run(runner, plan, quiet)
    if isinstance(outcome, Outcome) and outcome.verdict.so_far and order.wait:
        outcome = await _waited_for(runner, spec, outcome)
    planned_for = frozenset(plan.targets)
    left_out = [clean(target.id, 80) for target in planned.targets if target not in planned_for]
    advice = await _advice(looks, runner.brake, config, spec, outcome)
    return _Said(plan, outcome, advice=advice, left_out=left_out)


async def _planned(
    config: Config, order: Order, spec: ActionSpec, runner: Runner, looks: Looks, unfinished: Unfinished
) -> _Confirmed | _Said:
    """What shall run, or why nothing does."""
    await unfinished.look()
    situation = await looks({part.key for part in (*spec.facts, *BESIDE)})
    targets = meant(spec, situation, order, config)
    if isinstance(targets, Refusal):
        return _Said(None, targets)
    planned = partial(plan_for, spec, situation, order, config)
    plan = planned(targets)
    if isinstance(plan, Refusal):
        return _Said(None, plan)
    may_run = await allowed(plan, targets, planned, runner.forbidden)
    plan = may_run if isinstance(may_run, Plan) else plan  # else the run is refused for it, and the journal has it
    if order.dry_run:
        return _Said(plan, None, await forbidden(plan, runner, situation, Posture(config.read_only)))
    if refusal := _unconfirmed(plan, order):
        return _Said(plan, refusal)
    return _Confirmed(plan, targets, may_run=isinstance(may_run, Plan))


def plan_for(
    spec: ActionSpec, situation: Situation, order: Order, config: Config, targets: tuple[Target, ...]
) -> Plan | Refusal:
    """The plan for these targets with the options that are ordered, or why there is none."""
    return spec.planner(Ask(situation, targets, config, order.options))


def meant(spec: ActionSpec, situation: Situation, order: Order, config: Config) -> tuple[Target, ...] | Refusal:
    """What is ordered to be acted on, or why there is nothing."""
    # The lock guards keys that are pressed by mistake; who types `act … --yes` means it.
    # A dry run acts on nothing: that this program may not is told beside the plan.
    posture = Posture(config.read_only and not order.dry_run)
    if refusal := forbids_planning(spec.facts, situation, posture):
        return refusal
    candidates = spec.candidates(situation)
    if spec.acts_on is UnitTarget and (others := _other_units(situation, order, config)):
        only = f"the unit is {config.engine.unit}; the setting is engine.unit"
        return Refusal(f"{', '.join(map(ascii, others))}: {spec.id} acts on one unit only; {only}.")
    if not candidates:
        return Refusal(spec.nothing)
    if spec.acts_on is UnitTarget:  # it is the one that is meant, by whichever of its names
        return candidates
    known = {target.id: target for target in candidates}
    if unknown := [asked for asked in order.targets if asked not in known]:
        names = ", ".join(map(ascii, unknown))
        return Refusal(f"{names}: not among what {spec.id} can act on now; there are: {_some(candidates)}.")
    if spec.chosen and not order.targets:
        return Refusal(f"Name what {spec.id} shall act on; there are: {_some(candidates)}.")
    asked_for = tuple(dict.fromkeys(known[asked] for asked in order.targets))
    return asked_for if spec.chosen or asked_for else candidates


def _other_units(situation: Situation, order: Order, config: Config) -> list[str]:
    """What is asked for and is not the unit of the configuration, by any of its names."""
    unit = situation.value(ENGINE_UNIT)
    names = {config.engine.unit, *([unit.name] if unit else [])}
    short = {name.removesuffix(SERVICE) for name in names}
    return [asked for asked in order.targets if asked.removesuffix(SERVICE) not in short]


def _some(candidates: Sequence[Target]) -> str:
    return listed([clean(target.id, 80) for target in candidates], ENOUGH_NAMES)


def _unconfirmed(plan: Plan, order: Order) -> Refusal | None:
    if plan.risk is Risk.HIGH:
        right = plan.confirm is not None and order.word == plan.confirm
        return None if right else Refusal(f"This is of high risk: confirm it with --confirm {plan.confirm}.")
    return None if order.yes else Refusal("Nothing was sent: add --yes to confirm, or --dry-run to look only.")


def _untouched(left_out: Sequence[str]) -> int:
    """The exit code where what was asked for by name was left out: nobody sees the plan before it runs."""
    if not left_out:
        return 0
    complain(f"backtop act: {listed(left_out, ENOUGH_NAMES)} left out; the plan's effects say why.")
    return EXIT_CODES[Word.UNKNOWN]


def _hear_signals(runner: Runner) -> None:
    """From now on a signal ends it in order: what is being written is written to its end."""

    def end() -> None:
        runner.brake.told_to_end(runner.means.clock.monotonic())
        if runner.brake.waits_for and not runner.brake.cuts:
            complain(waiting(runner.brake))

    when_told_to_end(end, signal.SIGTERM, signal.SIGINT)
    when_told_to_end(partial(runner.brake.pull, ENDING, hurry=True), signal.SIGHUP)


async def _run(runner: Runner, plan: Plan, quiet: bool) -> Outcome | Refusal:
    told = ""

    def report(progress: Progress) -> None:
        nonlocal told
        line = f"{progress.done}/{progress.of} {progress.text}"
        if not quiet and line != told:  # it is looked at every second, and often nothing has changed
            complain(line)
        told = line

    return await runner.run(plan, report)


async def _waited_for(runner: Runner, spec: ActionSpec, outcome: Outcome) -> Outcome:
    """The same with its last verdict; told to end, it goes with the first, and whoever comes next follows."""
    aftermath = Aftermath(runner.means, spec.acts_on)
    try:
        verdict = await runner.brake.unless_hurried(aftermath.last_verdict(outcome.run_id))
    except JournalError as error:
        return replace(outcome, verdict=outcome.verdict.unrecorded(error))
    except SourceError as error:  # no place for locks
        left = replace(outcome.verdict, text=add(outcome.verdict.text, f"; not waited for: {error.summary}"))
        return replace(outcome, verdict=left)
    return outcome if verdict is None else replace(outcome, verdict=verdict)


async def _advice(
    looks: Looks,
    brake: Brake,
    config: Config,
    done: ActionSpec,
    outcome: Outcome | Refusal,
) -> Advice | None:
    """What answers the gravest finding where this did not, if that can be found out before anybody wants to leave."""
    if isinstance(outcome, Refusal) or outcome.verdict.word is Word.WORKED or brake.hurries():
        return None
    situation = await brake.unless_hurried(looks(), ADVISED_WITHIN)
    return None if situation is None else next_action(situation, config.limits, done)


def _tell(order: Order, said: _Said, as_json: bool) -> int:
    plan, result = said.plan, said.result
    if as_json:
        told = plan_as_data(plan, said.forbids if order.dry_run else None)
        outcome = outcome_as_data(result, said.advice)
        say_json({"action": clean(order.action), "unfinished": said.unfinished, "plan": told, "outcome": outcome})
    else:
        say("\n".join(as_text(plan, result, said.forbids, said.advice)))
    match result:
        case None:
            return 0
        case Refusal():
            return REFUSED
        case Outcome() if not result.verdict.recorded:
            complain(UNRECORDED)
            return EXIT_CODES[Word.UNKNOWN]
        case Outcome():
            return EXIT_CODES[result.verdict.word]
