"""What a world starts with: the frozen types that a scenario is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

Status = Literal["pending", "running", "completed", "failed"]
Priority = Literal["high", "normal", "low"]
Modification = Literal["reduce_timeframe", "limit_symbols", "use_sample_data"]
Cause = Literal["data", "memory", "timeout", "strategy", "database", "storage", "engine", "provider"]

STATUSES: tuple[Status, ...] = ("failed", "running", "pending", "completed")
PRIORITIES: tuple[Priority, ...] = ("high", "normal", "low")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One instrument with daily history from `first_date` to `last_date`, both included.

    `completeness_percent` counts the trading days that are there among the last `calendar.WINDOW` ones.
    `last_update` is when its newest bar was stored, in UTC.
    """

    name: str
    completeness_percent: float
    last_update: datetime
    first_date: date
    last_date: date


@dataclass(frozen=True, slots=True)
class Gap:
    """Trading days without data for one symbol, `start` and `end` included; `days` counts trading days."""

    symbol: str
    start: date
    end: date
    days: int


@dataclass(frozen=True, slots=True)
class StrategyConfig:
    """What a backtest is asked to compute; dates are included on both ends."""

    symbols: tuple[str, ...]
    start_date: date
    end_date: date
    timeframe: str
    use_sample_data: bool = False
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fate:
    """How a job behaves when a worker runs it.

    `seconds` is its first run in the life of the platform, `rerun_seconds` every later one, `memory_mb` what the
    worker really touches, and `growth_mb` what it takes on top of that within its first seconds. `error` is what it
    raises every time, `once` what it raises the first time, `signal` what kills its worker every time; `eased_by`
    names the modifications of a retry that escape all of them. A `guarded` worker is not among those that the kernel
    kills first. `poison` crashes the engine that takes the job for the first time. What the rest of the platform does
    to a run is judged apart from this.
    """

    seconds: float
    rerun_seconds: float
    memory_mb: int
    error: str | None = None
    signal: int = 0
    eased_by: tuple[Modification, ...] = ()
    growth_mb: int = 0
    guarded: bool = False
    poison: bool = False
    once: str | None = None


@dataclass(frozen=True, slots=True)
class SeedJob:
    """One job as it stands when the platform starts. Times are UTC; `attempt` starts at 1."""

    id: str
    strategy_name: str
    status: Status
    priority: Priority
    attempt: int
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    strategy_config: StrategyConfig
    fate: Fate


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy of the research tree; `universe` names the symbols it may trade, `memory_mb` its estimate."""

    name: str
    universe: tuple[str, ...]
    timeframe: str
    memory_mb: int
    complexity: float
    path: str
    validation_errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One market data feed; exactly one of a scenario's sources is active."""

    name: str
    role: Literal["primary", "backup"]
    active: bool
    status: Literal["healthy", "degraded", "down"]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the repository that tells of the incident: how old, its message, and one file as it is since.

    One that `strikes` is made in the moment in which the incident comes, where it comes to a platform that was well.
    """

    age: timedelta
    message: str
    path: str
    text: str
    strikes: bool = False


@dataclass(frozen=True, slots=True)
class Blockade:
    """A session of the job `job_id` that holds `table` in a transaction which nobody ends."""

    job_id: str
    table: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What `--list` tells of a scenario.

    `causes` are all that is really wrong, `cause` the first of them (None when nothing is). `right` are the action ids
    that heal, in a good order; `harmful` those that cost something and heal nothing. `healed` says in words what ends
    the incident.
    """

    name: str
    title: str
    cause: Cause | None
    wrong: str
    right: tuple[str, ...]
    harmful: tuple[str, ...]
    healed: str = ""
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole world at the moment `now`, the same for the same name, seed and moment.

    `workers` is how many jobs the engine runs at once, of which `reserved` only take jobs that ran before.
    `arrival_seconds` is the mean pause between new jobs; `later` are jobs that come at the moment they are created.
    `fill` is the share of the quota that files take, `archive_mb` what of it lies in large old results, and
    `memory_max_mb` the limit of the engine's unit. `backlog` is how many jobs failed weeks ago.
    """

    name: str
    seed: int
    now: datetime
    symbols: tuple[Symbol, ...]
    gaps: tuple[Gap, ...]
    jobs: tuple[SeedJob, ...]
    strategies: tuple[Strategy, ...]
    sources: tuple[Source, ...]
    workers: int = 4
    reserved: int = 1
    arrival_seconds: float = 60.0
    later: tuple[SeedJob, ...] = ()
    commits: tuple[Commit, ...] = ()
    blockade: Blockade | None = None
    fill: float = 0.61
    archive_mb: int = 0
    memory_max_mb: int = 384
    backlog: int = 0

    def with_status(self, status: Status) -> tuple[SeedJob, ...]:
        """The jobs in one state."""
        return tuple(job for job in self.jobs if job.status == status)
