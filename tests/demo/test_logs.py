"""The unit log tells of each job what the API tells: when it began and ended, in which attempt, and with what error."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import UNIT, Site, site
from tui.demo.world.outcome import LOST, SHUTDOWN

NEAR = timedelta(seconds=2.5)
"""So much later than it happened the engine may hear of something and tell of it."""
_BEGAN = re.compile(r"INFO job (\d+) attempt (\d+) \((\S+)\) (?:started|goes on from its checkpoint of (\S+)), ")
_ENDED = re.compile(r"(?:ERROR|INFO) job (\d+) attempt (\d+) (failed after|completed in) ([\d.]+) s(?:: (.*))?")


@dataclass(frozen=True)
class Line:
    """What one line says of one attempt of a job."""

    at: datetime
    words: re.Match[str]

    @property
    def attempt(self) -> tuple[str, int]:
        return self.words[1], int(self.words[2])


def lines(up: Site, pattern: re.Pattern[str]) -> Iterator[Line]:
    said = up.run("journalctl", "-u", UNIT, "-o", "json", "-n", "5000").stdout
    for record in map(json.loads, said.splitlines()):
        words = pattern.match(record["MESSAGE"])
        if words is not None:
            at = datetime.fromtimestamp(int(record["__REALTIME_TIMESTAMP"]) / 1e6).astimezone()
            yield Line(at, words)


def contradictions(up: Site) -> list[str]:
    """What log and API tell differently of the last hour before the platform began, and of all since."""
    began = {line.attempt: line for line in lines(up, _BEGAN)}
    ended = {line.attempt: line for line in lines(up, _ENDED)}
    since = up.layout.began() - timedelta(hours=1)
    jobs = up.get("backtests?limit=500")["backtests"]
    found: list[str] = []
    for job in jobs:
        attempt = (job["id"], job["attempt"])
        if (at := moment(job, "started_at")) is not None and at > since:
            found += _of_begin(job, at, began.get(attempt))
        if (at := moment(job, "finished_at")) is not None and at > since:
            found += _of_end(job, at, ended.get(attempt))
    known = {job["id"] for job in jobs}
    return found + [f"{line.words[0]}: no such job" for line in ended.values() if line.words[1] not in known]


def moment(job: dict[str, Any], name: str) -> datetime | None:
    return None if job[name] is None else datetime.fromisoformat(job[name])


def _of_begin(job: dict[str, Any], at: datetime, line: Line | None) -> list[str]:
    if line is None:
        return [f"nothing of the start of {job}"]
    told = line.at if line.words[4] is None else datetime.fromisoformat(line.words[4])
    right = abs(told - at) < NEAR and line.words[3] == job["strategy_name"]
    return [] if right else [f"{line.at} {line.words[0]}, but {job}"]


def _of_end(job: dict[str, Any], at: datetime, line: Line | None) -> list[str]:
    if line is None:
        return [f"nothing of the end of {job}"]
    ran = at - (moment(job, "started_at") or at)
    right = (
        abs(line.at - at) < NEAR
        and abs(ran - timedelta(seconds=float(line.words[4]))) < NEAR
        and line.words[3].startswith(job["status"])
        and line.words[5] == job["error_message"]
    )
    return [] if right else [f"{line.at} {line.words[0]}, but {job}"]


@pytest.mark.parametrize("scenario", ["data-gap", "timeout", "storm"])
def test_what_was_before_the_platform_is_told_alike(scenario: str, tmp_path: Path) -> None:
    with site(scenario, tmp_path) as up:
        wait_until(lambda: contradictions(up) == [])
        requeued = up.requeue(up.failed("")[-1]["id"])
        assert requeued["attempt"] == 2
        wait_until(lambda: contradictions(up) == [])


def test_what_unfolds_is_told_alike(tmp_path: Path) -> None:
    with site("memory", tmp_path, "--onset=1") as up:
        wait_until(lambda: len(up.failed("signal 9")) >= 4, 40)
        wait_until(lambda: contradictions(up) == [])


def test_jobs_that_are_lost_with_their_engine_are_told_of_by_the_next(tmp_path: Path) -> None:
    with site("engine-crash", tmp_path) as up:
        wait_until(lambda: up.show("Result") == "start-limit-hit", 30)
        up.run("systemctl", "reset-failed", UNIT)
        up.run("systemctl", "start", UNIT)
        wait_until(lambda: up.get("backtests/health")["status"] == "healthy")
        told = {line.words[1]: line.words[5] for line in lines(up, _ENDED)}
        assert [job["id"] for job in up.failed(LOST) if told.get(job["id"]) != LOST] == []
        assert sum("pricing kernel met a damaged input block" in line for line in up.log().splitlines()) == 5


def test_a_job_that_lost_its_session_is_told_of_with_its_error(tmp_path: Path) -> None:
    with site("calm", tmp_path) as up, up.database() as session:
        query = "SELECT pid, application_name FROM pg_stat_activity WHERE application_name LIKE 'backtest-%' LIMIT 1"
        wait_until(lambda: session.execute(query).fetchone() is not None)
        pid, name = session.execute(query).fetchone() or (0, "")
        session.execute("SELECT pg_terminate_backend(%s)", [pid])
        wait_until(lambda: up.failed(SHUTDOWN))
        (lost,) = up.failed(SHUTDOWN)
        assert name == f"backtest-{lost['id']}"
        wait_until(lambda: contradictions(up) == [])
