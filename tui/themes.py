"""The colours: four themes of our own beside Textual's, and what the terminal asks for by itself.

A state is always a word and a glyph too; colour only makes it faster to find.
"""

import locale
import os
from collections.abc import Mapping
from pathlib import Path

from textual.theme import Theme

from widgets.text import ASCII, UNICODE, Glyphs

DARK = Theme(
    name="backtop-dark",
    primary="#5aa9e6",
    secondary="#8fb8de",
    accent="#7fd1ff",
    foreground="#d6dde6",
    background="#0f1419",
    surface="#161d26",
    panel="#1d2631",
    success="#7bc47f",
    warning="#e6b450",
    error="#ff6b6b",
    dark=True,
    variables={"tone-changed": "#d3a8f0"},
)
LIGHT = Theme(
    name="backtop-light",
    primary="#1f6fb2",
    secondary="#40627f",
    accent="#005f9e",
    foreground="#1f2933",
    background="#fbfbf8",
    surface="#f0f1ee",
    panel="#e4e6e2",
    success="#1c6b2a",
    warning="#8a5a00",
    error="#b3161b",
    dark=False,
    variables={"tone-changed": "#6c3193"},
)
CONTRAST = Theme(
    name="backtop-contrast",
    primary="#ffffff",
    secondary="#ffffff",
    accent="#00e5ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#101010",
    success="#00ff5f",
    warning="#ffd700",
    error="#ff5f5f",
    dark=True,
    variables={"tone-changed": "#ff87ff"},
)
COLOUR_BLIND = Theme(
    # Blue, yellow and orange of the palette by Okabe and Ito, which stay apart without red or green cones.
    name="backtop-colour-blind",
    primary="#56b4e9",
    secondary="#56b4e9",
    accent="#56b4e9",
    foreground="#e6e6e6",
    background="#101216",
    surface="#181b21",
    panel="#20242c",
    success="#56b4e9",
    warning="#f0e442",
    error="#e69f00",
    dark=True,
    variables={"tone-changed": "#dd9dc1", "tone-accent": "#9ad0f5"},
)
IN_TERMINAL_COLOURS = {
    "red": ("ansi_bright_red", "ansi_red"),
    "orange": ("ansi_yellow", "ansi_bright_red"),
    "yellow": ("ansi_bright_yellow", "ansi_yellow"),
    "green": ("ansi_bright_green", "ansi_green"),
    "blue": ("ansi_bright_blue", "ansi_blue"),
    "magenta": ("ansi_bright_magenta", "ansi_magenta"),
    "cyan": ("ansi_bright_cyan", "ansi_cyan"),
}
"""The colour of an environment where only the terminal's own can be used: on a dark ground, and on a light one."""
THEMES = (DARK, LIGHT, CONTRAST, COLOUR_BLIND)


def glyphs_for() -> Glyphs:
    """Unicode, unless the locale cannot write it or the terminal is too plain; `BACKTOP_ASCII` decides, 0 or 1."""
    given = _given()
    asked = given.get("BACKTOP_ASCII", "")
    if asked:
        return UNICODE if asked == "0" else ASCII
    if given.get("TERM", "") in ("dumb", "linux", "vt100", "vt220"):
        return ASCII
    named = next(filter(None, (given.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))), "C")
    written = locale.getencoding().casefold().replace("-", "")
    return UNICODE if written in ("utf8", "utf16", "utf32") and named not in ("C", "POSIX") else ASCII


def _given() -> Mapping[str, str]:
    """The environment that this program was started with.

    Where the locale is the plain one, Python puts another in its place (PEP 538); tmux, for one, takes the first at its
    word, and writes a `_` for every sign that is not ASCII.
    """
    try:
        told = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (pair.partition("=") for pair in os.fsdecode(told).split("\0"))
    return {name: value for name, _, value in pairs}
