"""Every quirk of the rest of the platform as others meet it, and nothing of it once it is off."""

import json
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import UNIT, Site, site
from tests.demo.wire import quirk
from tui.demo.world.outcome import NO_SERVER

ON_FROM_THE_START = ("systemctl-fails", "start-limit")
"""The second one takes some seconds to have its effect."""
HOLDERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'adaf-archiver'"
HELD = f"{HOLDERS} AND query ~ 'pg_sleep'"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site("calm", tmp_path_factory.mktemp("temp"), "--quirks", ",".join(ON_FROM_THE_START)) as running:
        yield running


def described(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.layout.postgres.read_text())
    return found


def asked(site: Site, query: str) -> Any:
    """One value from the database; None when it takes no connection."""
    try:
        with site.database() as connection:
            row = connection.execute(query.encode()).fetchone()
    except psycopg.OperationalError:
        return None
    return None if row is None else row[0]


def refuses(site: Site) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", described(site)["port"]), timeout=2):
            return False
    except ConnectionRefusedError:
        return True


def test_systemctl_fails(up: Site) -> None:
    def fails() -> bool:
        done = up.run("systemctl", "show", UNIT)
        return (done.returncode, done.stdout) == (1, "") and "Failed to connect to bus" in done.stderr

    wait_until(fails)
    total, used = up.run("free", "-m").stdout.splitlines()[1].split()[1:3]
    assert int(total) == 384 > int(used) >= 0  # the engine may be down: the other quirk is on as well
    up.client.delete("/judge/quirks/systemctl-fails").raise_for_status()
    wait_until(lambda: up.run("systemctl", "show", UNIT).returncode == 0)


def test_postgres_restarts_again_and_again(up: Site) -> None:
    def began() -> Any:
        return asked(up, "SELECT extract(epoch FROM pg_postmaster_start_time())")

    first = began()
    with quirk(up, "postgres-restart", 0.3):
        wait_until(lambda: (began() or first) > first)
        second = began() or first
        wait_until(lambda: (began() or second) > second)
    wait_until(lambda: asked(up, "SELECT count(*) FROM market_data.daily_prices") is not None)


def test_postgres_refuses(up: Site) -> None:
    before = described(up)["pid"]
    with quirk(up, "postgres-refuses"):
        wait_until(lambda: refuses(up))
        answer = up.get("data/connectivity")
        assert answer["connections"]["historical_data"]["status"] == "down"
    wait_until(lambda: asked(up, "SELECT 1") == 1)
    wait_until(lambda: described(up)["pid"] != before)  # the server is there before it is told where


def test_a_lock_blocks(up: Site) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
    with quirk(up, "postgres-locked"):
        wait_until(lambda: asked(up, HELD) == 1)
        with up.database() as reader:
            reader.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                reader.execute("SELECT count(*) FROM market_data.daily_prices")
    wait_until(lambda: asked(up, HELD) == 0)
    wait_until(lambda: asked(up, waiting) == 0)
    assert asked(up, "SELECT count(*) FROM market_data.daily_prices") > 0


def test_a_lock_that_is_called_off_at_once_stays_nowhere(up: Site) -> None:
    for _ in range(12):
        with quirk(up, "postgres-locked"):
            pass
    wait_until(lambda: asked(up, HOLDERS) == 0)
    with quirk(up, "postgres-locked"):
        wait_until(lambda: asked(up, HELD) == 1)


def test_a_lock_is_taken_again_from_each_new_server_and_not_from_one_that_ended_its_session(up: Site) -> None:
    with quirk(up, "postgres-locked"):
        wait_until(lambda: asked(up, HELD) == 1)
        first = described(up)["pid"]
        with quirk(up, "postgres-refuses"):
            wait_until(lambda: refuses(up))
        wait_until(lambda: described(up)["pid"] != first)
        wait_until(lambda: asked(up, HELD) == 1)
        assert asked(up, HOLDERS.replace("count(*)", "pg_terminate_backend(pid)")) is True
        wait_until(lambda: asked(up, HOLDERS) == 0)
        for _ in range(40):  # longer than it takes to look again
            assert asked(up, "SELECT count(*) FROM market_data.daily_prices") > 0


def test_a_provider_hangs(up: Site) -> None:
    config = up.layout.config.read_text()
    page = next(line.split('"')[1] for line in config.splitlines() if "/providers/" in line)
    ping = [str(up.layout.bin / "ping"), "-c", "1", "-W", "1", "data-provider-1.adaf.local"]
    good = (up.layout.bin / "ping").read_text()
    with quirk(up, "provider-hangs"):
        with pytest.raises(httpx.ReadTimeout):
            httpx.head(page, timeout=0.3)
        assert {each["status"] for each in up.get("data/sources")["sources"]} == {"degraded"}
        assert up.get("data/status")["status"] == "degraded"
        wait_until(lambda: (up.layout.bin / "ping").read_text() != good)
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(ping, capture_output=True, timeout=0.3, check=False)
    wait_until(lambda: (up.layout.bin / "ping").read_text() == good)
    assert httpx.head(page, timeout=5).status_code == 200
    assert {each["status"] for each in up.get("data/sources")["sources"]} == {"healthy"}
    assert subprocess.run(ping, capture_output=True, timeout=5, check=False).returncode == 0


def test_folders_cannot_be_read(up: Site) -> None:
    def readable(name: str) -> bool:
        try:
            return any((up.layout.files / name).iterdir())
        except OSError:
            return False

    def used() -> int:
        done = up.run("df", "--output=used", str(up.layout.files))
        assert done.stderr == ""
        return int(done.stdout.splitlines()[1])

    kept, before = sorted(up.layout.results.iterdir()), used()
    with quirk(up, "unreadable-folders"):
        wait_until(lambda: not readable("results") and not readable("temp"))
        assert used() > before * 0.95, "a file system knows what it holds"
        assert readable("completed")
        assert [deed for deed in up.judge()["done"] if "files." in deed["what"]] == []
    wait_until(lambda: readable("results") and readable("temp"))
    assert sorted(up.layout.results.iterdir()) == kept
    wait_until(lambda: used() < before * 1.05)
    assert [deed for deed in up.judge()["done"] if "files." in deed["what"]] == []


def test_the_unit_hits_its_start_limit(up: Site) -> None:
    wait_until(lambda: up.show("ActiveState") == "failed", 30)
    assert up.show("Result") == "start-limit-hit"
    assert up.run("systemctl", "start", UNIT).returncode != 0
    up.client.delete("/judge/quirks/start-limit").raise_for_status()
    wait_until(lambda: up.show("ActiveState") == "active")
    wait_until(lambda: up.get("backtests/health")["status"] == "healthy")


def test_a_unit_whose_start_limit_is_taken_back_soon_does_not_hit_it(up: Site) -> None:
    def counted(words: str) -> int:
        return up.log().count(words)

    given_up, killed = counted("Start request repeated too quickly"), counted("status=9/KILL")
    begun = counted("engine started, pid")
    with quirk(up, "start-limit"):
        wait_until(lambda: counted("status=9/KILL") > killed)
    wait_until(lambda: counted("engine started, pid") > begun, 30)
    assert counted("Start request repeated too quickly") == given_up


def felt(site: Site) -> Any:
    return site.get("data/connectivity")["connections"]["historical_data"]


def test_a_lock_that_blocks_readers_is_felt_by_the_health_check(up: Site) -> None:
    with quirk(up, "postgres-locked"):
        wait_until(lambda: felt(up)["status"] == "degraded")
        assert felt(up)["response_time_ms"] > 500
    wait_until(lambda: felt(up)["status"] == "healthy")


def test_without_a_database_no_job_completes_and_nobody_calls_that_healthy(up: Site) -> None:
    """Whatever fails for it completes once the server is back."""
    wait_until(lambda: up.get("backtests/health")["status"] == "healthy", 30)
    failed = up.get("backtests?status=failed&limit=1")["backtests"][0]["id"]
    with quirk(up, "postgres-refuses"):
        wait_until(lambda: up.open() >= {"database"})
        assert up.get("backtests/health")["status"] == up.get("data/status")["status"] == "degraded"
        assert up.requeue(failed)["error_message"] == NO_SERVER
        assert up.effects("job.requeue") == ["nothing"]
    wait_until(lambda: up.get("backtests/health")["status"] == up.get("data/status")["status"] == "healthy")
    assert up.requeue(failed)["status"] == "completed"


def test_nobody_is_blamed_for_what_quirks_did(up: Site) -> None:
    """By now every job that runs has its session again, and every loss was told."""
    sessions = (
        "SELECT coalesce(string_agg(application_name, ' ' ORDER BY application_name COLLATE \"C\"), '')"
        " FROM pg_stat_activity WHERE application_name ~ '^backtest-'"
    )

    def running() -> str:
        listed = up.get("backtests?status=running&limit=500")["backtests"]
        return " ".join(sorted(f"backtest-{job['id']}" for job in listed))

    wait_until(lambda: asked(up, sessions) == running())
    assert up.judge()["harm"] == []
