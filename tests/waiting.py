"""How a test waits for a state: it asks until it is so, and never longer than a limit in seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable

STEP = 0.01
"""Seconds between two looks from within."""
STRIDE = 0.05
"""Seconds between two looks from outside, each of which may cost a request."""
PATIENCE = 20.0
"""Seconds: far more than anything takes, so that only what never comes fails."""


async def until(
    reached: Callable[[], object],
    what: str = "what is waited for",
    seconds: float = PATIENCE,
    *,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Let the event loop work until it is so."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        await pause(STEP)


def eventually(reached: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Ask again and again until it is so, from outside of any event loop."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s"
        time.sleep(STRIDE)
