"""Whether what the themes colour can be read, by everybody."""

import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from textual.color import Color
from textual.theme import Theme

from backend.config.model import Colour, Environment
from tests import situations
from tests.conftest import Rig
from tui.screens.dashboard import ENVIRONMENTS
from tui.themes import COLOUR_BLIND, IN_TERMINAL_COLOURS, THEMES
from widgets.paint import Ground, Palette
from widgets.text import ASCII, Tone

ROOT = Path(__file__).parents[2]
TONES: tuple[Tone, ...] = ("plain", "strong", "ok", "warn", "bad", "accent", "changed", "place", "dim")
READABLE = 4.5
"""The contrast that WCAG 2 asks for (AA)."""
READABLE_AT_ALL = 3.5
"""What is left of it on the tints of the header, which have to tell one environment from another."""
APART = 0.12
"""Distance in linear RGB that two states keep at least, whoever looks."""
Matrix = tuple[tuple[float, float, float], ...]
# What is left of a colour without red or without green cones (Vienot, Brettel and Mollon 1999), in linear RGB.
PROTANOPIA: Matrix = ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0))
DEUTERANOPIA: Matrix = ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0))


def linear(color: Color) -> tuple[float, float, float]:
    def one(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return one(color.r), one(color.g), one(color.b)


def contrast(one: Color, other: Color) -> float:
    lights = sorted(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(each), strict=True))
                    for each in (one, other))  # fmt: skip
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def palette(theme: Theme, background: str) -> Palette:
    variables = {**theme.to_color_system().generate(), **theme.variables}
    return Palette(Color.parse(background), Color.parse(theme.foreground or ""), variables, mixes=True, stale=False)


def drawn(theme: Theme, background: str, ground: Ground, tone: Tone) -> tuple[Color, Color]:
    style = palette(theme, background).style(ground, tone)
    assert style.color is not None
    assert style.bgcolor is not None
    return Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("ground", ["row", "cursor", "blurred"])
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_tone_can_be_read_on_every_ground(theme: Theme, ground: Ground, tone: Tone) -> None:
    for background in (theme.background, theme.surface):
        assert background is not None
        text, behind = drawn(theme, background, ground, tone)
        assert contrast(text, behind) >= READABLE, f"{text.hex} on {behind.hex}"


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("tint", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_tone_can_be_read_on_every_header(theme: Theme, tint: str, tone: Tone) -> None:
    colour, share = tint.split()
    assert theme.background is not None
    header = Color.parse(theme.background).blend(Color.parse(colour), float(share.removesuffix("%")) / 100)
    text, behind = drawn(theme, header.hex, "row", tone)
    assert contrast(text, behind) >= READABLE_AT_ALL, f"{text.hex} on {behind.hex}"


@pytest.mark.parametrize("eye", [PROTANOPIA, DEUTERANOPIA], ids=["protanopia", "deuteranopia"])
def test_states_stay_apart_for_the_colour_blind(eye: Matrix) -> None:
    assert COLOUR_BLIND.background is not None
    seen = {}
    for tone in ("ok", "warn", "bad"):
        text, _ = drawn(COLOUR_BLIND, COLOUR_BLIND.background, "row", tone)
        light = linear(text)
        seen[tone] = [sum(w * c for w, c in zip(row, light, strict=True)) for row in eye]
    for one, other in combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance >= APART, f"{one} and {other}: {distance:.2f}"


async def test_without_colours_and_beyond_ascii_every_state_is_told_by_word_and_sign(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rig.app.glyphs = ASCII
    expected = {
        "? waiting": situations.waiting(), "? stale  10m": situations.stale(), "x failed  20s": situations.failed(),
        "? missing": situations.missing(), "+ ok": situations.calm(), "x 4 gaps": situations.data_gap(),
        "! disk": situations.data_gap(), "x 1 over limit": situations.data_gap(),
        "! 1 blocked": situations.data_gap(), "x FIRING": situations.data_gap(),
    }  # fmt: skip
    async with rig.run() as pilot:
        for word, found in expected.items():
            rig.clock.move((found.at - rig.clock.now()).total_seconds())
            await rig.know(pilot, found)
            assert word in rig.text
            assert rig.text.isascii(), "".join(char for char in rig.text if ord(char) > 127)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_nothing_is_drawn_in_the_colour_of_its_ground(rig: Rig, theme: str, size: tuple[int, int]) -> None:
    rig.app.theme = theme
    async with rig.run(*size) as pilot:
        await rig.know(pilot, situations.data_gap())
        for strip in rig.strips:
            for text, style, _ in strip:
                if text.strip() and style is not None and style.color is not None and not style.color.is_default:
                    assert style.color != style.bgcolor, text


@pytest.mark.parametrize(
    ("named", "ascii_only"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "POSIX"}, True),
        ({"LC_CTYPE": "C"}, True),
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "POSIX", "LANG": "C.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LANG": "C.UTF-8", "BACKTOP_ASCII": "1"}, True),
        ({"LANG": "C", "BACKTOP_ASCII": "0"}, False),
    ],
)
def test_the_locale_is_asked_even_where_python_itself_writes_utf_8(named: dict[str, str], ascii_only: bool) -> None:
    script = "from tui.themes import glyphs_for; from widgets.text import ASCII; print(glyphs_for() is ASCII)"
    environment = {**named, "TERM": "xterm-256color", "PATH": "/usr/bin:/bin"}
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert told.stdout.strip() == str(ascii_only).encode(), told.stderr


@pytest.mark.parametrize(("theme", "coloured"), [("backtop-dark", True), ("ansi-light", False), ("ansi-dark", False)])
async def test_the_header_is_coloured_only_where_colours_can_be_mixed(rig: Rig, theme: str, coloured: bool) -> None:
    async with rig.run() as pilot:
        rig.app.theme = theme
        await rig.know(pilot, situations.data_gap())
        header = rig.app.dashboard.query_one("#header")
        assert (header.styles.background.a > 0) is coloured
        rig.app.theme = "backtop-light"
        await rig.know(pilot, situations.data_gap())
        assert header.styles.background.a > 0


@pytest.mark.parametrize("colour", get_args(Colour))
@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_the_environment_has_its_colour_of_the_terminal_where_none_can_be_mixed(
    rigged: Callable[..., Rig], theme: str, colour: str
) -> None:
    rig = rigged(environment=Environment("staging", colour, locked=False))  # type: ignore[arg-type]
    rig.app.theme = theme
    async with rig.run() as pilot:
        await rig.know(pilot, situations.data_gap())
        styles = [style for text, style, _ in rig.strips[0] if text.strip() == "staging"]
        wanted = Color.parse(IN_TERMINAL_COLOURS[colour][theme == "ansi-light"])
        assert [style and style.color and style.color.number for style in styles] == [wanted.ansi]


@pytest.mark.parametrize("theme", ["ansi-dark", "backtop-dark"])
async def test_without_colours_the_word_alone_tells_the_environment(
    monkeypatch: pytest.MonkeyPatch, rigged: Callable[..., Rig], theme: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    rig = rigged()
    rig.app.theme = theme
    async with rig.run() as pilot:
        await rig.know(pilot, situations.data_gap())
        (style,) = (style for text, style, _ in rig.strips[0] if text.strip() == "production")
        assert style is not None
        for color in (style.color, style.bgcolor):
            assert color is None or color.is_default or len({*color.get_truecolor()}) == 1, "a grey at most"
