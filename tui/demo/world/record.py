"""What finished jobs tell: how many failed, how long they ran, with what errors and when."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tui.demo.world.job import Job

KINDS = (
    (re.compile(r"^No data for"), "missing_data"),
    (re.compile(r"\(signal 9\)"), "worker_killed"),
    (re.compile(r"^worker "), "worker_ended"),
    (re.compile(r"^(ConnectionResetError|ConnectionError|TimeoutError)"), "provider"),
    (re.compile(r"^timeout "), "timeout"),
    (re.compile(r"^psycopg"), "database"),
    (re.compile(r"No space left"), "storage"),
    (re.compile(r"^\w+Error"), "strategy_error"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """Numbers over finished jobs; rates from 0 to 1, `average_minutes` over the completed ones, None without one."""

    finished: int
    failed: int
    average_minutes: float | None

    @property
    def failure_rate(self) -> float:
        """Failed of finished jobs; 0 when none finished."""
        return round(self.failed / self.finished, 3) if self.finished else 0.0


def finished(jobs: Iterable[Job], since: datetime | None = None) -> list[Job]:
    """The jobs that ended (since `since`)."""
    ended = (job for job in jobs if job.finished_at is not None)
    return [job for job in ended if since is None or job.moment >= since]


def minutes(job: Job) -> float | None:
    """How long a finished job ran."""
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds() / 60.0


def record(jobs: Iterable[Job]) -> Record:
    """The record of `jobs`; those that did not end are left out."""
    ended = finished(jobs)
    failed = sum(job.status == "failed" for job in ended)
    runs = [took for job in ended if job.status == "completed" and (took := minutes(job)) is not None]
    return Record(len(ended), failed, round(sum(runs) / len(runs), 1) if runs else None)


def kind_of(error: str | None) -> str:
    """The class of an error message."""
    return next((kind for pattern, kind in KINDS if pattern.search(error or "")), "other")


def kinds(jobs: Iterable[Job]) -> Counter[str]:
    """How many failed jobs there are of each class of error."""
    return Counter(kind_of(job.error_message) for job in jobs if job.status == "failed")
