from collections.abc import Callable
from typing import Any

import pytest

from backend.config.model import Environment
from backend.errors import JournalError
from backend.incident.ledger import Ledger
from backend.model.jobs import Job, JobCounts, JobList
from backend.model.situation import Failure, Missing, Part, Situation
from backend.parts import (
    ENGINE_UNIT,
    JOBS_COUNTS,
    JOBS_FAILED,
    JOBS_HEALTH,
    JOBS_PENDING,
    JOBS_RUNNING,
)
from tests.conftest import Rig
from tests.pilot.waiting import until
from tests.situations import NOW, after, calm, data_gap, failed, job, jobs, no_data, situation, stale, waiting
from tui.keys import KEYS
from tui.screens.dashboard import Dashboard
from tui.screens.help import HelpScreen
from tui.screens.leave import LeaveScreen
from tui.screens.plan import PlanScreen
from tui.targets import GONE
from widgets.present.failures import group_key
from widgets.present.panes import PANES
from widgets.table_rows import Row

GROUP = group_key("No data for SAP.DE in 2026-11-17..2026-11-19")


def newly_failed(found: Situation, *names: str) -> Situation:
    """The same, with more failed jobs at the top."""
    listed = found.value(JOBS_FAILED)
    assert listed is not None
    more = (no_data(name, "SAP.DE", 0) for name in names)
    return after(found, {JOBS_FAILED: jobs(*more, *listed.jobs)}, seconds=1)


def without(found: Situation, *names: str) -> Situation:
    """The same, after these jobs are no longer failed."""
    listed = found.value(JOBS_FAILED)
    assert listed is not None
    return after(found, {JOBS_FAILED: jobs(*(each for each in listed.jobs if each.id not in names))}, seconds=1)


def data_gap_failures() -> tuple[Job, ...]:
    listed = data_gap().value(JOBS_FAILED)
    assert listed is not None
    return listed.jobs


@pytest.mark.parametrize(("key", "pane"), zip("12345", PANES, strict=True))
async def test_a_number_gives_the_keys_to_its_pane(rig: Rig, key: str, pane: str) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press(key)
        assert rig.app.dashboard.current is rig.app.dashboard.panes[PANES[pane].id]
        assert rig.app.dashboard.current.kind.key == key


async def test_failures_have_the_keys_first_and_tab_goes_round(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        visited = []
        for _ in range(6):
            current = rig.app.dashboard.current
            assert current is not None
            visited.append(current.kind.id)
            await pilot.press("tab")
        assert visited == ["failures", "data", "resources", "database", "jobs", "failures"]


async def test_the_footer_has_the_keys_of_the_pane(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        assert rig.lines[-1].startswith(" r requeue  │  space mark  / filter  ! broken  z zoom")
        await pilot.press("4")
        assert rig.lines[-1].startswith(" z zoom  h hold")


async def test_zoom_shows_one_pane_whole_and_the_others_as_a_line(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("z")
        panes = rig.app.dashboard.panes
        assert {name: pane.size.height for name, pane in panes.items() if name != "failures"} == {
            "jobs": 1, "resources": 1, "data": 1, "database": 1,
        }  # fmt: skip
        assert panes["failures"].size.height > 25
        await pilot.press("1")
        assert panes["failures"].size.height == 1
        assert panes["jobs"].size.height > 25
        await pilot.press("z")
        assert all(pane.size.height > 3 for pane in panes.values())


@pytest.mark.parametrize(("width", "height"), [(60, 17), (72, 20), (80, 24), (120, 40), (300, 100), (20, 6), (1, 1)])
async def test_every_size_is_drawn_to_its_edges(rig: Rig, width: int, height: int) -> None:
    async with rig.run(width, height) as pilot:
        for found in (waiting(), data_gap(), failed()):
            await rig.know(pilot, found)
            assert [strip.cell_length for strip in rig.strips] == [width] * height


async def test_a_small_screen_shows_the_other_panes_as_a_line_each(rig: Rig) -> None:
    async with rig.run(60, 17) as pilot:
        await rig.know(pilot, data_gap())
        assert rig.lines[2].strip() == "failures (79 %)", "the finding is told whole"
        assert rig.lines[3].startswith(" 1 Jobs  healthy   active 4   pending 11 ")
        assert "✖ 1 over limit" in rig.lines[3]
        await pilot.press("5")
        await pilot.pause()
        assert any(line.startswith(" 2 Failures") for line in rig.lines)
        assert any("2210     12m" in line for line in rig.lines)


async def test_a_held_picture_stays_while_reading_goes_on(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, calm())
        rig.clock.move(2)
        await pilot.press("h")
        rig.clock.move(1)
        await rig.know(pilot, data_gap())
        assert "no failed jobs" in rig.text
        assert "HELD since 14:30:02" in rig.lines[0]
        assert "picture: held; h lets it go on" in rig.told
        await pilot.press("h")
        assert "no failed jobs" not in rig.text
        assert "✖ 14" in rig.text
        assert "HELD" not in rig.text


async def test_help_lists_all_keys_and_closes_with_any_of_its_own(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        for key in ("escape", "q", "question_mark", "enter"):
            await pilot.press("question_mark")
            assert rig.shows(HelpScreen)
            told = f"api       {rig.app.desk.config.api.url}", "go to the failures pane"
            await until(pilot, lambda told=told: all(words in rig.text for words in told))  # type: ignore[misc]
            await pilot.press(key)
            assert rig.shows(Dashboard)


@pytest.mark.parametrize("opening", ["", "question_mark", "a", "ctrl+p", "slash", "r"])
async def test_what_works_everywhere_does(rig: Rig, opening: str) -> None:
    (key,) = (key for key in KEYS if key.on == "everywhere")
    assert key.action == "leave", "another one has to be tried here too"
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        if opening:
            await pilot.press(opening)
            await until(pilot, lambda: opening == "slash" or not rig.shows(Dashboard))
        rig.clock.move(1)  # a dialog that just opened hears no key
        await pilot.press(key.key)
        await until(pilot, lambda: rig.app._exit or rig.shows(LeaveScreen))


async def test_escape_never_leaves(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("escape", "escape", "q", "n")
        assert rig.app.is_running


async def test_leaving_needs_no_answer_while_nothing_runs(rig: Rig) -> None:
    async with rig.run() as pilot:
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not rig.app.is_running


async def test_the_cursor_stays_on_its_key_while_rows_come_and_go(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        table = rig.table()
        assert table.cursor_key == GROUP
        await pilot.press("down", "down")
        assert table.cursor_key == "8839"
        found = newly_failed(data_gap(), "9001", "9002", "9003")
        await rig.know(pilot, found)
        assert table.cursor_key == "8839"
        await rig.know(pilot, without(found, "9002", "8841"))
        assert table.cursor_key == "8839"


async def test_a_cursor_whose_row_is_gone_takes_a_neighbour(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("down", "down")
        await rig.know(pilot, without(data_gap(), "8839"))
        assert rig.table().cursor_key in ("8841", "8837")


async def test_marks_stay_with_their_jobs_and_go_with_them(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        table = rig.table()
        await pilot.press("down", "space", "down", "space")
        marked = table.marked_keys
        assert len(marked) == 2
        await rig.know(pilot, newly_failed(data_gap(), "9001"))
        assert table.marked_keys == marked
        gone = sorted(marked)[0]
        await rig.know(pilot, without(data_gap(), gone))
        assert table.marked_keys == marked - {gone}


@pytest.mark.parametrize("typed", [(), ("slash", *"data", "enter")], ids=["all", "filtered"])
@pytest.mark.parametrize("held", [False, True], ids=["read since", "held"])
async def test_a_group_means_only_the_rows_that_the_picture_has(rig: Rig, held: bool, typed: tuple[str, ...]) -> None:
    async with rig.run() as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("home", *typed)
        shown = {each.id for each in data_gap_failures() if group_key(each.error) == GROUP}
        await until(pilot, lambda: len(rig.table().model.keys) == len(shown) + (1 if typed else 4))
        found = newly_failed(without(data_gap(), "8841"), "9001")
        if held:
            await pilot.press("h")
            await rig.know(pilot, found)
        else:
            rig.app.desk.feed.situation = found  # read, and not drawn yet
        await pilot.press("r")
        await until(pilot, lambda: rig.shows(PlanScreen) and "10 jobs" in rig.text)
        assert all(name in rig.text for name in shown - {"8841"})
        assert "9001" not in rig.text
        assert "leaves out: 1 that is not failed any more" in rig.text


async def test_when_nothing_that_the_picture_has_is_failed_any_more_that_is_told(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("home", "down", "space", "h")
        (marked,) = rig.table().marked_keys
        rig.app.desk.feed.situation = without(data_gap(), marked)
        await pilot.press("r")
        await until(pilot, lambda: bool(rig.told))
        assert rig.told[-1].endswith(GONE)
        assert not rig.shows(PlanScreen)


async def test_a_star_marks_a_whole_group(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("asterisk")
        table = rig.table()
        children = {
            item.key for item in table.model.rows.items.values() if isinstance(item, Row) and item.parent == GROUP
        }
        assert table.marked_keys == children
        assert len(children) == 11
        await pilot.press("asterisk")
        assert table.marked_keys == frozenset()


async def test_the_data_pane_is_told_of_the_job_under_the_cursor(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("down")
        await pilot.pause()
        selected = rig.app.desk.feed.platform._selected
        assert selected is not None
        assert selected.id == "8841"
        await pilot.press("up")
        await pilot.pause()
        assert rig.app.desk.feed.platform._selected is None


async def test_what_changed_is_marked_until_a_key_is_pressed(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        assert "▎" not in rig.text.replace("█▎", "")
        table = rig.table()
        assert not table.model.changed
        await rig.know(pilot, newly_failed(data_gap(), "9001"))
        assert "9001" in table.model.changed
        await pilot.press("down")
        assert not table.model.changed


async def test_locking(rigged: Callable[..., Rig]) -> None:
    rig = rigged(environment=Environment("production", "red", locked=True))
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        assert " locked " in rig.lines[0]
        await pilot.press("L")
        assert "unlocked 15m" in rig.lines[0]
        rig.clock.move(14 * 60 + 1)
        rig.app.redraw()
        await pilot.pause()
        assert "unlocked 1m" in rig.lines[0]
        rig.clock.move(60)
        rig.app.redraw()
        await pilot.pause()
        assert " locked " in rig.lines[0]
        await pilot.press("L", "L")
        assert rig.told[-2:] == ["lock: actions are unlocked for 15 minutes", "lock: actions are locked"]


async def test_read_only_cannot_be_lifted(rigged: Callable[..., Rig]) -> None:
    rig = rigged(read_only=True)
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("L")
        assert "read-only" in rig.lines[0]
        assert "lock: this backtop is read-only; that cannot be lifted" in rig.told


async def test_old_facts_never_pass_for_a_clean_bill(rig: Rig) -> None:
    async with rig.run() as pilot:
        for found, alert in ((waiting(), "alert unknown"), (stale(), "was FIRING 52m"), (failed(), "was FIRING 42m")):
            rig.clock.move((found.at - rig.clock.now()).total_seconds())
            await rig.know(pilot, found)
            assert f"○ {alert}" in rig.lines[0]
            assert rig.lines[1].startswith(" ○ no fresh facts to judge by")


async def test_a_pane_without_jobs_takes_a_new_one(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, calm())
        assert "no failed jobs" in rig.text
        await rig.know(pilot, after(calm(), {JOBS_FAILED: jobs(job(error="boom")), JOBS_RUNNING: jobs()}))
        assert "no failed jobs" not in rig.text
        assert "no job is running" in rig.text
        assert rig.table().cursor_key == group_key("boom")
        assert rig.app.desk.clock.now() == NOW


async def test_the_next_key_is_already_the_panes(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        for name in ("resources", "data", "jobs"):
            rig.app.dashboard.go(name)
            current = rig.app.dashboard.current
            assert current is not None
            assert current.kind.id == name


@pytest.mark.parametrize(
    ("width", "height", "error", "gone"),
    [
        (60, 17, "No data for SAP.DE in 2026-11-17..2026", ("mean-revert", "high")),
        (80, 24, "No data for SAP.DE in 2026-11", ("mean-revert", "high")),
        (100, 30, "No data for SAP.DE in 2026-11-17..", ("mean-revert", "high")),
        (117, 40, "No data for SAP.DE in 2026…", ("high",)),
        (118, 40, "No data for SAP.DE", ()),
    ],
)
async def test_on_a_narrow_terminal_the_error_has_room_before_strategy_and_priority(
    rig: Rig, width: int, height: int, error: str, gone: tuple[str, ...]
) -> None:
    async with rig.run(width, height) as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        line = next(line for line in rig.lines if " 8841 " in line).partition("8841")[2]
        assert error in line
        for word in ("mean-revert", "high"):
            assert (word in line) == (word not in gone)


async def test_no_failed_job_is_said_only_where_there_is_none(rig: Rig) -> None:
    empty = {JOBS_FAILED: JobList(), JOBS_RUNNING: JobList()}
    async with rig.run() as pilot:
        await rig.know(pilot, situation({**empty, JOBS_COUNTS: JobCounts(failed=29)}))
        assert "the newest 0 of 29 are listed" in rig.text
        assert "no failed jobs" not in rig.text
        await rig.know(pilot, situation({**empty, JOBS_COUNTS: JobCounts(failed=0)}))
        assert "no failed jobs" in rig.text


@pytest.mark.parametrize(("size", "offset"), [((60, 17), (3, 0)), ((120, 40), (3, 0)), ((120, 40), (3, 1))])
@pytest.mark.parametrize("name", ["jobs", "resources", "data", "database", "failures"])
async def test_a_click_on_a_panes_frame_head_or_line_gives_it_the_keys(
    rig: Rig, size: tuple[int, int], offset: tuple[int, int], name: str
) -> None:
    async with rig.run(*size) as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("2" if name != "failures" else "1")
        await pilot.click(rig.app.dashboard.panes[name], offset=offset)
        await until(pilot, lambda: rig.app.dashboard.current is rig.app.dashboard.panes[name])


async def test_that_nothing_was_done_is_said_only_once_the_journal_was_read(rig: Rig) -> None:
    async with rig.run() as pilot:
        rig.app.desk.scribe.ledger = Ledger(rig.app.desk.scribe.journal)
        await rig.know(pilot, data_gap())
        assert "the journal is not read yet" in rig.text
        assert "nothing was done here yet" not in rig.text
        await rig.app.desk.read_journal()
        await rig.know(pilot, data_gap())
        assert "nothing was done here yet" in rig.text


async def test_the_largest_action_of_the_night_stays_in_the_journal_lines(rig: Rig) -> None:
    journal = rig.app.desk.scribe.journal
    journal.append("alert", id="a", action="ResearchBacktestFailed", data={"text": "firing: 259 failed"})
    jobs = [f"job:{number}" for number in range(210)]
    journal.append("intent", id="r1", action="job.requeue", targets=jobs)
    async with rig.run() as pilot:
        for number, job in enumerate(jobs):
            journal.append("step", id="r1", action="job.requeue", targets=[job])
            if number % 50 == 0:
                await rig.app.desk.read_journal()
        await rig.app.desk.read_journal()
        await rig.know(pilot, data_gap())
        assert "ResearchBacktestFailed" in rig.text
        assert "job.requeue 0 1 2 +207  running" in rig.text
        journal.append("verdict", id="r1", action="job.requeue", targets=jobs, data={"verdict": "worked"})
        await rig.app.desk.read_journal()
        await rig.know(pilot, data_gap())
        assert "job.requeue 0 1 2 +207  worked" in rig.text


async def test_a_journal_that_cannot_be_read_is_told(rig: Rig) -> None:
    def read() -> None:
        raise JournalError("the journal is a folder")

    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        with rig.app.desk.reads_journal():
            read()
        await rig.know(pilot, data_gap())
        assert "nothing was done here yet" not in rig.text
        assert "is a folder" in rig.text


async def test_that_the_journal_cannot_be_read_is_told_below_what_was_read_of_it(rig: Rig) -> None:
    for number in range(5):
        rig.app.desk.scribe.journal.append("intent", id=f"run {number}", action="job.requeue", targets=("job:1",))
    async with rig.run() as pilot:
        await rig.app.desk.read_journal()
        rig.app.desk.unread = "the journal is a folder"
        await rig.know(pilot, data_gap())
        assert "job.requeue" in rig.text
        assert "the journal is a folder" in rig.text


@pytest.mark.parametrize("size", [(60, 17), (120, 40)])
async def test_a_journal_that_vanishes_is_told_until_it_is_back(rig: Rig, size: tuple[int, int]) -> None:
    path = rig.app.desk.config.journal_path
    rig.app.desk.scribe.journal.append("note", id="a", action="job.requeue", targets=("job:1",))
    async with rig.run(*size) as pilot:
        await rig.app.desk.read_journal()
        await rig.know(pilot, data_gap())
        assert "the journal is gone" not in rig.text
        kept = path.rename(path.with_name("kept"))
        await rig.app.desk.read_journal()
        await rig.know(pilot, data_gap())
        assert "the journal is gone from /" in rig.text
        assert "nothing was done here yet" not in rig.text
        kept.rename(path)
        await rig.app.desk.read_journal()
        await rig.know(pilot, data_gap())
        assert "the journal is gone" not in rig.text
        assert "job.requeue 1" in rig.text


@pytest.mark.parametrize("size", [(60, 17), (120, 40)])
@pytest.mark.parametrize(
    ("pane", "changed", "state"),
    [
        ("Resources", {ENGINE_UNIT: Failure("refused", "no bus")}, "▲ unit not read  0s"),
        ("Jobs", dict.fromkeys((JOBS_HEALTH, JOBS_PENDING), Missing("no such route")), "○ 2 of 4 parts  0s"),
    ],
)
async def test_a_part_that_is_not_there_is_told_in_the_title_or_on_the_one_line(
    rig: Rig, size: tuple[int, int], pane: str, changed: dict[Part[Any], object], state: str
) -> None:
    async with rig.run(*size) as pilot:
        await rig.know(pilot, after(calm(), changed))
        assert any(f"{pane} " in line and state in line for line in rig.lines)


async def test_the_first_failure_of_a_calm_night_is_news(rig: Rig) -> None:
    async with rig.run() as pilot:
        quiet = after(calm(), {JOBS_FAILED: jobs()})
        for _ in range(2):
            await rig.know(pilot, quiet)
        await rig.know(pilot, newly_failed(quiet, "8901"))
        assert {"8901", GROUP} <= rig.table().model.changed


async def test_the_title_counts_marks_also_where_nobody_sees_them(rig: Rig) -> None:
    async with rig.run() as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("2", "home", "space", "left")
        await until(pilot, lambda: "11 marked" in rig.text)
        await pilot.press("space")
        await until(pilot, lambda: "marked" not in rig.text)


async def test_a_sort_that_gave_way_is_told_in_the_title(rig: Rig) -> None:
    async with rig.run(200, 50) as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        rig.table().sort_by("attempt")
        await until(pilot, lambda: "attem…▲" in rig.text)
        assert "by attempt" not in rig.text
        await pilot.resize_terminal(60, 17)
        await until(pilot, lambda: "by attempt" in rig.text)
        await pilot.press("h", "less_than_sign")
        await until(pilot, lambda: "by attempt" not in rig.text or rig.table().hidden_sort, "the title while held")
        await pilot.press("less_than_sign")
        await until(pilot, lambda: "by attempt" not in rig.text)


async def test_a_group_that_another_one_overtakes_stays_open_under_the_cursor(rig: Rig) -> None:
    async with rig.run() as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("home", "down")
        more = (job(str(9000 + number), error="worker killed (signal 9)") for number in range(20))
        await rig.know(pilot, after(data_gap(), {JOBS_FAILED: jobs(*more, *data_gap_failures())}))
        assert rig.table().model.keys[0] != GROUP, "it is the second largest now"
        assert rig.table().cursor_key == "8841"
        await pilot.press("r")
        await until(pilot, lambda: rig.shows(PlanScreen) and "1 job" in rig.text)
        assert "8841" in rig.text


@pytest.mark.parametrize("key", ["space", "shift+down", "asterisk"])
async def test_that_the_cursor_strayed_is_told_before_another_row_is_marked(rig: Rig, key: str) -> None:
    async with rig.run() as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("home", "down", "down", "space", "up")
        await rig.know(pilot, without(data_gap(), "8841"))
        await pilot.press(key)
        await until(pilot, lambda: "mark: the row under the cursor went away" in str(rig.told))
        assert rig.table().marked_keys == {"8839"}
        await pilot.press(key)
        await until(pilot, lambda: rig.table().marked_keys != {"8839"})


async def test_what_is_said_of_a_row_that_left_the_cursor_is_so(rig: Rig) -> None:
    async with rig.run() as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("slash", *"sap", "enter", "down")
        await until(pilot, lambda: rig.table().cursor_key == "8841")
        changed = [no_data(each.id, "BMW.DE", 1) if each.id == "8841" else each for each in data_gap_failures()]
        await rig.know(pilot, after(data_gap(), {JOBS_FAILED: jobs(*changed)}))
        await pilot.press("r")
        await until(pilot, lambda: "the filter took the row under the cursor away" in str(rig.told))


@pytest.mark.parametrize(
    ("keys", "gone", "words"),
    [
        (("home", "down"), ("8841",), "the row under the cursor went away"),
        (("home", "down", "space", "end"), ("8841",), "what was marked went away"),
    ],
)
async def test_what_went_away_is_told_before_another_row_is_meant(
    rig: Rig, keys: tuple[str, ...], gone: tuple[str, ...], words: str
) -> None:
    async with rig.run() as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        await pilot.press("2", *keys)
        await rig.know(pilot, without(data_gap(), *gone))
        await pilot.press("r")
        await until(pilot, lambda: any(words in told for told in rig.told))
        assert rig.app.screen is rig.app.dashboard
        await pilot.press("r")
        await until(pilot, lambda: isinstance(rig.app.screen, PlanScreen))
