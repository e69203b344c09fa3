"""What `act` leaves open is brought to its end: by `--wait`, or by the dashboard that is there."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.clients.api import ApiClient
from backend.clock import Clock, SystemClock
from backend.config.load import load
from backend.incident.identity import Meant, meant_as_data
from backend.incident.journal import Journal
from backend.locks import TargetLock, whoami
from backend.model.target import JobTarget
from tests.conftest import HandClock
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


def meant(stand: Stand, job_id: str) -> Meant:
    """To requeue this job, as it stands now."""
    job = stand.job(job_id)
    started = datetime.fromisoformat(job["started_at"])
    target = JobTarget(job_id, job_id, job["attempt"], started, job["error_message"])
    return Meant((target,), ApiClient(stand.said["api"]).place, 8.0)


def broken_off(stand: Stand, job_id: str, id_: str = "r1", clock: Clock | None = None) -> Journal:
    """Leave what a program leaves that is killed when its request has arrived."""
    journal, data = Journal(path(stand), whoami(), clock or SystemClock()), meant_as_data(meant(stand, job_id))
    journal.append("intent", id=id_, action="job.requeue", targets=[f"job:{job_id}"], data={"risk": "low", **data})
    httpx.post(f"{stand.said['api']}/api/research/backtests/{job_id}/requeue", timeout=10).raise_for_status()
    return journal


def five_minutes_ago() -> Clock:
    """A clock for what is long over: nothing cools down any more."""
    return HandClock(datetime.now(UTC) - timedelta(minutes=5))


def fails_again(stand: Stand, job_id: str) -> None:
    """Wait until the second attempt of this job has failed."""
    eventually(lambda: (stand.job(job_id)["attempt"], stand.job(job_id)["status"]) == (2, "failed"), "its failure")


def untouched(stand: Stand) -> str:
    """A job that fails whenever it runs, and that nobody has touched yet."""
    return next(job for job in stand.failed("No data for") if stand.job(job)["attempt"] == 1)


def last_verdict_comes_before_the_next_intent(stand: Stand, id_: str) -> None:
    """Also in the journal: what becomes of the next run is not taken for what became of this one."""
    (number,) = (at for at, entry in enumerate(entries(stand)) if entry["id"] == id_ and entry["data"].get("final"))
    assert [entry["kind"] for entry in entries(stand)[number + 1 :]] == ["intent", "step", "verdict"]


def test_who_acts_is_told_of_a_broken_off_run_and_judges_it_first(data_gap: Stand) -> None:
    job = untouched(data_gap)
    broken_off(data_gap, job, "killed", five_minutes_ago())
    fails_again(data_gap, job)
    dry = data_gap.run("act", "job.requeue", job, "--dry-run")
    assert dry.code == 0
    assert f"and broken off before step 1 of 1, which may have been sent: job:{job}; look before you act" in dry.err
    assert entries(data_gap)[-1]["kind"] == "intent", "who only looks writes nothing"
    told = data_gap.run("act", "job.requeue", job, "--yes", "--json")
    assert (told.code, told.json["outcome"]["verdict"], told.err) == (1, "no effect", "")
    (found,) = told.json["unfinished"]
    assert (found["action"], found["targets"], found["by"]) == ("job.requeue", [f"job:{job}"], whoami())
    assert (found["state"], found["verdict"]) == ("ended", "unknown")
    assert found["text"].startswith("failed again in attempt 2, same error; whether this run did that is not known")
    last_verdict_comes_before_the_next_intent(data_gap, "killed")
    assert data_gap.run("act", "job.requeue", job, "--dry-run", "--json").json["unfinished"] == []


def test_who_acts_writes_the_last_verdict_of_what_went_on(data_gap: Stand) -> None:
    job = untouched(data_gap)
    target = f"job:{job}"
    about: dict[str, Any] = {"id": "left", "action": "job.requeue", "targets": [target]}
    journal = broken_off(data_gap, job, "left", five_minutes_ago())
    journal.append("step", data={"sent": True}, **about)
    runs = [{"key": target, "verdict": "worked", "text": "running in attempt 2", "so_far": True}]
    journal.append("verdict", data={"verdict": "worked", "final": False, "targets": runs}, **about)
    fails_again(data_gap, job)
    told = data_gap.run("act", "job.requeue", job, "--yes")
    assert f"worked so far, and has no last verdict yet: {target}" in told.err
    assert (
        f"job.requeue of {target}, unfinished until now: no effect: failed again in attempt 2, same error" in told.err
    )
    last_verdict_comes_before_the_next_intent(data_gap, "left")


def test_who_acts_leaves_alone_what_somebody_does_right_now(data_gap: Stand) -> None:
    running, other = untouched(data_gap), data_gap.failed("ZeroDivisionError")[0]
    with TargetLock(load(data_gap.config, None).lock_dir, "run:alive") as holder:
        assert holder is None
        journal = broken_off(data_gap, running, "alive", five_minutes_ago())
        told = data_gap.run("act", "job.requeue", other, "--yes", "--json")
        assert [(each["state"], each["verdict"]) for each in told.json["unfinished"]] == [("no verdict yet", None)]
        assert [entry["kind"] for entry in entries(data_gap) if entry["id"] == "alive"] == ["intent"]
        journal.append("verdict", id="alive", action="job.requeue", data={"verdict": "no effect", "final": True})


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
