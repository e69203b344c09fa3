"""Which failures and overruns count now: the words of the alert, shared by all who judge."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from backend.frozen import dataclass
from backend.model.jobs import Job, JobList, JobState
from backend.model.situation import PartState
from backend.same import Same

WINDOW = timedelta(minutes=60)
"""How long a failed job keeps the alert firing."""


@dataclass(frozen=True, slots=True)
class Failures:
    """The broken jobs of one list, by the time at which they broke.

    Of a job whose end the server does not tell that is the earliest time that it can have been: its beginning.
    """

    timed: tuple[Job, ...]
    """Oldest first."""
    times: tuple[datetime, ...]
    """When each of them broke."""
    untimed: tuple[Job, ...]

    def recent(self, now: datetime) -> tuple[Job, ...]:
        """Those that are known to be of the last hour, oldest first; all when the server tells no times at all.

        It is the same tuple as long as it holds the same jobs of the same list.
        """
        return _from(Same(self.timed), self._first_since(now)) if self.timed else self.untimed

    def of_incident(self, now: datetime) -> tuple[Job, ...]:
        """Those of the incident that goes on: back from now each broke within an hour of the next.

        An incident that lasts does not forget how it began. It is the same tuple as long as it holds the same jobs.
        """
        began = bisect_left(self.times, self.unbroken_since(now))
        return _from(Same(self.timed), began) if self.timed else self.untimed

    def may_be_recent(self, now: datetime, limit: timedelta) -> bool:
        """Whether any of the others may have broken within the last hour too.

        Of a job without any time nobody knows. One whose end is not told may have broken at any time from its beginning
        until it was over the runtime limit; if it ran longer than that the alert fired while it did.
        """
        possible = self.timed[self._first_since(now, WINDOW + limit) : self._first_since(now)]
        return bool(self.timed and self.untimed) or any(job.finished_at is None for job in possible)

    def unbroken_since(self, moment: datetime) -> datetime:
        """Back from this moment to the first failure of a row in which each broke within an hour of the next."""
        while (first := self._first_since(moment)) < len(self.times) and self.times[first] < moment:
            moment = self.times[first]
        return moment

    def _first_since(self, moment: datetime, window: timedelta = WINDOW) -> int:
        """Where the failures of the time before this moment begin. Differences: no clock can make them overflow."""
        return bisect_left(self.times, -window, key=lambda time: time - moment)


def failures_of(listed: JobList) -> Failures:
    """The broken jobs of a list, sorted once for as long as the list is looked at."""
    return _sorted(Same(listed))


def symbols_needed(listed: JobList) -> frozenset[str]:
    """The symbols that these jobs need, gathered once for as long as the list is looked at."""
    return _gathered(Same(listed))


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


@lru_cache(maxsize=4)
def _sorted(same: Same[JobList]) -> Failures:
    broken = [job for job in same.value.jobs if job.state.broken]
    timed = sorted(((when, job) for job in broken if (when := job.broke_at) is not None), key=lambda each: each[0])
    return Failures(
        tuple(job for _, job in timed),
        tuple(when for when, _ in timed),
        tuple(job for job in broken if job.broke_at is None),
    )


@lru_cache(maxsize=4)
def _from(timed: Same[tuple[Job, ...]], first: int) -> tuple[Job, ...]:
    return timed.value[first:]


@lru_cache(maxsize=4)
def _gathered(same: Same[JobList]) -> frozenset[str]:
    return frozenset[str]().union(*(job.symbols for job in same.value.jobs))
