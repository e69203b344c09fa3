"""The scenario `database` as it really runs, answered with SQL and requests."""

import json
import os
import signal as signals
from pathlib import Path
from typing import Any

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import Site, site
from tui.demo.world.outcome import LOCK_TIMEOUT

HOLDER = """SELECT pid, application_name FROM pg_stat_activity
    WHERE application_name LIKE 'backtest-%' AND state = 'idle in transaction'"""
BLOCKED = """SELECT pid, application_name, pg_blocking_pids(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'backtest-%' AND cardinality(pg_blocking_pids(pid)) > 0 ORDER BY backend_start"""


def rows(up: Site, query: str) -> list[tuple[Any, ...]]:
    with up.database() as session:
        return session.execute(query).fetchall()


def signal(up: Site, function: str, pid: int) -> None:
    """Cancel or terminate a backend as the dashboard's role may."""
    assert rows(up, f"SELECT {function}({int(pid)})") == [(True,)]


def a_real_lock_blocks_real_sessions_and_the_health_check_feels_it(blocked: Site) -> None:
    ((holder, name),) = rows(blocked, HOLDER)
    assert all(holder in blockers for _, _, blockers in rows(blocked, BLOCKED))
    assert blocked.get(f"backtests/{name.removeprefix('backtest-')}")["status"] == "failed"
    wait_until(lambda: blocked.get("data/connectivity")["connections"]["historical_data"]["status"] == "degraded")
    felt = blocked.get("data/connectivity")["connections"]
    assert felt["historical_data"]["response_time_ms"] > 500 > felt["backup_historical"]["response_time_ms"]
    slow = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT p.symbol%'"
    wait_until(lambda: len(rows(blocked, slow)) == 1)
    assert blocked.open() == {"database"}


def neither_requeueing_nor_cancelling_nor_rebuilding_frees_them(blocked: Site) -> None:
    assert blocked.requeue(blocked.failed(LOCK_TIMEOUT)[-1]["id"])["error_message"] == LOCK_TIMEOUT
    ((holder, _),) = rows(blocked, HOLDER)
    signal(blocked, "pg_cancel_backend", holder)
    signal(blocked, "pg_cancel_backend", rows(blocked, BLOCKED)[0][0])
    blocked.post("data/indexes/rebuild", {"tables": ["minute_bars"], "background": True})
    wait_until(lambda: blocked.effects("database.cancel") == ["nothing"])
    assert blocked.effects("job.requeue") == ["nothing"]
    assert rows(blocked, HOLDER)[0][0] == holder
    assert not blocked.healed()


def to_end_a_session_that_waits_costs_its_job(blocked: Site) -> None:
    wait_until(lambda: len(rows(blocked, BLOCKED)) >= 2)
    pid, name, _ = next(row for row in rows(blocked, BLOCKED) if row[1] != rows(blocked, HOLDER)[0][1])
    signal(blocked, "pg_terminate_backend", pid)
    assert "AdminShutdown" in blocked.ended(name.removeprefix("backtest-"))["error_message"]
    wait_until(lambda: blocked.effects("database.terminate") == ["harm"])


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
    wait_until(lambda: blocked.effects("database.terminate") == ["harm"] * 2)
    assert rows(blocked, HOLDER) == [(holder, name)]
    assert blocked.open() == {"database"}


def to_end_the_session_that_holds_the_lock_heals(blocked: Site) -> None:
    ((holder, name),) = rows(blocked, HOLDER)
    signal(blocked, "pg_terminate_backend", holder)
    wait_until(blocked.healed)
    assert blocked.effects("database.terminate") == ["harm", "harm", "healed"]
    assert blocked.judge()["done"][-1]["what"] == f"database.terminate: {name} (pid {holder})"
    assert rows(blocked, BLOCKED) == []
    assert blocked.get("data/connectivity")["connections"]["historical_data"]["status"] == "healthy"
    assert blocked.requeue(blocked.failed(LOCK_TIMEOUT)[-1]["id"])["status"] == "completed"
    wait_until(lambda: blocked.get("data/status")["index_rebuild"]["status"] != "running", 40)


def to_end_the_whole_server_is_an_incident_of_its_own(blocked: Site) -> None:
    os.kill(json.loads(blocked.layout.postgres.read_text())["pid"], signals.SIGINT)
    wait_until(lambda: blocked.open() == {"database"})
    wait_until(lambda: blocked.effects("database.terminate") == ["harm", "harm", "healed", "harm"])
    assert not blocked.healed()


def test_the_database_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with site("database", tmp_path) as up:
        wait_until(lambda: len(rows(up, BLOCKED)) >= 2, 30)
        a_real_lock_blocks_real_sessions_and_the_health_check_feels_it(up)
        neither_requeueing_nor_cancelling_nor_rebuilding_frees_them(up)
        to_end_a_session_that_waits_costs_its_job(up)
        to_end_another_session_of_the_same_name_is_harm_and_frees_nobody(up)
        to_end_the_session_that_holds_the_lock_heals(up)
        to_end_the_whole_server_is_an_incident_of_its_own(up)


def test_a_server_that_is_gone_takes_the_lock_along_and_is_no_end(tmp_path: Path) -> None:
    with site("database", tmp_path) as up:
        wait_until(lambda: rows(up, HOLDER) != [], 30)
        os.kill(json.loads(up.layout.postgres.read_text())["pid"], signals.SIGINT)
        wait_until(lambda: up.effects("database.terminate") == ["harm"])
        wait_until(lambda: up.judge()["open"] == ["database: PostgreSQL does not run"])
        assert not up.healed()
