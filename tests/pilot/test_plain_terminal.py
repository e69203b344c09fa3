"""What opens over the dashboard where the terminal has little: no colours, or no more than ASCII."""

from collections.abc import Callable

import pytest
from textual.command import CommandPalette

from tests.conftest import Rig
from tests.pilot.waiting import until
from tests.situations import data_gap
from tui.screens.help import HelpScreen
from tui.screens.menu import MenuScreen
from tui.screens.plan import PlanScreen
from widgets.text import ASCII


@pytest.fixture
def plain(rig: Rig) -> Rig:
    rig.app.glyphs = ASCII
    return rig


@pytest.mark.parametrize(
    ("key", "screen", "sign"),
    [
        ("r", PlanScreen, "[n] Cancel"),
        ("S", PlanScreen, "[esc] Cancel"),
        ("a", MenuScreen, "esc closes"),
        ("question_mark", HelpScreen, "dashboard"),
        ("ctrl+p", CommandPalette, "find a command"),
    ],
)
@pytest.mark.parametrize("size", [(60, 17), (80, 24), (120, 40)])
async def test_what_opens_over_the_dashboard_is_ascii_too(
    plain: Rig, key: str, screen: type, sign: str, size: tuple[int, int]
) -> None:
    async with plain.run(*size) as pilot:
        await plain.know(pilot, data_gap())
        await pilot.press("3" if key == "S" else "2", key)
        await until(pilot, lambda: plain.shows(screen) and sign in plain.text)
        assert plain.text.isascii(), sorted({sign for sign in plain.text if not sign.isascii()})


@pytest.mark.parametrize("severity", ["information", "warning", "error"])
async def test_what_is_said_is_ascii_too(plain: Rig, severity: str) -> None:
    async with plain.run(120, 40) as pilot:
        await plain.know(pilot, data_gap())
        plain.app.notify("it is so", title="a word", severity=severity)  # type: ignore[arg-type]
        await until(pilot, lambda: "it is so" in plain.text)
        assert plain.text.isascii(), sorted({sign for sign in plain.text if not sign.isascii()})


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "backtop-dark", "backtop-light"])
@pytest.mark.parametrize("key", ["z", "r"])
async def test_without_colours_nothing_is_drawn_in_the_colour_of_its_ground(
    monkeypatch: pytest.MonkeyPatch, rigged: Callable[..., Rig], theme: str, key: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rig = rigged()
    rig.app.theme = theme
    async with rig.run(120, 40) as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("2", key)
        await until(pilot, lambda: key != "r" or "[n] Cancel" in rig.text)
        for strip in rig.strips:
            for text, style, _ in strip:
                if text.strip() and style is not None and style.color is not None and not style.color.is_default:
                    assert style.color != style.bgcolor, text
