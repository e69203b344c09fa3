"""Which failures and overruns count now: the words of the alert, shared by all who judge."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from backend.model.jobs import Job, JobState
from backend.model.situation import PartState

WINDOW = timedelta(minutes=60)
"""How long a failed job keeps the alert firing."""


def broken_in(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """The jobs that are failed or timed out."""
    return tuple(job for job in jobs if job.state.broken)


def recent(broken: Sequence[Job], now: datetime) -> tuple[Job, ...]:
    """Those that broke within the last hour; all of them when the server tells no times at all."""
    if all(job.broke_at is None for job in broken):
        return tuple(broken)
    return tuple(job for job in broken if job.broke_at is not None and now - job.broke_at <= WINDOW)


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
