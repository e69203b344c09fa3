"""The exact steps of one action on exact targets, or the reason why there are none."""

import shlex
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from backend.frozen import dataclass
from backend.model.engine import UnitVerb
from backend.model.target import Target


class Risk(StrEnum):
    """What an action can do at worst; it decides the dialog."""

    LOW = "low"
    """Repeatable, harms nobody."""
    MEDIUM = "medium"
    """Changes what others see, and can be undone; or a low one on several targets."""
    HIGH = "high"
    """Ends work, deletes, or switches a source."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request to the research API, sent once. `segments` are raw; they travel percent-encoded."""

    method: str
    segments: tuple[str, ...]
    body: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        path = "/".join(quote(segment, safe="") for segment in self.segments)
        return f"{self.method} /api/research/{path}"


@dataclass(frozen=True, slots=True)
class UnitCommand:
    """One verb of the service manager, with the exact argv that is run."""

    verb: UnitVerb
    argv: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that will be done to one target."""

    request: HttpRequest | UnitCommand
    target: Target

    @property
    def kind(self) -> str:
        """How it is done: `http` or `command`."""
        return "http" if isinstance(self.request, HttpRequest) else "command"

    @property
    def text(self) -> str:
        """Exactly what is sent."""
        return str(self.request)


SETTLE = 8.0
"""Seconds after its step in which a target's verdict is awaited, unless the plan says otherwise."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How several steps are spread: some first as canaries, then the rest at a rate."""

    canaries: int = 1
    per_second: float = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, to what, on which facts, and how it will be known to have worked."""

    action: str
    title: str
    what: str
    """What it acts on, in a word: `3 jobs`."""
    risk: Risk
    targets: tuple[Target, ...]
    about: tuple[str, ...]
    """One line for each target, in the same order: name, age, owner, error."""
    steps: tuple[Step, ...]
    preconditions: tuple[str, ...]
    effects: tuple[str, ...]
    """What it frees, whom it hurts, whether it can be undone."""
    checks: tuple[str, ...]
    """What a fresh read must show afterwards."""
    facts_age_s: float
    confirm: str | None = None
    """The word to type, for high risk."""
    pace: Pace = Pace()
    settle: float = SETTLE
    """Seconds; a target that works later is *so far*, and followed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action cannot run."""

    reason: str
    """A sentence that says what to do; lines that are to be copied stand below it."""
    spares: tuple[Target, ...] = ()
    """The targets that it is about, where it would not keep the others from being acted on."""

    def leaves_any_of(self, plan: Plan) -> bool:
        """Whether the plan could run on some of its targets all the same."""
        return bool(self.spares) and not set(plan.targets) <= set(self.spares)
