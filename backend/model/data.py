"""Historical data, its completeness and where it comes from (runbook, Diagnostics 3 and 5)."""

from datetime import date, datetime

from backend.frozen import dataclass
from backend.text import counted


def is_healthy(status: str) -> bool:
    """Whether a status word of the data side means well."""
    return status.casefold() in {"healthy", "ok", "up", "connected", "good", "standby"}


def _bad(rows: int) -> tuple[str, ...]:
    return (counted(rows, "bad row"),) if rows else ()


@dataclass(frozen=True, slots=True)
class DataStatus:
    """The data side's own word on its health."""

    status: str

    @property
    def healthy(self) -> bool:
        """Whether it calls itself well."""
        return is_healthy(self.status)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days for which a symbol has no data."""

    symbol: str
    start: date | None
    end: date | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Availability:
    """What data there is."""

    symbol_count: int | None
    earliest: date | None
    latest: date | None
    gaps: tuple[Gap, ...]
    completeness: float | None
    """Percent."""
    bad_rows: int = 0
    """Gaps that could not be understood."""
    unread: int = 0
    """Gaps that were not looked at, for there are too many."""

    @property
    def gap_count(self) -> int:
        """How many gaps the server lists."""
        return len(self.gaps) + self.bad_rows + self.unread

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the list of gaps, in words."""
        cut = (f"{self.gap_count:,} listed, {self.gap_count - self.unread:,} read",) if self.unread else ()
        return (*cut, *_bad(self.bad_rows))


@dataclass(frozen=True, slots=True)
class Connectivity:
    """How the platform itself reaches its databases."""

    primary: str
    response_ms: float | None
    backup: str


@dataclass(frozen=True, slots=True)
class DataSource:
    """One place that historical data can come from."""

    name: str
    role: str
    active: bool | None
    status: str

    @property
    def healthy(self) -> bool:
        """Whether it is said to be well."""
        return is_healthy(self.status)


@dataclass(frozen=True, slots=True)
class DataSources:
    """All sources of historical data."""

    sources: tuple[DataSource, ...]
    bad_rows: int = 0
    """Sources that could not be understood."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the list of sources, in words."""
        return _bad(self.bad_rows)

    @property
    def active(self) -> DataSource | None:
        """The one in use, where the server tells."""
        return next((source for source in self.sources if source.active), None)


@dataclass(frozen=True, slots=True)
class Validation:
    """The summary of the validation report: names and values as the server gives them."""

    summary: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SymbolHealth:
    """The data of one symbol."""

    symbol: str
    completeness: float | None
    last_update: datetime | None


@dataclass(frozen=True, slots=True)
class SymbolsHealth:
    """The data of the symbols that the selected failed job needs."""

    job: str
    symbols: tuple[SymbolHealth, ...]
    unknown: tuple[str, ...] = ()
    """Symbols that the server does not know."""
