"""What stops a run before its next step, and cuts short what goes on when nobody can wait for it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

ENDING = "backtop was told to end"
AT_ONCE = "backtop was told to end at once"
BY_HAND = "stopped by hand"
BY_ITSELF = "stopped by itself"
MEANT_TWICE = 1.0
"""Seconds: who is told to end again within so many is told the same once more, as by `timeout` and its group."""


class Brake:
    """Pulled once, it stays so. What was sent cannot be taken back, and its result is written down all the same."""

    def __init__(self) -> None:
        self.why = ""
        """Why it was pulled, as part of a sentence; empty while it was not."""
        self.cuts = False
        """Whether not even the end of what goes on is waited for."""
        self._hurry = asyncio.Event()
        self._told_at: float | None = None
        self._going: dict[object, tuple[str, Callable[[], object]]] = {}

    @property
    def pulled(self) -> bool:
        """Whether nothing more shall be sent."""
        return bool(self.why)

    @property
    def was_told(self) -> bool:
        """Whether it was told to end before."""
        return self._told_at is not None

    @property
    def waits_for(self) -> str:
        """What began last and goes on, as it is shown; empty when there is nothing."""
        return next((what for what, _ in reversed(self._going.values())), "")

    def pull(self, why: str, *, hurry: bool = False) -> None:
        """Send nothing more; in a `hurry` what was sent is not followed."""
        self.why = self.why or why
        if hurry:
            self._hurry.set()

    def told_to_end(self, now: float) -> None:
        """Pull it in a hurry; told once more, a moment later by this monotonic clock, cut short what goes on."""
        if self._told_at is None:
            self._told_at = now
            self.pull(ENDING, hurry=True)
        elif now - self._told_at >= MEANT_TWICE:
            self.cut()

    def cut(self) -> None:
        """Give up all that goes on; whether it comes to pass is for whoever comes next to see."""
        self.cuts = True
        if self.why in ("", ENDING):
            self.why = AT_ONCE
        self._hurry.set()
        for _, give_up in [*self._going.values()]:
            give_up()

    @contextmanager
    def over(self, what: str, give_up: Callable[[], object]) -> Iterator[None]:
        """While this lasts `what` goes on, and `give_up` cuts it short."""
        key = object()
        self._going[key] = what, give_up
        try:
            if self.cuts:
                give_up()
            yield
        finally:
            del self._going[key]

    def hurries(self) -> bool:
        """Whether nobody can wait for what was sent."""
        return self._hurry.is_set()

    async def unless_hurried(self, work: Coroutine[Any, Any, T], within: float | None = None) -> T | None:
        """What comes of this work; it is given up, and None, when nobody can wait any more or after so many seconds.

        What it has begun and cannot be taken back is waited for. Raises what the work raises.
        """
        working, hurried = asyncio.create_task(work), asyncio.create_task(self._hurry.wait())
        try:
            await asyncio.wait({working, hurried}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            hurried.cancel()
            await asyncio.gather(working, hurried, return_exceptions=True)


def waiting(brake: Brake) -> str:
    """What is waited for before the end, as a sentence for the person."""
    return f"told once more to end, it cuts short what it waits for: {brake.waits_for or 'what runs'}"
