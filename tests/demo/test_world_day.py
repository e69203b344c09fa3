"""Half an hour of each scenario, with an engine that does what the world's engine does."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.demo.world.repair import Range
from tui.demo.world.scenario import build
from tui.demo.world.world import World

START = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
LIMIT = timedelta(minutes=45)


class Shift:
    """A world and an engine that works through `seconds` of it, one look every second."""

    def __init__(self, name: str) -> None:
        self.now = START
        self.world = World(build(name, 1, START), lambda: self.now)
        self.oldest = timedelta()
        self._ends: dict[str, datetime] = {}

    def work(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            self._finish()
            self.world.progress("one", self._ends)
            for job in self.world.claim("one", self.world.scenario.workers - len(self._ends)):
                self._ends[job.id] = self.now + timedelta(seconds=job.run_seconds)
            ages = [self.now - job.started_at for job in self.world.jobs.select("running") if job.started_at]
            self.oldest = max([self.oldest, *ages])

    def _finish(self) -> None:
        for job_id in [job_id for job_id, end in self._ends.items() if end <= self.now]:
            self.world.finish("one", job_id, -self.world.jobs.find(job_id).fate.signal)
            del self._ends[job_id]


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
        for step in data.repair(["SAP.DE", "BMW.DE", "ALV.DE"], _everything(), shift.now):
            data.complete(step, shift.now)


def _everything() -> Range:
    return Range(START.date() - timedelta(days=30), START.date())
