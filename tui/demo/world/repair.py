"""Repairs of market data: which days, how long, and what is left of a gap."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tui.demo.world.calendar import trading_days
from tui.demo.world.refusal import UnreadableError
from tui.demo.world.seed import Gap

PER_SYMBOL = timedelta(seconds=0.8)
PER_DAY = timedelta(seconds=0.2)


@dataclass(frozen=True, slots=True)
class Range:
    """Days from `start` to `end`, both included."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Step:
    """One symbol's part of a repair: its days can be there at `due`."""

    symbol: str
    days: Range
    due: datetime


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = re.compile(r"[0-9]{1,5}")


def parse_range(value: object, now: datetime) -> Range:
    """What `date_range` means: `last_7d`, or `{"start": "2026-11-01", "end": "2026-11-20"}`; else UnreadableError."""
    if isinstance(value, str) and value.startswith("last_") and value.endswith("d") and _DAYS.fullmatch(value[5:-1]):
        back = min(int(value[5:-1]), 36500)
        return Range(now.date() - timedelta(days=back), now.date())
    if isinstance(value, Mapping):
        days = Range(_day(value.get("start")), _day(value.get("end")))
        if days.start <= days.end:
            return days
        raise UnreadableError("date_range starts after its end")
    raise UnreadableError("date_range is neither last_<days>d nor an object with start and end")


def _day(value: object) -> date:
    """A day as people write it; Python reads others, and numbers are none."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:  # there is no such day
        pass
    raise UnreadableError("date_range needs start and end as YYYY-MM-DD")


def within(gap: Gap, days: Range) -> Gap | None:
    """The part of `gap` that lies in `days`; None without one."""
    inside = trading_days(max(gap.start, days.start), min(gap.end, days.end))
    return Gap(gap.symbol, inside[0], inside[-1], len(inside)) if inside else None


def remainder(gap: Gap, days: Range) -> tuple[Gap, ...]:
    """What is left of `gap` when `days` are filled: nothing, one gap or two."""
    if within(gap, days) is None:
        return (gap,)
    left = [day for day in trading_days(gap.start, gap.end) if day < days.start]
    right = [day for day in trading_days(gap.start, gap.end) if day > days.end]
    return tuple(Gap(gap.symbol, part[0], part[-1], len(part)) for part in (left, right) if part)


def steps(symbols: Iterable[str], gaps: Iterable[Gap], days: Range, begin: datetime) -> tuple[Step, ...]:
    """The repair of `symbols`, one after the other from `begin`; more missing days take longer."""
    known = tuple(gaps)
    planned = []
    for symbol in symbols:
        missing = sum(part.days for gap in known if gap.symbol == symbol and (part := within(gap, days)))
        begin += PER_SYMBOL + missing * PER_DAY
        planned.append(Step(symbol, days, begin))
    return tuple(planned)
