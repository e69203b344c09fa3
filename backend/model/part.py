"""What is read: the parts of each source, and how far what they gave can be believed."""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

from backend.frozen import dataclass

T = TypeVar("T")

SourceName = Literal["jobs", "engine", "host", "files", "data", "database", "providers", "strategies", "repository"]
SOURCES: tuple[SourceName, ...] = (
    "jobs", "engine", "host", "files", "data", "database", "providers", "strategies", "repository",
)  # fmt: skip


class Face(StrEnum):
    """How far what is shown of a part or source can be believed."""

    OK = "ok"
    MISSING = "missing"
    WAITING = "waiting"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One route, query or command of a source, and how often it is read.

    `trace` names the figures whose history is kept, for sparklines.
    """

    source: SourceName
    name: str
    interval: float
    """Seconds between two readings."""
    deadline: float = 5.0
    """Seconds after which a reading is given up; for what is read through the API the configured timeout tells."""
    trace: Mapping[str, Callable[[T], float | None]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False, compare=False
    )

    @property
    def key(self) -> str:
        """The name by which configuration, `status --json` and the situation know this part."""
        return f"{self.source}.{self.name}"
