"""Waiting while the application works."""

from collections.abc import Callable

from textual.pilot import Pilot

from tests import waiting


async def until(pilot: Pilot[None], reached: Callable[[], object], what: str = "what is waited for") -> None:
    """Let the application work until something is so."""
    await waiting.until(reached, what, pause=pilot.pause)
