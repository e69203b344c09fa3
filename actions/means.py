"""What a run works with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from actions.plan import Step
from actions.verdict import TargetVerdict
from backend.clock import Clock
from backend.errors import SourceError
from backend.frozen import dataclass
from backend.holding import Locks
from backend.incident.scribe import Scribe
from backend.model.target import Target
from backend.text import add

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Changed:
    """A target that is no longer what was confirmed."""

    why: str
    """How, as the end of a sentence that names it."""
    needless: bool = False
    """Whether it is by now what the action was to make of it."""


class Executor(Protocol):
    """What acts on one kind of target, and looks at it."""

    @property
    def place(self) -> str:
        """Where its targets are: what has the same name in another place is another thing."""

    async def barred(self) -> str | None:
        """Why it may act on nothing, as a sentence; lines that are to be copied stand below it.

        Raises SourceError.
        """

    async def gone(self, target: Target) -> Changed | None:
        """How the target is no longer what was confirmed. Raises SourceError."""

    async def perform(self, step: Step) -> str:
        """Do the step, once; returns the far side's word. Raises SourceError."""

    async def look(self, target: Target) -> TargetVerdict:
        """What a fresh read shows. Raises SourceError."""


@dataclass(frozen=True, slots=True)
class Means:
    """Who acts and looks, what writes it down, what keeps others off, and the time."""

    executor: Executor
    scribe: Scribe
    locks: Locks
    clock: Clock
    sleep: Sleep = asyncio.sleep


async def changed(executor: Executor, target: Target) -> Changed | None:
    """Why this target must not be acted on now, by a fresh look."""
    try:
        return await executor.gone(target)
    except SourceError as error:
        return Changed(add(f"{target.label} cannot be looked at afresh ({error.summary}", ")"))
