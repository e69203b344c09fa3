"""A platform larger than life: pages, counts and ids hold for it as for a small one."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demo.platform_rig import Site, site
from tui.demo.world.backlog import Backlog
from tui.demo.world.calendar import WINDOW, trading_day_before, trading_days
from tui.demo.world.job import Job
from tui.demo.world.record import Ended, whole_hour
from tui.demo.world.refusal import NotThereError
from tui.demo.world.scale import MOST_JOBS, MOST_SYMBOLS, grown
from tui.demo.world.scenario import build
from tui.demo.world.seed import PRIORITIES, Scenario, SeedJob
from tui.demo.world.world import World

NOW = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)


def scenario(jobs: int, symbols: int = 0) -> Scenario:
    return grown(build("data-gap", 1, NOW), jobs, symbols)


def backlog(count: int) -> Backlog:
    return Backlog(scenario(14 + count))


def test_numbers_are_totals() -> None:
    large = scenario(1000, 300)
    world = World(large, lambda: NOW)
    assert world.jobs.counts()["failed"] == 1000
    assert len({symbol.name for symbol in large.symbols}) == len(large.symbols) == 300
    assert large.gaps == build("data-gap", 1, NOW).gaps
    assert scenario(3, 3) == build("data-gap", 1, NOW)


def test_the_same_seed_gives_the_same() -> None:
    assert backlog(500).page(None, 490, 20) == backlog(500).page(None, 490, 20)
    assert scenario(0, 500).symbols == scenario(0, 500).symbols


@settings(max_examples=40)
@given(
    count=st.integers(0, 400),
    gone=st.sets(st.integers(0, 399)),
    priority=st.sampled_from([None, *PRIORITIES]),
    size=st.integers(1, 90),
)
def test_pages_are_one_list_without_what_is_gone(count: int, gone: set[int], priority: None, size: int) -> None:
    jobs = backlog(count)
    whole = jobs.page(None, 0, 500)
    for job in [job for place, job in enumerate(whole) if place in gone]:
        jobs.discard(job.id)
        jobs.discard(job.id)
        assert jobs.find(job.id) is None
    left = [job for place, job in enumerate(whole) if place not in gone and priority in (None, job.priority)]
    pages = [job for offset in range(0, count + 1, size) for job in jobs.page(priority, offset, size)]
    assert pages == left
    assert jobs.count(priority) == len(left)
    assert all(jobs.find(job.id) == job for job in left)
    assert [job.moment for job in left] == sorted((job.moment for job in left), reverse=True)


@given(count=st.integers(0, 300), days=st.integers(0, 40))
def test_what_ended_since_is_found(count: int, days: int) -> None:
    jobs = backlog(count)
    moment = NOW - timedelta(days=days, seconds=1)
    young = [job for job in jobs.page(None, 0, 500) if job.moment >= moment]
    by_hour = dict(jobs.ended(moment, NOW))
    assert {hour: len(ended) for hour, ended in by_hour.items()} == Counter(whole_hour(job.moment) for job in young)
    assert [each for ended in by_hour.values() for each in ended] == [Ended.of(job) for job in young]
    last = NOW - timedelta(days=12)
    assert [each for _, ended in jobs.ended(moment, last) for each in ended] == [
        Ended.of(job) for job in young if job.moment <= last
    ]


@pytest.mark.parametrize("name", ["", "0", "-1", "1000300", "999999", "01000000", "1e6", "٣", "9" * 40])
def test_other_ids_are_not_there(name: str) -> None:
    world = World(scenario(14 + 300), lambda: NOW)
    with pytest.raises(NotThereError):
        world.jobs.find(name)


def test_a_job_of_the_backlog_runs_again() -> None:
    world = World(scenario(100), lambda: NOW)
    (old,) = world.jobs.page("failed", None, 99, 1)[0]
    again = world.jobs.requeue(old.id, NOW)
    assert (again.status, again.attempt) == ("pending", 2)
    assert world.jobs.counts()["failed"] == 99
    assert world.jobs.find(old.id) == again
    assert old.id not in {job.id for job in world.jobs.page("failed", None, 0, 500)[0]}
    assert world.jobs.clear_failed() == 99
    assert world.jobs.page("failed", None, 0, 500) == ([], 0)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    temp: Path = tmp_path_factory.mktemp("temp")
    with site("data-gap", temp, "--jobs", str(MOST_JOBS), "--symbols", str(MOST_SYMBOLS)) as running:
        yield running


def test_the_largest_answers_on_every_page(large: Site) -> None:
    assert large.get("backtests/status")["counts"]["failed"] == MOST_JOBS
    seen: set[str] = set()
    for offset in (0, 200, 50_000, MOST_JOBS - 200):
        answer = large.get(f"backtests?status=failed&limit=200&offset={offset}")
        assert (answer["total"], len(answer["backtests"])) == (MOST_JOBS, 200)
        seen |= {job["id"] for job in answer["backtests"]}
    assert len(seen) == 800
    high = large.get("backtests?status=failed&priority=high&limit=200&offset=9000")
    assert {job["priority"] for job in high["backtests"]} == {"high"}
    assert large.get("data/availability")["symbol_count"] == MOST_SYMBOLS


def test_the_database_holds_every_symbol_for_as_long_as_the_api_says(large: Site) -> None:
    with large.database() as session:
        rows = session.execute(
            "SELECT symbol, count(*), min(trading_day), max(trading_day) FROM market_data.daily_prices GROUP BY symbol"
        ).fetchall()
    assert len(rows) == large.get("data/availability")["symbol_count"] == MOST_SYMBOLS
    gaps = large.get("data/availability")["gaps"]
    latest = max(last for *_, last in rows)
    short = {name for name, *_, last in rows if last != latest}
    assert short == {gap["symbol"] for gap in gaps}
    full = trading_days(trading_day_before(latest, WINDOW - 1), latest)
    for name, count, first, last in rows[:: MOST_SYMBOLS // 40]:
        health = large.get(f"data/{name}/health")
        assert health["last_update"].startswith(last.isoformat())
        assert (health["completeness_percent"] == 100.0) == (count == len(trading_days(first, last)) >= len(full))


def test_a_long_period_holds_every_job(large: Site) -> None:
    assert large.get("backtests/analytics/performance?period=999d")["finished_jobs"] > MOST_JOBS
    failures = large.get("backtests/analytics/failures?period=999d")
    assert sum(each["count"] for each in failures["most_failed_strategies"]) >= MOST_JOBS


def test_a_page_makes_the_jobs_that_it_shows_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs does not grow with the backlog; `python -m tests.bench --only platform` tells how long it takes."""
    jobs = World(scenario(MOST_JOBS), lambda: NOW).jobs
    made = []

    def of(seed: SeedJob) -> Job:
        made.append(seed.id)
        return usual(seed)

    usual = Job.of
    monkeypatch.setattr(Job, "of", of)
    pages = (
        jobs.page("failed", None, 0, 200),
        jobs.page("failed", "high", 0, 200),
        jobs.page("failed", None, 99_000, 200),
        jobs.page(None, None, 50_000, 200),
    )
    assert [len(page) for page, _ in pages] == [200] * 4
    assert {*made} <= {job.id for page, _ in pages for job in page}
    assert len(made) <= 4 * 200
