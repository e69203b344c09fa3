"""What an action is: one line of the registry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from actions.plan import Plan, Refusal, Risk
from backend.model.situation import Part, Situation
from backend.model.target import Target

Pane = Literal["jobs", "failures", "resources", "data", "database"]
Options = Mapping[str, str]
Planner = Callable[[Situation, Sequence[Target], Options], Plan | Refusal]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action: what it is called, where its key works, how grave it is, and what plans it."""

    id: str
    key: str
    pane: Pane
    title: str
    """The verb, lower case, as the footer shows it."""
    help: str
    """One sentence on what it does."""
    risk: Risk
    runbook: str
    """The runbook's section that it replaces."""
    facts: tuple[Part[Any], ...]
    """The parts that must be fresh before a plan is made."""
    planner: Planner
    candidates: Callable[[Situation], tuple[Target, ...]]
    """All that it could act on now."""
    nothing: str
    """Why it cannot run when there are none."""
