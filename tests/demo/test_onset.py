"""Platforms that begin well: nothing is wrong with any part of them until the incident comes, and then it is real."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.demo.api_rig import Clock, wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.shift import START, Shift
from tui import cli
from tui.demo import onset, tree
from tui.demo.history import History
from tui.demo.inventory import Inventory
from tui.demo.layout import Layout, replace
from tui.demo.maintenance import Maintenance
from tui.demo.onset import strike
from tui.demo.program import main
from tui.demo.wish import ONSET as USUAL
from tui.demo.wish import Wish
from tui.demo.world.onset import apart, healthy, struck
from tui.demo.world.outcome import LOCK_TIMEOUT, NO_LOCK, no_data
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.symbols import symbols
from tui.demo.world.world import World

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
    for _ in range(45):
        shift.work(1)
        assert not shift.over()
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


def test_nobody_fails_of_a_lock_timeout_within_the_seconds_that_a_job_runs_there() -> None:
    shift = Shift("database", ONSET)
    shift.work(5)
    shift.strike()
    shift.work(60)
    errors = [str(job.error_message) for job in shift.world.jobs.select("failed")]
    assert errors.count(NO_LOCK) >= 8
    assert LOCK_TIMEOUT not in errors


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


def test_an_incident_that_comes_late_began_with_the_first_job_over_its_limit() -> None:
    shift = Shift("timeout", ONSET)
    first = min(job.started_at for job in shift.world.jobs.select("running") if job.started_at) + timedelta(minutes=45)
    assert shift.world.first_limit == first
    shift.work(30)
    shift.strike()
    shift.work(1)
    assert shift.judge.since == first < shift.now - timedelta(seconds=10)
    over = [job for job in shift.world.jobs.select("failed") if "timeout" in str(job.error_message)]
    assert over
    assert all(job.finished_at and job.finished_at >= first for job in over)


async def test_an_incident_does_not_wait_until_a_job_is_over_its_limit(tmp_path: Path) -> None:
    clock = Clock()
    story = build("timeout", 1, clock.now)
    world = World(healthy(story, 60.0), clock)
    world.quiet = True
    layout = Layout(tmp_path)
    layout.make()
    clock.forward(70.0)
    replace(layout.sessions, "{}")
    replace(layout.engine_pid, "1")
    await strike(world, layout, Maintenance(world, History(layout, 1)), story, 60.0)
    assert (world.quiet, world.struck) == (False, world.first_limit)


def test_another_source_in_time_spares_the_incident_of_the_first() -> None:
    shift = Shift("provider", ONSET)
    shift.switch(to_backup=True)
    shift.work(5)
    shift.strike()
    shift.work(40)
    assert (shift.judge.open, shift.failed("timed out"), shift.over()) == ({}, [], True)
    shift.switch(to_backup=False)
    shift.work(1)
    assert (set(shift.judge.open), shift.over()) == ({"provider"}, False)


@pytest.mark.parametrize("deed", ["restart", "crash", "terminate"])
def test_endless_runs_that_were_ended_in_time_come_again(deed: str) -> None:
    shift = Shift("timeout", ONSET)
    shift.work(2)
    endless = [job for job in shift.world.jobs.select("running") if job.strategy_config.timeframe == "1s"]
    assert len(endless) == 9
    if deed == "terminate":
        for job in endless:
            shift.terminate(job.id)
    else:
        getattr(shift, deed)()
    shift.work(3)
    shift.strike()
    shift.work(60)
    assert (set(shift.judge.open), shift.over()) == ({"timeout"}, False)
    assert shift.failed("timeout after 45 min") == []
    waiting = [job for job in shift.world.jobs.select("pending") if job.strategy_config.timeframe == "1s"]
    assert len(shift.failed("timeout foreseen")) + len(waiting) >= 6
    assert len(waiting) <= 1, "the one of low priority"


def test_days_that_are_filled_in_at_once_let_the_jobs_run_that_are_still_to_come() -> None:
    shift = Shift("data-gap", ONSET)
    shift.work(5)
    shift.strike()
    shift.work(6)
    shift.repair()
    shift.work(1)
    assert (shift.judge.open, shift.over()) == ({}, False), "more of it is to come"
    shift.work(40)
    assert shift.over()
    assert 0 < len(shift.failed("No data for")) < 4
    assert shift.effects == [("data.repair", "healed")]


def test_hogs_that_are_ended_while_they_grow_leave_the_memory_to_the_rest() -> None:
    shift = Shift("memory", ONSET)
    shift.work(5)
    shift.strike()
    shift.work(3)
    for job in [job for job in shift.world.jobs.select("running") if job.fate.growth_mb]:
        shift.terminate(job.id)
    shift.work(60)
    assert shift.over()
    assert shift.effects == [("process.terminate", "healed")] * 3


def test_room_that_was_made_in_time_is_taken_again_by_what_may_go(tmp_path: Path) -> None:
    story = build("disk-full", 1, START)
    layout = Layout(tmp_path)
    layout.make()
    tree.grow(layout, healthy(story, ONSET))
    archive = sorted(layout.results.glob("sweep-archive-*"))
    for path in archive[:7]:
        path.unlink()
    before = tree.used(layout)
    steps = len(list(tree.flood(layout, story, before)))
    assert steps == 7 + tree.FLOOD
    assert sorted(layout.results.glob("sweep-archive-*")) == archive
    assert tree.used(layout) / tree.QUOTA == pytest.approx(story.fill, abs=0.01)
    now = datetime.now(UTC).timestamp()  # what comes back is as old as it was by the clock on the wall
    assert all(now - path.stat().st_mtime > 30 * 86400 for path in archive)


async def test_files_that_cannot_be_written_yet_take_the_room_as_soon_as_they_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = build("disk-full", 1, START)
    layout = Layout(tmp_path)
    layout.make()
    tree.grow(layout, healthy(story, ONSET))
    out_of_reach = tmp_path / "elsewhere"
    layout.results.rename(out_of_reach)
    layout.results.symlink_to(layout.results.name)
    attempts: list[float] = []

    async def rest(seconds: float) -> None:
        """Each file is written after the one before; in a pause somebody puts the folder back."""
        attempts.append(seconds)
        if attempts.count(onset.AGAIN) == 2 and layout.results.is_symlink():
            layout.results.unlink()
            out_of_reach.rename(layout.results)

    monkeypatch.setattr(asyncio, "sleep", rest)
    await onset.fill(layout, story)
    assert attempts[:3] == [onset.AGAIN, onset.AGAIN, onset.FILLING]
    assert tree.used(layout) / tree.QUOTA == pytest.approx(story.fill, abs=0.01)
    assert capsys.readouterr().err.count("the files do not take all room yet: ") == 1


def test_room_is_taken_where_the_files_are_put_aside_and_what_was_begun_goes_on(tmp_path: Path) -> None:
    story = build("disk-full", 1, START)
    layout = Layout(tmp_path)
    layout.make()
    tree.grow(layout, healthy(story, ONSET))
    layout.results.rename(layout.aside(layout.results))
    layout.results.symlink_to(layout.results.name)
    flood = tree.flood(layout, story, tree.used(layout))
    for _ in range(5):
        next(flood)
    begun = sorted(layout.aside(layout.results).glob("sweep-today-*"))
    assert len(begun) == 5
    sizes = [path.stat().st_size for path in begun]
    layout.results.unlink()
    layout.results.mkdir()  # from now on that is where results are written
    assert len(list(tree.flood(layout, story, tree.used(layout)))) == tree.FLOOD - 5
    assert [path.stat().st_size for path in begun] == sizes
    assert len(list(layout.results.glob("sweep-today-*"))) == tree.FLOOD - 5
    assert tree.used(layout) / tree.QUOTA == pytest.approx(story.fill, abs=0.01)


def test_no_look_finds_a_file_that_is_younger_than_it_shall_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    layout.make()
    inventory = Inventory(layout)
    utime = os.utime

    def look_first(*words: Any) -> None:
        inventory.look(START, {})
        utime(*words)

    monkeypatch.setattr(os, "utime", look_first)
    tree.grow(layout, build("disk-full", 1, START))
    inventory.look(START, {})
    for path in layout.results.glob("sweep-archive-*"):
        path.unlink()
    assert [wanted for _, wanted in inventory.look(START, {})] == [False]


def test_a_change_is_committed_in_the_moment_in_which_it_breaks_something(tmp_path: Path) -> None:
    with site("strategy-bug", tmp_path, "--onset=1") as up:
        last = ("log", "-1", "--format=%s %ct", "--", "src/strategies")
        assert "Weigh by" not in git(up, *last)
        wait_until(lambda: up.failed("ZeroDivisionError"))
        sentence, _, at = git(up, *last).strip().rpartition(" ")
        assert sentence == "Weigh by the spread of the window, not by variance"
        came = datetime.fromisoformat(up.judge()["since"]).timestamp()
        assert 0 <= came - int(at) < 5
        assert all(job["created_at"] >= up.judge()["since"] for job in up.failed(""))
        assert git(up, "status", "--porcelain") == ""


def git(up: Site, *words: str) -> str:
    return up.run("git", "-C", str(up.layout.repository), *words).stdout


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
        wait_until(lambda: up.failed("No data") and up.failed("timed out") and up.failed("No space left"), 30)
        up.post("data/sources/failover", {"to_backup": True, "reason": "primary_data_issues"}, 200)
        up.post("data/repair", {"symbols": ["AUTO_DETECT"], "date_range": "last_7d", "repair_gaps": True})
        for path in up.layout.results.glob("sweep-archive-*"):
            path.unlink()
        wait_until(up.healed, 30)
        assert stored(up, "SIE.DE") == had
        assert up.judge()["harm"] == []


def test_days_that_the_database_loses_late_are_missing_from_then_on() -> None:
    shift = Shift("data-gap", ONSET)
    shift.work(5)
    rest, late = apart(shift.story)
    shift.world.losing = True
    shift.world.strike(struck(rest, shift.world.scenario, shift.now))
    shift.work(60)
    assert (shift.judge.open, shift.over(), shift.failed("No data for")) == ({}, False, [])
    assert shift.world.unfolding
    shift.world.lack(struck(late, shift.world.scenario, shift.now))
    shift.work(60)
    assert (set(shift.judge.open), shift.over()) == ({"data"}, False)
    assert sorted(shift.world.data.gaps, key=str) == sorted(shift.story.gaps, key=str)
    told = shift.story.with_status("failed")
    assert sorted(str(job.error_message) for job in shift.world.jobs.select("failed")) == sorted(
        str(job.error_message) for job in told
    )
    shift.repair()
    shift.work(1)
    assert shift.over()


def gaps(up: Site) -> list[tuple[str, str, str]]:
    """What the API says is missing."""
    found = up.get("data/availability")["gaps"]
    return sorted((gap["symbol"], gap["start"], gap["end"]) for gap in found)


def percent(up: Site) -> int:
    return int(up.run("df", "--output=pcent", str(up.layout.files)).stdout.splitlines()[1].rstrip("%"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only to root a folder becomes a link, behind which files can be written")
def test_a_storm_comes_to_a_platform_that_is_in_trouble_and_no_repair_of_the_folders_is_a_deed(tmp_path: Path) -> None:
    with site("storm", tmp_path, "--onset=1", "--quirks=unreadable-folders,postgres-refuses") as up:
        wait_until(lambda: up.open() == {"provider", "storage", "database"}, 40)
        assert gaps(up) == []
        wait_until(lambda: percent(up) >= 99 and up.failed("No space left"), 30)
        files = up.layout
        for folder in (files.results, files.temp):
            folder.unlink()
            folder.mkdir()
        (files.results / "notes.txt").write_text("mine")
        assert "No space left" in up.requeue(up.failed("No space left")[0]["id"])["error_message"]
        assert (percent(up) >= 99, up.open()) == (True, {"provider", "storage", "database"})
        up.client.delete("/judge/quirks/unreadable-folders").raise_for_status()
        wait_until(lambda: len(list(files.results.glob("sweep-archive-*"))) == 10)
        assert (files.results / "notes.txt").read_text() == "mine"
        assert {folder.stat().st_mode & 0o777 for folder in (files.results, files.temp)} == {0o700}
        up.client.delete("/judge/quirks/postgres-refuses").raise_for_status()
        wait_until(lambda: up.open() == {"provider", "storage", "data"}, 30)
        assert {symbol for symbol, _, _ in gaps(up)} == {"BMW.DE", "SIE.DE"}
        for symbol, start, end in gaps(up):
            assert days_stored(up, symbol, start, end) == 0
        wait_until(lambda: up.failed("No data for SIE.DE"), 30)
        assert [deed for deed in up.judge()["done"] if "files." in deed["what"] or deed["effect"] == "harm"] == []


def days_stored(up: Site, symbol: str, start: str, end: str) -> int:
    query = "SELECT count(*) FROM market_data.daily_prices WHERE symbol = %s AND trading_day BETWEEN %s AND %s"
    with up.database() as session:
        row = session.execute(query, (symbol, start, end)).fetchone()
    return -1 if row is None else int(row[0])


@pytest.mark.parametrize("onset", ["-1", "3601", "nan"])
def test_an_impossible_onset_is_refused(onset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calm", f"--onset={onset}"]) == 2
    assert "0 to 3600 are" in capsys.readouterr().err


def test_an_incident_comes_by_itself_unless_it_shall_be_under_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert Wish.of("memory", 1, 0, 0, "").onset == USUAL
    assert Wish.of("memory", 1, 0, 0, "", 0.0).onset == Wish.of("calm", 1, 0, 0, "").onset == 0.0
    assert cli.run(["demo", "--list", "--json"]) == 0
    listed = {each["name"]: each["onset_seconds"] for each in json.loads(capsys.readouterr().out)}
    assert listed == {name: USUAL if summary.causes else None for name, summary in SCENARIOS.items()}
    assert cli.run(["demo", "--list"]) == 0
    assert f"incidents come {USUAL:g} s after the platform is up" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.run(["demo", "--help"])
    assert f"before the incident comes ({USUAL:g})" in " ".join(capsys.readouterr().out.split())
