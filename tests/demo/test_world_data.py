"""Gaps, repairs and completeness agree with each other."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.demo.worker import NO_ROOM
from tui.demo.world.calendar import is_trading_day, trading_days
from tui.demo.world.data import DataSide, missing_total
from tui.demo.world.outcome import NO_SPACE, error_of_run, missing_for, no_data
from tui.demo.world.refusal import UnreadableError
from tui.demo.world.repair import Range, parse_range, remainder, within
from tui.demo.world.scale import grown
from tui.demo.world.scenario import build
from tui.demo.world.seed import Fate, Gap, StrategyConfig

START = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
DAY = date(2026, 1, 1)
DAYS = st.integers(0, 60).map(lambda number: DAY + timedelta(days=number))
RANGES = st.tuples(DAYS, DAYS).map(lambda pair: Range(min(pair), max(pair)))


@st.composite
def gaps(draw: st.DrawFn) -> Gap:
    days = draw(RANGES.map(lambda of: trading_days(of.start, of.end)).filter(bool))
    return Gap("SAP.DE", days[0], days[-1], len(days))


def missing(*parts: Gap) -> list[date]:
    return [day for gap in parts for day in trading_days(gap.start, gap.end)]


@given(gaps(), RANGES)
def test_what_is_filled_and_what_is_left_make_the_gap(gap: Gap, days: Range) -> None:
    left, filled = remainder(gap, days), within(gap, days)
    parts = [*left, *([filled] if filled else [])]
    assert sorted(missing(*parts)) == missing(gap)
    assert sum(part.days for part in parts) == gap.days
    assert all(not days.start <= day <= days.end for day in missing(*left))
    assert all(is_trading_day(part.start) and is_trading_day(part.end) for part in parts)


@given(gaps(), RANGES, st.booleans())
def test_a_job_fails_for_exactly_the_days_it_needs(gap: Gap, days: Range, sample: bool) -> None:
    config = StrategyConfig(("DTE.DE", "SAP.DE"), days.start, days.end, "1d", use_sample_data=sample)
    hit = missing_for(config, [gap])
    touches = gap.start <= days.end and days.start <= gap.end
    assert hit == (gap if touches and not sample else None)
    error = error_of_run(config, Fate(1, 1, 5), 0, [gap])
    assert error == (no_data(gap) if hit else None)


def test_the_end_of_a_run_in_order_of_weight() -> None:
    config = StrategyConfig(("SAP.DE",), DAY, DAY + timedelta(days=30), "1d")
    gap = Gap("SAP.DE", DAY, DAY, 1)
    buggy = Fate(1, 1, 5, error="ZeroDivisionError: x")
    assert error_of_run(config, buggy, -9, [gap]) == "worker killed (signal 9)"
    assert error_of_run(config, buggy, -15, []) == "worker terminated (signal 15)"
    assert error_of_run(config, buggy, 1, [gap]) == "No data for SAP.DE in 2026-01-01..2026-01-01"
    assert error_of_run(config, buggy, 1, []) == "ZeroDivisionError: x"
    assert error_of_run(config, buggy, NO_ROOM, [gap]) == NO_SPACE
    assert error_of_run(config, Fate(1, 1, 5), 75, []) == "worker ended with exit code 75"
    assert error_of_run(config, Fate(1, 1, 5), 0, []) is None


def test_the_first_symbol_without_data_is_named() -> None:
    config = StrategyConfig(("B", "A"), DAY, DAY, "1d")
    hit = missing_for(config, [Gap("A", DAY, DAY, 1), Gap("B", DAY, DAY, 1), Gap("C", DAY, DAY, 1)])
    assert hit is not None
    assert hit.symbol == "B"


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("last_7d", (date(2026, 11, 13), date(2026, 11, 20))),
        ("last_0d", (date(2026, 11, 20), date(2026, 11, 20))),
        ({"start": "2026-11-01", "end": "2026-11-02"}, (date(2026, 11, 1), date(2026, 11, 2))),
    ],
)
def test_ranges_are_read(asked: object, days: tuple[date, date]) -> None:
    assert parse_range(asked, START) == Range(*days)


@pytest.mark.parametrize(
    "asked",
    ["", "7d", "last_d", "last_-1d", "last_²d", None, 7, [], {}, {"start": "x", "end": "y"}, {"start": "2026-11-02"},
     {"start": "2026-11-02", "end": "2026-11-01"}],
)  # fmt: skip
def test_other_ranges_are_refused(asked: object) -> None:
    with pytest.raises(UnreadableError):
        parse_range(asked, START)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["SAP.DE", "BMW.DE", "DTE.DE", "AUTO_DETECT"]), st.integers(0, 12))))
def test_repairs_only_ever_make_data_more_complete(asked: list[tuple[str, int]]) -> None:
    data = DataSide(build("data-gap", 1, START))
    for symbol, back in asked:
        before, left = data.completeness_percent, sum(gap.days for gap in data.gaps)
        planned = data.repair([symbol], parse_range(f"last_{back}d", START), START)
        assert data.steps[-len(planned) :] == planned or not planned
        for step in planned:
            filled = sum(gap.days for gap in data.closed_by(step))
            data.complete(step, START)
            left -= filled
        assert sum(gap.days for gap in data.gaps) == left
        assert data.completeness_percent >= before
        for each in data.symbols:
            assert (each.completeness_percent == 100.0) == (each.name not in data.gapped())
    assert data.steps == ()


def test_symbols_are_repaired_one_after_the_other() -> None:
    data = DataSide(build("data-gap", 1, START))
    first = data.repair(["AUTO_DETECT"], parse_range("last_7d", START), START)
    second = data.repair(["DTE.DE"], parse_range("last_7d", START), START)
    dues = [step.due for step in (*first, *second)]
    assert [step.symbol for step in (*first, *second)] == ["SAP.DE", "BMW.DE", "ALV.DE", "DTE.DE"]
    assert dues == sorted(set(dues))
    assert dues[0] > START


def test_the_active_source_is_always_one() -> None:
    data = DataSide(build("calm", 1, START))
    assert [data.switch(to_backup, START) for to_backup in (True, True, False, False)] == [True, False, True, False]
    data.switch(True, START)
    assert [source.role for source in data.sources if source.active] == ["backup"]


def test_a_refresh_takes_a_moment_and_validates() -> None:
    data = DataSide(build("calm", 1, START))
    due = data.refresh(START)
    data.settle(due - timedelta(milliseconds=1))
    assert (data.refreshing, data.validated_at) == (True, START)
    data.settle(due)
    assert (data.refreshing, data.validated_at, data.refreshed_at) == (False, due, due)


def test_what_lacks_days_of_one_symbol_in_many_is_not_complete() -> None:
    data = DataSide(grown(build("storm", 1, START), names=500))
    assert missing_total(data.gaps) == 5
    assert data.completeness_percent == 99.9
    for step in data.repair(["AUTO_DETECT"], Range(DAY, START.date()), START):
        data.complete(step, START)
    assert data.completeness_percent == 100.0
