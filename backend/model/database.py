"""PostgreSQL as our own connection sees it, beside what the platform says of it."""

from datetime import datetime

from backend.frozen import dataclass


@dataclass(frozen=True, slots=True)
class OwnConnection:
    """Our own way to the database: latency in milliseconds, and who answers."""

    latency_ms: float
    version: str
    in_recovery: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One backend. A target is (pid, backend_start); to cancel a query, query_start too."""

    pid: int
    backend_start: datetime
    query_start: datetime | None
    transaction_start: datetime | None
    state: str
    wait_type: str
    wait_event: str
    application: str
    user: str
    query: str
    blocked_by: tuple[int, ...] = ()
    backtest: bool = False
    """Whether its application name is that of a backtest."""

    def running_for(self, now: datetime) -> float | None:
        """Seconds since the query, or the idle transaction, began."""
        since = self.query_start if self.state == "active" else self.transaction_start or self.query_start
        return None if since is None else max(0.0, (now - since).total_seconds())


@dataclass(frozen=True, slots=True)
class Sessions:
    """All client sessions of the database at one moment by its own clock."""

    sessions: tuple[Session, ...]
    server_time: datetime
    hidden: int = 0
    """Sessions whose query we have no right to see."""

    @property
    def blocked(self) -> tuple[Session, ...]:
        """Those that wait for a lock that another holds."""
        return tuple(session for session in self.sessions if session.blocked_by)


@dataclass(frozen=True, slots=True)
class TableUse:
    """How a table of the market data schema is read and written."""

    name: str
    inserted: int
    updated: int
    deleted: int
    sequential_scans: int
    sequential_rows: int


@dataclass(frozen=True, slots=True)
class TablesUse:
    """The tables, most read sequentially first."""

    tables: tuple[TableUse, ...]
