"""The routes of the research API that are read, and what each is called in a sentence."""

from dataclasses import dataclass

ROOT = ("api", "research")


@dataclass(frozen=True, slots=True)
class Route:
    """Raw path segments below `/api/research`; `at_least` are the seconds that a slow one gets."""

    path: tuple[str, ...]
    at_least: float = 0.0

    def __str__(self) -> str:
        return "/".join(self.path)

    @property
    def segments(self) -> tuple[str, ...]:
        """All segments, from the root of the server."""
        return (*ROOT, *self.path)


BACKTESTS = Route(("backtests",))
BACKTESTS_HEALTH = Route(("backtests", "health"))
BACKTESTS_STATUS = Route(("backtests", "status"))
DATA_STATUS = Route(("data", "status"))
DATA_AVAILABILITY = Route(("data", "availability"), at_least=10.0)
DATA_CONNECTIVITY = Route(("data", "connectivity"))
DATA_SOURCES = Route(("data", "sources"))
DATA_VALIDATION = Route(("data", "validation", "report"), at_least=15.0)


def backtest(id_: str) -> Route:
    """One job."""
    return Route(("backtests", id_))


def requeue(id_: str) -> Route:
    """Where a job is put back into the queue."""
    return Route(("backtests", id_, "requeue"))


def symbol_health(symbol: str) -> Route:
    """The data of one symbol."""
    return Route(("data", symbol, "health"))
