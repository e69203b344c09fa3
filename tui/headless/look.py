"""One look at the platform: every wanted part is read once, side by side."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from backend.clock import Clock
from backend.model.situation import Face, Part, Reading, Situation
from backend.parts import DATA_SYMBOLS
from backend.platform import Platform
from backend.poller import Poller
from backend.store import reduce

TELLING = timedelta(seconds=2)
"""How long what was seen is to stay fresh: it is judged again when it is told."""


async def look(platform: Platform, clock: Clock, wanted: Collection[str] | None = None) -> Situation:
    """The situation after reading the wanted parts (by key), all but the on-demand ones if None.

    What has gone stale while a slow part was waited for, or is about to, is read once more.
    """
    readings: list[Reading[Any]] = []
    fetches = {
        part: fetch
        for part, fetch in platform.fetches().items()
        if part.key != DATA_SYMBOLS.key and (wanted is None or part.key in wanted)
    }

    async def read(part: Part[Any]) -> None:
        poller = Poller(part, fetches[part], readings.append, clock=clock, skew=platform.skew_of(part))
        await poller.once()

    await asyncio.gather(*map(read, fetches))
    situation = _seen(readings, clock)
    told_at = situation.at + TELLING
    old = [part for part in fetches if situation[part].face(told_at) is Face.STALE]
    await asyncio.gather(*map(read, old))
    return _seen(readings, clock) if old else situation


def _seen(readings: Iterable[Reading[Any]], clock: Clock) -> Situation:
    situation = Situation(clock.now())
    for reading in readings:
        situation = reduce(situation, reading)
    return situation.seen_at(clock.now())
