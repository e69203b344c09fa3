"""What finished jobs tell: how many failed, how long they ran, with what errors and when."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tui.demo.world.seed import Priority, SeedJob

KINDS = (
    (re.compile(r"^No data for"), "missing_data"),
    (re.compile(r"\(signal 9\)"), "worker_killed"),
    (re.compile(r"^worker "), "worker_ended"),
    (re.compile(r"^(ConnectionResetError|ConnectionError|TimeoutError)"), "provider"),
    (re.compile(r"^timeout "), "timeout"),
    (re.compile(r"^psycopg"), "database"),
    (re.compile(r"No space left|folder in active is gone"), "storage"),
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


@dataclass(frozen=True, slots=True)
class Ended:
    """What is counted of a job that ended. Minutes of its run, None for one that never began; `kind` of its error."""

    strategy: str
    priority: Priority
    failed: bool
    kind: str
    minutes: float | None
    memory_mb: int

    @classmethod
    def of(cls, job: SeedJob) -> "Ended":
        """The record of `job`, which ended."""
        return cls(
            strategy=job.strategy_name,
            priority=job.priority,
            failed=job.status == "failed",
            kind=kind_of(job.error_message),
            minutes=_minutes(job),
            memory_mb=job.fate.memory_mb,
        )


def _minutes(job: SeedJob) -> float | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds() / 60.0


Hours = Mapping[datetime, Sequence[Ended]]
"""Jobs by the hour that they ended in, the oldest first."""


def whole_hour(moment: datetime) -> datetime:
    """When the hour of `moment` began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def record(jobs: Iterable[Ended]) -> Record:
    """The record of `jobs`."""
    ended = list(jobs)
    runs = [job.minutes for job in ended if not job.failed and job.minutes is not None]
    return Record(len(ended), sum(job.failed for job in ended), round(sum(runs) / len(runs), 1) if runs else None)


def kind_of(error: str | None) -> str:
    """The class of an error message."""
    return next((kind for pattern, kind in KINDS if pattern.search(error or "")), "other")


def kinds(jobs: Iterable[Ended]) -> Counter[str]:
    """How many failed jobs there are of each class of error."""
    return Counter(job.kind for job in jobs if job.failed)
