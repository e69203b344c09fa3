"""The health check of a database where no blockade stands: one small question at each look, and how long it took."""

import time

from tui.demo.blockade import HEALTH, PROBE_PATIENCE, Connector
from tui.demo.libpq import Connection, DatabaseError

QUESTION = "SELECT symbol FROM market_data.daily_prices LIMIT 1"


class Checkup:
    """Holds one session, and asks from it; it waits for a lock no longer than a probe may."""

    def __init__(self, connect: Connector) -> None:
        self._connect = connect
        self._asking: Connection | None = None
        self.took_ms: float | None = None
        """How long the last question took, whatever came of it; None while there is nobody to ask."""

    def look(self) -> None:
        """Ask."""
        try:
            self._ask()
        except DatabaseError:
            self.end()

    def _ask(self) -> None:
        if self._asking is None:
            self._asking = self._connect(HEALTH)
            self._asking.execute(f"SET lock_timeout = '{PROBE_PATIENCE}'")
        began = time.monotonic()
        try:
            self._asking.execute(QUESTION)
        except DatabaseError:
            if self._asking.broken:
                raise
        self.took_ms = 1000.0 * (time.monotonic() - began)

    def end(self) -> None:
        """Close the session; the next look opens another one."""
        if self._asking is not None:
            self._asking.close()
        self._asking = self.took_ms = None
