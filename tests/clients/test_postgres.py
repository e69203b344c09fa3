import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from backend.clients import postgres, postgres_sql
from backend.clients.postgres import DatabaseClient
from backend.errors import BadAnswer, NotAllowed, Refused, SourceError, TimedOut
from tests.clients.postgres_server import PASSWORD, Database
from tests.clients.wire import serving
from tests.waiting import until

TABLES = ("daily_prices", "minute_bars")


def client_of(dsn: str, **more: object) -> DatabaseClient:
    settings: dict[str, object] = {"schema": "market_data", "tables": TABLES, "sessions_like": "%backtest%", **more}
    return DatabaseClient(dsn, **settings)  # type: ignore[arg-type]


@pytest.fixture
async def client(database: Database) -> AsyncIterator[DatabaseClient]:
    made = client_of(database.dsn())
    yield made
    await made.aclose()


@contextmanager
def session(
    database: Database, name: str, *statements: str, **more: str
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with database.connect(application_name=name, **more) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection


def backends(database: Database, where: str) -> list[int]:
    with database.connect() as connection:
        rows = connection.execute(f"SELECT pid FROM pg_stat_activity WHERE {where}".encode()).fetchall()  # noqa: S608
    return [int(str(row[0])) for row in rows]


async def test_our_own_connection(client: DatabaseClient) -> None:
    own = await client.own()
    assert 0 < own.latency_ms < 5000
    assert own.version.startswith("18")
    assert not own.in_recovery


async def test_our_manners(client: DatabaseClient, database: Database) -> None:
    await client.own()
    connection = client._connection
    assert connection is not None
    for setting, value in (
        ("application_name", "backtop"),
        ("default_transaction_read_only", "on"),
        ("statement_timeout", "2s"),
        ("lock_timeout", "200ms"),
    ):
        row = await (await connection.execute(f"SHOW {setting}".encode())).fetchone()
        assert row == (value,)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await connection.execute("CREATE TABLE x ()")


async def test_options_of_the_dsn_are_kept(database: Database) -> None:
    client = client_of(database.dsn(options="-c work_mem=1MB"))
    await client.own()
    assert client._connection is not None
    row = await (await client._connection.execute("SHOW work_mem")).fetchone()
    assert row == ("1MB",)
    await client.aclose()


async def test_sessions_and_who_blocks_whom(client: DatabaseClient, database: Database) -> None:
    hold = "LOCK TABLE market_data.daily_prices IN ACCESS EXCLUSIVE MODE"
    with session(database, "backtest-8850", "BEGIN", hold) as blocker, session(database, "other") as blocked:
        waiting = asyncio.ensure_future(
            asyncio.to_thread(blocked.execute, b"SELECT 'x\x1b[2J' FROM market_data.daily_prices")
        )
        holding, pid = blocker.info.backend_pid, blocked.info.backend_pid
        await until(lambda: backends(database, f"pid = {pid} AND wait_event_type = 'Lock'"))
        found = {seen.pid: seen for seen in (await client.sessions()).sessions}
        blocker.execute(b"COMMIT")
        await waiting
    holder, waiter = found[holding], found[pid]
    assert (holder.application, holder.backtest, holder.state) == ("backtest-8850", True, "idle in transaction")
    assert (holder.blocked_by, holder.user, holder.query) == ((), "postgres", hold)
    assert holder.transaction_start is not None
    assert (waiter.application, waiter.backtest, waiter.state, waiter.wait_type) == ("other", False, "active", "Lock")
    assert waiter.blocked_by == (holder.pid,)
    assert "\x1b" not in waiter.query
    assert waiter.query_start is not None
    assert waiter.query_start.utcoffset() == holder.backend_start.utcoffset() is not None


async def test_our_own_session_is_not_listed(client: DatabaseClient, database: Database) -> None:
    listed = await client.sessions()
    assert client._connection is not None
    assert client._connection.info.backend_pid not in {seen.pid for seen in listed.sessions}
    assert not listed.hidden


async def test_sessions_that_we_may_not_see_are_counted(database: Database) -> None:
    client = client_of(database.dsn("stranger"))
    with session(database, "backtest-1", "SELECT 1"):
        listed = await client.sessions()
    await client.aclose()
    assert listed.hidden >= 1
    assert all(seen.user == "stranger" for seen in listed.sessions)


async def test_tables(client: DatabaseClient, database: Database) -> None:
    database.run("SELECT * FROM market_data.daily_prices", "SELECT pg_stat_force_next_flush()", "SELECT 1")

    async def read() -> bool:
        rows = (await client.tables()).tables
        return {row.name for row in rows} == set(TABLES) and rows[0].sequential_rows >= 2 and rows[0].inserted == 2

    deadline = time.monotonic() + 20
    while not await read():
        assert time.monotonic() < deadline
    first = (await client.tables()).tables[0]
    assert (first.name, first.updated, first.deleted) == ("daily_prices", 0, 0)
    assert first.sequential_scans >= 1


async def test_a_schema_or_tables_that_are_not_there(database: Database) -> None:
    for more in ({"schema": "nowhere"}, {"tables": ("typo",)}):
        client = client_of(database.dsn(), **more)
        with pytest.raises(BadAnswer, match=r"check database\.schema and database\.tables"):
            await client.tables()
        await client.aclose()


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"password": "wrong-one"}, NotAllowed, "does not let watcher in"),
        ({"user": "ghost"}, NotAllowed, "does not let ghost in"),
        ({"dbname": "elsewhere"}, BadAnswer, "no database elsewhere"),
        ({"port": "1"}, Refused, "no database answers at 127.0.0.1:1"),
        ({"host": "no-such-host.invalid"}, Refused, "no-such-host.invalid"),
        ({"sslmode": "require"}, Refused, "no database answers"),
    ],
)
async def test_no_connection(database: Database, change: dict[str, str], kind: type[SourceError], said: str) -> None:
    client = client_of(database.dsn(**change))
    with pytest.raises(kind) as caught:
        await client.own()
    assert said in caught.value.summary
    assert PASSWORD not in caught.value.summary + caught.value.detail + str(caught.value.__context__)
    assert "wrong-one" not in caught.value.summary + caught.value.detail
    await client.aclose()


async def test_a_dsn_that_cannot_be_read_is_not_repeated() -> None:
    client = client_of("host=localhost password='my secret")
    with pytest.raises(NotAllowed, match=r"database\.dsn") as caught:
        await client.own()
    assert "secret" not in caught.value.summary + caught.value.detail
    assert caught.value.__suppress_context__


async def test_a_server_that_accepts_and_is_silent() -> None:
    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await release.wait()
        finally:
            writer.close()

    release = asyncio.Event()
    listener = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = client_of(f"host=127.0.0.1 port={port} user=a dbname=b password=c", connect_timeout=2)
    with pytest.raises(TimedOut):
        await client.own()
    release.set()
    listener.close()
    await listener.wait_closed()


async def test_something_else_listens_there() -> None:
    async with serving() as web:
        client = client_of(f"host=127.0.0.1 port={web.url.rpartition(':')[2]} user=a dbname=b", connect_timeout=2)
        with pytest.raises(SourceError):
            await client.own()


async def test_a_lost_connection_costs_one_look(client: DatabaseClient, database: Database) -> None:
    await client.own()
    assert client._connection is not None
    database.run(f"SELECT pg_terminate_backend({client._connection.info.backend_pid})")
    await until(lambda: not backends(database, "application_name = 'backtop'"))
    with pytest.raises(Refused, match="the next look opens a new one"):
        await client.own()
    assert (await client.own()).version


async def test_a_restart_of_the_server(client: DatabaseClient, database: Database) -> None:
    await client.own()
    database.stop()
    try:
        for _ in range(2):
            with pytest.raises(Refused):
                await client.own()
    finally:
        database.start()
    assert (await client.own()).version


async def test_a_slow_question_is_stopped_by_the_server(
    client: DatabaseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_sql, "TABLES", "SELECT pg_sleep(300)")
    with pytest.raises(TimedOut, match="longer than 2 s"):
        await client.tables()
    assert (await client.own()).version


async def test_a_stopped_server_is_given_up(
    client: DatabaseClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.own()
    assert client._connection is not None
    pid = client._connection.info.backend_pid
    monkeypatch.setattr(postgres, "QUERY_SECONDS", 0.2)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(TimedOut, match="no answer within"):
            await client.own()
    finally:
        os.kill(pid, signal.SIGCONT)
    monkeypatch.setattr(postgres, "QUERY_SECONDS", 10)
    assert (await client.own()).version
    await until(lambda: pid not in backends(database, "application_name = 'backtop'"))


async def test_a_cancelled_look_costs_the_connection_and_nothing_else(
    client: DatabaseClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.own()
    monkeypatch.setattr(postgres_sql, "PING", "SELECT pg_sleep(300)")
    task = asyncio.ensure_future(client.own())
    await until(lambda: backends(database, "application_name = 'backtop' AND query LIKE '%pg_sleep(300)%'"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert (await client.own()).version
    await until(lambda: len(backends(database, "application_name = 'backtop'")) == 1)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT * FROM pg_authid", NotAllowed),
        ("SELECT * FROM no_such_view", BadAnswer),
        ("SELECT no_such_column FROM pg_class", BadAnswer),
        ("SELECT 1 / 0", BadAnswer),
    ],
)
async def test_questions_that_fail_leave_the_connection(
    client: DatabaseClient, monkeypatch: pytest.MonkeyPatch, statement: str, kind: type[SourceError]
) -> None:
    await client.own()
    before = client._connection
    monkeypatch.setattr(postgres_sql, "TABLES", statement)
    with pytest.raises(kind):
        await client.tables()
    assert client._connection is before
    assert (await client.own()).version


async def test_a_lock_is_not_waited_for(
    client: DatabaseClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run("GRANT USAGE ON SCHEMA market_data TO watcher", "GRANT SELECT ON market_data.minute_bars TO watcher")
    monkeypatch.setattr(postgres_sql, "TABLES", "SELECT * FROM market_data.minute_bars")
    hold = "LOCK TABLE market_data.minute_bars IN ACCESS EXCLUSIVE MODE"
    with session(database, "holder", "BEGIN", hold), pytest.raises(Refused, match="locked"):
        await client.tables()


async def test_text_that_is_not_utf8(database: Database) -> None:
    client = client_of(database.dsn(dbname="bytes"), sessions_like="x%")
    with session(database, "x", dbname="bytes", client_encoding="SQL_ASCII") as connection:
        connection.pgconn.exec_(b"SELECT 'caf\xe9 \xff'")
        (seen,) = (await client.sessions()).sessions
    await client.aclose()
    assert seen.query == "SELECT 'caf� �'"
    assert seen.backtest


async def test_calls_at_the_same_time_take_turns_on_one_connection(client: DatabaseClient, database: Database) -> None:
    answers = await asyncio.gather(*(client.own() for _ in range(5)), client.sessions(), client.tables())
    assert len(answers) == 7
    assert len(backends(database, "application_name = 'backtop'")) == 1
