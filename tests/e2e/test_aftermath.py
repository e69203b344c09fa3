"""What `act` leaves open is brought to its end: by `--wait`, or by the dashboard that is there."""

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.clients.api import ApiClient
from backend.clock import SystemClock
from backend.incident.identity import Meant, meant_as_data
from backend.incident.journal import Journal
from backend.locks import whoami
from backend.model.target import JobTarget
from tests.e2e.conftest import Open
from tests.e2e.stand import BACKTOP, Stand, environment
from tests.e2e.terminal import Terminal
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
    data = {"risk": "low", **meant_as_data(Meant((target,), ApiClient(stand.said["api"]).place, 8.0))}
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
    terminal.shows("unfinished", "broken off")
    eventually(
        lambda: any(entry["kind"] == "verdict" and entry["id"] == "r1" for entry in entries(data_gap)), "verdict"
    )
    verdict = entries(data_gap)[-1]["data"]
    assert (verdict["verdict"], verdict["final"]) == ("unknown", True)
    assert verdict["text"] == (
        "failed again in attempt 2, same error; whether this run did that is not known; "
        "broken off before step 1 of 1, which may have been sent"
    )
    terminal.shows(f"job.requeue {job}", "unknown")
    terminal.press("ctrl+q")
    assert terminal.ends() == 0
    again = opened("--config", str(data_gap.config))
    again.shows("FIRING", f"job.requeue {job}")
    assert "unfinished" not in again.text


def order(stand: Stand) -> tuple[str, ...]:
    """A command that requeues two jobs that will fail again, and that nobody has touched yet."""
    jobs = [job for job in stand.failed("No data for") if stand.job(job)["attempt"] == 1][:2]
    return (BACKTOP, "act", "job.requeue", *jobs, "--yes", "--config", str(stand.config))


def test_a_pipe_that_nobody_reads_costs_words_and_nothing_else(data_gap: Stand, tmp_path: Path) -> None:
    with subprocess.Popen(
        order(data_gap), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment(tmp_path),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 1
    verdict = entries(data_gap)[-1]
    assert (verdict["kind"], verdict["data"]["verdict"]) == ("verdict", "no effect")
    first = verdict["targets"][0].removeprefix("job:")
    halted = f"stopped by itself ({first}: no effect) after step 1 of 2"
    assert verdict["data"]["text"] == f"failed again in attempt 2, same error, 1 not touched; {halted}"


def test_a_hang_up_stops_between_steps_and_says_so(data_gap: Stand, tmp_path: Path) -> None:
    terminal = Terminal(*order(data_gap), environment=environment(tmp_path))
    terminal.shows("0/2 POST")
    terminal.hang_up()
    terminal.process.wait(30)
    run = [entry for entry in entries(data_gap) if entry["id"] == entries(data_gap)[-1]["id"]]
    assert [entry["kind"] for entry in run] == ["intent", "step", "verdict"]
    assert run[-1]["data"]["text"].endswith("1 not touched; backtop was told to end after step 1 of 2")
