"""Half an hour of each scenario, with an engine that does what the world's engine does."""

from datetime import timedelta

import pytest

from tests.demo.shift import EVERYTHING, Shift

LIMIT = timedelta(minutes=45)


@pytest.mark.parametrize("name", ["calm", "data-gap"])
def test_work_goes_on_and_nothing_new_fails(name: str) -> None:
    shift = Shift(name)
    before = shift.world.jobs.counts()
    shift.work(1800)
    after = shift.world.jobs.counts()
    assert shift.oldest < LIMIT
    assert after["failed"] == before["failed"]
    assert after["completed"] > before["completed"] + 10
    assert 0 < after["running"] <= shift.world.scenario.workers
    assert after["pending"] <= 12


def test_requeueing_everything_before_the_repair_helps_one_job_and_after_it_twelve() -> None:
    shift = Shift("data-gap")
    failed = [job.id for job in shift.world.jobs.select("failed")]
    for left in (13, 2):
        for job_id in failed:
            if shift.world.jobs.find(job_id).status == "failed":
                shift.world.jobs.requeue(job_id, shift.now)
        shift.work(120)
        assert shift.world.jobs.counts()["failed"] == left
        data = shift.world.data
        for step in data.repair(["SAP.DE", "BMW.DE", "ALV.DE"], EVERYTHING, shift.now):
            data.complete(step, shift.now)
