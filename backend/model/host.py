"""The machine and the processes on it (runbook, Diagnostics 2)."""

from datetime import datetime

from backend.frozen import dataclass


@dataclass(frozen=True, slots=True)
class HostCounters:
    """Use of the machine. Percentages are 0 to 100, sizes bytes."""

    cpu_percent: float
    cores: int
    load: tuple[float, float, float]
    memory_total: int
    memory_available: int
    swap_total: int
    swap_used: int

    @property
    def memory_percent(self) -> float:
        """How much of the memory is gone, as `free` counts what is available."""
        return 100.0 * (1 - self.memory_available / self.memory_total) if self.memory_total else 0.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process whose command line looks like a backtest."""

    pid: int
    started_at: datetime
    command: str
    """For showing; cleaned."""
    uid: int
    cpu_percent: float
    rss: int
    """Bytes of resident memory."""
    job: str | None
    """The job it works on, where its command line tells."""
    worker: bool | None
    """Whether it is the engine's: matches a kill pattern and belongs to the unit.

    None where it matches and nobody knows what belongs to the unit now.
    """


@dataclass(frozen=True, slots=True)
class ProcessTable:
    """All processes that look like backtests; the others of the machine only as a count."""

    processes: tuple[Process, ...]
    others: int
    hidden: int = 0
    """Processes that we may not look at."""
    unit_known: bool = True
    """Whether the unit told what belongs to it; else of those that are no workers some may be its own."""

    @property
    def workers(self) -> tuple[Process, ...]:
        """Those that are the engine's."""
        return tuple(process for process in self.processes if process.worker)

    @property
    def doubtful(self) -> tuple[Process, ...]:
        """Those that look like workers, and may or may not be the engine's."""
        return tuple(process for process in self.processes if process.worker is None)
