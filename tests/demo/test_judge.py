"""What the judge says of right and wrong answers to each scenario, in worlds under a clock that is moved by hand."""

import re

import pytest

from tests.demo.shift import EVERYTHING, Shift
from tui.demo.world.outcome import LOST, NO_LOCK, NO_SPACE
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.scenario import SCENARIOS

INCIDENTS = sorted(name for name, summary in SCENARIOS.items() if summary.causes)


def begun(name: str) -> Shift:
    """The scenario, after the ten seconds within which its incident shows."""
    shift = Shift(name)
    shift.work(10)
    assert not shift.over()
    assert set(shift.judge.open) == set(SCENARIOS[name].causes)
    return shift


@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_stays_until_somebody_acts(name: str) -> None:
    shift = begun(name)
    shift.work(240)
    assert set(SCENARIOS[name].causes) <= set(shift.judge.open)
    assert (shift.over(), shift.judge.healed_at, shift.judge.done) == (False, None, [])
    assert shift.judge.since is not None
    assert shift.judge.since < shift.world.scenario.now


@pytest.mark.parametrize("name", INCIDENTS)
def test_clearing_the_failed_queue_is_always_harm(name: str) -> None:
    shift = begun(name)
    shift.judge.cleared(shift.world.jobs.clear_failed())
    shift.work(1)
    assert [deed.action for deed in shift.judge.harm] == ["queue.clear-failed"]
    assert set(SCENARIOS[name].causes) <= set(shift.judge.open)


def test_a_calm_day_is_over_before_it_begins() -> None:
    shift = Shift("calm")
    shift.work(5)
    judge = shift.judge
    assert (shift.over(), judge.since, judge.healed_at, judge.open) == (True, None, None, {})
    shift.switch(to_backup=True)
    shift.restart()
    shift.terminate_any()
    assert shift.effects == [("data.failover", "harm"), ("engine.restart", "harm"), ("process.terminate", "harm")]


def test_gaps_are_healed_by_their_repair() -> None:
    shift = begun("data-gap")
    gap = shift.failed("No data")[0]
    shift.requeue(gap)
    shift.work(10)
    shift.repair()
    shift.work(1)
    assert shift.over()
    assert shift.judge.healed_at == shift.now
    shift.requeue(gap)
    shift.work(10)
    shift.repair()
    repair, requeue = "data.repair", "job.requeue"
    assert shift.effects == [(requeue, "nothing"), (repair, "healed"), (requeue, "healed"), (repair, "nothing")]


def test_of_two_repairs_of_the_same_days_one_heals() -> None:
    shift = begun("data-gap")
    data = shift.world.data
    twice = [data.repair(["AUTO_DETECT"], EVERYTHING, shift.now) for _ in range(2)]
    for steps in twice:
        shift.judge.repairing(steps)
    for step in (step for steps in twice for step in steps):
        data.complete(step, shift.now)
    shift.work(1)
    assert shift.over()
    assert shift.effects == [("data.repair", "healed"), ("data.repair", "nothing")]


def test_a_repair_heals_when_the_one_before_it_was_given_up() -> None:
    shift = begun("data-gap")
    data = shift.world.data
    first, second = (data.repair(["AUTO_DETECT"], EVERYTHING, shift.now) for _ in range(2))
    for steps in (first, second):
        shift.judge.repairing(steps)
    for step in first:
        data.abandon(step)
    for step in second:
        data.complete(step, shift.now)
    shift.work(1)
    assert shift.effects == [("data.repair", "nothing"), ("data.repair", "healed")]


def test_a_crashing_engine_is_healed_by_a_start_once_the_queue_is_clean() -> None:
    shift = begun("engine-crash")
    shift.work(6)
    assert (shift.crashes, shift.judge.open) == (5, {"engine": "the engine is down"})
    lost = shift.failed(LOST)
    assert len(lost) >= 7
    shift.judge.unit_asked("restart", 1, "failed")
    shift.start()
    assert {effect for _, effect in shift.effects} == {"nothing"}
    shift.work(3)
    assert shift.over()
    assert shift.effects == [
        ("engine.restart", "nothing"), ("engine.reset-failed", "healed"), ("engine.restart", "healed"),
    ]  # fmt: skip
    shift.requeue(lost[0])
    shift.work(10)
    assert shift.effects[-1] == ("job.requeue", "healed")
    assert shift.over()


def test_a_unit_that_had_not_failed_is_not_healed_by_forgetting_that_it_did() -> None:
    shift = begun("engine-crash")
    shift.work(6)
    shift.start()
    shift.judge.unit_asked("reset-failed", 0, "active")
    shift.judge.unit_asked("start", 0, "active")
    shift.work(3)
    assert [deed.effect for deed in shift.judge.done] == ["healed", "healed", "nothing", "nothing"]


@pytest.mark.parametrize("verbs", [("stop", "start"), ("stop", "stop", "restart"), ("restart",)])
def test_what_somebody_stopped_is_not_healed_by_starting_it(verbs: tuple[str, ...]) -> None:
    shift = begun("engine-crash")
    shift.work(6)
    shift.start()
    shift.work(3)
    assert shift.over()
    was = "active"
    for verb in verbs:
        shift.leave()
        assert set(shift.judge.open) == {"engine"}
        shift.judge.unit_asked(verb, 0, was)
        was = "inactive"
    shift.work(3)
    assert shift.over()
    assert {deed.effect for deed in shift.judge.done[2:]} == {"nothing"}


def test_memory_is_healed_by_ending_the_large_workers_and_they_return_as_they_were_requeued() -> None:
    shift = begun("memory")
    hogs = [job.id for job in shift.world.jobs.select("running") if job.fate.growth_mb]
    assert len(hogs) == 3
    shift.restart()
    shift.work(3)
    assert not shift.over()
    for job_id in hogs:
        shift.terminate(job_id)
    shift.work(1)
    assert shift.over()
    shift.requeue(hogs[0])
    shift.work(3)
    assert set(shift.judge.open) == {"memory"}
    assert shift.judge.healed_at is None
    shift.terminate(hogs[0])
    for changes in ({"limit_symbols": 2}, {"reduce_timeframe": True}):
        shift.retry(hogs[1], **changes)
    shift.work(10)
    assert shift.over()
    assert shift.effects == [
        ("engine.restart", "nothing"), *[("process.terminate", "healed")] * 3, ("job.requeue", "harm"),
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
    assert shift.over()
    again = shift.world.jobs.find(given_up)
    said = re.fullmatch(r"timeout foreseen after (\d+) s: .* 1440 min, 45 are allowed", str(again.error_message))
    assert said is not None
    assert abs(again.run_seconds - int(said[1])) <= 0.5
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


def test_a_broken_strategy_is_made_up_for_on_sample_data_only() -> None:
    shift = begun("strategy-bug")
    broken = shift.failed("ZeroDivisionError")
    assert len(broken) == 7
    first, *others = broken
    shift.requeue(first)
    shift.retry(others[0], reduce_timeframe=True)
    shift.work(10)
    assert shift.effects == [("job.requeue", "nothing"), ("job.retry", "nothing")]
    for job_id in others:
        shift.retry(job_id, use_sample_data=True)
        shift.work(5)
    assert shift.judge.open["strategy"] == "1 jobs of risk-parity failed and were not made up for"
    shift.retry(first, use_sample_data=True)
    shift.work(10)
    assert shift.over()
    assert {effect for _, effect in shift.effects[2:]} == {"healed"}


def test_a_broken_strategy_is_not_made_up_for_by_clearing_its_jobs_away() -> None:
    shift = begun("strategy-bug")
    broken = shift.failed("ZeroDivisionError")
    shift.retry(broken[0], use_sample_data=True)
    shift.judge.cleared(shift.world.jobs.clear_failed())
    shift.work(60)
    assert not shift.over()
    said = "6 jobs of risk-parity failed and were not made up for"
    lost = "6 of them were cleared away, and nobody can retry those any more"
    assert shift.judge.open["strategy"] == f"{said}; {lost}"
    assert "can never be retried" in shift.judge.summary.healed


def test_a_broken_strategy_is_not_made_up_for_while_its_jobs_wait_once_more() -> None:
    shift = begun("strategy-bug")
    for job_id in shift.failed("ZeroDivisionError"):
        shift.requeue(job_id)
    shift.work(1)
    assert not shift.over()
    assert shift.judge.healed_at is None


def test_a_lock_is_healed_by_ending_the_session_that_holds_it() -> None:
    shift = begun("database")
    locked = shift.failed(NO_LOCK)[0]
    shift.requeue(locked)
    shift.work(10)
    shift.judge.session_cancelled("backtest-1")
    shift.judge.session_ended("backtest-2", guilty=False)
    assert not shift.over()
    shift.see(blocked=False)
    shift.judge.blockade_ended("backtest-3")
    shift.requeue(locked)
    shift.work(10)
    assert shift.over()
    assert shift.effects == [
        ("job.requeue", "nothing"), ("database.cancel", "nothing"), ("database.terminate", "harm"),
        ("database.terminate", "healed"), ("job.requeue", "healed"),
    ]  # fmt: skip


def test_a_session_lost_is_a_job_lost() -> None:
    shift = begun("database")
    running = shift.world.jobs.select("running")[0].id
    assert shift.world.lose_session(running, "gone")
    assert not shift.world.lose_session(running, "gone")
    shift.work(1)
    assert shift.world.jobs.find(running).error_message == "gone"


def test_room_is_made_by_degrees() -> None:
    shift = begun("disk-full")
    refused = shift.failed(NO_SPACE)[0]
    shift.requeue(refused)
    shift.work(10)
    shift.see(disk_used=0.95)
    shift.judge.files_gone("files.clean-temp", ["temp/a.tmp"], wanted=False, helped=True)
    shift.requeue(refused)
    shift.work(10)
    assert not shift.over()
    shift.see(disk_used=0.5)
    shift.judge.files_gone("files.clean-results", ["results/a", "results/b"], wanted=False, helped=True)
    shift.judge.files_gone("files.clean-results", ["results/new"], wanted=True, helped=True)
    shift.work(1)
    assert shift.over()
    assert shift.effects == [
        ("job.requeue", "nothing"), ("files.clean-temp", "healed"), ("job.requeue", "healed"),
        ("files.clean-results", "healed"), ("files.clean-results", "harm"),
    ]  # fmt: skip


def test_another_source_heals_until_somebody_goes_back_too_early() -> None:
    shift = begun("provider")
    starved = shift.failed("provider primary-feed timed out")[0]
    shift.requeue(starved)
    shift.work(10)
    shift.switch(to_backup=True)
    shift.requeue(starved)
    shift.work(10)
    assert shift.over()
    shift.switch(to_backup=False)
    shift.work(1)
    assert not shift.over()
    shift.switch(to_backup=True)
    shift.work(95)
    assert {source.status for source in shift.world.data.sources} == {"healthy"}
    shift.switch(to_backup=False)
    shift.switch(to_backup=False)
    shift.work(60)
    assert shift.over()
    assert shift.effects == [
        ("job.requeue", "nothing"), ("data.failover", "healed"), ("job.requeue", "healed"), ("data.failback", "harm"),
        ("data.failover", "healed"), ("data.failback", "nothing"), ("data.failback", "nothing"),
    ]  # fmt: skip


def test_a_storm_is_over_when_all_of_it_is() -> None:
    shift = begun("storm")
    with pytest.raises(UnavailableError):
        shift.world.data.need_source()
    shift.switch(to_backup=True)
    shift.work(1)
    assert set(shift.judge.open) == {"storage", "data"}
    shift.repair()
    shift.work(1)
    assert set(shift.judge.open) == {"storage"}
    shift.see(disk_used=0.5)
    shift.work(1)
    assert shift.over()
    assert shift.judge.harm == []


def test_a_file_whose_name_is_no_text_can_be_told_of() -> None:
    shift = Shift("calm")
    shift.judge.files_gone("files.clean-results", ["results/a\udcff"], wanted=True, helped=False)
    assert shift.judge.done[-1].detail.encode() == "they were still needed: results/a\ufffd".encode()


def test_a_chain_of_retries_makes_up_for_the_job_at_its_beginning() -> None:
    shift = begun("strategy-bug")
    for job_id in shift.failed("ZeroDivisionError"):
        shift.retry(job_id, reduce_timeframe=True)
    shift.work(40)
    for original in [job for job in shift.world.jobs.select("failed") if job.original_job_id]:
        shift.retry(original.id, limit_symbols=1)
    shift.work(40)
    last = [job for job in shift.world.jobs.select("failed") if job.original_job_id and job.root != job.original_job_id]
    assert len(last) == 7
    assert "21 jobs of risk-parity" in shift.judge.open["strategy"]
    for job in last[1:]:
        shift.retry(job.id, use_sample_data=True)
    shift.work(40)
    assert "3 jobs of risk-parity" in shift.judge.open["strategy"]
    shift.judge.cleared(shift.world.jobs.clear_failed())
    shift.work(1)
    assert "3 jobs of risk-parity" in shift.judge.open["strategy"]


def test_a_job_that_had_better_end_may_be_ended_by_its_session() -> None:
    shift = begun("memory")
    shift.judge.session_ended("backtest-1", guilty=True)
    assert shift.judge.done[-1].detail == "its job would not have ended well"


def test_the_end_of_the_whole_server_is_harm_and_an_incident_of_its_own() -> None:
    shift = begun("database")
    shift.see(blocked=False, database_down=True)
    shift.judge.server_ended()
    shift.work(5)
    assert not shift.over()
    assert shift.judge.open == {"database": "PostgreSQL does not run"}
    assert shift.effects == [("database.terminate", "harm")]
