"""Failed jobs of weeks ago that nobody cleared: any number of them, each made only when somebody looks at it."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from tui.demo.world.draft import MIX, Draft, fate, named
from tui.demo.world.job import Job
from tui.demo.world.record import Ended, whole_hour
from tui.demo.world.seed import PRIORITIES, Priority, Scenario, SeedJob
from tui.demo.world.strategies import STRATEGIES

NEWEST = timedelta(days=8)
"""Age of the newest; every other job of a platform is younger."""
SPAN = timedelta(days=22)
FIRST_ID = 1_000_000
TYPES = 240
"""So many different jobs come again and again, at other moments under other ids."""
STRIDE = 101
"""Leads from one to the next; it has no factor in common with `TYPES`."""

_ERRORS = (
    "TimeoutError: provider feed gave no answer within 30 s",
    "No data for {symbol} in {day}..{day}",
    "worker killed (signal 9)",
    "timeout after 45 min: {count} symbols at 1m bars were not done",
    "psycopg.errors.LockNotAvailable: canceling statement due to lock timeout",
    "ZeroDivisionError: float division by zero in {path}:{line}",
    "KeyError: 'lookback' in {path}:{line}",
    "ConnectionResetError: provider feed closed the connection after 3 of {count} symbols",
)


@lru_cache(maxsize=1)
def _types(seed: int, now: datetime) -> tuple[SeedJob, ...]:
    rng = Random(f"backlog:{seed}")
    draft = Draft(rng, now)
    for number in range(TYPES):
        strategy = rng.choice(STRATEGIES)
        error = rng.choice(_ERRORS).format(
            symbol=rng.choice(strategy.universe), day=f"{now - timedelta(days=31 + number % 9):%Y-%m-%d}",
            count=rng.randint(3, 5), path=strategy.path, line=rng.randint(20, 140),
        )  # fmt: skip
        again = replace(fate(rng, named(strategy.name)), error=error if ".py:" in error else None)
        draft.failed(1.0, error, strategy.name, rng.choice(MIX), again=again)
    return draft.jobs()


class Backlog:
    """The failed jobs of weeks ago, by place: 0 is the newest. One that is discarded is no longer among them."""

    def __init__(self, scenario: Scenario) -> None:
        self._total = scenario.backlog
        self._types = _types(scenario.seed, scenario.now) if self._total else ()
        self._records = [Ended.of(job) for job in self._types]
        self._newest = scenario.now - NEWEST
        self._step = SPAN / max(1, self._total)
        self._places: dict[Priority | None, array[int]] = {None: array("I", range(self._total))}
        for priority in PRIORITIES:
            chosen = [job.priority == priority for job in self._types]
            self._places[priority] = array("I", (place for place in range(self._total) if chosen[self._type(place)]))

    def _type(self, place: int) -> int:
        return place * STRIDE % TYPES

    def __len__(self) -> int:
        return len(self._places[None])

    def count(self, priority: Priority | None) -> int:
        """How many there are of one priority, or of all."""
        return len(self._places[priority])

    def page(self, priority: Priority | None, offset: int, limit: int) -> list[Job]:
        """Up to `limit` jobs after the `offset` newest."""
        return [self._job(place) for place in self._places[priority][offset : offset + limit]]

    def ended(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, Sequence[Ended]]]:
        """The jobs that ended from `since` to `until`, by the hour that they ended in, the newest hour first."""
        known = self._places[None]
        later = max(0, -((until - self._newest) // self._step))
        places = known[bisect_left(known, later) : self._place_at(known, since)]
        while places:
            hour = whole_hour(self._newest - places[0] * self._step)
            count = self._place_at(places, hour)
            yield hour, [self._records[self._type(place)] for place in places[:count]]
            places = places[count:]

    def _place_at(self, places: "array[int]", moment: datetime) -> int:
        """How many of `places` ended at `moment` or later."""
        return bisect_left(places, max(0, (self._newest - moment) // self._step + 1))

    def find(self, job_id: str) -> Job | None:
        """The job with an id."""
        place = self._place(job_id)
        return None if place is None else self._job(place)

    def discard(self, job_id: str) -> None:
        """It is no longer one of these, if it was."""
        place = self._place(job_id)
        if place is not None:
            for places in (self._places[None], self._places[self._types[self._type(place)].priority]):
                del places[bisect_left(places, place)]

    def clear(self) -> None:
        """None is left."""
        for places in self._places.values():
            del places[:]

    def _place(self, job_id: str) -> int | None:
        if not (job_id.isascii() and job_id.isdecimal() and len(job_id) < 10) or job_id.startswith("0"):
            return None
        place = FIRST_ID + self._total - 1 - int(job_id)
        known = self._places[None]
        at = bisect_left(known, place) if place >= 0 else len(known)
        return place if at < len(known) and known[at] == place else None

    def _job(self, place: int) -> Job:
        kind = self._types[self._type(place)]
        earlier = self._newest - place * self._step - (kind.finished_at or self._newest)
        moved = replace(
            kind,
            id=str(FIRST_ID + self._total - 1 - place),
            created_at=kind.created_at + earlier,
            started_at=None if kind.started_at is None else kind.started_at + earlier,
            finished_at=None if kind.finished_at is None else kind.finished_at + earlier,
        )
        return Job.of(moved)
