"""Every scenario tells the same story under every seed and on every day."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.demo.world.calendar import trading_days
from tui.demo.world.outcome import error_of_run
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.seed import Scenario
from tui.demo.world.symbols import completeness, last_full_day, missing_days

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SEEDS = st.integers(0, 10_000)
NAMES = st.sampled_from(sorted(SCENARIOS))
HOUR = timedelta(hours=1)
few = settings(max_examples=25)


@few
@given(NAMES, SEEDS, MOMENTS)
def test_the_same_seed_builds_the_same_world(name: str, seed: int, now: datetime) -> None:
    assert build(name, seed, now) == build(name, seed, now)


@few
@given(NAMES, SEEDS, MOMENTS)
def test_jobs_are_sound(name: str, seed: int, now: datetime) -> None:
    scenario = build(name, seed, now)
    known = {symbol.name: symbol for symbol in scenario.symbols}
    assert [int(job.id) for job in scenario.jobs] == sorted({int(job.id) for job in scenario.jobs})
    for job in scenario.jobs:
        times = [job.created_at, job.started_at, job.finished_at]
        passed = [moment for moment in times if moment is not None]
        assert passed == sorted(passed)
        assert passed[-1] <= now
        assert (job.error_message is not None) == (job.status == "failed")
        config = job.strategy_config
        assert 1 <= len(config.symbols) == len(set(config.symbols)) <= 5
        assert config.start_date < config.end_date == last_full_day(now)
        assert all(known[symbol].first_date <= config.start_date for symbol in config.symbols)


@few
@given(NAMES, SEEDS, MOMENTS)
def test_symbols_tell_of_their_gaps(name: str, seed: int, now: datetime) -> None:
    scenario = build(name, seed, now)
    assert len(scenario.symbols) == len({symbol.name for symbol in scenario.symbols}) == 40
    for gap in scenario.gaps:
        assert gap.days == len(trading_days(gap.start, gap.end)) > 0
    for symbol in scenario.symbols:
        missing = missing_days(symbol.name, scenario.gaps)
        assert symbol.completeness_percent == completeness(missing, symbol.last_date)
        assert symbol.last_update.date() not in missing
        assert all(symbol.first_date <= day <= symbol.last_date for day in missing)


@few
@given(st.sampled_from(["calm", "data-gap"]), SEEDS, MOMENTS)
def test_nothing_runs_over_its_limit_in_the_first_half_hour(name: str, seed: int, now: datetime) -> None:
    for job in build(name, seed, now).with_status("running"):
        assert job.started_at is not None
        age = now - job.started_at
        assert timedelta(minutes=4) < age
        assert age + timedelta(seconds=job.fate.seconds + 30) < timedelta(minutes=45)


def ends(scenario: Scenario) -> Counter[str]:
    """What the failed jobs of the last hour would end with if they ran again now, honestly."""
    recent = (
        job for job in scenario.with_status("failed") if job.finished_at and job.finished_at > scenario.now - HOUR
    )
    errors = ((job, error_of_run(job.strategy_config, job.fate, -job.fate.signal, scenario.gaps)) for job in recent)
    return Counter("completes" if error is None else "same" if error == job.error_message else "other"
                   for job, error in errors)  # fmt: skip


def test_calm_has_no_recent_failure() -> None:
    scenario = build("calm", 3, datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert ends(scenario) == Counter()
    assert scenario.gaps == ()
    assert len(scenario.with_status("failed")) == 2


@few
@given(SEEDS, MOMENTS)
def test_data_gap_has_eleven_of_fourteen_failures_from_gaps(seed: int, now: datetime) -> None:
    scenario = build("data-gap", seed, now)
    assert ends(scenario) == {"same": 13, "completes": 1}
    errors = [job.error_message or "" for job in scenario.with_status("failed")]
    assert sum(error.startswith("No data for ") for error in errors) == 11
    assert {gap.symbol for gap in scenario.gaps} == {"SAP.DE", "BMW.DE", "ALV.DE"}
    week = (now - timedelta(days=7)).date()
    assert all(gap.start >= week for gap in scenario.gaps)


@few
@given(SEEDS, MOMENTS)
def test_only_failed_jobs_trade_what_lacks_data(seed: int, now: datetime) -> None:
    scenario = build("data-gap", seed, now)
    gapped = {gap.symbol for gap in scenario.gaps}
    for job in scenario.jobs:
        touched = gapped & set(job.strategy_config.symbols)
        assert len(touched) == int((job.error_message or "").startswith("No data"))


def test_the_table_names_what_it_builds() -> None:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    for name, summary in SCENARIOS.items():
        assert summary.name == name == build(name, 1, now).name
        assert (summary.cause is None) == (summary.right == ())
    with pytest.raises(KeyError):
        build("none", 1, now)


ACTIONS = {
    "job.requeue", "job.retry", "job.requeue-high", "queue.clear-failed", "data.repair", "data.failover",
    "data.failback", "data.refresh", "data.rebuild-indexes", "process.terminate", "files.clean-temp",
    "files.clean-results", "engine.restart", "engine.recover", "engine.reset-failed", "database.cancel",
    "database.terminate",
}  # fmt: skip
CAUSES = ("data", "memory", "timeout", "strategy", "database", "storage", "engine", "provider")


def test_the_table_has_every_cause_and_answers_that_exist() -> None:
    assert len(SCENARIOS) == 10
    assert {summary.cause for summary in SCENARIOS.values()} == {*CAUSES, None}
    for summary in SCENARIOS.values():
        assert set(summary.right) | set(summary.harmful) <= ACTIONS
        assert set(summary.right).isdisjoint(summary.harmful)
        assert summary.causes[:1] == (() if summary.cause is None else (summary.cause,))
        assert summary.wrong
        assert summary.healed


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"calm"}))
@few
@given(SEEDS, MOMENTS)
def test_every_incident_reaches_back_and_has_decoys(name: str, seed: int, now: datetime) -> None:
    scenario = build(name, seed, now)
    recent = [job for job in scenario.with_status("failed") if job.finished_at and job.finished_at > now - HOUR]
    assert len(recent) >= 3
    assert len({job.error_message for job in recent}) >= 2
    assert len(scenario.with_status("completed")) >= 38
    assert name == "data-gap" or scenario.commits
