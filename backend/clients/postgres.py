"""PostgreSQL through one connection of our own, that reads and is never in the way."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backend.clients import postgres_sql as sql
from backend.clients.postgres_errors import connect_failure, query_failure
from backend.errors import BadAnswer, NotAllowed, TimedOut
from backend.model.database import OwnConnection, Session, Sessions, TablesUse, TableUse
from backend.text import clean

QUERY_SECONDS = 4.0
"""How long an answer is awaited; the server itself gives up after half of it, if it still can."""
MANNERS = "-c default_transaction_read_only=on -c statement_timeout=2s -c lock_timeout=200ms"
HIDDEN = "<insufficient privilege>"

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Rows = list[tuple[Any, ...]]

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # a warning on the terminal would tear the picture


class _LenientText(Loader):
    """Text that may not be UTF-8: a database without an encoding keeps whatever it was given."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "replace")


class DatabaseClient:
    """One read-only session named `backtop`, opened when it is first needed and again when it broke.

    Each call is one attempt. All methods raise `SourceError`s only, and never tell the password of the DSN. A call that
    is cancelled, or not answered, costs the connection, not the client.
    """

    def __init__(
        self, dsn: str, *, schema: str, tables: Sequence[str], sessions_like: str, connect_timeout: int = 5
    ) -> None:
        self._dsn = dsn
        self._schema = schema
        self._tables = tuple(tables)
        self._like = sessions_like
        self._connect_timeout = connect_timeout
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._given_up: set[asyncio.Task[Any]] = set()

    async def aclose(self) -> None:
        """Close the connection, and those that were given up."""
        for task in tuple(self._given_up):
            task.cancel()
        await asyncio.gather(*self._given_up, return_exceptions=True)
        await self._drop()

    async def own(self) -> OwnConnection:
        """How long an empty question takes, and who answers it."""
        async with self._turn:
            connection = await self._connected()
            began = time.perf_counter()
            rows = await self._answer(connection, sql.PING, {})
            took = time.perf_counter() - began
            version = connection.info.parameter_status("server_version") or "unknown"
            return OwnConnection(1000 * took, clean(version, 60), in_recovery=bool(rows[0][0]))

    async def sessions(self) -> Sessions:
        """All client sessions of the database but this one (runbook, Diagnostics 5)."""
        rows = await self._ask(sql.SESSIONS, {"like": self._like})
        seen = tuple(_session(row) for row in rows if not _is_hidden(row))
        server_time = rows[0][12].astimezone(UTC) if rows else datetime.now(UTC)
        return Sessions(seen, server_time, hidden=len(rows) - len(seen))

    async def tables(self) -> TablesUse:
        """The tables of the schema, most read sequentially first (runbook, Infrastructure Root Cause)."""
        rows = await self._ask(sql.TABLES, {"schema": self._schema})
        if not rows or (self._tables and not {row[0] for row in rows} & set(self._tables)):
            wanted = ", ".join(self._tables) or "no table"
            raise BadAnswer(f"schema {self._schema} holds none of {wanted}; check database.schema and database.tables")
        return TablesUse(tuple(TableUse(clean(row[0], 80), *(number or 0 for number in row[1:])) for row in rows))

    async def _ask(self, statement: str, values: Mapping[str, object]) -> Rows:
        async with self._turn:
            return await self._answer(await self._connected(), statement, values)

    async def _answer(self, connection: Connection, statement: str, values: Mapping[str, object]) -> Rows:
        """The rows. psycopg takes up to 10 s to end a query that is cancelled: nobody waits for that."""
        task = asyncio.ensure_future(_rows(connection, statement, values))
        try:
            done, _ = await asyncio.wait({task}, timeout=QUERY_SECONDS)
        except asyncio.CancelledError:
            self._give_up(task)
            raise
        if not done:
            self._give_up(task)
            raise TimedOut(f"the database gave no answer within {QUERY_SECONDS:g} s")
        try:
            return task.result()
        except psycopg.Error as error:
            if connection.closed or connection.broken:
                await self._drop()
            raise query_failure(error) from error

    def _give_up(self, task: "asyncio.Task[Rows]") -> None:
        connection, self._connection = self._connection, None

        async def end() -> None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()
            if connection is not None:
                await connection.close()

        ending = asyncio.ensure_future(end())
        self._given_up.add(ending)
        ending.add_done_callback(self._given_up.discard)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        await self._drop()
        try:
            told = conninfo_to_dict(self._dsn)
        except psycopg.ProgrammingError:  # its message may quote what follows a mistyped password
            raise NotAllowed("the DSN cannot be read; the setting is database.dsn") from None
        try:
            async with asyncio.timeout(self._connect_timeout):
                self._connection = await _opened(self._conninfo(told))
                return self._connection
        except TimeoutError as error:
            raise TimedOut(f"the database did not take the connection within {self._connect_timeout} s") from error
        except (psycopg.Error, OSError) as error:
            raise connect_failure(error, told) from None

    def _conninfo(self, told: Mapping[str, object]) -> str:
        return make_conninfo(
            self._dsn,
            application_name="backtop",
            client_encoding="utf8",
            connect_timeout=self._connect_timeout,
            options=f"{told.get('options') or ''} {MANNERS}".strip(),
        )


async def _opened(conninfo: str) -> Connection:
    """A new connection, on which no text can be wrong."""
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(connection.close)
        for name in ("text", "name", "varchar"):
            connection.adapters.register_loader(name, _LenientText)
        if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
            await connection.execute(sql.AS_IT_IS)  # else the server refuses to send what is no UTF-8
        stack.pop_all()
    return connection


async def _rows(connection: Connection, statement: str, values: Mapping[str, object]) -> Rows:
    async with connection.cursor() as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()


def _is_hidden(row: tuple[Any, ...]) -> bool:
    return row[1] is None or row[9] == HIDDEN


def _session(row: tuple[Any, ...]) -> Session:
    pid, backend_start, query_start, transaction_start = row[:4]
    state, wait_type, wait_event, application, user = (clean(value, 120) for value in row[4:9])
    return Session(
        pid=pid,
        backend_start=backend_start.astimezone(UTC),
        query_start=query_start and query_start.astimezone(UTC),
        transaction_start=transaction_start and transaction_start.astimezone(UTC),
        state=state,
        wait_type=wait_type,
        wait_event=wait_event,
        application=application,
        user=user,
        query=clean(row[9], 1000),
        blocked_by=tuple(row[10]),
        backtest=bool(row[11]),
    )
