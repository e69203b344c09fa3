"""What the logs tell of the hour before an instance began."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.demo.past import kernel_log, unit_log
from tui.demo.world.scenario import SCENARIOS, build

NOW = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_unit_log_tells_of_every_job_of_the_last_hour(name: str) -> None:
    scenario = build(name, 1, NOW)
    entries = unit_log(scenario)
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


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_kernel_log_tells_of_every_killed_worker(name: str) -> None:
    scenario = build(name, 1, NOW)
    killed = [job for job in scenario.with_status("failed") if "signal 9" in str(job.error_message)]
    entries = list(kernel_log(scenario))
    assert [at for at, _ in entries] == sorted(job.finished_at for job in killed if job.finished_at)
    assert all("Killed process" in lines[-1] for _, lines in entries)
