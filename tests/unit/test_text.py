import tracemalloc
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text import SIGNATURE_LENGTH, clean, listed, signature

ANYTHING = st.text(st.characters(), max_size=200) | st.text(
    st.sampled_from("a \x1b[3;1m\x07\u202e\u200b\ud800\ufe0f\n\t\x9b\u2066…"), max_size=80
)


@given(ANYTHING)
def test_clean_text_holds_nothing_that_a_terminal_obeys_or_a_reader_cannot_see(text: str) -> None:
    cleaned = clean(text)
    for letter in cleaned:
        assert unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"}, hex(ord(letter))
        assert letter not in "\u200b\u200d\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\u061c\xad"
        assert ord(letter) & 0xFFFE != 0xFFFE


@given(ANYTHING, st.integers(0, 40))
def test_clean_is_idempotent_and_never_longer_than_asked(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert clean(cleaned, limit) == cleaned


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text.strip()


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.binary(), st.lists, max_leaves=5))
def test_anything_can_be_cleaned(value: object) -> None:
    assert isinstance(clean(value), str)


def test_what_cannot_even_be_written_is_named() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert clean(nested) == "[[['…']]]"
    assert clean(10**5000) == "(int)"
    while nested:  # by hand: freeing it recursively would be deep, too
        nested = nested.pop()  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (None, ""),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "�]0;title�x"),
        ("\x9b31mx", "�31mx"),
        ("two\r\nlines\tand a tab", "two  lines and a tab"),
        ("abc\u202ecod.exe", "abc�cod.exe"),
        ("a\u200bb", "a�b"),
        ("\ud800", "�"),
        ("⚠\ufe0f", "⚠"),
        (b"caf\xe9", "caf�"),
        ("[red]not markup[/red]", "[red]not markup[/red]"),
        ("日本 ünï", "日本 ünï"),
    ],
)
def test_clean_examples(raw: object, shown: str) -> None:
    assert clean(raw) == shown


HARMFUL = (
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F),  # controls but for line ends and tabs
    (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x070F, 0x070F), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0xD800, 0xDFFF), (0xFDD0, 0xFDEF), (0xFFFE, 0xFFFF), (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    *((plane | 0xFFFE, plane | 0xFFFF) for plane in range(0x10000, 0x110000, 0x10000)),
)  # fmt: skip
"""Signs that a terminal obeys or a reader cannot see, from the first to the last of each kind."""


@pytest.mark.parametrize(("first", "last"), HARMFUL, ids=lambda code: f"{code:x}")
def test_each_harmful_sign_becomes_visible(first: int, last: int) -> None:
    passed = [hex(code) for code in range(first, last + 1) if clean(f"a{chr(code)}b") != "a�b"]
    assert passed == []


@pytest.mark.parametrize(
    ("codes", "instead"), [((9, 10, 11, 12, 13, 0x85, 0x2028, 0x2029), " "), (range(0xFE00, 0xFE10), "")]
)
def test_line_ends_become_blanks_and_variants_vanish(codes: Iterable[int], instead: str) -> None:
    assert [hex(code) for code in codes if clean(f"a{chr(code)}b") != f"a{instead}b"] == []


@given(st.characters(categories=("L", "N", "P", "S")))
def test_a_sign_that_is_seen_stays_unless_it_is_a_filler(sign: str) -> None:
    filler = any(first <= ord(sign) <= last for first, last in HARMFUL)
    assert clean(f"a{sign}b") == ("a�b" if filler else f"a{sign}b")


def test_colours_do_not_count_for_the_length() -> None:
    coloured = "\x1b[0m" * 5 + "abcdefghij"
    assert clean(coloured, 10) == "abcdefghij"
    assert clean(coloured, 9) == "abcdefgh…"


def test_what_is_cut_says_so() -> None:
    assert clean("abcdef", 4) == "abc…"
    assert clean(" " * 1000 + "x", 10) == "…"
    assert len(clean("x" * 10_000_000)) == 2000


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("No data for SAP.DE in 2026-11-17..2026-11-19", "No data for {symbol} in {date}..{date}"),
        ("No data for BMW.DE in 2026-11-17..2026-11-19", "No data for {symbol} in {date}..{date}"),
        ("No data for AAPL in 2026-11-17..2026-11-19", "No data for {symbol} in {date}..{date}"),
        ("No data for SAP.DE, BMW.DE and ALV.DE", "No data for {symbol}"),
        ("EUR/USD spread missing", "{symbol} spread missing"),
        ("worker killed (signal 9)", "worker killed (signal 9)"),
        ("worker ended with exit code 137", "worker ended with exit code 137"),
        ("GET http://localhost:3000/api?x=1 said HTTP 503", "GET {url} said HTTP 503"),
        ("ZeroDivisionError in /srv/adaf/src/mean.py:42", "ZeroDivisionError in {path}"),
        ("ZeroDivisionError in src/strategies/mean.py:7", "ZeroDivisionError in {path}"),
        ('File "/a/b c/d.py", line 12, in run', "File {text}, line {n}, in run"),
        ('File "/a/b/c.py", line 12, in run', "File {path}, in run"),
        ("KeyError: 'close'", "KeyError: {text}"),
        ("job 8841 timed out after 2700.5 s", "job {n} timed out after {n} s"),
        ("job-8841 can't start, don't wait", "job-{n} can't start, don't wait"),
        ("connection to 10.0.0.1:5432 refused", "connection to {ip} refused"),
        ("connection to fe80::1 refused", "connection to {ip} refused"),
        ("at 12:33:11 unable to allocate 2.1 GiB at 0xdeadbeef", "at {time} unable to allocate {n} GiB at {hex}"),
        ("run 550e8400-e29b-41d4-a716-446655440000 lost", "run {uuid} lost"),
        ("2026-11-22T13:00:00.5Z int64 overflow", "{date} int64 overflow"),
        ("", ""),
    ],
)
def test_signature_examples(error: str, expected: str) -> None:
    assert signature(error) == expected


@given(ANYTHING)
def test_a_signature_is_short_and_always_the_same(text: str) -> None:
    found = signature(text)
    assert len(found) <= SIGNATURE_LENGTH
    assert signature.__wrapped__(text) == found


@given(st.integers(0, 10**9), st.dates(), st.from_regex(r"[A-Z]{2,5}\.[A-Z]{2}", fullmatch=True))
def test_what_varies_does_not_split_a_group(number: int, day: object, symbol: str) -> None:
    assert signature(f"step {number}: no bars for {symbol} on {day}") == "step {n}: no bars for {symbol} on {date}"


@pytest.mark.parametrize("text", ["[" * 600, "1." * 300, "a/" * 300, "'" * 600, "::" * 300, "A" * 600, "0x" * 300])
def test_no_text_makes_the_signature_hang(text: str) -> None:
    assert signature.__wrapped__(text)


def test_of_a_long_list_the_beginning_is_written_out() -> None:
    long = list(range(1_000_000))
    tracemalloc.start()
    try:
        assert clean(long).startswith("[0, 1, 2, 3")
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert clean({"a": [{"b": [1, [2]]}]}) == "{'a': [{'b': '…'}]}"


@pytest.mark.parametrize(
    ("names", "said"), [((), ""), (("a",), "a"), (("a", "b"), "a, b"), (("a", "b", "c", "d"), "a, b and 2 more")]
)
def test_the_first_names_and_how_many_more(names: tuple[str, ...], said: str) -> None:
    assert listed(names, 2) == said
