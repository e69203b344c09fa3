"""One database session that never makes its holder wait: what it asks is sent, and looked after later."""

import time
from collections.abc import Sequence
from typing import Literal

from tui.demo.libpq import Connection

Event = Literal["lost", "cancelled", "timed out", "failed"]
_EVENTS: dict[bytes, Event] = {b"57P01": "lost", b"57014": "cancelled", b"55P03": "timed out"}


class Session:
    """A session with at most one question under way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sent = 0.0
        self.busy = False
        self.took_ms: float | None = None
        """How long the last question took, whatever came of it."""

    @property
    def idle_seconds(self) -> float:
        """How long ago it asked its last question."""
        return time.monotonic() - self._sent

    def ask(self, sql: str, *lists: Sequence[str]) -> None:
        """Send a question; its parameters are `lists` of names."""
        self._connection.send(sql, [_array(names) for names in lists])
        self.busy, self._sent = True, time.monotonic()

    def transact(self, *questions: tuple[str, *tuple[Sequence[str], ...]]) -> None:
        """Send several, each as in `ask`, in one transaction."""
        self._connection.send_together([(sql, [_array(names) for names in lists]) for sql, *lists in questions])
        self.busy, self._sent = True, time.monotonic()

    def look(self) -> Event | None:
        """What happened to the session or to its question since, if it was nothing good."""
        event: Event | None = None
        while not self._connection.waits() and self.busy:
            event = self._take() or event
        return "lost" if self._connection.broken else event

    def _take(self) -> Event | None:
        code = self._connection.take()
        if code is None:
            self.busy = False
            self.took_ms = 1000.0 * (time.monotonic() - self._sent)
            return None
        return _EVENTS.get(code, "failed") if code else None

    def close(self) -> None:
        """End it, and what it asks with it."""
        if self.busy and not self._connection.broken:
            self._connection.cancel()
        self._connection.close()


def _array(names: Sequence[str]) -> bytes:
    return ("{" + ",".join(f'"{name}"' for name in names) + "}").encode()
