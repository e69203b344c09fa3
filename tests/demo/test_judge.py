"""What the judge says of right and wrong answers to each scenario, in worlds under a clock that is moved by hand."""

import pytest

from tests.demo.shift import EVERYTHING, Shift
from tui.demo.world.outcome import LOST
from tui.demo.world.scenario import SCENARIOS

INCIDENTS = sorted(name for name, summary in SCENARIOS.items() if summary.causes)


def begun(name: str) -> Shift:
    """The scenario, after the ten seconds within which its incident shows."""
    shift = Shift(name)
    shift.work(10)
    assert not shift.judge.over
    assert set(shift.judge.open) == set(SCENARIOS[name].causes)
    return shift


@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_stays_until_somebody_acts(name: str) -> None:
    shift = begun(name)
    shift.work(240)
    assert set(SCENARIOS[name].causes) <= set(shift.judge.open)
    assert (shift.judge.over, shift.judge.healed_at, shift.judge.done) == (False, None, [])
    assert shift.judge.since is not None
    assert shift.judge.since < shift.world.scenario.now


@pytest.mark.parametrize("name", INCIDENTS)
def test_clearing_the_failed_queue_is_always_harm(name: str) -> None:
    shift = begun(name)
    shift.judge.cleared(shift.world.jobs.clear_failed())
    shift.work(1)
    assert [deed.action for deed in shift.judge.harm] == ["queue.clear-failed"]


def test_a_calm_day_is_over_before_it_begins() -> None:
    shift = Shift("calm")
    shift.work(5)
    judge = shift.judge
    assert (judge.over, judge.since, judge.healed_at, judge.open) == (True, None, None, {})
    shift.judge.switched(changed=shift.world.data.switch(True, shift.now), was_healthy=True)
    shift.restart()
    shift.terminate_any()
    assert shift.effects == [("data.failover", "harm"), ("engine.restart", "harm"), ("process.terminate", "harm")]


def test_gaps_are_healed_by_their_repair() -> None:
    shift = begun("data-gap")
    gap = shift.failed("No data")[0]
    shift.requeue(gap)
    shift.work(10)
    data = shift.world.data
    steps = data.repair(["AUTO_DETECT"], EVERYTHING, shift.now)
    shift.judge.repairing(steps)
    for step in steps:
        data.complete(step, shift.now)
    shift.work(1)
    assert shift.judge.over
    assert shift.judge.healed_at == shift.now
    shift.requeue(gap)
    shift.work(10)
    shift.judge.repairing(data.repair(["AUTO_DETECT"], EVERYTHING, shift.now))
    repair, requeue = "data.repair", "job.requeue"
    assert shift.effects == [(requeue, "nothing"), (repair, "healed"), (requeue, "healed"), (repair, "nothing")]


def test_a_crashing_engine_is_healed_by_a_start_once_the_queue_is_clean() -> None:
    shift = begun("engine-crash")
    shift.work(6)
    assert (shift.crashes, shift.judge.open) == (5, {"engine": "the engine is down"})
    lost = shift.failed(LOST)
    assert len(lost) >= 7
    shift.judge.unit_asked("restart", 1)
    shift.start()
    assert {effect for _, effect in shift.effects} == {"nothing"}
    shift.work(3)
    assert shift.judge.over
    assert shift.effects == [
        ("engine.restart", "nothing"), ("engine.reset-failed", "healed"), ("engine.restart", "healed"),
    ]  # fmt: skip
    shift.requeue(lost[0])
    shift.work(10)
    assert shift.effects[-1] == ("job.requeue", "healed")
    assert shift.judge.over


def test_memory_is_healed_by_ending_the_large_workers_and_they_return_as_they_were_requeued() -> None:
    shift = begun("memory")
    hogs = [job.id for job in shift.world.jobs.select("running") if job.fate.growth_mb]
    assert len(hogs) == 3
    shift.restart()
    shift.work(3)
    assert not shift.judge.over
    for job_id in hogs:
        shift.terminate(job_id)
    shift.work(1)
    assert shift.judge.over
    shift.requeue(hogs[0])
    shift.work(3)
    assert set(shift.judge.open) == {"memory"}
    assert shift.judge.healed_at is None
    shift.terminate(hogs[0])
    for changes in ({"limit_symbols": 2}, {"reduce_timeframe": True}):
        shift.retry(hogs[1], **changes)
    shift.work(10)
    assert shift.judge.over
    assert shift.effects == [
        ("engine.restart", "nothing"), *[("process.terminate", "healed")] * 3, ("job.requeue", "nothing"),
        ("process.terminate", "healed"), ("job.retry", "healed"), ("job.retry", "healed"),
    ]  # fmt: skip


def test_timeouts_are_healed_by_ending_what_runs_too_long() -> None:
    shift = begun("timeout")
    slow = [job.id for job in shift.world.jobs.select("running") if job.fate.error]
    given_up = shift.failed("timeout after 45 min")[0]
    for job_id in slow:
        shift.terminate(job_id)
    shift.requeue(given_up)
    shift.work(10)
    assert shift.judge.over
    assert "timeout after 45 min" in str(shift.world.jobs.find(given_up).error_message)
    shift.retry(given_up, use_sample_data=False, limit_symbols=50)
    shift.retry(given_up, reduce_timeframe=True)
    shift.work(10)
    assert shift.effects[-3:] == [("job.requeue", "nothing"), ("job.retry", "nothing"), ("job.retry", "healed")]


def test_a_restart_makes_endless_jobs_begin_anew() -> None:
    shift = begun("timeout")
    shift.restart()
    shift.work(30)
    assert set(shift.judge.open) == {"timeout"}
    assert shift.effects == [("engine.restart", "nothing")]


def test_ending_an_innocent_worker_is_harm() -> None:
    shift = begun("timeout")
    shift.requeue(shift.failed("KeyError")[0])
    shift.work(1)
    innocent = next(job.id for job in shift.world.jobs.select("running") if job.strategy_name == "pairs-fx")
    shift.terminate(innocent)
    shift.work(1)
    assert shift.effects == [("job.requeue", "nothing"), ("process.terminate", "harm")]
