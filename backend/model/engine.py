"""The backtest engine as systemd knows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from backend.frozen import dataclass

UnitVerb = Literal["start", "stop", "restart", "reset-failed"]
"""What the service manager can be asked to do with a unit."""
ASKED: tuple[UnitVerb, ...] = ("restart", "reset-failed")
"""What actions ask it for: whoever grants their rights grants them for all of these at once."""

START_LIMIT = "start-limit-hit"
"""The result of a unit that was started too often in too short a time."""
STEADY = timedelta(seconds=10)
"""A run that has held for so long is one of its own, no turn of a unit that its manager starts again and again."""


def verb_argv(systemctl: Sequence[str], verb: UnitVerb, unit: str) -> tuple[str, ...]:
    """Exactly what is run for a verb; also what is shown before."""
    return (*systemctl, verb, unit)


@dataclass(frozen=True, slots=True)
class Unit:
    """The state of the engine's unit. `invocation` names one run of it."""

    name: str
    load: str
    """`loaded`, or `not-found`."""
    active: str
    """`active`, `activating`, `deactivating`, `inactive`, `failed`."""
    sub: str
    result: str
    """`success`, or why it failed: `exit-code`, `signal`, `oom-kill`, `start-limit-hit`, …"""
    main_pid: int | None
    restarts: int | None
    invocation: str
    active_since: datetime | None
    changed_at: datetime | None
    memory_current: int | None
    """Bytes."""
    memory_max: int | None
    """Bytes; None when there is no limit."""
    control_group: str = ""
    start_limit: float | None = None
    """Seconds within which starts are counted against its start limit; None when that is not told, or never ends."""

    @property
    def running(self) -> bool:
        """Whether the engine works."""
        return self.active in {"active", "reloading"}

    @property
    def changing(self) -> bool:
        """Whether it is on its way from one state to the next."""
        return self.active not in {"active", "inactive", "failed"}

    def restless(self, at: datetime | None) -> bool:
        """Whether, as read at this moment, its manager starts it again and again by itself.

        It waits for its next start, comes up, goes down for a fault, or is up for a moment only.
        """
        if "auto-restart" in self.sub:
            return True
        if not self.restarts:
            return False
        if self.running:
            return at is not None and self.active_since is not None and abs(at - self.active_since) < STEADY
        faulty = self.result not in ("", "success")
        return self.active == "activating" or (self.active == "deactivating" and faulty)

    @property
    def memory_percent(self) -> float | None:
        """Use against the unit's own limit, None without one."""
        if not self.memory_max or self.memory_current is None:
            return None
        return 100.0 * self.memory_current / self.memory_max
