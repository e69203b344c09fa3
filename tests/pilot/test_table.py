from collections.abc import Sequence
from unicodedata import normalize

import pytest
from textual.app import ComposeResult
from textual.events import MouseScrollDown
from textual.pilot import Pilot
from textual.widgets import Input

from tests.pilot.terminal import TerminalApp, settle
from tests.unit.test_widget_text import HOSTILE
from widgets.table import LiveTable
from widgets.table_columns import Column, Flex
from widgets.table_order import Sort
from widgets.table_rows import Cell, Group, Item, Row
from widgets.text import Glyphs, line

COLUMNS = (
    Column("id", "id", 5, priority=80),
    Column("cpu", "cpu", 5, align="right", priority=60),
    Column("error", "error", Flex(8), essential=True),
)


def row(number: int, cpu: int = 0, error: str = "No data", parent: str | None = None) -> Row:
    return Row(f"k{number}", (Cell(str(number)), Cell(f"{cpu} %", "warn", cpu), Cell(error, "bad")), parent)


GROUPED: Sequence[Item] = [
    Group("g1", line("2 x No data"), line("79 %")),
    row(1, 30, parent="g1"),
    row(2, 20, parent="g1"),
    Group("g2", line("1 x killed"), line("14 %"), False),
    row(3, 10, "killed", parent="g2"),
]


class TableApp(TerminalApp):
    glyphs = Glyphs()

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def compose(self) -> ComposeResult:
        yield LiveTable(COLUMNS)
        yield Input()

    @property
    def table(self) -> LiveTable:
        return self.query_one(LiveTable)

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        assert isinstance(message.control, LiveTable)
        self.told.append(("cursor", message.key))

    def on_live_table_marks_changed(self, message: LiveTable.MarksChanged) -> None:
        self.told.append(("marks", set(message.keys)))

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        self.told.append(("opened", message.key))

    def lines(self) -> list[str]:
        return [text.rstrip() for text in self.screen_text()[: self.table.size.height]]


async def show(pilot: Pilot[None], items: Sequence[Item]) -> TableApp:
    app = pilot.app
    assert isinstance(app, TableApp)
    app.table.focus()
    app.table.update(items)
    await settle(pilot)
    app.take()
    return app


async def test_what_did_not_change_writes_nothing() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, GROUPED)
        app.table.update(GROUPED)
        app.table.update([item._replace() for item in GROUPED])
        app.table.acknowledge()
        app.table.filter("")
        app.table.only(None)
        app.table.sort_by(None)
        await settle(pilot)
        assert app.take() == ""


async def test_a_changed_cell_sends_its_line_up_to_it_and_no_more() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, [row(1), row(2), row(3)])
        app.table.acknowledge()
        app.table.update([row(1), row(2, cpu=7), row(3)])
        await settle(pilot)
        written = app.take()
        assert "  7\x1b" in written
        assert "No data" not in written
        assert written.count("\n") == 0
        assert len(written) < 200


async def test_the_terminal_shows_the_table_after_any_updates() -> None:
    async with TableApp().run_test(size=(44, 12)) as pilot:
        app = await show(pilot, [])
        texts = ["株式会社", "e\u0301e\u0301", "👍🏽 x", "plain", "", "y" * 99]
        for step in range(24):
            rows = [
                row(number, cpu=(step * number) % 5, error=texts[(step + number) % 6]) for number in range(step % 9)
            ]
            app.table.update(rows)
            await settle(pilot)
            drawn = [strip.text.rstrip() for strip in app.table.render_lines(app.table.size.region)]
            assert app.lines() == [normalize("NFC", text) for text in drawn]


async def test_an_empty_table_shows_nothing() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, GROUPED)
        assert "cpu" in app.lines()[0]
        app.table.update([])
        await settle(pilot)
        assert not any(app.lines())
        assert app.table.cursor_key is None
        await pilot.press("down", "space", "asterisk", "enter", "left", "shift+down", "end", "pageup")
        assert app.told[-1] == ("cursor", None)


async def test_keys_move_mark_fold_sort_and_open() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, GROUPED)
        assert app.lines()[:5] == [
            "  id      cpu error",
            "▾ 2 x No data                                          79 %",
            "  1      30 % No data",
            "  2      20 % No data",
            "▸ 1 x killed                                           14 %",
        ]
        await pilot.press("down", "space", "shift+down")
        await settle(pilot)
        assert app.table.marked_keys == {"k1", "k2"}
        assert app.lines()[2].startswith("• 1")
        await pilot.press("end", "right", "down")
        assert app.table.cursor_key == "k3"
        await pilot.press("left")
        assert app.table.cursor_key == "g2"
        await pilot.press("enter", "asterisk", "home", "asterisk")
        assert app.table.marked_keys == {"k3"}
        await pilot.press("pagedown", "greater_than_sign", "greater_than_sign", "greater_than_sign")
        await settle(pilot)
        assert app.lines()[0] == "  id     cpu▲ error"
        assert app.table.model.keys == ["g1", "k2", "k1", "g2", "k3"]
        await pilot.press("less_than_sign", "enter")
        assert app.table.model.listing.sort == Sort(0, descending=True)
        await settle(pilot)
        assert app.told[-1] == ("opened", "k3")
        assert ("cursor", "g2") in app.told


async def test_cursor_and_marks_follow_their_rows() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, [row(1), row(2), row(3)])
        await pilot.press("down", "space")
        app.table.update([row(9), row(3), row(8), row(2), row(1)])
        await settle(pilot)
        assert app.table.cursor_key == "k2"
        assert app.table.marked_keys == {"k2"}
        assert app.lines()[1:6] == [
            " ▎9       0 % No data",
            "  3       0 % No data",
            " ▎8       0 % No data",
            "• 2       0 % No data",
            "  1       0 % No data",
        ]
        app.table.update([row(9), row(3), row(8), row(1)])
        await settle(pilot)
        assert app.table.cursor_key == "k1"
        assert app.table.model.strayed == "marks"
        assert app.table.marked_keys == frozenset()
        app.table.acknowledge()
        await settle(pilot)
        assert app.lines()[1] == "  9       0 % No data"


async def test_the_mouse_selects_folds_sorts_opens_and_scrolls() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, GROUPED)
        await pilot.click(LiveTable, offset=(5, 3))
        assert app.table.cursor_key == "k2"
        await pilot.click(LiveTable, offset=(0, 1))
        assert app.table.model.keys == ["g1", "g2"]
        await pilot.click(LiveTable, offset=(20, 8))
        assert app.table.cursor_key == "g1"
        for sort in (Sort(1), Sort(1, descending=True), None):
            await pilot.click(LiveTable, offset=(9, 0))
            assert app.table.model.listing.sort == sort
        await pilot.click(LiveTable, offset=(0, 0))
        assert app.table.model.listing.sort is None
        app.table.update([row(number) for number in range(40)])
        await pilot.double_click(LiveTable, offset=(5, 2))
        await pilot._post_mouse_events([MouseScrollDown], LiveTable, offset=(5, 5))
        await settle(pilot)
        assert app.table.model.view.top == 3
        assert app.table.cursor_key == "k3"
        assert app.lines()[1].split()[0] == "▎3"
        assert ("opened", "k1") in app.told


async def test_the_picture_does_not_jump_when_rows_come_above() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, [row(number) for number in range(30)])
        app.table.model.move(20)
        app.table.update([row(number) for number in range(30)])
        await settle(pilot)
        seen = app.lines()
        app.table.update([row(99), row(98), *(row(number) for number in range(30))])
        await settle(pilot)
        assert [text[:20] for text in app.lines()] == [text[:20] for text in seen]


async def test_the_cursor_looks_different_with_and_without_the_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    for no_color, theme in ((False, "textual-dark"), (False, "ansi-dark"), (True, "textual-dark")):
        if no_color:
            monkeypatch.setenv("NO_COLOR", "1")
        async with TableApp().run_test(size=(60, 12)) as pilot:
            pilot.app.theme = theme
            app = await show(pilot, [row(1), row(2)])
            region = app.table.size.region
            focused = app.table.render_lines(region)
            app.query_one(Input).focus()
            await settle(pilot)
            blurred = app.table.render_lines(region)
            app.table.stale = True
            await settle(pilot)
            stale = app.table.render_lines(region)
            assert len({str(list(strips[1])) for strips in (focused, blurred, stale)}) == 3
            assert str(list(focused[1])) != str(list(focused[2]))
            assert focused[2] == blurred[2] != stale[2]
            assert focused[1].text == blurred[1].text == stale[1].text


async def test_filters_say_what_is_wrong_with_them() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, GROUPED)
        assert app.table.filter("killed") is None
        assert app.table.model.keys == ["g2"]
        assert "regular expression" in (app.table.filter("/(") or "")
        assert app.table.model.keys == ["g2"]
        app.table.filter("")
        app.table.only(lambda each: each.key == "k1")
        assert app.table.model.keys == ["g1", "k1"]
        app.table.sort_by("cpu", descending=True)
        assert app.table.model.listing.sort == Sort(1, descending=True)


async def test_what_is_told_before_the_table_is_there_is_shown_when_it_is() -> None:
    class Early(TableApp):
        def compose(self) -> ComposeResult:
            table = LiveTable(COLUMNS, titles=False)
            table.update([row(1)])
            table.stale = False
            yield table

    app = Early()
    async with app.run_test(size=(60, 12)) as pilot:
        await settle(pilot)
        assert app.lines()[0] == "  1       0 % No data"
        assert ("cursor", "k1") in app.told


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (9, 4), (17, 5), (300, 100)])
async def test_hostile_texts_and_sizes_harm_nothing(size: tuple[int, int]) -> None:
    async with TableApp().run_test(size=size) as pilot:
        items: list[Item] = [
            Row(text, (Cell(text), Cell(text), Cell(text)), None if number % 2 else "g")
            for number, text in enumerate(HOSTILE)
        ]
        app = await show(pilot, [Group("g", line(*HOSTILE), line(HOSTILE[0])), *items])
        await pilot.press("end", "space", "asterisk", "shift+up", "greater_than_sign", "home", "left")
        app.table.filter("\x1b")
        await settle(pilot)
        app.refresh()
        app.screen.refresh()
        await settle(pilot)
        written = app.take()
        assert not {"\x9b", "\u202e", "\x07", "\t"} & set(written)
        assert "\x1b]52" not in written


async def test_another_size_draws_for_it() -> None:
    async with TableApp().run_test(size=(60, 12)) as pilot:
        app = await show(pilot, GROUPED)
        await pilot.resize_terminal(20, 6)
        await settle(pilot)
        strips = app.table.render_lines(app.table.size.region)
        assert [strip.cell_length for strip in strips] == [20] * app.table.size.height
        assert strips[0].text == "  id    error       "
