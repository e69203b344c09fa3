"""The live world under any sequence of what may happen to it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tui.demo.world.job import Modifications
from tui.demo.world.outcome import LOST
from tui.demo.world.refusal import ConflictError, NotThereError
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.seed import PRIORITIES, STATUSES
from tui.demo.world.world import World

START = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def world_of(name: str = "data-gap") -> tuple[World, Clock]:
    clock = Clock()
    return World(build(name, 1, START), clock), clock


class AnyDay(RuleBasedStateMachine):
    """Clients and engines do what they like, in any order."""

    @initialize(name=st.sampled_from(sorted(SCENARIOS)))
    def begin(self, name: str) -> None:
        self.world, self.clock = world_of(name)
        self.attempts: dict[str, int] = {}

    @rule(seconds=st.floats(0, 3))
    def wait(self, seconds: float) -> None:
        self.clock.forward(seconds)
        self.world.settle()

    @rule(pick=st.integers(0, 200), times=st.integers(1, 2))
    def requeue(self, pick: int, times: int) -> None:
        jobs = self.world.jobs.select()
        job = jobs[pick % len(jobs)]
        if job.status != "failed":
            with pytest.raises(ConflictError):
                self.world.jobs.requeue(job.id, self.clock())
            return
        again = self.world.jobs.requeue(job.id, self.clock())
        assert (again.status, again.attempt, again.error_message) == ("pending", job.attempt + 1, None)

    @rule(pick=st.integers(0, 200), limit=st.none() | st.integers(1, 4), sample=st.booleans())
    def retry(self, pick: int, limit: int | None, sample: bool) -> None:
        failed = self.world.jobs.select("failed")
        if failed:
            original = failed[pick % len(failed)]
            job = self.world.jobs.retry(original.id, Modifications(True, limit, sample), self.clock())
            assert job.original_job_id == original.id
            assert job.strategy_config.symbols == original.strategy_config.symbols[:limit]
            assert job.strategy_config.start_date >= original.strategy_config.start_date
            assert self.world.jobs.find(original.id) == original

    @rule(engine=st.sampled_from("ab"), free=st.integers(-1, 5))
    def claim(self, engine: str, free: int) -> None:
        claimed = self.world.claim(engine, free)
        assert len(claimed) <= max(0, free)
        assert all((job.status, job.engine) == ("running", engine) for job in claimed)

    @rule(engine=st.sampled_from("ab"), honest=st.booleans())
    def progress(self, engine: str, honest: bool) -> None:
        mine = [job.id for job in self.world.jobs.running_on(engine)] if honest else ["8760", "nobody"]
        abandoned = self.world.progress(engine, mine)
        assert set(abandoned) <= set(mine)
        assert all(job.engine != engine for job in self.world.jobs.select("running") if job.id in abandoned)

    @rule(engine=st.sampled_from("ab"), pick=st.integers(0, 9), code=st.sampled_from([0, 1, -9, -15, 75]))
    def finish(self, engine: str, pick: int, code: int) -> None:
        running = self.world.jobs.select("running")
        if not running:
            return
        job = running[pick % len(running)]
        try:
            ended = self.world.finish(engine, job.id, code)
        except ConflictError:
            return
        assert ended.status == ("completed" if ended.error_message is None else "failed")
        assert ended.finished_at == self.clock()
        assert (ended.status == "completed") <= (code == 0)

    @rule(engine=st.sampled_from("ab"))
    def leave(self, engine: str) -> None:
        self.world.leave(engine)
        assert self.world.jobs.running_on(engine) == []
        assert self.world.engine_status() == "down"

    @rule()
    def clear(self) -> None:
        failed = self.world.jobs.counts()["failed"]
        assert self.world.jobs.clear_failed() == failed
        assert self.world.jobs.counts()["failed"] == 0

    @invariant()
    def one_state_each(self) -> None:
        jobs = self.world.jobs.all()
        assert len({job.id for job in jobs}) == len(jobs)
        for status in STATUSES:
            listed = self.world.jobs.select(status)
            assert len(listed) == self.world.jobs.counts()[status]
            assert all(job.status == status for job in listed)
            assert [job.moment for job in listed] == sorted((job.moment for job in listed), reverse=True)
            by_priority = [self.world.jobs.select(status, priority) for priority in PRIORITIES]
            assert sorted(job.id for jobs in by_priority for job in jobs) == sorted(job.id for job in listed)

    @invariant()
    def attempts_only_grow(self) -> None:
        for job in self.world.jobs.all():
            assert job.attempt >= self.attempts.get(job.id, 1)
            self.attempts[job.id] = job.attempt

    @invariant()
    def fields_fit_the_state(self) -> None:
        for job in self.world.jobs.all():
            assert (job.finished_at is not None) == (job.status in ("completed", "failed"))
            assert (job.error_message is not None) == (job.status == "failed")
            assert (job.started_at is None) == (job.status == "pending")
            assert job.engine is None or job.status == "running"


AnyDay.TestCase.settings = settings(max_examples=30, stateful_step_count=40)
TestAnyDay = AnyDay.TestCase


def test_seeded_running_jobs_keep_their_start_and_come_first() -> None:
    world, _ = world_of()
    seeded = {job.id: job.started_at for job in world.scenario.with_status("running")}
    claimed = world.claim("a", len(seeded))
    assert {job.id: job.started_at for job in claimed} == seeded


def test_first_runs_leave_the_reserved_workers_to_reruns() -> None:
    world, _ = world_of()
    world.claim("a", 4)
    assert len(world.jobs.select("running")) == world.scenario.workers - world.scenario.reserved
    assert world.waiting() == 0
    failed = world.jobs.select("failed")[0]
    world.jobs.requeue(failed.id, START)
    assert [job.id for job in world.claim("a", 2)] == [failed.id]


def test_the_queue_goes_by_priority_then_by_waiting() -> None:
    world, _ = world_of("calm")
    queue = world.jobs.queue()
    assert queue == sorted(queue, key=lambda job: (PRIORITIES.index(job.priority), job.queued_at))
    assert {job.priority for job in queue} <= set(PRIORITIES)


def test_a_silent_engine_loses_its_jobs_after_seconds() -> None:
    world, clock = world_of()
    claimed = world.claim("a", 2)
    for _ in range(3):
        clock.forward(1)
        world.settle()
    assert world.engine_status() == "degraded"
    assert {job.status for job in map(world.jobs.find, (job.id for job in claimed))} == {"running"}
    clock.forward(1.5)
    assert world.engine_status() == "down"
    assert {world.jobs.find(job.id).error_message for job in claimed} == {LOST}


def test_a_world_that_stood_still_does_not_blame_the_engine() -> None:
    world, clock = world_of()
    claimed = world.claim("a", 2)
    clock.forward(60)
    assert world.progress("a", [job.id for job in claimed]) == []
    assert world.jobs.counts()["running"] == 2


def test_a_new_engine_ends_what_the_old_one_ran() -> None:
    world, _ = world_of()
    claimed = world.claim("a", 2)
    world.progress("b", [])
    assert {world.jobs.find(job.id).error_message for job in claimed} == {LOST}


def test_a_claimed_job_that_its_engine_never_speaks_of_waits_again() -> None:
    world, clock = world_of()
    lost, kept = world.claim("a", 2)
    for _ in range(8):
        clock.forward(1)
        world.progress("a", [kept.id])
    assert world.jobs.find(lost.id).status == "pending"
    assert world.jobs.find(kept.id).status == "running"


def test_an_engine_is_healthy_only_some_time_after_its_start() -> None:
    world, clock = world_of()
    assert world.engine_status() == "down"
    world.progress("a", [])
    assert world.engine_status() == "degraded"
    clock.forward(1.6)
    assert world.engine_status() == "healthy"


def test_seeded_running_jobs_fail_when_no_engine_ever_comes() -> None:
    world, clock = world_of()
    for _ in range(40):
        clock.forward(1)
        world.settle()
    assert world.jobs.counts()["running"] == 0


def test_new_jobs_arrive_until_the_queue_is_full() -> None:
    world, clock = world_of("calm")
    clock.forward(3600)
    world.settle()
    assert world.jobs.counts()["pending"] == 12
    assert len({job.id for job in world.jobs.all()}) == len(world.jobs.all())


def test_unknown_jobs_are_not_there() -> None:
    world, _ = world_of()
    for ask in (world.jobs.find, lambda name: world.jobs.requeue(name, START)):
        with pytest.raises(NotThereError, match="no backtest 1"):
            ask("1")
