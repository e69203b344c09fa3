"""Historical data, its completeness and where it comes from (runbook, Diagnostics 3 and 5)."""

from datetime import date, datetime

from backend.frozen import dataclass


def is_healthy(status: str) -> bool:
    """Whether a status word of the data side means well."""
    return status.casefold() in {"healthy", "ok", "up", "connected", "good", "standby"}


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
