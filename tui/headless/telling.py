"""What `backtop act` prints of a plan and of what came of it, as data and as text."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actions.advice import Advice
from actions.outcome import Outcome
from actions.plan import Plan, Refusal


def plan_as_data(plan: Plan | None, forbids: Sequence[str] | None = None) -> dict[str, Any] | None:
    """The plan as `act --json` prints it; where it was asked for, with what would forbid the run now."""
    if plan is None:
        return None
    return {
        "risk": plan.risk.value,
        "confirm": plan.confirm,
        "targets": [
            msgspec.to_builtins(target) | {"about": about}
            for target, about in zip(plan.targets, plan.about, strict=True)
        ],
        "steps": [{"kind": step.kind, "text": step.text, "target": step.target.id} for step in plan.steps],
        "preconditions": list(plan.preconditions),
        "effects": list(plan.effects),
        "checks": list(plan.checks),
        "facts_age_s": round(plan.facts_age_s, 3),
        **({} if forbids is None else {"forbidden": list(forbids)}),
    }


def outcome_as_data(result: Outcome | Refusal | None, advice: Advice | None = None) -> dict[str, Any] | None:
    """What came of it as `act --json` prints it; null for a dry run."""
    match result:
        case None:
            return None
        case Refusal():
            return {"verdict": "refused", "text": result.reason, "steps": []}
        case Outcome():
            verdict = result.verdict
            return {
                "verdict": verdict.word.value,
                "text": verdict.text,
                "so_far": verdict.so_far,
                "recorded": verdict.recorded,
                "next": None if advice is None else {"finding": advice.cause, "action": advice.spec.id},
                "targets": [
                    {"id": one.target.id, "verdict": one.word.value, "text": one.text} for one in verdict.targets
                ],
                "steps": [
                    {
                        "kind": done.step.kind,
                        "text": done.step.text,
                        "result": done.result,
                        "took_ms": round(done.took_ms, 1),
                    }
                    for done in result.steps
                ],
            }


def as_text(
    plan: Plan | None, result: Outcome | Refusal | None, forbids: Sequence[str] = (), advice: Advice | None = None
) -> list[str]:
    """What `act` prints for people, line by line."""
    lines = []
    if plan is not None:
        lines += [
            f"{plan.title}: {len(plan.targets)} target(s), risk {plan.risk.value}",
            *(f"  {about}" for about in plan.about),
        ]
        lines += [f"  sends    {step.text}" for step in plan.steps]
        lines += [f"  only if  {condition}" for condition in plan.preconditions]
        lines += [f"  effect   {effect}" for effect in plan.effects] + [f"  checked  {check}" for check in plan.checks]
        lines += [f"  not now  {why}" for why in forbids]
    if isinstance(result, Refusal):
        lines.append(f"refused: {result.reason}")
    elif result is not None:
        so_far = " so far" if result.verdict.so_far else ""
        lines.append(f"{result.verdict.word.value}{so_far}: {result.verdict.text}")
        if so_far:
            lines.append(
                "it goes on: a dashboard or a later act sees its end, and writes its last verdict; see backtop journal"
            )
    if advice is not None:
        lines.append(f"the finding is {advice.cause}: backtop act {advice.spec.id} --dry-run tells what that would do")
    return lines
