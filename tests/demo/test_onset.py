"""Platforms that begin well: nothing is wrong with any part of them until the incident comes, and then it is real."""

from pathlib import Path

import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.shift import START, Shift
from tui.demo.__main__ import main
from tui.demo.world.outcome import no_data
from tui.demo.world.scenario import SCENARIOS
from tui.demo.world.symbols import symbols

INCIDENTS = sorted(name for name, summary in SCENARIOS.items() if summary.causes)
ONSET = 5.0


@pytest.mark.parametrize("name", INCIDENTS)
def test_nothing_is_wrong_until_the_incident_comes(name: str) -> None:
    shift = Shift(name, ONSET)
    for _ in range(int(ONSET)):
        shift.work(1)
        assert (shift.judge.open, shift.over(), shift.judge.since) == ({}, False, None)
    assert shift.world.data.symbols == symbols(START)
    assert shift.world.jobs.counts()["failed"] == 0
    shift.strike()
    came = shift.now
    shift.work(45)
    assert set(shift.judge.open) == set(SCENARIOS[name].causes)
    assert shift.judge.since == came
    assert shift.judge.done == []


def test_the_failures_of_the_story_come_in_their_order_and_for_their_reasons() -> None:
    shift = Shift("data-gap", ONSET)
    shift.work(5)
    shift.strike()
    shift.work(60)
    failed = shift.world.jobs.select("failed")
    told = shift.story.with_status("failed")
    assert sorted(str(job.error_message) for job in failed) == sorted(str(job.error_message) for job in told)
    assert sum(job.error_message in {no_data(gap) for gap in shift.story.gaps} for job in failed) == 11
    assert all(job.started_at and job.created_at >= START for job in failed)
    passing = shift.failed("ConnectionResetError")[0]
    shift.requeue(passing)
    shift.work(10)
    assert shift.world.jobs.find(passing).status == "completed"


def test_who_ran_before_the_incident_is_given_up_after_45_minutes() -> None:
    shift = Shift("timeout", ONSET)
    shift.work(5)
    shift.strike()
    shift.work(60)
    given_up = [shift.world.jobs.find(job_id) for job_id in shift.failed("timeout after 45 min")]
    assert len(given_up) == 6
    for job in given_up:
        assert job.started_at is not None
        assert job.finished_at is not None
        assert 0 <= (job.finished_at - job.started_at).total_seconds() - 45 * 60 < 10


def stored(up: Site, symbol: str) -> int:
    with up.database() as session:
        row = session.execute(
            "SELECT count(*) FROM market_data.daily_prices WHERE symbol = %s AND trading_day > now() - interval '9 d'",
            (symbol,),
        ).fetchone()
    return 0 if row is None else int(row[0])


def test_a_storm_comes_to_every_part_of_a_platform_that_was_well(tmp_path: Path) -> None:
    with site("storm", tmp_path, "--onset", "4") as up:
        assert (up.judge()["open"], up.judge()["over"]) == ([], False)
        had = stored(up, "SIE.DE")
        assert up.get("data/availability")["gaps"] == up.get("backtests?status=failed")["backtests"] == []
        assert int(up.run("df", str(up.layout.files)).stdout.splitlines()[1].split()[4].rstrip("%")) < 85
        assert up.run("ping", "-c", "1", "-W", "0", "data-provider-1.adaf.local").returncode == 0
        wait_until(lambda: up.open() == {"provider", "storage", "data"})
        assert stored(up, "SIE.DE") == had - 3
        wait_until(lambda: up.run("ping", "-c", "1", "-W", "0", "data-provider-1.adaf.local").returncode == 1)
        wait_until(lambda: up.failed("No data") and up.failed("timed out"), 30)
        up.post("data/sources/failover", {"to_backup": True, "reason": "primary_data_issues"}, 200)
        up.post("data/repair", {"symbols": ["AUTO_DETECT"], "date_range": "last_7d", "repair_gaps": True})
        for path in up.layout.results.glob("sweep-archive-*"):
            path.unlink()
        wait_until(up.healed, 30)
        assert stored(up, "SIE.DE") == had
        assert up.judge()["harm"] == []


@pytest.mark.parametrize("onset", ["-1", "3601", "nan"])
def test_an_impossible_onset_is_refused(onset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calm", f"--onset={onset}"]) == 2
    assert "0 to 3600 are" in capsys.readouterr().err
