"""What PostgreSQL holds: the roles, schema `market_data`, and the bars of every symbol; days in a gap have no rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from tui.demo.address import DATABASE, ENGINE, WATCHER
from tui.demo.world.calendar import trading_days
from tui.demo.world.scenario import Gap, Scenario, Symbol
from tui.demo.world.symbols import missing_days

TABLES = ("daily_prices", "minute_bars")
MINUTE_DAYS = 5
"""Trading days of minute bars, counted back from a symbol's last day."""
BAR_MINUTES = 15
OPEN, CLOSE = time(8, 0), time(20, 45)
PAUSE_SECONDS = 0.25
"""How long a query that goes over all bars waits each time: they are few, and would be read in a millisecond."""

_DAILY = "COPY market_data.daily_prices (symbol, trading_day, open, high, low, close, volume) FROM stdin"
_MINUTE = "COPY market_data.minute_bars (symbol, bar_time, open, high, low, close, volume) FROM stdin"
_PRICES = """open numeric(12, 4) NOT NULL, high numeric(12, 4) NOT NULL, low numeric(12, 4) NOT NULL,
    close numeric(12, 4) NOT NULL, volume bigint NOT NULL"""

_PAUSE = f"AS 'SELECT price FROM pg_sleep({PAUSE_SECONDS})'"  # noqa: S608 - a number of ours
_SCHEMA = f"""
CREATE SCHEMA market_data;
CREATE TABLE market_data.daily_prices (symbol text NOT NULL, trading_day date NOT NULL, {_PRICES});
CREATE TABLE market_data.minute_bars (symbol text NOT NULL, bar_time timestamptz NOT NULL, {_PRICES});
CREATE FUNCTION market_data.adjusted(price numeric) RETURNS numeric LANGUAGE sql {_PAUSE};
COMMENT ON FUNCTION market_data.adjusted IS
    'the price itself, after the time that a table a thousand times as large would keep the disk busy';
"""
INDEXES: Mapping[str, tuple[str, str]] = {
    "daily_prices_pkey": ("daily_prices", "PRIMARY KEY (symbol, trading_day)"),
    "minute_bars_pkey": ("minute_bars", "PRIMARY KEY (symbol, bar_time)"),
    "daily_prices_day": ("daily_prices", "(trading_day)"),
    "minute_bars_time": ("minute_bars", "(bar_time)"),
}
"""By name, the table of each index and what it is over."""


def creation(index: str) -> str:
    """The statement that makes an index which is not there."""
    table, over = INDEXES[index]
    if over.startswith("("):
        return f"CREATE INDEX {index} ON market_data.{table} {over}"
    return f"ALTER TABLE market_data.{table} ADD CONSTRAINT {index} {over}"


_OWNERS = f"""
ALTER SCHEMA market_data OWNER TO {ENGINE};
ALTER TABLE market_data.daily_prices OWNER TO {ENGINE};
ALTER TABLE market_data.minute_bars OWNER TO {ENGINE};
ALTER FUNCTION market_data.adjusted OWNER TO {ENGINE};
GRANT USAGE ON SCHEMA market_data TO {WATCHER};
GRANT SELECT ON ALL TABLES IN SCHEMA market_data TO {WATCHER};
"""


_ADDED = """
INSERT INTO market_data.daily_prices
SELECT symbol, day, level, level * 1.02, level * 0.98, level * 1.01, 1000 * level
FROM (SELECT symbol, 20 + abs(hashtext(symbol)) % 380 AS level FROM added) each, unnest('{days}'::date[]) day;
"""
"""The prices of symbols that nobody trades: the server makes them up, for they are many."""


def script(scenario: Scenario, passwords: dict[str, str], added: Sequence[Symbol] = ()) -> str:
    """The `psql` script that fills an empty cluster; `passwords` by role, made of URL-safe characters.

    The `added` symbols are complete, all of the same days, and have daily prices only.
    """
    return "".join(
        (
            *(f"CREATE ROLE {role} LOGIN PASSWORD '{passwords[role]}';\n" for role in (ENGINE, WATCHER)),
            f"GRANT pg_monitor, pg_signal_backend TO {WATCHER};\n",
            f"CREATE DATABASE {DATABASE} STRATEGY file_copy;\n",
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;\n",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {ENGINE}, {WATCHER};\n",
            f"\\connect {DATABASE}\n",
            "BEGIN;\n",
            _SCHEMA,
            *_copied(_DAILY, daily_rows(scenario.symbols, scenario.gaps, scenario.seed)),
            *_copied(_MINUTE, minute_rows(scenario.symbols, scenario.gaps, scenario.seed)),
            *_many(added),
            *(f"{creation(index)};\n" for index in INDEXES),
            _OWNERS,
            "COMMIT;\n",
            "ANALYZE;\n",
        )
    )


def _copied(copy: str, rows: Iterable[str]) -> Iterator[str]:
    yield f"{copy};\n"
    yield from rows
    yield "\\.\n"


def _many(added: Sequence[Symbol]) -> Iterator[str]:
    if added:
        yield "CREATE TEMPORARY TABLE added (symbol text NOT NULL) ON COMMIT DROP;\n"
        yield from _copied("COPY added FROM stdin", (f"{symbol.name}\n" for symbol in added))
        days = trading_days(added[0].first_date, added[0].last_date)
        yield _ADDED.format(days="{" + ",".join(map(str, days)) + "}")


def daily_rows(symbols: Iterable[Symbol], gaps: tuple[Gap, ...], seed: int) -> Iterator[str]:
    """The rows of `daily_prices`: one tab-separated line per symbol and trading day that is not in a gap."""
    for symbol in symbols:
        for day in _present(symbol, gaps):
            rng = Random(f"{seed}:{symbol.name}:{day.toordinal()}")
            yield f"{symbol.name}\t{day}\t{_bar(rng, symbol.name)}\n"


def minute_rows(symbols: Iterable[Symbol], gaps: tuple[Gap, ...], seed: int) -> Iterator[str]:
    """The rows of `minute_bars`: the bars of each symbol's last `MINUTE_DAYS` trading days that are not in a gap."""
    for symbol in symbols:
        kept = minute_days(symbol)
        for day in (day for day in _present(symbol, gaps) if day in kept):
            rng = Random(f"{seed}:{symbol.name}:{day.toordinal()}:minutes")
            for moment in moments(day):
                yield f"{symbol.name}\t{moment:%Y-%m-%d %H:%M}+00\t{_bar(rng, symbol.name)}\n"


def minute_days(symbol: Symbol) -> list[date]:
    """The days that a symbol has minute bars of, if none is missing."""
    return trading_days(symbol.first_date, symbol.last_date)[-MINUTE_DAYS:]


def _present(symbol: Symbol, gaps: tuple[Gap, ...]) -> list[date]:
    missing = missing_days(symbol.name, gaps)
    return [day for day in trading_days(symbol.first_date, symbol.last_date) if day not in missing]


def moments(day: date) -> Iterator[datetime]:
    """When the bars of a day begin."""
    moment, last = (datetime.combine(day, at, UTC) for at in (OPEN, CLOSE))
    while moment <= last:
        yield moment
        moment += timedelta(minutes=BAR_MINUTES)


def _bar(rng: Random, name: str) -> str:
    level = 20.0 + sum(name.encode()) % 380
    first, last = level * (0.97 + 0.06 * rng.random()), level * (0.97 + 0.06 * rng.random())
    high, low = max(first, last) * (1 + 0.01 * rng.random()), min(first, last) * (1 - 0.01 * rng.random())
    return f"{first:.4f}\t{high:.4f}\t{low:.4f}\t{last:.4f}\t{int(1e6 * rng.random())}"
