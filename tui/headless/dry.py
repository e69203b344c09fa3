"""What a dry run tells: whether the plan could run now, found out without sending or writing anything."""

from actions.guard import Posture, forbids_planning
from actions.means import Means, changed
from actions.neighbours import Neighbours
from actions.plan import Plan
from actions.run import Runner
from backend.model.situation import Situation
from backend.text import add


async def forbidden(plan: Plan, runner: Runner, situation: Situation, posture: Posture) -> tuple[str, ...]:
    """All that would forbid the run now, as sentences: what it was started with, the journal, locks, the targets."""
    told = (forbids_planning((), situation, posture), await runner.forbidden(plan))
    others, unfit = await Neighbours().acting(runner.means, plan.targets), await _unfit(plan, runner.means)
    return (*(each.reason for each in told if each), *others, *([unfit] if unfit else ()))


async def _unfit(plan: Plan, means: Means) -> str | None:
    """The first target that a fresh look would refuse."""
    for target in plan.targets:
        if found := await changed(means.executor, target):
            return add(f"Nothing would be sent: {found.why}", ".")
    return None
