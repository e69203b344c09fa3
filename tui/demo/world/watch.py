"""Whether the engine lives, judged by what it says."""

from datetime import datetime, timedelta
from typing import Literal

LATE = timedelta(seconds=2)
LOST = timedelta(seconds=4)
SETTLING = timedelta(seconds=1.5)
FIRST_WAIT = timedelta(seconds=30)
"""How long jobs that ran when the platform started may wait for the first engine."""


class EngineWatch:
    """The engine that spoke last, and when."""

    def __init__(self, begin: datetime) -> None:
        self.engine: str | None = None
        self._since = begin
        self._begin = begin
        self._deadline = begin + FIRST_WAIT
        self.heard = begin

    def hear(self, engine: str, now: datetime) -> str | None:
        """Note a word of `engine`; gives back the engine that it replaces, if any."""
        before = self.engine
        if engine != before:
            self._since = now
        self.engine, self.heard, self._deadline = engine, now, now + LOST
        return before if before != engine else None

    def excuse(self, now: datetime) -> None:
        """Nobody could be heard until `now`: the engine has its time anew."""
        self._deadline = max(self._deadline, now + LOST)

    def leave(self) -> None:
        """The engine said good-bye."""
        self.engine = None

    def is_awaited(self, now: datetime) -> bool:
        """Whether no engine was ever heard, and it is too early to miss one."""
        return self.engine is None and self.heard == self._begin and not self.is_lost(now)

    def is_lost(self, now: datetime) -> bool:
        """Whether no engine is there to run jobs, and none is waited for."""
        return now > self._deadline

    def status(self, now: datetime) -> Literal["healthy", "degraded", "down"]:
        """`degraded` while the engine is late, or has only just started."""
        if self.engine is None or self.is_lost(now):
            return "down"
        late = now - self.heard > LATE
        return "degraded" if late or now - self._since < SETTLING else "healthy"
