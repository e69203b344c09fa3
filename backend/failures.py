"""Which failures and overruns count now: the words of the alert, shared by all who judge."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from backend.frozen import dataclass
from backend.model.jobs import Job, JobList, JobState
from backend.model.situation import PartState

WINDOW = timedelta(minutes=60)
"""How long a failed job keeps the alert firing."""


@dataclass(frozen=True, slots=True)
class Failures:
    """The broken jobs of one list, by the time at which they broke."""

    timed: tuple[Job, ...]
    """Oldest first."""
    times: tuple[datetime, ...]
    """When each of them broke."""
    untimed: tuple[Job, ...]

    def recent(self, now: datetime) -> tuple[Job, ...]:
        """Those of the last hour, oldest first; all of them when the server tells no times at all."""
        return self.timed[self._first_since(now) :] if self.timed else self.untimed

    def unbroken_since(self, moment: datetime) -> datetime:
        """Back from this moment to the first failure of a row in which each broke within an hour of the next."""
        while (first := self._first_since(moment)) < len(self.times) and self.times[first] < moment:
            moment = self.times[first]
        return moment

    def _first_since(self, moment: datetime) -> int:
        """Where the failures of the hour before this moment begin. Differences: no clock can make them overflow."""
        return bisect_left(self.times, -WINDOW, key=lambda time: time - moment)


def failures_of(listed: JobList) -> Failures:
    """The broken jobs of a list, sorted once for as long as the list is looked at."""
    return _sorted(_Same(listed))


def overdue(jobs: Sequence[Job], now: datetime, limit: timedelta) -> tuple[Job, ...]:
    """The running jobs that are over the runtime limit."""
    return tuple(
        job
        for job in jobs
        if job.state is JobState.RUNNING and job.started_at is not None and now - job.started_at > limit
    )


def recently_known(state: PartState[Any], now: datetime) -> bool:
    """Whether a part's last good value is young enough, even if the very last reading failed.

    One lost answer must not make an alert flicker; a value past its age must not keep it.
    """
    age = state.age(now)
    return state.missing is None and age is not None and age <= state.stale_after


class _Same:
    """A list that equals only itself: comparing 100,000 jobs would cost more than sorting them."""

    __slots__ = ("listed",)

    def __init__(self, listed: JobList) -> None:
        self.listed = listed

    def __hash__(self) -> int:
        return id(self.listed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.listed is other.listed


@lru_cache(maxsize=4)
def _sorted(same: _Same) -> Failures:
    broken = [job for job in same.listed.jobs if job.state.broken]
    timed = sorted(((when, job) for job in broken if (when := job.broke_at) is not None), key=lambda each: each[0])
    return Failures(
        tuple(job for _, job in timed),
        tuple(when for when, _ in timed),
        tuple(job for job in broken if job.broke_at is None),
    )
