"""What forbids an action. Each refusal is a sentence that says what to do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from actions.plan import Plan, Refusal, Risk
from backend.frozen import dataclass
from backend.incident.entry import Entry
from backend.incident.runs import RunRecord, gathered
from backend.model.situation import Face, Part, PartState, Situation
from backend.model.target import Target
from backend.text import listed

COOL_DOWN = timedelta(seconds=60)
"""The same action on the same target waits this long, so that tired fingers do not repeat it."""
ENOUGH_NAMES = 3
"""How many targets a refusal names before it says how many more there are."""
BUDGET = 5
"""High actions allowed within the budget's window."""
BUDGET_WINDOW = timedelta(minutes=10)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
UNLOCKED_FOR = timedelta(minutes=15)
"""How long `L` unlocks actions for."""


@dataclass(frozen=True, slots=True)
class Posture:
    """Whether this backtop may act at all."""

    read_only: bool = False
    """By option or profile; cannot be lifted."""
    starts_locked: bool = False
    unlocked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        """Whether actions wait for `L`; a clock that was set back makes no time of grace longer."""
        until = self.unlocked_until
        return self.starts_locked and (until is None or not until - UNLOCKED_FOR <= now < until)


def forbids_planning(facts: Sequence[Part[Any]], situation: Situation, posture: Posture) -> Refusal | None:
    """Why no plan is made now: read-only, locked, or facts that are not fresh."""
    if posture.read_only:
        return Refusal("This backtop is read-only; start one without --read-only to act.")
    if posture.locked(situation.at):
        return Refusal("Actions are locked; L unlocks them for 15 minutes.")
    for part in facts:
        state = situation[part]
        if (face := state.face(situation.at)) is not Face.OK:
            return Refusal(_unfit_facts(state, face, situation.at))
    return None


def _unfit_facts(state: PartState[Any], face: Face, now: datetime) -> str:
    key, age = state.part.key, state.age(now)
    if face is Face.MISSING:
        return f"The server has no route for {key}, so nobody can tell what this would act on."
    if state.value_at is None and state.failure is not None:
        sentence, end, lines = state.failure.summary.partition("\n")
        return f"{key} cannot be read: {sentence.rstrip('.?')}.{end}{lines}"
    if state.value_at is None:
        return f"Nothing has been read of {key} yet; wait for its first answer."
    why = "the last reading failed" if face is Face.FAILED else "it is stale"
    old = "of an unknown age, for the clock was set back," if age is None else f"{age:.0f} s old"
    return f"What is shown of {key} is {old} and {why}; wait for a fresh reading."


def forbids_running(plan: Plan, recent: Sequence[Entry], now: datetime) -> Refusal | None:
    """Why this plan does not run now, judged by what the journal says of the last minutes."""
    runs = gathered(recent).values()
    same = [run for run in reversed(runs) if run.intent.action == plan.action]
    touched_by = [(run.intent.actor, run.touched) for run in same]
    hot = {target: found for target in plan.targets if (found := _touched_lately(target, touched_by, now))}
    if hot:
        actor, touched = max(hot.values(), key=lambda found: found[1])
        waited = max(now - touched, timedelta())
        rest = _rest(COOL_DOWN - (now - touched))
        return Refusal(
            f"{plan.title} was already asked for {listed([target.label for target in hot], ENOUGH_NAMES)} "
            f"{waited // SECOND} s ago by {actor}; see what came of it, or wait {rest}.",
            tuple(hot),
        )
    if plan.risk is Risk.HIGH:
        return _over_budget(runs, now)
    return None


def _touched_lately(
    target: Target, touched_by: Sequence[tuple[str, Mapping[str, datetime]]], now: datetime
) -> tuple[str, datetime] | None:
    """By whom and when it was touched last, if that is not long ago; the runs are the newest first."""
    for actor, touched in touched_by:
        at = touched.get(target.key)
        if at is not None and _lately(at, now, COOL_DOWN):
            return actor, at
    return None


def _over_budget(runs: Iterable[RunRecord], now: datetime) -> Refusal | None:
    """Refused when too many ran lately; what proved undone did not run, and spends nothing."""
    last_touched = sorted(max(run.touched.values()) for run in runs if _is_high(run) and run.touched)
    high = [at for at in last_touched if _lately(at, now, BUDGET_WINDOW)]
    if len(high) < BUDGET:
        return None
    rest = _rest(BUDGET_WINDOW - (now - high[-BUDGET]))
    return Refusal(f"{BUDGET} high-risk actions ran in the last 10 minutes; stop and think, or wait {rest}.")


def _is_high(run: RunRecord) -> bool:
    return run.intent.data.get("risk") == Risk.HIGH.value


def _rest(span: timedelta) -> str:
    """How long to wait, never less than is left: whoever waits so long is not refused again."""
    if span > 2 * MINUTE:
        return f"{-(-span // MINUTE)} minutes"
    return f"{max(1, -(-span // SECOND))} s"


def _lately(moment: datetime, now: datetime, span: timedelta) -> bool:
    """Whether it is younger than this. One from further ahead is of a clock that went wrong, and binds nobody."""
    return abs(now - moment) < span
