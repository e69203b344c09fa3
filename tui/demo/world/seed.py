"""What a world starts with: the frozen types that a scenario is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Status = Literal["pending", "running", "completed", "failed"]
Priority = Literal["high", "normal", "low"]

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
    worker really touches. `error` is what it raises every time, `signal` what kills its worker every time; `eased`
    says that a reduced retry escapes both. Data that is missing when it ends is checked apart from this.
    """

    seconds: float
    rerun_seconds: float
    memory_mb: int
    error: str | None = None
    signal: int = 0
    eased: bool = False


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
class Summary:
    """What `--list` tells of a scenario.

    `right` and `harmful` are action ids; `cause` is None when nothing is wrong.
    """

    name: str
    title: str
    cause: str | None
    wrong: str
    right: tuple[str, ...]
    harmful: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole world at the moment `now`, the same for the same name, seed and moment.

    `workers` is how many jobs the engine runs at once, of which `reserved` only take jobs that ran before.
    `arrival_seconds` is the mean pause between new jobs.
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

    def with_status(self, status: Status) -> tuple[SeedJob, ...]:
        """The jobs in one state."""
        return tuple(job for job in self.jobs if job.status == status)
