import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import ComposeResult

from tests.pilot.terminal import TerminalApp, settle
from widgets.paint import Picture, changed_cells, merged
from widgets.readout import Readout
from widgets.text import ASCII, Glyphs, Line, Span, fit_line, line, plain


class ReadoutApp(TerminalApp):
    glyphs: Glyphs = Glyphs()

    def compose(self) -> ComposeResult:
        yield Readout([line("cpu ", Span("61 %", "warn")), line("mem 71 %")])

    @property
    def readout(self) -> Readout:
        return self.query_one(Readout)


async def test_a_readout_is_as_high_as_its_lines_and_shows_them() -> None:
    app = ReadoutApp()
    async with app.run_test(size=(20, 4)) as pilot:
        await settle(pilot)
        assert app.readout.size.height == 2
        app.readout.show([line("a"), line("b"), line("c")])
        await settle(pilot)
        assert app.readout.size.height == 3
        assert [text.rstrip() for text in app.screen_text()] == ["a", "b", "c", ""]
        app.readout.show([line("z")])
        await settle(pilot)
        assert [text.rstrip() for text in app.screen_text()] == ["z", "", "", ""]


async def test_nothing_new_writes_nothing() -> None:
    app = ReadoutApp()
    async with app.run_test(size=(20, 4)) as pilot:
        await settle(pilot)
        app.take()
        app.readout.show([line("cpu ", Span("61 %", "warn")), line("mem 71 %")])
        app.readout.show(list(app.readout.lines))
        await settle(pilot)
        assert app.take() == ""


async def test_only_the_changed_line_is_sent_and_no_further_than_the_change() -> None:
    app = ReadoutApp()
    async with app.run_test(size=(60, 4)) as pilot:
        app.readout.show([line("cpu ", Span("61 %", "warn"), " load 3.1 and much more text here"), line("mem 71 %")])
        await settle(pilot)
        app.take()
        app.readout.show([line("cpu ", Span("62 %", "warn"), " load 3.1 and much more text here"), line("mem 71 %")])
        await settle(pilot)
        written = app.take()
        assert "62" in written
        assert "load" not in written
        assert "mem" not in written


async def test_stale_is_grey_and_fresh_is_not() -> None:
    app = ReadoutApp()
    async with app.run_test(size=(20, 4)) as pilot:
        await settle(pilot)
        fresh = app.readout.render_lines(app.readout.size.region)
        app.readout.show(app.readout.lines, stale=True)
        await settle(pilot)
        stale = app.readout.render_lines(app.readout.size.region)
        assert app.readout.stale
        assert [strip.text for strip in stale] == [strip.text for strip in fresh]
        assert len({segment.style for strip in stale for segment in strip}) == 1
        assert stale != fresh
        app.readout.show(app.readout.lines)
        await settle(pilot)
        assert app.readout.render_lines(app.readout.size.region) == fresh


async def test_a_change_of_theme_changes_the_colours() -> None:
    app = ReadoutApp()
    async with app.run_test(size=(20, 4)) as pilot:
        await settle(pilot)
        region = app.readout.size.region
        dark = app.readout.render_lines(region)
        for theme in ("textual-light", "ansi-dark", "ansi-light", "textual-dark"):
            app.theme = theme
            await pilot.pause()
            await settle(pilot)
            assert (app.readout.render_lines(region) == dark) == (theme == "textual-dark")
            assert "61 %" in app.screen_text()[0]


async def test_without_colours_bad_news_stand_out_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ReadoutApp()
    async with app.run_test(size=(20, 4)) as pilot:
        app.readout.show([line("ok ", Span("bad", "bad"))])
        await settle(pilot)
        (strip, *_) = app.readout.render_lines(app.readout.size.region)
        good, bad = list(strip)
        assert good.style is not None
        assert bad.style is not None
        assert bad.style.bold
        assert not good.style.bold


async def test_the_ascii_signs_are_a_switch_of_the_app() -> None:
    app = ReadoutApp()
    app.glyphs = ASCII
    async with app.run_test(size=(6, 4)) as pilot:
        app.readout.show([line("too long for it")])
        await settle(pilot)
        assert app.screen_text()[0] == "too l~"


async def test_hostile_text_is_shown_literally() -> None:
    app = ReadoutApp()
    async with app.run_test(size=(48, 4)) as pilot:
        app.readout.show([line("[/foo] [@click=app.quit]x[/] \x1b]52;c;AA\x07\x9b1m"), line("a\u202eb\tc\nd\ud800")])
        await settle(pilot)
        written = app.take()
        assert "\x1b]52" not in written
        assert "\x9b" not in written
        assert "\u202e" not in written
        assert app.screen_text()[0].rstrip() == "[/foo] [@click=app.quit]x[/] �]52;c;AA��1m"
        assert app.screen_text()[1].rstrip() == "a�b·c·d�"


spans = st.builds(
    Span,
    st.text(st.sampled_from("ab  株e\u0301👍c"), max_size=5),
    st.sampled_from(["plain", "bad", "ok"]),
)
lines = st.lists(spans, max_size=5).map(tuple)


@given(lines, lines, st.integers(1, 12), st.sampled_from(["row", "cursor"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_changed_cells_are_all_that_differ(old: Line, new: Line, width: int, ground: str) -> None:
    before = Picture("row", merged(fit_line(old, width)))
    after = Picture("cursor" if ground == "cursor" else "row", merged(fit_line(new, width)))
    assert plain(after.spans) == plain(fit_line(new, width))
    changed = changed_cells(before, after)
    first, last = changed or (0, 0)
    cells = [(was, now) for was, now in zip(looks(before), looks(after), strict=True)]
    assert all(was == now for x, (was, now) in enumerate(cells) if not first <= x < last)
    if changed:
        assert 0 <= first < last <= width


def looks(picture: Picture) -> list[tuple[str, str, str]]:
    """Return what each cell looks like."""
    from rich.cells import get_character_cell_size

    cells: list[tuple[str, str, str]] = []
    for span in picture.spans:
        for char in span.text:
            size = get_character_cell_size(char)
            if size:
                cells += [(char, span.tone if char != " " else "", picture.ground)]
                cells += [(f"half of {char}", span.tone, picture.ground)] * (size - 1)
            elif cells:
                cells[-1] = (cells[-1][0] + char, span.tone, picture.ground)
    return cells
