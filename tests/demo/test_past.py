"""What the logs tell of the hour before an instance began."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.demo.kernel import OOM_KILLED, segfault_line
from tui.demo.past import crashes, kernel_log, unit_log
from tui.demo.unit.manager import EARLIER_PID
from tui.demo.world.outcome import LOST
from tui.demo.world.scenario import SCENARIOS, build

UNIT = "adaf-backtest-engine.service"
NOW = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_unit_log_tells_of_every_job_of_the_last_hour(name: str) -> None:
    scenario = build(name, 1, NOW)
    entries = unit_log(scenario, UNIT)
    times = [at for at, _, _ in entries]
    assert times == sorted(times)
    assert all(timedelta() <= NOW - at < timedelta(hours=1) for at in times)
    failed = {job.id: job for job in scenario.with_status("failed")}
    told = {words[2]: " ".join(words) for at, _, said in entries if (words := said.split())[0] == "ERROR"}
    recent = {
        job_id for job_id, job in failed.items() if job.finished_at and NOW - job.finished_at < timedelta(hours=1)
    }
    assert told.keys() == recent
    assert all(str(failed[job_id].error_message) in said for job_id, said in told.items())
    assert {priority for _, priority, said in entries if said.startswith("ERROR")} <= {3}
    ran = len(scenario.with_status("running"))
    assert [said for _, _, said in entries[-2:]] == [
        f"INFO engine stops, {ran} jobs will go on from their checkpoints", f"{UNIT}: Deactivated successfully.",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_kernel_log_tells_of_every_killed_worker(name: str) -> None:
    scenario = build(name, 1, NOW)
    killed = [job for job in scenario.with_status("failed") if "signal 9" in str(job.error_message)]
    entries = list(kernel_log(scenario))
    times = [at for at, _ in entries]
    assert times == sorted(times)
    kills = [at for at, lines in entries if "Killed process" in lines[-1]]
    assert kills == sorted(job.finished_at for job in killed if job.finished_at)
    assert len(entries) - len(kills) == len(crashes(scenario))
    assert kills == [at for at, _, said in unit_log(scenario, UNIT) if said == f"{UNIT}: {OOM_KILLED}"]


def test_an_engine_that_crashed_before_is_told_of_by_unit_and_kernel() -> None:
    scenario = build("engine-crash", 1, NOW)
    (at,) = crashes(scenario)
    assert at == NOW - timedelta(minutes=6)
    assert [lines for moment, lines in kernel_log(scenario) if moment == at] == [(segfault_line(EARLIER_PID - 1),)]
    told = [said for moment, _, said in unit_log(scenario, UNIT) if moment == at]
    assert told[0] == f"{UNIT}: Main process exited, code=killed, status=11/SEGV"
    assert sum(said.endswith(LOST) for said in told) == 2
