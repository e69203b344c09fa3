"""The instruments that every scenario knows, and how complete gaps leave them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from tui.demo.world.calendar import WINDOW, trading_day_before, trading_days
from tui.demo.world.seed import Gap, Symbol

EUROPE = (
    "SAP.DE", "BMW.DE", "ALV.DE", "DTE.DE", "SIE.DE", "BAS.DE", "BAYN.DE", "MUV2.DE",
    "VOW3.DE", "ADS.DE", "IFX.DE", "DBK.DE", "AIR.PA", "MC.PA", "OR.PA", "TTE.PA",
)  # fmt: skip
AMERICA = ("AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "JPM", "XOM", "JNJ", "PG", "V", "UNH", "HD", "KO")
CURRENCIES = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF", "USDCAD", "NZDUSD", "EURGBP")
FUNDS = ("SPY", "TLT")
NAMES = EUROPE + AMERICA + CURRENCIES + FUNDS

HISTORY = timedelta(days=365)
CLOSE = time(21, 30, tzinfo=UTC)
"""When the bars of a day are stored."""


def last_full_day(now: datetime) -> date:
    """The last trading day whose bars can all be there at `now`."""
    return trading_day_before(now.date())


def gap(symbol: str, last: date, days: int) -> Gap:
    """The `days` trading days up to and including `last` are missing for `symbol`."""
    return Gap(symbol, trading_day_before(last, days - 1), last, days)


def gaps_of(name: str, days: Iterable[date]) -> Iterator[Gap]:
    """The gaps that these missing trading days of the symbol `name` make: one for all that follow on each other."""
    run: list[date] = []
    for day in sorted(days):
        if run and trading_day_before(day) != run[-1]:
            yield Gap(name, run[0], run[-1], len(run))
            run = []
        run.append(day)
    if run:
        yield Gap(name, run[0], run[-1], len(run))


def missing_days(name: str, gaps: Iterable[Gap]) -> set[date]:
    """The trading days that `gaps` take from the symbol `name`."""
    return {day for gap in gaps if gap.symbol == name for day in trading_days(gap.start, gap.end)}


def completeness(missing: set[date], last: date) -> float:
    """Percent of the last `WINDOW` trading days up to `last` that are there, to one decimal."""
    window = trading_days(trading_day_before(last, WINDOW - 1), last)
    return round(100.0 * sum(day not in missing for day in window) / len(window), 1)


def with_gaps(symbol: Symbol, gaps: Iterable[Gap]) -> Symbol:
    """`symbol` with the completeness and last update that follow from `gaps`."""
    missing = missing_days(symbol.name, gaps)
    newest = symbol.last_date
    while newest in missing:
        newest = trading_day_before(newest)
    return Symbol(
        name=symbol.name,
        completeness_percent=completeness(missing, symbol.last_date),
        last_update=datetime.combine(newest, CLOSE),
        first_date=symbol.first_date,
        last_date=symbol.last_date,
    )


def symbols(now: datetime, gaps: Iterable[Gap] = ()) -> tuple[Symbol, ...]:
    """All symbols with one year of history up to the last full day before `now`, less `gaps`."""
    last = last_full_day(now)
    first = trading_days(last - HISTORY, last)[0]
    missing = tuple(gaps)
    whole = (Symbol(name, 100.0, datetime.combine(last, CLOSE), first, last) for name in NAMES)
    return tuple(with_gaps(symbol, missing) for symbol in whole)
