"""The routes of the research API that are read, what each is called in a sentence, and how long reading it may take."""

import math
from collections.abc import Mapping
from types import MappingProxyType

from backend import parts
from backend.clients.token import COMMAND_SECONDS
from backend.frozen import dataclass

ROOT = ("api", "research")
MOST_SYMBOLS = 12
"""Symbols of a job that are asked for; a job can have thousands."""
SYMBOLS_AT_ONCE = 3
OWN_SECONDS = COMMAND_SECONDS + 1.0
"""What a reading gets beyond its exchanges: to fetch a token and to decode; each exchange ends by itself."""


@dataclass(frozen=True, slots=True)
class Route:
    """Raw path segments below `/api/research`; `at_least` are the seconds that a slow one gets."""

    path: tuple[str, ...]
    at_least: float = 0.0
    turns: int = 1
    """How many exchanges one reading may take, one after the other."""

    def __str__(self) -> str:
        return "/".join(self.path)

    @property
    def segments(self) -> tuple[str, ...]:
        """All segments, from the root of the server."""
        return (*ROOT, *self.path)

    def deadline(self, timeout: float) -> float:
        """Seconds after which a reading is given up, when one exchange gets `timeout` seconds."""
        return self.turns * max(timeout, self.at_least) + OWN_SECONDS


BACKTESTS = Route(("backtests",), turns=2)
BACKTESTS_HEALTH = Route(("backtests", "health"))
BACKTESTS_STATUS = Route(("backtests", "status"))
DATA_STATUS = Route(("data", "status"))
DATA_AVAILABILITY = Route(("data", "availability"), at_least=10.0)
DATA_CONNECTIVITY = Route(("data", "connectivity"))
DATA_SOURCES = Route(("data", "sources"))
DATA_VALIDATION = Route(("data", "validation", "report"), at_least=15.0)
DATA_SYMBOLS = Route(("data", "*", "health"), turns=math.ceil(MOST_SYMBOLS / SYMBOLS_AT_ONCE))

READ: Mapping[str, Route] = MappingProxyType(
    {
        parts.JOBS_HEALTH.key: BACKTESTS_HEALTH,
        parts.JOBS_RUNNING.key: BACKTESTS,
        parts.JOBS_FAILED.key: BACKTESTS,
        parts.JOBS_PENDING.key: BACKTESTS,
        parts.JOBS_COUNTS.key: BACKTESTS_STATUS,
        parts.DATA_STATUS.key: DATA_STATUS,
        parts.DATA_AVAILABILITY.key: DATA_AVAILABILITY,
        parts.DATA_CONNECTIVITY.key: DATA_CONNECTIVITY,
        parts.DATA_SOURCES.key: DATA_SOURCES,
        parts.DATA_VALIDATION.key: DATA_VALIDATION,
        parts.DATA_SYMBOLS.key: DATA_SYMBOLS,
    }
)
"""The route behind each part that is read through the API, by the key of the part."""


def backtest(id_: str) -> Route:
    """One job."""
    return Route(("backtests", id_))


def symbol_health(symbol: str) -> Route:
    """The data of one symbol."""
    return Route(("data", symbol, "health"))
