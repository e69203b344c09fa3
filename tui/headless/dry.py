"""What a dry run tells: whether the plan could run now, found out without sending or writing anything."""

from collections.abc import Iterator

from actions.guard import Posture, forbids_planning
from actions.means import Means, changed
from actions.plan import Plan
from actions.run import Runner, busy
from backend.errors import NotAllowed, SourceError
from backend.holding import PATIENCE
from backend.model.situation import Situation
from backend.text import add
from backend.threads import Errand


async def forbidden(plan: Plan, runner: Runner, situation: Situation, posture: Posture) -> tuple[str, ...]:
    """All that would forbid the run now, as sentences: what it was started with, the journal, locks, the targets."""
    told = (forbids_planning((), situation, posture), await runner.forbidden(plan))
    locks, unfit = await _locks(plan, runner.means), await _unfit(plan, runner.means)
    return (*(each.reason for each in told if each), *locks, *([unfit] if unfit else ()))


async def _locks(plan: Plan, means: Means) -> tuple[str, ...]:
    try:
        looking = Errand("the folder for locks", PATIENCE)
        return tuple(await looking.look(lambda: dict.fromkeys(_locked(plan, means))))
    except SourceError as error:
        return (f"Nobody could be kept off: {error.summary}.",)


def _locked(plan: Plan, means: Means) -> Iterator[str]:
    """Who acts on what."""
    for target in plan.targets:
        try:
            holder = means.locks.target(means.executor.place, target).holder()
        except NotAllowed as error:
            yield f"Nobody could be kept off: {error.summary}."
        else:
            if holder is not None:
                yield busy(holder, f"acts on {target.label}").reason


async def _unfit(plan: Plan, means: Means) -> str | None:
    """The first target that a fresh look would refuse."""
    for target in plan.targets:
        if found := await changed(means.executor, target):
            return add(f"Nothing would be sent: {found.why}", ".")
    return None
