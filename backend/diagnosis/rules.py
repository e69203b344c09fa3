"""All rules, and what they conclude from a situation."""

from collections.abc import Callable

from backend.config.model import Limits
from backend.diagnosis import data, engine
from backend.model.finding import Finding
from backend.model.situation import Situation

Rule = Callable[[Situation, Limits], Finding | None]

RULES: tuple[Rule, ...] = (
    engine.explain,
    data.explain,
)
"""One for each cause. Of findings that weigh the same, the earlier rule's comes first."""


def diagnose(situation: Situation, limits: Limits) -> tuple[Finding, ...]:
    """The probable causes of what is wrong, gravest first. A pure function of what is live in the situation."""
    findings = (rule(situation, limits) for rule in RULES)
    return tuple(
        sorted((each for each in findings if each is not None), key=lambda found: (found.severity.rank, -found.weight))
    )
