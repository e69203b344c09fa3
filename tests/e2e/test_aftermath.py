"""What `act` leaves open is brought to its end: by `--wait`, or by the dashboard that is there."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.clock import SystemClock
from backend.incident.identity import as_data
from backend.incident.journal import Journal
from backend.locks import whoami
from backend.model.target import JobTarget
from tests.e2e.conftest import Open
from tests.e2e.stand import Stand
from tests.waiting import eventually

pytestmark = pytest.mark.e2e


def path(stand: Stand) -> Path:
    """Where the journal is."""
    return stand.root / "state" / "default" / "journal.jsonl"


def entries(stand: Stand) -> list[dict[str, Any]]:
    """The journal, line by line."""
    return [json.loads(line) for line in path(stand).read_text("utf-8").splitlines()]


def broken_off(stand: Stand, job_id: str) -> None:
    """Leave what a program leaves that is killed when its request has arrived."""
    job = stand.job(job_id)
    started = datetime.fromisoformat(job["started_at"])
    target = JobTarget(job_id, job_id, job["attempt"], started, job["error_message"])
    data = {"risk": "low", "settle_s": 8.0, "targets": [as_data(target)]}
    journal = Journal(path(stand), whoami(), SystemClock())
    journal.append("intent", id="r1", action="job.requeue", targets=[target.key], data=data)
    httpx.post(f"{stand.said['api']}/api/research/backtests/{job_id}/requeue", timeout=10).raise_for_status()


def test_who_waits_gets_the_last_verdict(data_gap: Stand) -> None:
    job = data_gap.failed("ConnectionResetError")[0]
    told = data_gap.run("act", "job.requeue", job, "--yes", "--wait", "--json")
    assert (told.code, told.json["outcome"]["verdict"], told.json["outcome"]["so_far"]) == (0, "worked", False)
    assert entries(data_gap)[-1]["data"]["final"] is True


def test_the_next_dashboard_finds_out_what_became_of_a_broken_off_run(data_gap: Stand, opened: Open) -> None:
    job = data_gap.failed("No data for")[-1]
    broken_off(data_gap, job)
    terminal = opened("--config", str(data_gap.config))
    terminal.shows("unfinished", "broken off before step 1 of 1")
    eventually(
        lambda: any(entry["kind"] == "verdict" and entry["id"] == "r1" for entry in entries(data_gap)), "verdict"
    )
    verdict = entries(data_gap)[-1]["data"]
    assert (verdict["verdict"], verdict["final"]) == ("no effect", True)
    assert verdict["text"] == "failed again in attempt 2, same error; broken off before step 1 of 1"
    terminal.shows(f"job.requeue {job}", "no effect")
    terminal.press("ctrl+q")
    assert terminal.ends() == 0
    again = opened("--config", str(data_gap.config))
    again.shows("FIRING", f"job.requeue {job}")
    assert "unfinished" not in again.text
