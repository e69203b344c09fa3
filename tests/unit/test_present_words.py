from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text import percent
from widgets.present.words import (
    against,
    ago,
    bar,
    clock_span,
    completeness,
    first,
    fitting,
    joined,
    number,
    rough,
    share_tone,
    since,
    size,
    span,
    spark,
    time_of_day,
)
from widgets.text import ASCII, UNICODE, Span, line, line_width, plain


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (None, "–"), (-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (7199, "119m"), (7200, "2h"),
        (172_799, "47h"), (172_800, "2d"), (86_400 * 400, "400d"),
        (-6, "-6s"), (-180, "-3m"), (-5999, "-99m"), (-6000, "-1h"), (-86_400 * 5, "-5d"),
    ],
)  # fmt: skip
def test_a_span_has_one_unit(seconds: float | None, word: str) -> None:
    assert span(seconds) == word


@pytest.mark.parametrize(("seconds", "word"), [(-1, "0m"), (59, "0m"), (2520, "42m"), (3600, "1h00"), (11_880, "3h18")])
def test_hours_and_minutes(seconds: float, word: str) -> None:
    assert clock_span(seconds) == word


def test_moments() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert since(noon - timedelta(minutes=3), noon) == "3m"
    assert since(None, noon) == "–"
    assert since(noon + timedelta(minutes=3), noon) == "-3m"
    assert ago(noon - timedelta(minutes=3), noon) == "3m ago"
    assert ago(noon + timedelta(seconds=2), noon) == "0s ago", "no two clocks agree"
    assert ago(noon + timedelta(minutes=3), noon) == "in 3m"
    assert time_of_day(None) == "–"
    assert time_of_day(noon.astimezone(timezone(timedelta(hours=9)))) == "12:00:00"


@pytest.mark.parametrize(
    ("value", "digits", "word", "tone"),
    [
        (None, 0, "–", "plain"), (99.8, 1, "99.8 %", "ok"), (100, 0, "100 %", "ok"), (0, 0, "0 %", "bad"),
        (9999, 0, "9999 % odd", "warn"), (-1, 0, "-1 % odd", "warn"), (99.96, 1, "99.9 %", "ok"),
        (98.96, 1, "98.9 %", "warn"), (99.6, 0, "99 %", "ok"), (89.5, 0, "89 %", "bad"), (96.2, 1, "96.2 %", "warn"),
    ],
)  # fmt: skip
def test_what_is_no_share_of_a_whole_is_odd(value: float | None, digits: int, word: str, tone: str) -> None:
    assert completeness(value, digits) == word
    assert share_tone(value) == tone


FOUR = [line(word) for word in ("one", "two", "three", "four")]


@pytest.mark.parametrize(
    ("cells", "of", "told"),
    [
        (99, None, "one two three four"), (18, None, "one two three four"), (17, None, "one two three +1"),
        (15, None, "one two +2"), (9, None, "one +3"), (1, None, "one +3"), (99, 12, "one two three four +8"),
        (20, 12, "one two three +9"), (99, 1234, "one two three four +1,230"),
    ],
)  # fmt: skip
def test_of_what_finds_no_room_the_number_is_told(cells: int, of: int | None, told: str) -> None:
    assert plain(joined(first(FOUR, cells, " ", of), " ")) == told
    assert first([], cells) == []


@pytest.mark.parametrize(
    ("count", "word"),
    [
        (None, "–"), (0, "0B"), (1023, "1023B"), (1024, "1K"), (2**20, "1M"), (812 * 2**20, "812M"),
        (round(2.1 * 2**30), "2.1G"), (500 * 2**30, "500G"), (2**50, "1024T"),
    ],
)  # fmt: skip
def test_sizes(count: float | None, word: str) -> None:
    assert size(count) == word


@given(st.integers(0, 10**12 - 10**9))
def test_a_rough_count_takes_four_cells(count: int) -> None:
    assert len(rough(count)) <= 4


@pytest.mark.parametrize(
    ("count", "word"), [(0, "0"), (999, "999"), (999.6, "1k"), (91_220, "91k"), (812_004_113, "812M")]
)
def test_rough_counts(count: float, word: str) -> None:
    assert rough(count) == word


def test_numbers_and_percentages() -> None:
    assert [number(4812), number(None), percent(96.24, 1), percent(71.4), percent(None)] == [
        "4,812", "–", "96.2 %", "71 %", "–",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "limit", "word"),
    [
        (84.6, 85, "84 %"), (85, 85, "85 %"), (85.4, 85, "85 %"), (84.4, 85, "84 %"), (84.54, 84.55, "84 %"),
        (84.2, 84.1, "85 %"), (99.6, 100, "99 %"), (100, 100, "100 %"), (86.6, 85, "87 %"), (0.2, 85, "0 %"),
    ],
)  # fmt: skip
def test_a_rounded_percentage_stands_on_its_own_side_of_the_limit(value: float, limit: float, word: str) -> None:
    assert percent(value, limit=limit) == word


@given(st.floats(0, 200), st.floats(1, 100), st.integers(0, 2))
def test_no_percentage_crosses_its_limit_by_being_rounded(value: float, limit: float, digits: int) -> None:
    told = float(percent(value, digits, limit).removesuffix(" %"))
    assert (told < limit) == (value < limit)
    assert abs(told - value) <= 10.0**-digits


@given(st.floats(0, 100), st.integers(0, 2))
def test_no_data_is_called_more_complete_than_it_is(value: float, digits: int) -> None:
    assert float(completeness(value, digits).removesuffix(" %")) <= value


def test_a_value_is_bad_at_its_limit_and_warns_before() -> None:
    assert [against(value, 90) for value in (80.9, 81, 89.9, 90, 120)] == ["ok", "warn", "warn", "bad", "bad"]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@given(share=st.floats(-1, 3), cells=st.integers(0, 40))
def test_a_bar_takes_its_cells_whatever_the_share(glyphs: object, share: float, cells: int) -> None:
    assert isinstance(glyphs, type(UNICODE))
    assert len(bar(share, cells, glyphs)) == cells


def test_bars() -> None:
    assert [bar(share, 4, UNICODE) for share in (0, 0.5, 1 / 32, 1, 2)] == ["    ", "██  ", "▏   ", "████", "████"]
    assert bar(0.5, 4, ASCII) == "##.."


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@given(share=st.floats(0, 1, exclude_max=True), cells=st.integers(1, 40))
def test_a_bar_is_full_only_where_nothing_is_missing(glyphs: object, share: float, cells: int) -> None:
    assert isinstance(glyphs, type(UNICODE))
    assert bar(share, cells, glyphs) != bar(1, cells, glyphs) == glyphs.bar[-1] * cells


def test_a_spark_shows_the_last_samples_at_the_right() -> None:
    assert spark((0, 50, 100, 250, -3), 8, UNICODE) == "   ▁▅██▁"
    assert spark(range(0, 100, 10), 3, UNICODE) == "▆▇█"
    assert spark((), 4, UNICODE) == "    "
    assert spark((5, 5), 2, UNICODE, low=5, high=5) == "▁▁"


PARTS = st.lists(st.text("abc", max_size=6).map(lambda text: (Span(text),) if text else ()), max_size=6)


@given(PARTS, st.integers(0, 30))
def test_only_what_fits_whole_is_shown_and_the_first_always(parts: list[tuple[Span, ...]], cells: int) -> None:
    shown = fitting(parts, cells)
    wholes = [joined(parts[:count]) for count in range(len(parts) + 1)]
    assert shown in wholes
    first = next((line_width(part) for part in parts if part), 0)
    assert line_width(shown) <= max(cells, first)


def test_what_finds_no_room_is_left_out_whole() -> None:
    parts = [(Span("active 4"),), (), (Span("pending 11"),), (Span("used 80 %"),)]
    assert plain(fitting(parts, 21)) == "active 4   pending 11"
    assert plain(fitting(parts, 20)) == "active 4"
    assert plain(fitting(parts, 2)) == "active 4"
