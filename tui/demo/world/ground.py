"""What the real parts of the platform look like to the world: disk, memory, database."""

from dataclasses import dataclass
from typing import Self

from tui.demo.world.seed import Scenario

DISK_FULL = 0.968
"""Share of the quota from which a job finds no room for what it writes."""
DISK_HIGH = 0.85
MEMORY_HIGH = 0.90
"""Shares of their limits from which files and the engine's unit are in trouble."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What was seen last. Shares go from 0 to 1.

    `database_down` says that PostgreSQL does not run, `blocked` that the blockade of the scenario stands, `waiting` how
    many sessions wait for a lock, `latency_ms` how long the last real question to the database took, if any was asked,
    and `broken_indexes` which are gone or cannot be used.
    """

    disk_used: float = 0.0
    memory_used: float = 0.0
    database_down: bool = False
    blocked: bool = False
    waiting: int = 0
    latency_ms: float | None = None
    broken_indexes: tuple[str, ...] = ()

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """What `scenario` begins with."""
        return cls(disk_used=scenario.fill, blocked=scenario.blockade is not None)
