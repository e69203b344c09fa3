"""The scenario `database` as it really runs, answered with SQL and requests."""

import json
import os
import signal as signals
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.server import started
from tests.demo.wire import quirk
from tui.demo.postmaster import Postmaster
from tui.demo.processes import Process
from tui.demo.world.outcome import NO_LOCK

HOLDER = """SELECT pid, application_name FROM pg_stat_activity
    WHERE application_name LIKE 'backtest-%' AND state = 'idle in transaction'"""
BLOCKED = """SELECT pid, application_name, pg_blocking_pids(pid), query FROM pg_stat_activity
    WHERE application_name LIKE 'backtest-%' AND cardinality(pg_blocking_pids(pid)) > 0 ORDER BY backend_start"""

RANKING = """SELECT pid, query_start, query, application_name FROM pg_stat_activity
    WHERE application_name LIKE 'backtest-%' AND state = 'active' AND query LIKE 'SELECT p.symbol%'"""
HEALTH = "SELECT pid FROM pg_stat_activity WHERE application_name = 'adaf-health'"
SCANS = """SELECT relname, seq_scan, seq_tup_read FROM pg_stat_user_tables
    WHERE schemaname = 'market_data' ORDER BY seq_tup_read DESC"""


def rows(up: Site, query: str) -> list[tuple[Any, ...]]:
    with up.database() as session:
        return session.execute(query).fetchall()


def signal(up: Site, function: str, pid: int) -> None:
    """Cancel or terminate a backend as the dashboard's role may."""
    assert rows(up, f"SELECT {function}({int(pid)})") == [(True,)]


def waiting(up: Site) -> dict[int, tuple[str, list[int], str]]:
    """The workers' sessions that wait for a lock, by pid: their name, whom they wait for, and what they ask."""
    return {pid: (name, blockers, query) for pid, name, blockers, query in rows(up, BLOCKED)}


def depths(up: Site) -> dict[int, int]:
    """How many sessions stand between each waiting one and the last of its chain, itself among them."""
    blockers = {pid: found for pid, (_, found, _) in waiting(up).items()}

    def depth(pid: int) -> int:
        return 1 + max(depth(each) for each in blockers[pid]) if pid in blockers else 0

    return {pid: depth(pid) for pid in blockers}


def at_depth(up: Site, depth: int) -> int:
    """One session that waits so far from the end of its chain, once there is one."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [pid for pid, steps in depths(up).items() if steps == depth]
        return bool(found)

    wait_until(there, 60)
    return found[0]


def the_writers_wait_in_a_chain_and_the_health_check_feels_its_end(blocked: Site) -> None:
    ((holder, name),) = rows(blocked, HOLDER)
    first, second = at_depth(blocked, 1), at_depth(blocked, 2)
    found = waiting(blocked)
    assert found[first][1] == [holder]
    assert found[first][2].startswith("UPDATE market_data.minute_bars")
    assert found[second][1] == [first]
    assert found[second][2].startswith("UPDATE market_data.daily_prices")
    assert blocked.get(f"backtests/{name.removeprefix('backtest-')}")["status"] == "failed"
    wait_until(lambda: blocked.get("data/connectivity")["connections"]["historical_data"]["status"] == "degraded")
    felt = blocked.get("data/connectivity")["connections"]
    assert felt["historical_data"]["response_time_ms"] > 500 > felt["backup_historical"]["response_time_ms"]
    assert blocked.open() == {"database"}


def scanned(up: Site) -> dict[str, tuple[int, int]]:
    """Sequential scans and the rows that they read, by table."""
    return {table: (scans, read) for table, scans, read in rows(up, SCANS)}


def rises(up: Site, before: dict[str, tuple[int, int]]) -> bool:
    return scanned(up)["minute_bars"][0] > before["minute_bars"][0]


def one_query_lasts_while_others_let_the_sequential_scans_rise(blocked: Site) -> None:
    """By the runbook's own order the table of the bars comes first, and what is slow is no pause in its words."""
    wait_until(lambda: len(rows(blocked, RANKING)) == 1)
    ((pid, since, query, name),) = rows(blocked, RANKING)
    assert "sleep" not in query
    assert blocked.get(f"backtests/{name.removeprefix('backtest-')}")["status"] == "running"
    with blocked.database() as session:
        plan = "".join(line for (line,) in session.execute(f"EXPLAIN {query}".encode()).fetchall())
    assert "Seq Scan on minute_bars" in plan
    for _ in range(2):
        before = scanned(blocked)
        wait_until(partial(rises, blocked, before), 30)
        (table, scans, read), *_ = rows(blocked, SCANS)
        assert table == "minute_bars"
        assert read - before[table][1] >= 10_000 * (scans - before[table][0])
    assert rows(blocked, RANKING) == [(pid, since, query, name)]


def neither_requeueing_nor_cancelling_nor_rebuilding_frees_them(blocked: Site) -> None:
    assert blocked.requeue(blocked.failed(NO_LOCK)[-1]["id"])["error_message"] == NO_LOCK
    ((holder, _),) = rows(blocked, HOLDER)
    signal(blocked, "pg_cancel_backend", holder)
    at_depth(blocked, 2)
    first = at_depth(blocked, 1)
    signal(blocked, "pg_cancel_backend", first)
    wait_until(lambda: depths(blocked).get(first, 0) > 1)  # the next one is the first now, and it stands behind again
    ((slow, since, _, _),) = rows(blocked, RANKING)
    signal(blocked, "pg_cancel_backend", slow)
    wait_until(lambda: [row[0] for row in rows(blocked, RANKING) if row[1] > since] == [slow])
    blocked.post("data/indexes/rebuild", {"tables": ["minute_bars"], "background": True})
    wait_until(lambda: blocked.effects("database.cancel") == ["nothing", "nothing"])
    assert blocked.effects("job.requeue") == ["nothing"]
    assert rows(blocked, HOLDER)[0][0] == holder
    assert not blocked.healed()


def harmed(up: Site, times: int) -> bool:
    """So many sessions were ended, all of them in vain."""
    return up.effects("database.terminate") == ["harm"] * times


def to_end_a_session_that_waits_costs_its_job_whether_others_wait_for_it_or_not(blocked: Site) -> None:
    ((holder, _),) = rows(blocked, HOLDER)
    for number, depth in enumerate((1, 2), start=1):
        at_depth(blocked, 2)
        pid = at_depth(blocked, depth)
        name = waiting(blocked)[pid][0]
        signal(blocked, "pg_terminate_backend", pid)
        assert "AdminShutdown" in blocked.ended(name.removeprefix("backtest-"))["error_message"]
        wait_until(partial(harmed, blocked, number))
    assert rows(blocked, HOLDER)[0][0] == holder
    at_depth(blocked, 2)
    assert not blocked.healed()


def to_end_the_slow_query_costs_its_job_and_frees_nobody(blocked: Site) -> None:
    ((pid, _, _, name),) = rows(blocked, RANKING)
    signal(blocked, "pg_terminate_backend", pid)
    assert "AdminShutdown" in blocked.ended(name.removeprefix("backtest-"))["error_message"]
    wait_until(partial(harmed, blocked, 3))
    assert blocked.open() == {"database"}


def to_end_the_health_checks_session_hides_nothing(blocked: Site) -> None:
    ((pid,),) = rows(blocked, HEALTH)
    signal(blocked, "pg_terminate_backend", pid)
    wait_until(lambda: [found for (found,) in rows(blocked, HEALTH) if found != pid])
    primary = blocked.get("data/connectivity")["connections"]["historical_data"]
    assert (primary["status"], primary["response_time_ms"] > 500) == ("degraded", True)
    assert blocked.open() == {"database"}


def to_end_another_session_of_the_same_name_is_harm_and_frees_nobody(blocked: Site) -> None:
    ((holder, name),) = rows(blocked, HOLDER)
    same = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{name}' AND pid != {int(holder)}"  # noqa: S608
    for _ in range(9):  # its job is killed soon after it began, and then nobody sees how its session went
        blocked.post(f"backtests/{name.removeprefix('backtest-')}/requeue")
        wait_until(lambda: rows(blocked, same) != [])
        signal(blocked, "pg_terminate_backend", rows(blocked, same)[0][0])
        ended = blocked.ended(name.removeprefix("backtest-"))
        if "AdminShutdown" in ended["error_message"]:
            break
    wait_until(partial(harmed, blocked, 4))
    assert rows(blocked, HOLDER) == [(holder, name)]
    assert blocked.open() == {"database"}


def to_end_the_session_that_holds_the_lock_heals(blocked: Site) -> None:
    ((holder, name),) = rows(blocked, HOLDER)
    at_depth(blocked, 2)
    held_up = [session.removeprefix("backtest-") for session, _, _ in waiting(blocked).values()]
    signal(blocked, "pg_terminate_backend", holder)
    wait_until(blocked.healed)
    assert blocked.effects("database.terminate") == [*["harm"] * 4, "healed"]
    assert blocked.judge()["done"][-1]["what"] == f"database.terminate: {name} (pid {holder})"
    wait_until(lambda: waiting(blocked) == {} and rows(blocked, RANKING) == [])
    assert {blocked.get(f"backtests/{job_id}")["status"] for job_id in held_up} <= {"running", "completed"}
    assert blocked.get("data/connectivity")["connections"]["historical_data"]["status"] == "healthy"
    assert blocked.requeue(blocked.failed(NO_LOCK)[-1]["id"])["status"] == "completed"
    wait_until(lambda: blocked.get("data/status")["index_rebuild"]["status"] != "running", 40)


def to_end_the_whole_server_is_an_incident_of_its_own(blocked: Site) -> None:
    os.kill(json.loads(blocked.layout.postgres.read_text())["pid"], signals.SIGINT)
    wait_until(lambda: blocked.open() == {"database"})
    wait_until(lambda: blocked.effects("database.terminate") == [*["harm"] * 4, "healed", "harm"])
    assert not blocked.healed()


def test_the_database_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with site("database", tmp_path) as up:
        wait_until(lambda: len(rows(up, BLOCKED)) >= 2, 30)
        the_writers_wait_in_a_chain_and_the_health_check_feels_its_end(up)
        one_query_lasts_while_others_let_the_sequential_scans_rise(up)
        neither_requeueing_nor_cancelling_nor_rebuilding_frees_them(up)
        to_end_a_session_that_waits_costs_its_job_whether_others_wait_for_it_or_not(up)
        to_end_the_slow_query_costs_its_job_and_frees_nobody(up)
        to_end_the_health_checks_session_hides_nothing(up)
        to_end_another_session_of_the_same_name_is_harm_and_frees_nobody(up)
        to_end_the_session_that_holds_the_lock_heals(up)
        to_end_the_whole_server_is_an_incident_of_its_own(up)


def test_a_server_that_restarts_is_no_end_for_who_held_the_lock_takes_it_again(tmp_path: Path) -> None:
    with site("database", tmp_path) as up:
        wait_until(lambda: rows(up, HOLDER) != [], 30)
        before = rows(up, HOLDER)
        with quirk(up, "postgres-restart", 60):
            wait_until(lambda: holders(up) not in ([], before), 30)
        at_depth(up, 2)
        assert (up.open(), up.healed(), up.judge()["done"]) == ({"database"}, False, [])
        ((holder, name),) = rows(up, HOLDER)
        signal(up, "pg_terminate_backend", holder)
        wait_until(up.healed)
        assert [deed["what"] for deed in up.judge()["done"]] == [f"database.terminate: {name} (pid {holder})"]


def test_the_application_that_held_the_lock_comes_back_when_it_is_killed_and_takes_it_again(tmp_path: Path) -> None:
    """Once its session was ended as it should be it comes back without it."""
    with site("database", tmp_path) as up:
        wait_until(lambda: rows(up, HOLDER) != [], 30)
        before = rows(up, HOLDER)
        killed = kill_sessions(up)
        wait_until(lambda: holders(up) not in ([], before), 30)
        at_depth(up, 2)
        assert pid_of_sessions(up) != killed
        assert (up.open(), up.healed(), up.judge()["done"]) == ({"database"}, False, [])
        signal(up, "pg_terminate_backend", rows(up, HOLDER)[0][0])
        wait_until(up.healed)
        done = up.judge()["done"]
        killed = kill_sessions(up)
        wait_until(lambda: pid_of_sessions(up) != killed)
        assert (rows(up, HOLDER), up.healed(), up.judge()["done"]) == ([], True, done)


def pid_of_sessions(up: Site) -> int:
    return int(json.loads(up.layout.sessions.read_text())["pid"])


def kill_sessions(up: Site) -> int:
    """End the application that holds the sessions; gives back the pid that it had."""
    pid = pid_of_sessions(up)
    os.kill(pid, signals.SIGKILL)
    return pid


def holders(up: Site) -> list[tuple[Any, ...]]:
    """Who holds the lock; nobody while there is no server."""
    try:
        return rows(up, HOLDER)
    except psycopg.OperationalError:
        return []


def gone_but(stays: int, pid: int) -> bool:
    """Whether the process `pid` is no more, unless it is the one that `stays` while others use it."""
    return pid == stays or Process.of(pid) is None


def test_a_server_that_is_gone_takes_the_lock_along_and_is_no_end(tmp_path: Path) -> None:
    with site("database", tmp_path) as up:
        wait_until(lambda: rows(up, HOLDER) != [], 30)
        server, holder = json.loads(up.layout.postgres.read_text())["pid"], rows(up, HOLDER)[0][0]
        for number, pid in ((signals.SIGTERM, server), (signals.SIGTERM, holder), (signals.SIGINT, server)):
            os.kill(pid, number)
            wait_until(partial(gone_but, server, pid))
            wait_until(lambda: up.effects("database.terminate") == ["harm"])
            wait_until(lambda: up.judge()["open"] == ["database: PostgreSQL does not run"])
            assert not up.healed()


def test_a_session_that_is_killed_ends_all_others_and_who_held_the_lock_takes_it_again(tmp_path: Path) -> None:
    with site("database", tmp_path) as up:
        wait_until(lambda: rows(up, HOLDER) != [], 30)
        ((killed, _),) = before = rows(up, HOLDER)
        os.kill(killed, signals.SIGKILL)
        wait_until(lambda: holders(up) not in ([], before), 30)
        at_depth(up, 2)
        assert (up.open(), up.healed()) == ({"database"}, False)
        assert set(up.effects("database.terminate")) == {"harm"}
        ((holder, name),) = rows(up, HOLDER)
        signal(up, "pg_terminate_backend", holder)
        wait_until(up.healed)
        assert up.judge()["done"][-1]["what"] == f"database.terminate: {name} (pid {holder})"


def states(up: Site) -> set[str]:
    """What all who can tell say of the database."""
    connections = up.get("data/connectivity")["connections"].values()
    others = (up.get(route)["status"] for route in ("data/status", "backtests/health"))
    return {*(each["status"] for each in connections), *others}


def test_a_server_that_somebody_stops_by_a_signal_is_down_for_everybody_until_it_goes_on(tmp_path: Path) -> None:
    with site("calm", tmp_path) as up:
        server = json.loads(up.layout.postgres.read_text())["pid"]
        wait_until(lambda: states(up) == {"healthy"}, 30)
        os.kill(server, signals.SIGSTOP)
        wait_until(lambda: states(up) == {"down", "degraded"})
        assert up.judge()["open"] == ["database: PostgreSQL does not run"]
        os.kill(server, signals.SIGCONT)
        wait_until(lambda: states(up) == {"healthy"}, 30)
        assert (up.open(), up.effects("database.terminate")) == (set(), ["harm"])
        with up.database() as old:
            for number in (signals.SIGHUP, signals.SIGUSR1):  # neither of them ends it
                os.kill(server, number)
            os.kill(server, signals.SIGTERM)
            wait_until(lambda: states(up) == {"down", "degraded"})
            wait_until(lambda: up.effects("database.terminate") == ["harm"] * 2)
            with pytest.raises(psycopg.OperationalError, match="is shutting down"):
                up.database()
            assert old.execute("SELECT 1").fetchone() == (1,), "who was there before stays"
        assert up.judge()["open"] == ["database: PostgreSQL does not run"]
        os.kill(server, signals.SIGINT)
        wait_until(lambda: Process.of(server) is None)
        assert (states(up), up.effects("database.terminate")) == ({"down", "degraded"}, ["harm"] * 2)


def server_of(up: Site) -> Process:
    """The server that takes connections, whoever started it."""
    seen = Postmaster.seen(up.layout)
    found = None if seen is None or not seen.takes else Process.of(seen.pid)
    assert found is not None
    return found


@pytest.fixture
def by_hand() -> Iterator[Callable[[Sequence[bytes], int], Process]]:
    """Starts a server in the place of one that had these words and this owner; the platform ends it at last."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(argv: Sequence[bytes], owner: int) -> Process:
        begun.append(started(argv, owner))
        return Process.of(begun[-1].pid) or Process(begun[-1].pid, -1)

    yield start
    for each in begun:
        each.wait(30)


def takes(up: Site, server: Process) -> bool:
    seen = Postmaster.seen(up.layout)
    return seen is not None and (seen.pid, seen.takes) == (server.pid, True)


def test_to_restart_the_server_by_hand_is_a_deed_however_fast(
    tmp_path: Path, by_hand: Callable[[Sequence[bytes], int], Process]
) -> None:
    with site("calm", tmp_path) as up:
        server = server_of(up)
        argv, owner = server.arguments, Path(f"/proc/{server.pid}").stat().st_uid
        for times in (1, 2):
            os.kill(server.pid, signals.SIGINT)
            wait_until(partial(is_gone, server))
            server = by_hand(argv, owner)
            wait_until(partial(takes, up, server))
            wait_until(partial(ended, up, times))
            wait_until(lambda: up.open() == set())
        with quirk(up, "postgres-refuses"):
            wait_until(partial(is_gone, server))
            server = by_hand(argv, owner)
            wait_until(partial(takes, up, server))
        wait_until(partial(is_told, up, server))
        os.kill(server.pid, signals.SIGINT)
        wait_until(lambda: up.open() == {"database"})
        assert ended(up, 3), "what the platform ends is nobody's deed"


def is_gone(server: Process) -> bool:
    return not server.alive


def ended(up: Site, times: int) -> bool:
    """Whether somebody ended the server so often, as the judge tells."""
    return [deed["effect"] for deed in up.judge()["done"] if deed["what"].endswith(": the server")] == ["harm"] * times


def is_told(up: Site, server: Process) -> bool:
    """Whether the platform says of this server that it is the one."""
    return bool(json.loads(up.layout.postgres.read_text())["pid"] == server.pid)
