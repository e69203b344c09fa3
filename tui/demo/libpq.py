"""PostgreSQL's client library, as much of it as the workers' sessions need.

psycopg would hold three times the memory of the sessions themselves; the server's own package has the library anyway.
"""

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

OK, BAD = 0, 1
"""States of a connection."""
FATAL_ERROR, SYNCED = 7, 10
"""The status of a result that is an error, and of the one that ends a transaction of several statements."""
_SQLSTATE = ord("C")
_REASON_LENGTH = 256

_POINTER, _TEXT, _NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_FUNCTIONS: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "PQconnectdb": (_POINTER, (_TEXT,)),
    "PQstatus": (_NUMBER, (_POINTER,)),
    "PQerrorMessage": (_TEXT, (_POINTER,)),
    "PQbackendPID": (_NUMBER, (_POINTER,)),
    "PQexec": (_POINTER, (_POINTER, _TEXT)),
    "PQsendQueryParams": (
        _NUMBER, (_POINTER, _TEXT, _NUMBER, _POINTER, ctypes.POINTER(_TEXT), _POINTER, _POINTER, _NUMBER)
    ),
    "PQenterPipelineMode": (_NUMBER, (_POINTER,)),
    "PQexitPipelineMode": (_NUMBER, (_POINTER,)),
    "PQpipelineSync": (_NUMBER, (_POINTER,)),
    "PQconsumeInput": (_NUMBER, (_POINTER,)),
    "PQisBusy": (_NUMBER, (_POINTER,)),
    "PQgetResult": (_POINTER, (_POINTER,)),
    "PQresultStatus": (_NUMBER, (_POINTER,)),
    "PQresultErrorField": (_TEXT, (_POINTER, _NUMBER)),
    "PQclear": (None, (_POINTER,)),
    "PQgetCancel": (_POINTER, (_POINTER,)),
    "PQcancel": (_NUMBER, (_POINTER, _TEXT, _NUMBER)),
    "PQfreeCancel": (None, (_POINTER,)),
    "PQfinish": (None, (_POINTER,)),
}  # fmt: skip
"""What each function gives back, and what it takes."""


class DatabaseError(Exception):
    """What the server, or the library for it, has against it."""


@cache
def _library(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Connection:
    """One session with the server. What it asks is sent; nothing but `execute` and opening waits for an answer."""

    def __init__(self, library: Path, where: str) -> None:
        """Open it; `where` is a connection string. Raises DatabaseError when that is not possible."""
        self._pq = _library(library)
        self._handle: int | None = self._pq.PQconnectdb(where.encode())
        if self.broken:
            reason = self._reason()
            self.close()
            raise DatabaseError(reason)
        self.pid: int = self._pq.PQbackendPID(self._handle)
        """Of the server's process for it."""
        self._several = False

    def _reason(self) -> str:
        return str(self._pq.PQerrorMessage(self._handle).decode("utf-8", "replace")).strip()

    @property
    def broken(self) -> bool:
        """Whether nothing can be asked here any more."""
        return self._handle is None or self._pq.PQstatus(self._handle) != OK

    def execute(self, sql: str) -> None:
        """Ask, and wait until it is done. Raises DatabaseError when it is not."""
        result = self._pq.PQexec(self._handle, sql.encode())
        failed = not result or self._pq.PQresultStatus(result) == FATAL_ERROR
        self._pq.PQclear(result)
        if failed:
            raise DatabaseError(self._reason())

    def send_together(self, statements: Sequence[tuple[str, Sequence[bytes]]]) -> None:
        """Ask several things in one transaction, which ends with the last of them or with the first that fails."""
        self._pq.PQenterPipelineMode(self._handle)
        self._several = True
        for sql, values in statements:
            self.send(sql, values)
        self._pq.PQpipelineSync(self._handle)

    def send(self, sql: str, values: Sequence[bytes]) -> None:
        """Ask, with `values` for its parameters. What goes wrong shows when the answer is looked for."""
        array = (_TEXT * len(values))(*values)
        self._pq.PQsendQueryParams(self._handle, sql.encode(), len(values), None, array, None, None, 0)

    def waits(self) -> bool:
        """Whether the answer is still to come; takes in what has come."""
        self._pq.PQconsumeInput(self._handle)
        return bool(self._pq.PQisBusy(self._handle))

    def take(self) -> bytes | None:
        """The error code of the next result, empty for a good one; None when there is no more result."""
        result = self._pq.PQgetResult(self._handle)
        if not result:
            return b"" if self._several and not self.broken else None  # so ends each of several statements
        status = self._pq.PQresultStatus(result)
        code: bytes = (self._pq.PQresultErrorField(result, _SQLSTATE) or b"?") if status == FATAL_ERROR else b""
        self._pq.PQclear(result)
        if status != SYNCED:
            return code
        self._several = False
        self._pq.PQexitPipelineMode(self._handle)
        return None

    def cancel(self) -> None:
        """Ask the server to give up what it does for this session."""
        order = self._pq.PQgetCancel(self._handle)
        self._pq.PQcancel(order, ctypes.create_string_buffer(_REASON_LENGTH), _REASON_LENGTH)
        self._pq.PQfreeCancel(order)

    def close(self) -> None:
        """End it."""
        if self._handle is not None:
            self._pq.PQfinish(self._handle)
            self._handle = None
