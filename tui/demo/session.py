"""One database session that never makes its holder wait: what it asks is sent, and looked after later."""

import time
from collections.abc import Sequence
from typing import Any, Literal

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus

Connection = psycopg.Connection[tuple[Any, ...]]
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

    def ask(self, sql: str, *values: str | Sequence[str]) -> None:
        """Send a question; `values` are texts, or lists of names."""
        sent = [_array(value) if not isinstance(value, str) else value.encode() for value in values]
        self._connection.pgconn.send_query_params(sql.encode(), sent)
        self._connection.pgconn.flush()
        self.busy, self._sent = True, time.monotonic()

    def look(self) -> Event | None:
        """What happened to the session or to its question since, if it was nothing good."""
        wire = self._connection.pgconn
        event: Event | None = None
        try:
            wire.consume_input()
            while self.busy and not wire.is_busy():
                event = self._take() or event
        except psycopg.OperationalError:
            return "lost"
        return "lost" if wire.status == ConnStatus.BAD else event

    def _take(self) -> Event | None:
        result = self._connection.pgconn.get_result()
        if result is None:
            self.busy = False
            self.took_ms = 1000.0 * (time.monotonic() - self._sent)
            return None
        if result.status != ExecStatus.FATAL_ERROR:
            return None
        return _EVENTS.get(result.error_field(DiagnosticField.SQLSTATE) or b"", "failed")

    def close(self) -> None:
        """End it, and what it asks with it."""
        if self.busy and self._connection.pgconn.status == ConnStatus.OK:
            self._connection.cancel()
        self._connection.close()


def _array(names: Sequence[str]) -> bytes:
    return ("{" + ",".join(f'"{name}"' for name in names) + "}").encode()
