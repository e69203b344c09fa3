"""What an action is: one line of the registry."""

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from actions.means import Executor
from actions.plan import Plan, Refusal, Risk
from backend.clock import Clock
from backend.config.model import Config
from backend.frozen import dataclass
from backend.model.situation import Part, Situation
from backend.model.target import Target

if TYPE_CHECKING:
    from backend.platform import Platform

Pane = Literal["jobs", "failures", "resources", "data", "database"]
Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a planner is asked for: this, to these targets, as things stand."""

    situation: Situation
    targets: tuple[Target, ...]
    config: Config
    options: Options = field(default_factory=lambda: MappingProxyType({}))


Planner = Callable[[Ask], Plan | Refusal]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action: what it is called, where its key works, how grave it is, and what plans it."""

    id: str
    key: str
    panes: tuple[Pane, ...]
    title: str
    """The verb, lower case, as the footer shows it."""
    help: str
    """One sentence on what it does."""
    risk: Risk
    runbook: str
    """The runbook's section that it replaces."""
    acts_on: type[Target]
    """The kind of its targets."""
    facts: tuple[Part[Any], ...]
    """The parts that must be fresh before a plan is made."""
    planner: Planner
    candidates: Callable[[Situation], tuple[Target, ...]]
    """All that it could act on now."""
    executor: Callable[["Platform", Clock], Executor]
    """What does it, on a platform."""
    nothing: str
    """Why it cannot run when there are none."""
    chosen: bool = True
    """Whether the person chooses among the candidates; else it acts on all of them."""

    @property
    def pane(self) -> str:
        """Where its key works, in words."""
        return ", ".join(self.panes)
