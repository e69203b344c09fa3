"""Incidents found and healed by somebody who knows the runbook and nothing else: its lines, plain HTTP, the judge."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from tests.demo.api_rig import wait_until
from tests.demo.hand import (
    CHANGES,
    DISK,
    ERRORS,
    MEMORY,
    OLD_COMPLETED,
    OLD_RESULTS,
    OLD_SCRATCH,
    OLD_TEMP,
    OOM,
    RECOVERY,
    SMALLER,
    STRATEGIES,
    TERMINATE,
    Hand,
)
from tests.demo.platform_rig import site
from tui.demo.processes import Process
from tui.demo.world.outcome import NO_LOCK, NO_OUTPUT

KILLED, NO_SPACE = "worker killed (signal 9)", "No space left"
TOO_LONG, FORESEEN = "timeout after 45 min", "timeout foreseen after"


@contextmanager
def hand(scenario: str, temp: Path, *words: str) -> Iterator[Hand]:
    with site(scenario, temp, *words) as up:
        yield Hand(up)


def most_common_error(at: Hand) -> str:
    listed = at.site.get("backtests?status=failed&limit=50")["backtests"]
    return Counter(str(job["error_message"]) for job in listed).most_common(1)[0][0]


def clean_of(at: Hand, *others: str) -> None:
    """Sources that have nothing to do with it say that they are well."""
    looks: dict[str, bool] = {
        "data": at.site.get("data/availability")["gaps"] == [],
        "strategies": all(
            each["validation_status"] == "valid" for each in at.site.get("strategies/validation")["strategies"]
        ),
        "database": at.site.get("data/connectivity")["connections"]["historical_data"]["status"] == "healthy",
        "provider": all(each["status"] == "healthy" for each in at.site.get("data/sources")["sources"]),
        "disk": int(at.sh(DISK)) < 85,
        "memory": int(at.sh(MEMORY)) < 90,
    }
    assert {name: well for name, well in looks.items() if name in others} == dict.fromkeys(others, True)


def test_memory(tmp_path: Path) -> None:
    with hand("memory", tmp_path) as at:
        wait_until(lambda: int(at.sh(MEMORY)) > 90 and len(at.site.workers()) == 3, 40)
        assert most_common_error(at) == KILLED
        assert "Killed process" in at.sh(OOM)
        assert KILLED in at.sh(ERRORS)
        assert "Memory: " in at.sh("sudo systemctl status adaf-backtest-engine")
        assert "order books in memory" in at.sh(STRATEGIES)
        clean_of(at, "data", "strategies", "database", "provider", "disk")
        first, second, third = (job["id"] for job in at.site.failed(KILLED)[:3])
        assert at.site.requeue(first)["error_message"] == KILLED
        at.sh("sudo systemctl restart adaf-backtest-engine")
        wait_until(lambda: int(at.sh(MEMORY)) > 90 and len(at.site.workers()) == 3, 40)
        assert at.deeds() == [("job.requeue", "nothing"), ("engine.restart", "nothing")]
        at.sh(TERMINATE)
        wait_until(at.site.healed)
        assert int(at.sh(MEMORY)) < 90
        assert at.deeds(last=3) == [("process.terminate", "healed")] * 3
        assert at.site.retry(second, **SMALLER)["status"] == "completed"
        assert at.site.requeue(third)["status"] == "completed"
        assert at.site.judge()["harm"] == []


def test_data_gap(tmp_path: Path) -> None:
    days = (
        "SELECT count(*) FROM market_data.daily_prices WHERE symbol = 'SAP.DE' AND trading_day > now() - interval '9 d'"
    )
    with hand("data-gap", tmp_path) as at:
        assert most_common_error(at).startswith("No data for ")
        assert {each["symbol"] for each in at.site.get("data/availability")["gaps"]} == {"SAP.DE", "BMW.DE", "ALV.DE"}
        clean_of(at, "strategies", "database", "provider", "disk", "memory")
        (greedy,) = (job["id"] for job in at.site.failed(KILLED))
        kills = at.sh(OOM).count("Killed process")
        assert at.site.requeue(greedy)["error_message"] == KILLED
        assert at.sh(OOM).count("Killed process") == kills + 1
        at.site.post("data/refresh", {"symbols": "all", "force": True, "priority": "high"})
        at.site.post("data/indexes/rebuild", {"tables": ["daily_prices", "minute_bars"], "background": True})
        assert not at.site.healed()
        had = int(at.psql(days)[0])
        at.repair()
        wait_until(at.site.healed, 30)
        assert int(at.psql(days)[0]) == had + 3
        assert at.site.get("data/validation/report")["summary"]["status"] == "valid"
        urgent = at.site.get("backtests?status=failed&priority=high")["backtests"]
        for job in urgent:
            at.site.post(f"backtests/{job['id']}/requeue")
        wait_until(lambda: Counter(at.deeds())["job.requeue", "healed"] == len(urgent) > 0, 30)
        assert at.site.judge()["harm"] == []


def test_disk_full(tmp_path: Path) -> None:
    with hand("disk-full", tmp_path) as at:
        wait_until(lambda: int(at.sh(DISK)) > 95 and at.site.open() == {"storage"})
        assert NO_SPACE in most_common_error(at)
        assert NO_SPACE in at.sh(ERRORS)
        assert "parameter sweeps" in at.sh(CHANGES)
        clean_of(at, "data", "strategies", "database", "provider", "memory")
        refused = at.site.failed(NO_SPACE)[-1]["id"]
        assert NO_SPACE in at.site.requeue(refused)["error_message"]
        at.sh("sudo systemctl restart adaf-backtest-engine")
        wait_until(lambda: at.deeds() == [("job.requeue", "nothing"), ("engine.restart", "harm")])
        at.sh(OLD_TEMP)
        wait_until(lambda: at.deeds(last=1) == [("files.clean-temp", "healed")])
        at.sh(OLD_COMPLETED)
        at.sh(OLD_RESULTS)
        wait_until(at.site.healed)
        assert int(at.sh(DISK)) < 85
        cleaned = [deed for deed in at.site.judge()["done"] if deed["what"].startswith("files.clean-results")]
        assert {deed["effect"] for deed in cleaned} == {"healed"}, cleaned
        assert at.site.requeue(refused)["status"] == "completed"
        at.sh('rm "$FILES"/completed/*')
        wait_until(lambda: at.deeds(last=1) == [("files.clean-results", "harm")])


def test_timeout(tmp_path: Path) -> None:
    with hand("timeout", tmp_path) as at:
        wait_until(lambda: len(at.site.workers()) >= 3)
        assert TOO_LONG in most_common_error(at)
        assert TOO_LONG in at.sh(ERRORS)
        assert "1s bars" in at.sh(CHANGES)
        clean_of(at, "data", "strategies", "database", "provider", "disk", "memory")
        running = at.site.get("backtests?status=running&limit=50")["backtests"]
        endless = [job["id"] for job in running if job["strategy_config"]["timeframe"] == "1s"]
        assert len(endless) == 3
        given_up = at.site.failed(TOO_LONG)[-1]["id"]
        again = at.site.requeue(given_up)
        said = re.search(rf"{FORESEEN} (\d+) s: ", again["error_message"])
        assert said is not None
        assert -0.5 <= seconds_of(again) - int(said[1]) < 5
        workers = at.site.workers()
        for job_id in endless:
            at.sh(f"kill {workers[job_id].pid}")
        wait_until(at.site.healed)
        assert at.deeds() == [("job.requeue", "nothing"), *[("process.terminate", "healed")] * 3]
        assert at.site.retry(given_up, **SMALLER)["status"] == "completed"
        assert at.site.retry(endless[0], **SMALLER)["status"] == "completed"
        assert at.site.judge()["harm"] == []


def test_strategy_bug(tmp_path: Path) -> None:
    with hand("strategy-bug", tmp_path) as at:
        (broken,) = (
            each for each in at.site.get("strategies/validation")["strategies"] if each["validation_status"] != "valid"
        )
        name, (said,) = broken["name"], broken["validation_errors"]
        file, line = said.split(":")[:2]
        assert most_common_error(at).endswith(f"in {file}:{line}")
        assert "spread(prices)" in (at.site.layout.repository / file).read_text().splitlines()[int(line) - 1]
        assert "Weigh by the spread" in at.sh(STRATEGIES).splitlines()[0]
        clean_of(at, "data", "database", "provider", "disk", "memory")
        wait_until(lambda: not waits(at, name))
        failed = [job["id"] for job in at.site.failed("ZeroDivisionError") if job["strategy_name"] == name]
        assert at.site.retry(failed[0], **SMALLER)["status"] == "failed"
        for job_id in failed:
            body = {"original_job_id": job_id, "modifications": {"use_sample_data": True}}
            at.site.post("backtests/retry", body)
        wait_until(at.site.healed, 60)
        wait_until(lambda: Counter(at.deeds())["job.retry", "nothing"] == 1)
        assert Counter(at.deeds())["job.retry", "healed"] == len(failed)
        assert at.site.judge()["harm"] == []


def harmed(at: Hand) -> int:
    """How many files were deleted that were still needed."""
    return sum(int(deed["what"].split()[1]) for deed in at.site.judge()["harm"])


def seconds_of(job: dict[str, Any]) -> float:
    """How long a job ran, by its own times."""
    began, ended = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def waits(at: Hand, strategy: str) -> bool:
    """Whether a job of the strategy has still to end."""
    listed: list[dict[str, Any]] = at.site.get("backtests?limit=500")["backtests"]
    return any(job["strategy_name"] == strategy and job["finished_at"] is None for job in listed)


def test_database(tmp_path: Path) -> None:
    old = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%backtest%' AND state = 'idle in transaction'"
    with hand("database", tmp_path) as at:
        wait_until(lambda: len(at.psql(old)) == 1 and at.site.open() == {"database"}, 30)
        (holder,) = at.psql(old)
        blocked = f"SELECT count(*) FROM pg_stat_activity WHERE {int(holder)} = ANY(pg_blocking_pids(pid))"  # noqa: S608
        wait_until(lambda: int(at.psql(blocked)[0]) >= 2, 30)
        assert most_common_error(at) == NO_LOCK
        assert "one transaction" in at.sh(CHANGES)
        clean_of(at, "data", "strategies", "provider", "disk", "memory")
        assert at.psql(f"SELECT pg_cancel_backend({holder})") == ["t"]
        assert at.psql(old) == [holder]
        assert at.psql(f"SELECT pg_terminate_backend({holder})") == ["t"]
        wait_until(at.site.healed)
        assert at.psql(blocked) == ["0"]
        assert at.deeds(last=1) == [("database.terminate", "healed")]


def test_provider(tmp_path: Path) -> None:
    with hand("provider", tmp_path) as at:
        assert "100% packet loss" in at.sh("ping -c 3 -W 0 data-provider-1.adaf.local", code=1)
        wait_until(lambda: "timed out" in most_common_error(at))
        assert [each["name"] for each in at.site.get("data/sources")["sources"] if each["status"] != "healthy"] == [
            "primary-feed"
        ]
        clean_of(at, "data", "strategies", "database", "disk", "memory")
        assert "does not answer" in at.repair(503)["error"]
        at.site.post("data/sources/failover", {"to_backup": True, "reason": "primary_data_issues"}, 200)
        wait_until(at.site.healed)
        assert at.site.requeue(at.site.failed("timed out")[-1]["id"])["status"] == "completed"
        wait_until(lambda: at.deeds(last=1) == [("job.requeue", "healed")])
        assert at.deeds() == [("data.repair", "nothing"), ("data.failover", "healed"), ("job.requeue", "healed")]


def test_the_service_recovery_loses_nothing_while_the_engine_is_stopped(tmp_path: Path) -> None:
    with hand("calm", tmp_path) as at:
        wait_until(lambda: len(at.site.workers()) >= 3)
        before = json.loads(at.site.layout.api.read_text())["pid"]
        for line in RECOVERY:
            at.sh(line)
        wait_until(lambda: at.site.get("backtests/health")["status"] == "healthy")
        wait_until(lambda: ("files.clean-temp", "nothing") in at.deeds())
        assert json.loads(at.site.layout.api.read_text())["pid"] == before
        assert ("files.clean-temp", "harm") not in at.deeds()
        assert at.site.layout.engine_pid.exists()


def test_pkill_spares_the_platform_whatever_its_folder_is_called(tmp_path: Path) -> None:
    with hand("calm", tmp_path, "--dir", str(tmp_path / "adaf-backtests" / "python")) as at:
        layout = at.site.layout
        parts = [json.loads(part.read_text())["pid"] for part in (layout.api, layout.postgres, layout.sessions)]
        before = [Process.of(pid) for pid in (*parts, int(at.site.show("MainPID")))]
        for words in (("backtest.*python", "-TERM"), ("adaf.*backtest", "-KILL")):
            wait_until(lambda: len(at.site.workers()) >= 3)
            workers = list(at.site.workers().values())
            assert at.site.run("pkill", "-f", *words).returncode == 0
            assert psutil.wait_procs(workers, 20)[1] == []
        assert [each is not None and each.alive for each in before] == [True] * 4


def test_scratch_files_of_yesterday_may_go_and_those_of_today_are_needed(tmp_path: Path) -> None:
    with hand("calm", tmp_path) as at:
        young = {path for path in at.site.layout.scratch.iterdir() if time.time() - path.stat().st_mtime < 86400}
        wait_until(lambda: at.site.get("backtests/health")["status"] == "healthy")
        at.sh(OLD_SCRATCH)
        wait_until(lambda: set(at.deeds()) == {("files.clean-temp", "nothing")})  # a look may come in its middle
        at.sh('rm -rf "$SCRATCH"/backtest_*')
        wait_until(lambda: harmed(at) == len(young))
        assert {deed["what"].split(":")[0] for deed in at.site.judge()["harm"]} == {"files.clean-temp"}


def test_a_job_whose_folder_is_taken_away_fails_of_it(tmp_path: Path) -> None:
    with hand("calm", tmp_path) as at:
        wait_until(lambda: len(at.site.workers()) >= 3 and at.site.get("backtests/health")["status"] == "healthy")
        written = at.site.layout.active.glob("*/partial.bin")
        job_id = max((path.parent for path in written), key=lambda each: int(each.name)).name
        at.sh(f'rm -rf "$FILES/active/{job_id}"')
        job = at.site.ended(job_id)
        assert (job["status"], job["error_message"]) == ("failed", NO_OUTPUT)
        assert at.deeds() == [("files.clean-results", "harm")]
        assert f"job {job_id} attempt 1 failed" in at.sh(ERRORS)
        assert at.site.get("backtests/analytics/failures?period=1h")["common_error_types"][0]["type"] == "storage"
        at.sh('echo mine > "$FILES/results/mine.csv"; echo more > "$FILES/completed/mine.pkl"')
        at.site.judge()
        at.sh('rm "$FILES/results/mine.csv" "$FILES/completed/mine.pkl"')
        wait_until(lambda: len(at.deeds()) > 1)
        assert at.deeds(last=1) == [("files.clean-results", "nothing")]
        assert at.site.requeue(job_id)["status"] == "completed"


def test_to_end_the_engine_past_its_unit_is_harm(tmp_path: Path) -> None:
    with hand("calm", tmp_path) as at:
        wait_until(lambda: len(at.site.workers()) >= 3)
        at.sh('kill -KILL "$(cat "$RUN/engine.pid")"')
        wait_until(lambda: at.deeds() == [("process.terminate", "harm")])
        wait_until(lambda: at.site.show("NRestarts") == "1" and at.site.layout.engine_pid.exists())
        wait_until(lambda: at.site.get("backtests/health")["status"] == "healthy")
        wait_until(lambda: len(at.site.failed("worker lost")) >= 3)
        at.sh('kill -TERM "$(cat "$RUN/engine.pid")"')
        wait_until(lambda: at.site.show("ActiveState") == "inactive")
        wait_until(lambda: at.deeds() == [("process.terminate", "harm")] * 2)
        wait_until(lambda: at.site.open() == {"engine"})


def test_the_commands_reach_nothing_but_their_platform(tmp_path: Path) -> None:
    with hand("calm", tmp_path / "one") as one, hand("calm", tmp_path / "other") as other:
        wait_until(lambda: len(one.site.workers()) >= 3 and len(other.site.workers()) >= 3)
        theirs = other.site.workers()
        one.sh(TERMINATE)
        wait_until(lambda: bool(one.deeds()))
        assert {action for action, _ in one.deeds()} == {"process.terminate"}
        assert other.deeds() == []
        assert all(worker.is_running() for worker in theirs.values())
