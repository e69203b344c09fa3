"""From pollers to the screen: readings become the situation, which is handed on a few times a second."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from backend.clock import Clock
from backend.config.model import Config
from backend.follow import worth_reading
from backend.model.jobs import Job
from backend.model.situation import Part, Reading, Situation
from backend.parts import DATA_SYMBOLS
from backend.platform import Platform
from backend.poller import Poller, pause
from backend.store import reduce

Show = Callable[[Situation], None]
QUICK = 0.1
"""Seconds between two pictures while somebody waits for one: at the start, and after an action."""
TICK = 1.0
"""Seconds between two pictures else: readings that arrive in between are drawn together, and so are ages."""
WAITED_FOR = 4.0
"""Seconds for which a picture is waited for after the start or an action."""


class Feed:
    """Keeps the situation up to date as long as `run` runs."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        self._pollers: dict[str, Poller[Any]] = {}
        self._dirty = True
        self._asked = asyncio.Event()
        self._waiting: list[tuple[set[str], datetime, asyncio.Event]] = []
        """Of which parts somebody waits for answers, to questions since when, and what wakes him."""
        self._shown_at = self._asked_at = clock.monotonic()
        self.platform = Platform(config)
        self.situation = Situation(clock.now())

    async def run(self, show: Show) -> None:
        """Read every part at its pace until cancelled; then close what was opened."""
        for part, fetch in self.platform.fetches().items():
            skew = self.platform.skew_of(part)
            self._pollers[part.key] = Poller(part, fetch, self._take, clock=self._clock, skew=skew)
        try:
            async with asyncio.TaskGroup() as tasks:
                for poller in self._pollers.values():
                    tasks.create_task(poller.keep())
                tasks.create_task(self._hand_on(show))
        finally:
            await self.platform.aclose()

    def nudge(self, *parts: Part[Any]) -> None:
        """Read these parts now, and show what they give at once."""
        self._asked_at = self._clock.monotonic()
        self._asked.set()
        self._read(parts)

    async def read_afresh(self, parts: Iterable[Part[Any]], seconds: float) -> None:
        """Read these parts now, and wait until each has answered, at most so long."""
        keys, answered = {part.key for part in parts} & self._pollers.keys(), asyncio.Event()
        waiting = keys, self._clock.now(), answered
        self._waiting.append(waiting)
        self.nudge(*parts)
        try:
            async with asyncio.timeout(seconds):
                while keys:
                    answered.clear()
                    await answered.wait()
        except TimeoutError:
            pass  # then what is known has to do
        finally:
            self._waiting.remove(waiting)

    def select(self, job: Job | None) -> None:
        """Read the data of this failed job's symbols from now on."""
        if self.platform.select(job):
            self.nudge(DATA_SYMBOLS)

    def now(self) -> Situation:
        """The situation as of this moment."""
        return self.situation.seen_at(self._clock.now())

    def _take(self, reading: Reading[Any]) -> None:
        before, self.situation = self.situation, reduce(self.situation, reading)
        self._dirty = True
        for keys, since, answered in self._waiting:
            if reading.at - timedelta(seconds=reading.took) >= since:  # else it was under way by then
                keys.discard(reading.part.key)
                answered.set()
        self._read(worth_reading(before, reading))

    def _read(self, parts: Iterable[Part[Any]]) -> None:
        for part in parts:
            if poller := self._pollers.get(part.key):
                poller.nudge()

    async def _hand_on(self, show: Show) -> None:
        while True:
            now = self._clock.monotonic()
            awaited = now - self._asked_at < WAITED_FOR
            if (awaited and self._dirty) or now - self._shown_at >= TICK:
                self._dirty, self._shown_at = False, now
                show(self.now())
            await pause(self._asked, QUICK if awaited else self._shown_at + TICK - now)
