"""Clocks for tests."""

from datetime import UTC, datetime, timedelta


class StillClock:
    """A clock that moves one step each time it is asked, or not at all."""

    def __init__(self, step: float = 1.0) -> None:
        self.moment = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
        self._step = timedelta(seconds=step)

    def now(self) -> datetime:
        self.moment += self._step
        return self.moment

    def monotonic(self) -> float:
        return 0.0
