"""The filter line over the keys, and the key that lists only what is broken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.pilot import Pilot

from backend.model.situation import Situation
from backend.parts import JOBS_FAILED
from tests.conftest import Rig
from tests.pilot.test_dashboard import GROUP
from tests.pilot.waiting import until
from tests.situations import after, data_gap, job, jobs, no_data
from tui.screens.plan import PlanScreen
from widgets.filter import FilterLine
from widgets.table_rows import Row

SAP = {"8841", "8835", "8829", "8823"}


@asynccontextmanager
async def watching(rig: Rig, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    async with rig.run(*size) as pilot:
        for _ in range(2):
            await rig.know(pilot, data_gap())
        yield pilot


def passing(rig: Rig, pane: str = "failures") -> set[str]:
    """The rows that pass, folded or not."""
    model = rig.table(pane).model
    return {key for key in model.rows.items if model.rows.is_row(key) and model.listing.accepted(key)}


def rows_of(rig: Rig, pane: str) -> list[Row]:
    """The rows that pass."""
    items = rig.table(pane).model.rows.items
    return [row for key in passing(rig, pane) if isinstance(row := items[key], Row)]


def is_open(rig: Rig) -> bool:
    return rig.app.dashboard.query_one(FilterLine).has_class("-open")


def title(rig: Rig) -> str:
    return next(line for line in rig.lines if "2 Failures" in line).partition("2 Failures")[2]


ALL = {"8832", "8826", "8824", *(str(8841 - 2 * number) for number in range(11))}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("SAP.DE", SAP),
        ("sap.de", SAP),
        ("zerodivision", {"8826"}),
        ("/SAP|Zero/", SAP | {"8826"}),
        ("/88(24|26)", {"8824", "8826"}),
        ("!no data", {"8832", "8826", "8824"}),
        ("no data for {symbol}", ALL - {"8832", "8826", "8824"}),
        ("11 x", set()),
        ("79 %", set()),
        ("id:883", {"8832", *(str(number) for number in range(8831, 8841, 2))}),
        ("strategy:pairs", {"8826"}),
        ("error:/^worker/", {"8832"}),
        ("nothing at all", set()),
    ],
)
async def test_only_what_fits_is_listed(rig: Rig, text: str, keys: set[str]) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *text, "enter")
        await until(pilot, lambda: passing(rig) == keys)
        assert not is_open(rig)
        assert f"/{text}" in title(rig)
        assert rig.table().has_focus
        assert rig.told == []


async def test_a_terminal_that_loses_the_focus_takes_no_key_away(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"SA")
        for event in (events.AppBlur(), events.AppFocus()):
            rig.app.post_message(event)
            await pilot.pause()
            assert is_open(rig)
        await pilot.press("P", "enter")
        await until(pilot, lambda: passing(rig) == SAP)
        rig.app.post_message(events.AppBlur())
        await pilot.press("1")
        await until(pilot, lambda: rig.table("jobs").has_focus)


async def test_the_data_pane_follows_the_row_to_which_a_filter_moves_the_cursor(rig: Rig) -> None:
    def told() -> str | None:
        selected = rig.app.desk.feed.platform._selected
        return None if selected is None else selected.id

    async with watching(rig) as pilot:
        await pilot.press("down")
        await until(pilot, lambda: told() == "8841")
        await pilot.press("slash", *"id:8835", "enter")
        await until(pilot, lambda: passing(rig) == {"8835"} and told() != "8841")
        assert rig.table().cursor_key in (told(), GROUP)


async def test_a_list_of_which_nothing_fits_says_so(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"xyz")
        await until(pilot, lambda: "none of 14 fits" in "\n".join(rig.lines))
        await pilot.press("escape")
        await until(pilot, lambda: passing(rig) == ALL)
        assert "fits" not in "\n".join(rig.lines)


async def test_it_is_applied_while_one_types(rig: Rig) -> None:
    async with watching(rig) as pilot:
        assert passing(rig) == ALL
        await pilot.press("slash", *"zero")
        await until(pilot, lambda: passing(rig) == {"8826"})
        assert is_open(rig)
        assert "/zero" in title(rig)


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
async def test_a_group_tells_how_many_of_its_rows_pass(rig: Rig, size: tuple[int, int]) -> None:
    def group(sign: str) -> list[str]:
        return [line for line in rig.lines if "No data for {symbol}" in line and sign in line]

    async with watching(rig, size) as pilot:
        assert group("79 %")
        await pilot.press("slash", *"sap", "enter")
        await until(pilot, lambda: passing(rig) == SAP)
        assert group("4 of 11")
        assert not group("79 %")
        await pilot.press("left")
        await until(pilot, lambda: bool(group("▸") and group("4 of 11")))
        await pilot.press("slash", "escape")
        await until(pilot, lambda: bool(group("79 %")) and not group(" of 11"))


async def test_escape_takes_it_away(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"zero", "enter")
        await until(pilot, lambda: passing(rig) == {"8826"})
        await pilot.press("slash")
        await until(pilot, lambda: is_open(rig))
        assert rig.app.dashboard.query_one(FilterLine).value == "zero", "what is in force can be mended"
        await pilot.press("escape")
        await until(pilot, lambda: passing(rig) == ALL)
        assert not is_open(rig)
        assert "/" not in title(rig)
        assert rig.table().has_focus


@pytest.mark.parametrize("text", ["/[", "/(a", "/*/", "!/[/", "error:/(/"])
async def test_what_is_no_regular_expression_is_told_and_changes_nothing(rig: Rig, text: str) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"zero", "enter")
        await until(pilot, lambda: passing(rig) == {"8826"})
        await pilot.press("slash")
        rig.app.dashboard.query_one(FilterLine).value = text  # at once: nothing in between can be applied
        await pilot.press("enter")
        await until(pilot, lambda: bool(rig.told))
        assert all(told.startswith("filter: not a regular expression: ") for told in rig.told)
        assert "/zero" in title(rig)
        assert passing(rig) == {"8826"}
        assert text not in title(rig)


@pytest.mark.parametrize("size", [(60, 17), (118, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_is_wrong_so_far_is_told_beside_it_as_long_as_it_is(rig: Rig, size: tuple[int, int]) -> None:
    async with watching(rig, size) as pilot:
        await pilot.press("slash")
        for typed, wrong in (("/", ""), ("(", "not a regular"), ("a", "not a regular"), ("[", "not a regular")):
            await pilot.press(typed)
            await until(pilot, lambda wrong=wrong: wrong in rig.lines[-1])  # type: ignore[misc]
        assert rig.lines[-1].startswith(" /(a[ ")
        assert rig.lines[-1].count("not a regular") == 1
        await pilot.press("b", "]", ")", "slash")
        await until(pilot, lambda: rig.lines[-1].strip() == "/(a[b])/")
        assert rig.told == []


LONG = "no data for SAP.DE in 2026-11-25 and on all the days after it"


@pytest.mark.parametrize("size", [(60, 17), (80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("keys", [(), ("1",)], ids=["whole", "left"])
async def test_a_long_filter_leaves_room_for_the_state(rig: Rig, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with watching(rig, size) as pilot:
        await pilot.press("slash")
        rig.app.dashboard.query_one(FilterLine).value = LONG
        await pilot.press("enter", "exclamation_mark", *keys)
        await until(pilot, lambda: "…" in title(rig) and "only broken" in title(rig))
        assert " /no" in title(rig)
        assert "✖ 14  0s" in title(rig)


async def test_marks_survive_it_and_are_not_meant_while_hidden(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("down", "space", "slash", *"zero", "enter")
        await until(pilot, lambda: passing(rig) == {"8826"})
        assert rig.table().marked_keys == {"8841"}
        await pilot.press("r")
        await until(pilot, lambda: "hidden by the filter" in str(rig.told))
        assert not rig.shows(PlanScreen)
        await pilot.press("slash", "escape", "r")
        await until(pilot, lambda: rig.shows(PlanScreen) and "targets" in rig.text)
        assert "8841  mean-revert-eu" in rig.text


@pytest.mark.parametrize(("marks", "told"), [(("asterisk",), "7 marked ones"), (("end", "space"), "1 marked one ")])
async def test_the_dialog_tells_of_marks_that_it_hides(rig: Rig, marks: tuple[str, ...], told: str) -> None:
    async with watching(rig) as pilot:
        await pilot.press("home", "down", "space", *marks, "slash", *"sap", "enter")
        await until(pilot, lambda: passing(rig) == SAP)
        await pilot.press("r")
        await until(pilot, lambda: rig.shows(PlanScreen) and f"leaves out: {told}" in rig.text)


async def test_keys_of_actions_are_letters_in_it(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"rSeyzahLq12345?!")
        await until(pilot, lambda: passing(rig) == set())
        assert rig.app.dashboard.query_one(FilterLine).value == "rSeyzahLq12345?!"
        assert rig.app.screen is rig.app.dashboard
        assert rig.app.dispatcher.busy is None
        assert not rig.app.dashboard.zoomed
        assert rig.told == []
        await pilot.press("enter", "escape", "r")
        await pilot.pause()
        assert is_open(rig) is False


async def test_it_stays_when_the_rows_change(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"sap", "enter")
        await until(pilot, lambda: passing(rig) == SAP)
        listed = data_gap().value(JOBS_FAILED)
        assert listed is not None
        more = jobs(no_data("9001", "SAP.DE", 0), no_data("9002", "BMW.DE", 0), *listed.jobs[1:])
        await rig.know(pilot, after(data_gap(), {JOBS_FAILED: more}))
        assert passing(rig) == SAP - {"8841"} | {"9001"}
        assert "/sap" in title(rig)


@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_who_goes_elsewhere_keeps_it_and_gets_there(rig: Rig, key: str) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"zero")
        await until(pilot, lambda: passing(rig) == {"8826"})
        await pilot.press(key)
        await until(pilot, lambda: not is_open(rig))
        await pilot.pause()
        assert "/zero" in title(rig)
        assert rig.app.dashboard.current is not None, "some pane has the keys"


async def test_the_other_panes_are_left_alone(rig: Rig) -> None:
    async with watching(rig) as pilot:
        before = passing(rig, "database")
        await pilot.press("slash", *"zero", "enter", "5")
        await until(pilot, lambda: passing(rig) == {"8826"})
        assert passing(rig, "database") == before
        await pilot.press("slash", *"2231", "enter")
        await until(pilot, lambda: passing(rig, "database") == {key for key in before if "2231" in key})
        assert passing(rig) == {"8826"}
        assert rig.table("database").has_focus


@pytest.mark.parametrize("key", ["slash", "exclamation_mark"])
async def test_a_pane_without_a_list_opens_no_line_and_says_so(rig: Rig, key: str) -> None:
    async with watching(rig) as pilot:
        await pilot.press("4", key)
        await until(pilot, lambda: rig.told == ["filter: Data has no list to filter"])
        await pilot.press("z")
        await pilot.pause()
        assert not is_open(rig)
        assert "only broken" not in rig.text
        assert rig.app.dashboard.zoomed, "keys are keys still"


async def test_only_what_is_broken(rig: Rig) -> None:
    async with watching(rig) as pilot:
        whole = passing(rig, "jobs")
        assert whole == {"8850", "8852", "8853", "8857"}
        await pilot.press("1", "exclamation_mark")
        assert passing(rig, "jobs") == {"8850", "8852"}, "over the limit, and near it"
        line = next(line for line in rig.lines if "1 Jobs" in line)
        assert "only broken" in line.partition("2 Failures")[0]
        await pilot.press("exclamation_mark")
        assert passing(rig, "jobs") == whole
        assert "only broken" not in rig.text


async def test_broken_among_the_processes_is_who_runs_too_long(rig: Rig) -> None:
    async with watching(rig) as pilot:
        every = passing(rig, "resources")
        await pilot.press("3", "exclamation_mark")
        late = {row.cells[2].tone for row in rows_of(rig, "resources")}
        assert 0 < len(passing(rig, "resources")) < len(every)
        assert late <= {"warn", "bad"}


async def test_broken_and_filter_together(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("1", "exclamation_mark", "slash", *"pairs", "enter")
        await until(pilot, lambda: passing(rig, "jobs") == set())
        await pilot.press("exclamation_mark")
        assert passing(rig, "jobs") == {"8853"}
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(passing(rig, "jobs")) == 4)


async def test_on_a_small_screen(rig: Rig) -> None:
    async with watching(rig, (60, 17)) as pilot:
        await pilot.press("slash", *"zero")
        await until(pilot, lambda: passing(rig) == {"8826"})
        await until(pilot, lambda: "/zero" in title(rig))  # two letters are enough for what passes
        assert any(line.strip().startswith("zero") for line in rig.lines[-2:])
        await pilot.press("escape")
        await until(pilot, lambda: passing(rig) == ALL)


async def test_all_that_failed_is_broken(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("2", "exclamation_mark")
        assert passing(rig) == ALL
        assert "only broken" in title(rig)
        await pilot.press("exclamation_mark")
        assert "only broken" not in title(rig)


def with_endless_error() -> Situation:
    listed = data_gap().value(JOBS_FAILED)
    assert listed is not None
    return after(data_gap(), {JOBS_FAILED: jobs(job("9001", error="a" * 300 + "!"), *listed.jobs)})


async def test_an_expression_that_is_slow_by_nature_is_told_and_keys_are_answered(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await rig.know(pilot, with_endless_error())
        await pilot.press("slash", *"/(a+)+$/", "enter")
        await until(pilot, lambda: any("takes too long" in told for told in rig.told))
        assert passing(rig) == ALL | {"9001"}
        assert "(a+)" not in title(rig)
        assert rig.table().has_focus


async def test_a_filter_that_new_rows_make_slow_is_lifted_and_the_title_says_so(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"/(a+)+$/", "enter")
        await until(pilot, lambda: passing(rig) == set())
        await rig.know(pilot, with_endless_error())
        assert passing(rig) == ALL | {"9001"}
        assert "//(a+)+$/ too slow, all shown" in title(rig)
        await pilot.press("slash", "escape")
        await until(pilot, lambda: "too slow" not in title(rig))


def burst(rig: Rig, *keys: str) -> None:
    """Keys that are all there before the program looks at the first."""
    for key in keys:
        named = {"/": "slash", " ": "space", "\r": "enter"}.get(key, key)
        rig.app.post_message(events.Key(named, key if len(key) == 1 and key.isprintable() else None))


async def test_what_comes_at_once_with_its_key_is_typed_into_it(rig: Rig) -> None:
    async with watching(rig) as pilot:
        burst(rig, *"/sap")
        await until(pilot, lambda: passing(rig) == SAP)
        assert is_open(rig)
        assert not rig.app.dashboard.zoomed
        assert rig.told == []


async def test_what_comes_at_once_with_its_end_is_for_the_filtered_list(rig: Rig) -> None:
    async with watching(rig) as pilot:
        burst(rig, *"/zero\r", "home", "down", " ")
        await until(pilot, lambda: bool(rig.table().marked_keys))
        assert passing(rig) == rig.table().marked_keys == {"8826"}
        assert rig.table().has_focus


async def test_what_comes_at_once_with_escape_is_for_the_whole_list(rig: Rig) -> None:
    async with watching(rig) as pilot:
        burst(rig, *"/zero", "escape", "z")
        await until(pilot, lambda: rig.app.dashboard.zoomed)
        assert passing(rig) == ALL
        assert not is_open(rig)


@pytest.mark.parametrize(("keys", "pane"), [(["5"], "database"), (["tab", "tab", "tab"], "database"), (["1"], "jobs")])
async def test_what_comes_at_once_with_a_change_of_the_pane_is_for_that_pane(
    rig: Rig, keys: list[str], pane: str
) -> None:
    async with watching(rig) as pilot:
        before = rig.table().cursor_key
        burst(rig, *keys, "end")
        table = rig.table(pane)
        await until(pilot, lambda: table.model.view.index == len(table.model.keys) - 1)
        assert table.has_focus
        assert rig.table().cursor_key == before


async def test_tab_in_it_goes_to_the_pane_after_the_filtered_one(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"zero", "tab")
        await until(pilot, lambda: passing(rig) == {"8826"} and not is_open(rig))
        assert rig.app.dashboard.current is rig.app.dashboard.panes["data"]


async def test_a_click_elsewhere_keeps_it_and_goes_there(rig: Rig) -> None:
    async with watching(rig) as pilot:
        await pilot.press("slash", *"zero")
        await pilot.click("#jobs-table")
        await until(pilot, lambda: passing(rig) == {"8826"} and not is_open(rig))
        assert rig.app.dashboard.current is rig.app.dashboard.panes["jobs"]
        assert "r requeue" not in rig.lines[-1]


@pytest.mark.parametrize("size", [(60, 17), (80, 20), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_it_stands_where_the_keys_stood_and_moves_nothing(rig: Rig, size: tuple[int, int]) -> None:
    async with watching(rig, size) as pilot:
        before, regions = rig.lines, {name: pane.region for name, pane in rig.app.dashboard.panes.items()}
        await pilot.press("slash")
        await until(pilot, lambda: "!inverse" in rig.lines[-1])
        assert rig.lines[:-1] == before[:-1]
        assert {name: pane.region for name, pane in rig.app.dashboard.panes.items()} == regions
        assert "requeue" not in rig.lines[-1], "its key is a letter now"
        if size[0] >= 80:
            assert "enter keeps   esc takes it away" in rig.lines[-1]
        await pilot.press("escape")
        await until(pilot, lambda: rig.lines == before)
