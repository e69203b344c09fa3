"""Backtest jobs as the research API tells of them."""

import re
from datetime import datetime
from enum import StrEnum

from backend.frozen import dataclass
from backend.text import counted

ACTIONABLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class JobState(StrEnum):
    """Where a job stands. `UNKNOWN` is a state that we have no word for."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def broken(self) -> bool:
        """Whether the job ended without a result that anyone can use."""
        return self in (JobState.FAILED, JobState.TIMEOUT)


class Priority(StrEnum):
    """How much a job matters to its owner."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 for the highest."""
        return _RANKS[self]


_RANKS = {priority: place for place, priority in enumerate(Priority)}


@dataclass(frozen=True, slots=True)
class Job:
    """One backtest job. `id` is raw and for acting on; every other text is cleaned and for showing."""

    id: str
    label: str
    strategy: str
    state: JobState
    priority: Priority = Priority.UNKNOWN
    attempt: int | None = None
    error: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    symbols: tuple[str, ...] = ()
    ambiguous: bool = False
    """Whether the list has another job of the same id: nobody knows which of them a request would reach."""

    @property
    def actionable(self) -> bool:
        """Whether it may be acted on; a job that may not is shown all the same."""
        return self.has_safe_id and not self.ambiguous

    @property
    def has_safe_id(self) -> bool:
        """Whether the id may be put into a request."""
        return self.id not in {".", ".."} and ACTIONABLE_ID.fullmatch(self.id) is not None

    @property
    def broke_at(self) -> datetime | None:
        """When it failed, as nearly as the server tells."""
        return self.finished_at or self.started_at or self.created_at


@dataclass(frozen=True, slots=True)
class JobList:
    """A list of jobs as it was answered. Bad rows are counted, the good ones used."""

    jobs: tuple[Job, ...] = ()
    bad_rows: int = 0
    """Rows that could not be understood."""
    duplicates: int = 0
    """Rows that repeat an id."""
    other_state: int = 0
    """Rows that the server sent although another state was asked for."""
    total: int | None = None
    """What the server says of how many there are, where it does."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about this list, in words."""
        said = (
            (self.bad_rows, "bad row", "bad rows"),
            (self.duplicates, "duplicate id", "duplicate ids"),
            (self.other_state, "row of another state", "rows of another state"),
        )
        return tuple(counted(*words) for words in said if words[0])


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs there are by state; None where the server does not say."""

    failed: int | None = None
    running: int | None = None
    pending: int | None = None
    completed: int | None = None


DOWN_WORDS = frozenset({"down", "stopped", "dead", "offline", "unavailable", "failed"})
UNWELL_WORDS = DOWN_WORDS | {"unhealthy", "critical", "error"}


@dataclass(frozen=True, slots=True)
class JobsHealth:
    """The service's own word on its health (runbook, Diagnostics 1)."""

    status: str
    active: int | None = None
    pending: int | None = None
    utilisation: float | None = None
    """Percent of the workers that are busy."""
    last_success: datetime | None = None

    @property
    def healthy(self) -> bool:
        """Whether the service calls itself well."""
        return self.status.casefold() in {"healthy", "ok", "up", "good"}

    def down(self, *, engine_runs: bool) -> bool:
        """Whether it says that no job can run; a vaguer word means that only while no engine is seen to run."""
        return self.status.casefold() in (DOWN_WORDS if engine_runs else UNWELL_WORDS)
