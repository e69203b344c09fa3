"""Text for the terminal: toned spans, and cells that always align.

This is the last border before the screen. What comes from outside was made harmless on the way in; here it is once
more made sure, cheaply, that no control character, escape or direction override passes, and that a text takes exactly
the cells that were counted for it. Nothing here interprets markup.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from rich.cells import cell_len, get_character_cell_size

Tone = Literal["plain", "dim", "strong", "ok", "warn", "bad", "accent", "changed", "place"]
"""What a piece of text means for the eye; the theme decides how it looks. A place is where actions act."""

Align = Literal["left", "right"]


class Span(NamedTuple):
    """A literal text and its tone."""

    text: str
    tone: Tone = "plain"


Line = tuple[Span, ...]
"""One line of text, left to right."""


class Glyphs(NamedTuple):
    """The signs that the widgets draw themselves, one cell each.

    ``bar`` and ``spark`` are scales, lowest first; ``corners`` are the upper two, then the lower.
    """

    mark: str = "•"
    closed: str = "▸"
    opened: str = "▾"
    ascending: str = "▲"
    descending: str = "▼"
    more: str = "…"
    thumb: str = "┃"
    rule: str = "─"
    upright: str = "│"
    branch: str = "└"
    corners: str = "╭╮╰╯"
    ok: str = "●"
    warn: str = "▲"
    bad: str = "✖"
    unknown: str = "○"
    changed: str = "▎"
    arrow: str = "→"
    dash: str = "–"
    dot: str = "·"
    bar: str = "▏▎▍▌▋▊▉█"
    track: str = " "
    spark: str = "▁▂▃▄▅▆▇█"


UNICODE = Glyphs()
ASCII = Glyphs(
    mark="*",
    closed=">",
    opened="v",
    ascending="^",
    descending="v",
    more="~",
    thumb="#",
    rule="-",
    upright="|",
    branch="`",
    corners="++++",
    ok="+",
    warn="!",
    bad="x",
    unknown="?",
    changed="'",
    arrow=">",
    dash="-",
    dot=".",
    bar="#",
    track=".",
    spark="_.-=+*#@",
)

_TYPOGRAPHY = str.maketrans("–—·…←→↑↓", "--.~<>^v")
"""Signs of our own sentences, and what stands for each where the terminal has no more than ASCII."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")

_WORDS = re.compile(r"( *)([^ ]+)")

_DOUBTFUL = re.compile(
    "[\u115f\u1160\u3164\uffa0"  # fillers, which nobody sees
    "\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376"  # wide since Unicode 16
    "\u3248-\u324f]"  # of ambiguous width in Unicode, wide in glibc, and so in tmux
)
"""Signs that take more cells in some terminals than in others."""
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
"""Regional indicators, A to Z: two of them are a flag, whose width depends on whether the terminal joins them."""

_MARKS_A_CELL = 8
"""A text with more characters a cell than this is cut unread: piled-up marks take no cells but cost work."""


class _Harmless(dict[int, str]):
    """What is drawn for each character, found out once per character."""

    def __missing__(self, code: int) -> str:
        self[code] = drawn = _drawn(chr(code))
        return drawn


def _drawn(char: str) -> str:
    if char in "\t\n\r\v\f\x85\u2028\u2029":
        return "·"
    if "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return ""  # selectors of another look for the same sign: terminals disagree about their width
    if ord(char) in _FLAG_LETTERS:
        return chr(ord("A") + ord(char) - _FLAG_LETTERS.start)
    category = unicodedata.category(char)
    if category == "Mc" or _DOUBTFUL.match(char):
        return "�"  # marks that take room, as vowels of Indic scripts, have no cell by Unicode and one by glibc
    if category == "Zs":
        return " " if get_character_cell_size(char) == 1 else "  "
    return char if char.isprintable() else "�"


_HARMLESS = _Harmless()


def shown(text: str) -> str:
    """Return `text` as it is drawn: one line, no control or format characters, no surrogates, no private signs.

    What terminals count differently is not drawn as it is: the columns behind it would stand elsewhere than counted.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_HARMLESS)


def in_ascii(text: str) -> str:
    """Return `text` with no more than ASCII, in as many cells: what there is no sign for is a `?` in each of its own.

    The bytes of anything else are commands to a terminal of eight bits, or take other cells than were counted.
    """
    if text.isascii():
        return text
    return _BEYOND_ASCII.sub(lambda run: "?" * cell_len(run[0]), text.translate(_TYPOGRAPHY))


def width(text: str) -> int:
    """Return the number of cells that `text` takes when drawn."""
    return _size(shown(text))


def _size(drawn: str) -> int:
    """Return the number of cells of a text that is as it is drawn."""
    return len(drawn) if drawn.isascii() else cell_len(drawn)


def crop(text: str, cells: int, more: str = "…") -> str:
    """Return `text` as drawn in at most `cells` cells; where something was left out it ends in `more` (one cell)."""
    drawn, _, whole = _cut(text, cells)
    if whole or cells <= 0:
        return drawn
    return _head(drawn, cells - 1) + more


def crop_front(text: str, cells: int, more: str = "…") -> str:
    """Return the end of a plain text that has more than `cells` cells, behind `more`; any other text as it is."""
    if len(text) <= cells or cells < 1 or not (text.isascii() and text.isprintable()):
        return text
    return more + text[len(text) - cells + 1 :]


def _cut(text: str, cells: int) -> tuple[str, int, bool]:
    """Return what of `text` fits into `cells`, as drawn, how many it takes, and whether that is all of it."""
    limit = max(cells, 0) * _MARKS_A_CELL
    drawn = shown(text[:limit])
    size = _size(drawn)
    if size <= cells:
        return drawn, size, len(text) <= limit
    head = _head(drawn, cells)
    return head, _size(head), False


def _head(drawn: str, cells: int) -> str:
    """Return the characters that fit whole into `cells`, with their combining marks."""
    if drawn.isascii():
        return drawn[: max(cells, 0)]
    used = 0
    for index, char in enumerate(drawn):
        used += get_character_cell_size(char)
        if used > cells:
            return drawn[:index]
    return drawn


def fit(text: str, cells: int, align: Align = "left", more: str = "…") -> str:
    """Return `text` as drawn in exactly `cells` cells, cropped or padded with spaces."""
    return _fit(text[: max(cells, 0) * _MARKS_A_CELL + 1], cells, align, more)


@lru_cache(maxsize=4096)
def _fit(text: str, cells: int, align: Align, more: str) -> str:
    drawn = crop(text, cells, more)
    space = " " * (cells - _size(drawn))
    return space + drawn if align == "right" else drawn + space


def wrapped(text: str, cells: int, most: int | None = None, more: str = "…") -> list[str]:
    """Return `text` as drawn on lines of at most `cells` cells, one at least; of more than `most` the end is `more`.

    It is broken at blanks. A word that takes most of a line is broken where the line ends, and so is a script that has
    no blanks; nothing of it is lost.
    """
    cells = max(cells, 2)  # a wide character has to find room
    lines, begun, used = [], "", 0
    for gap, word in _WORDS.findall(shown(text).rstrip(" ")):
        lead, at, size = gap if begun else "", 0, _size(word)
        while size > (room := cells - used - len(lead)):
            if not begun or 4 * min(room, size) >= 3 * cells or size > cells:
                # Only as much as can find room is looked at: a word may be a whole file.
                head = _head(word[at : at + max(room, 0) * _MARKS_A_CELL], room)
                begun, at, size = begun + (lead + head if head else ""), at + len(head), size - _size(head)
            lines.append(begun)
            if most is not None and len(lines) > most:
                return _ended(lines, cells, most, more)
            begun, used, lead = "", 0, ""
        begun, used = begun + lead + word[at:], used + len(lead) + size
    lines.append(begun)
    return lines if most is None or len(lines) <= most else _ended(lines, cells, most, more)


def _ended(lines: list[str], cells: int, most: int, more: str) -> list[str]:
    """Return the first of the lines, the last of which says that there were more."""
    return [*lines[: most - 1], _head(lines[most - 1], cells - 1) + more]


def line(*parts: str | Span) -> Line:
    """Return a line of the given parts; plain strings are plain spans."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def plain(spans: Iterable[Span]) -> str:
    """Return the text of a line as it is drawn, without tones."""
    return "".join(shown(span.text) for span in spans)


def line_width(spans: Iterable[Span]) -> int:
    """Return the number of cells that a line takes when drawn."""
    return sum(width(span.text) for span in spans)


def crop_line(spans: Iterable[Span], cells: int, more: str = "…") -> Line:
    """Return a line as drawn in at most `cells` cells; where something was left out it ends in `more`."""
    return _cropped(spans, cells, more)[0]


def _cropped(spans: Iterable[Span], cells: int, more: str) -> tuple[Line, int]:
    """Return a line as drawn in at most `cells` cells, and how many of them are left."""
    kept: list[Span] = []
    left = cells
    for span in spans:
        drawn, size, whole = _cut(span.text, left)
        left -= size
        if drawn:
            kept.append(span if drawn is span.text else Span(drawn, span.tone))
        if not whole:
            return _with_more(kept, left, more)
    return tuple(kept), left


def _with_more(kept: list[Span], left: int, more: str) -> tuple[Line, int]:
    """Return the line with `more` at its end, for which its last characters make room, and the cells that are left."""
    while kept and left < 1:
        last = kept.pop()
        head = _head(last.text, _size(last.text) - 1)
        left += _size(last.text) - _size(head)
        if head:
            kept.append(Span(head, last.tone))
    if left < 1:
        return (), left
    return (*kept, Span(more, kept[-1].tone if kept else "plain")), left - 1


def fit_line(spans: Iterable[Span], cells: int, more: str = "…") -> Line:
    """Return a line as drawn in exactly `cells` cells, cropped or padded with a plain span."""
    kept, missing = _cropped(spans, cells, more)
    return (*kept, Span(" " * missing)) if missing > 0 else kept


def both_ends(lead: Iterable[Span], tail: Iterable[Span], cells: int, more: str = "…") -> Line:
    """Return one line of exactly `cells` cells: `lead` at the left, `tail` at the right; the lead is cropped first."""
    end, left = _cropped(tail, cells, more)
    if left == cells:
        return fit_line(lead, cells, more)
    room = max(0, left - 1)
    gap = (Span(" " * (left - room)),) if left > 0 else ()
    return (*fit_line(lead, room, more), *gap, *end)
