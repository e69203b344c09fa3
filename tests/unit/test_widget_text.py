import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from wcwidth import wcwidth

from widgets.text import (
    ASCII,
    UNICODE,
    Span,
    both_ends,
    crop,
    crop_front,
    crop_line,
    fit,
    fit_line,
    in_ascii,
    line,
    line_width,
    plain,
    shown,
    width,
    wrapped,
)

AT_ONCE = 2.0
"""Seconds of the processor: what goes over a text once takes far less, and what does so for every line far more."""
HOSTILE = [
    "\x1b]52;c;AAAA\x07",
    "\x9b31m",
    "a\u202eb",
    "[/foo]",
    "[@click=app.quit]x[/]",
    "👩\u200d👩\u200d👧 ❤\ufe0f 👍🏽",
    "e\u0301" * 5,
    "a\tb\nc\r\u2028d",
    "\ud800x\udfff",
    "x" * 100_000,
    "\u0301" * 100_000,
    "株式会社" * 50,
    "\u3000\xa0\u3164",
    "\ue0b0\U000e0041",
    "डेटा नहीं मिला",
    "☰⚊㉈䷀\U0001d300 \u302e",
    "🇩🇪🇩",
]
anything = st.text(st.characters(), max_size=40) | st.sampled_from(HOSTILE)
lines = st.lists(st.builds(Span, anything, st.sampled_from(["plain", "bad", "dim"])), max_size=6).map(tuple)


def harmless(text: str) -> bool:
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in text)


@given(anything)
def test_no_control_format_or_surrogate_is_ever_drawn(text: str) -> None:
    drawn = shown(text)
    assert harmless(drawn)
    drawn.encode()
    assert shown(drawn) == drawn


TMUX = {
    **dict.fromkeys([*range(0x2630, 0x2638), *range(0x268A, 0x2690)], 1),
    **dict.fromkeys([*range(0x1D300, 0x1D357), *range(0x1D360, 0x1D377)], 1),
    **dict.fromkeys(range(0x3248, 0x3250), 2),
    **dict.fromkeys([*range(0x302E, 0x3030), *range(0x16FF0, 0x16FF2)], 2),
    **dict.fromkeys([0x903, 0x93E, 0x940, 0x9BE, 0xBBE, 0x102B, 0x17B6, 0xA880, 0x11000, 0x16F51, 0x1D165], 1),
}
"""Cells that tmux 3.3a on glibc 2.36 moved its cursor by, of each kind of sign that others count differently."""


def test_all_that_count_cells_agree_about_each_sign_that_is_drawn() -> None:
    drawn = {sign for code in range(0x110000) for sign in shown(chr(code))}
    counted = {
        sign: {
            get_character_cell_size(sign),
            get_character_cell_size(sign, unicodedata.unidata_version),  # an older terminal that knows the sign
            wcwidth(sign),
            TMUX.get(ord(sign), wcwidth(sign)),
        }
        for sign in drawn
    }
    assert {hex(ord(sign)): cells for sign, cells in counted.items() if len(cells) > 1} == {}
    assert len(drawn) > 100_000


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("की", "क�"), ("नहीं", "नह�\u0902"), ("☰ ㉈", "� �"), ("🇩🇪 🇺", "DE U"), ("ünï 株 ●", "ünï 株 ●")],
)
def test_what_terminals_count_differently_gives_way_to_what_they_do_not(text: str, drawn: str) -> None:
    assert shown(text) == drawn


@given(anything)
def test_in_ascii_a_text_takes_the_cells_that_it_takes_anywhere(text: str) -> None:
    drawn = shown(text)
    assert in_ascii(drawn).isascii()
    assert len(in_ascii(drawn)) == cell_len(drawn)


def test_what_ascii_has_no_sign_for_is_a_question_mark_in_each_cell() -> None:
    assert in_ascii("a\xdbb\u06db 株式 e\u0301 … \x1b[1mplain") == "a?b ???? e ~ \x1b[1mplain"


@given(anything, st.integers(-2, 60), st.sampled_from(["left", "right"]), st.sampled_from(["…", "~"]))
def test_a_fitted_text_takes_exactly_its_cells(text: str, cells: int, align: str, more: str) -> None:
    drawn = fit(text, cells, "right" if align == "right" else "left", more)
    assert cell_len(drawn) == max(cells, 0)
    assert harmless(drawn)


@given(anything, st.integers(0, 60))
def test_a_cropped_text_is_whole_or_says_that_it_is_not(text: str, cells: int) -> None:
    drawn = crop(text, cells)
    assert cell_len(drawn) <= cells
    if drawn != shown(text) and cells:
        assert drawn.endswith("…")
        assert shown(text).startswith(drawn[:-1])


@given(lines, lines, st.integers(0, 60))
def test_lines_take_exactly_their_cells(lead: tuple[Span, ...], tail: tuple[Span, ...], cells: int) -> None:
    assert line_width(crop_line(lead, cells)) <= cells
    assert line_width(fit_line(lead, cells)) == cells
    assert line_width(both_ends(lead, tail, cells)) == cells


@pytest.mark.parametrize(
    ("text", "cells", "drawn"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("abc", 0, ""),
        ("株式会社", 5, "株式…"),
        ("株式会社", 4, "株…"),
        ("a\nb\tc", 9, "a·b·c"),
        ("[/foo]", 9, "[/foo]"),
        ("e\u0301e\u0301", 1, "…"),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
    ],
)
def test_crop(text: str, cells: int, drawn: str) -> None:
    assert crop(text, cells) == drawn


def test_the_lead_makes_room_for_the_tail() -> None:
    assert plain(both_ends(line("11 x No data"), line("79 %"), 12)) == "11 x N… 79 %"
    assert plain(both_ends(line("11 x"), line("79 %"), 12)) == "11 x    79 %"
    assert plain(both_ends(line("11 x"), line("79 %"), 4)) == "79 %"
    assert plain(both_ends(line("11 x"), (), 6)) == "11 x  "


def test_a_line_that_is_cut_between_spans_says_so_and_keeps_its_tones() -> None:
    assert crop_line(line("abc", Span("def", "bad")), 3) == line("ab", "…")
    assert crop_line(line("abc", Span("def", "bad")), 5) == (Span("abc"), Span("d", "bad"), Span("…", "bad"))


def test_every_sign_takes_one_cell_and_the_plain_set_is_ascii() -> None:
    for rich, poor in zip(UNICODE, ASCII, strict=True):
        for sign in (*rich, *poor):
            assert width(sign) == 1
        assert poor.isascii()


@pytest.mark.parametrize(
    ("text", "cells", "drawn"),
    [
        ("8841", 6, "8841"),
        ("1002901", 6, "…02901"),
        ("1002901", 1, "…"),
        ("1002901", 0, "1002901"),
        ("überlang", 4, "überlang"),
    ],
)
def test_of_a_plain_name_the_end_is_kept(text: str, cells: int, drawn: str) -> None:
    assert crop_front(text, cells) == drawn


@given(anything, st.integers(2, 40), st.none() | st.integers(1, 4))
def test_a_wrapped_text_loses_nothing_and_keeps_to_its_cells(text: str, cells: int, most: int | None) -> None:
    lines = wrapped(text, cells, most)
    assert all(cell_len(each) <= cells for each in lines)
    told, whole = "".join("".join(lines).split(" ")), "".join(shown(text).split(" "))
    if most is None or told == whole:
        assert told == whole
    else:
        assert len(lines) == most
        assert told.endswith("…")
        assert whole.startswith(told[:-1])


def test_words_stay_whole_where_they_can() -> None:
    assert wrapped("no answer within 10 s", 10) == ["no answer", "within 10", "s"]
    assert wrapped("unit: /opt/bin/systemctl is gone", 16) == ["unit: /opt/bin/s", "ystemctl is gone"]
    assert wrapped("株式会社は答えません", 8) == ["株式会社", "は答えま", "せん"]
    assert wrapped("a  b", 8) == ["a  b"]
    assert wrapped("", 8) == [""]
    assert wrapped("one two three four", 9, 2) == ["one two", "three…"]


FILES = {"wide": "株" * 100_000, "plain": "x" * 100_000, "marks": "\u0301" * 100_000, "words": "株 " * 50_000}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_text_as_long_as_a_file_is_wrapped_at_once(text: str) -> None:
    started = time.process_time()
    told = "".join(wrapped(text, 40))
    assert len(wrapped(text, 40, 3)) <= 3
    assert time.process_time() - started < AT_ONCE
    assert told.replace(" ", "") == text.replace(" ", "")
