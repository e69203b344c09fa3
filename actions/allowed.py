"""The plan that may be shown: what was touched a moment ago is left out of it, and told, where more remains."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from actions.plan import Plan, Refusal
from backend.model.target import Target

Targets = tuple[Target, ...]


async def allowed(
    plan: Plan,
    targets: Targets,
    planned: Callable[[Targets], Plan | Refusal],
    forbidden: Callable[[Plan], Awaitable[Refusal | None]],
) -> Plan | Refusal:
    """The plan for these targets, or another one for those of them that nothing forbids; else why there is none."""
    refusal = await forbidden(plan)
    if refusal is None:
        return plan
    if not refusal.leaves_any_of(plan):
        return refusal
    spared = set(refusal.spares)
    rest = planned(tuple(target for target in targets if target not in spared))
    if isinstance(rest, Refusal):
        return rest
    return await forbidden(rest) or replace(rest, effects=(f"leaves out: {refusal.reason}", *rest.effects))
