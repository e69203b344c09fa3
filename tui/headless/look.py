"""One look at the platform: every wanted part is read once, side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from backend.clock import Clock
from backend.model.situation import Part, Reading, Situation
from backend.parts import DATA_SYMBOLS, ENGINE_UNIT, HOST_PROCESSES
from backend.platform import Platform
from backend.poller import Poller
from backend.store import reduce


async def look(platform: Platform, clock: Clock, wanted: Collection[str] | None = None) -> Situation:
    """The situation after reading the wanted parts (by key), all but the on-demand ones if None."""
    readings: list[Reading[Any]] = []
    fetches = {
        part: fetch
        for part, fetch in platform.fetches().items()
        if part.key != DATA_SYMBOLS.key and (wanted is None or part.key in wanted)
    }

    async def read(part: Part[Any]) -> None:
        poller = Poller(part, fetches[part], readings.append, clock=clock, skew=platform.skew_of(part))
        await poller.once()

    first = [part for part in fetches if part.key == ENGINE_UNIT.key]  # tells which processes are the engine's
    rest = [part for part in fetches if part not in first]
    later = [part for part in rest if part.key == HOST_PROCESSES.key]
    await asyncio.gather(_after(first, later, read), *(read(part) for part in rest if part not in later))
    situation = Situation(clock.now())
    for reading in readings:
        situation = reduce(situation, reading)
    return situation.seen_at(clock.now())


async def _after(first: list[Part[Any]], later: list[Part[Any]], read: Callable[[Part[Any]], Awaitable[None]]) -> None:
    for part in (*first, *later):
        await read(part)
