"""What the workers ask the database, one statement a name."""

TOUCH = (
    "UPDATE market_data.daily_prices SET volume = volume"
    " WHERE symbol = 'SAP.DE' AND trading_day > current_date - interval '7 d'"
)
WRITE = (
    "UPDATE market_data.minute_bars SET volume = volume WHERE symbol = ANY($1) AND bar_time > now() - interval '7 d'"
)
"""A worker on minute bars writes both in one transaction: days of the symbol that all of them share, then its own bars.

So the first one holds the days while it waits for the bars, and the next waits for the first one.
"""
READS = (
    "SELECT symbol, avg(close), max(high) FROM market_data.daily_prices WHERE symbol = ANY($1) GROUP BY symbol",
    "SELECT date_trunc('day', bar_time), sum(volume) FROM market_data.minute_bars WHERE symbol = ANY($1) GROUP BY 1",
    "SELECT count(*) FROM market_data.minute_bars WHERE symbol = ANY($1) AND close > open",
)
TURNOVER = (
    "SELECT day::date, market_data.adjusted((SELECT sum(m.close * m.volume) FROM market_data.minute_bars m"
    " WHERE m.bar_time::date = day::date)) AS turnover"
    " FROM generate_series(current_date - 27, current_date, interval '1 day') AS day ORDER BY turnover DESC NULLS LAST"
)
"""Goes over all bars once for each of four weeks: no index serves `bar_time::date`. It takes some seconds.

What a statement reads is counted when it ends, so this one lets the counts of the table rise.
"""
RANKING = (
    "SELECT p.symbol, p.trading_day, market_data.adjusted((SELECT avg(m.close) FROM market_data.minute_bars m"
    " WHERE m.bar_time::date = p.trading_day AND m.volume > p.volume)) AS busy_close"
    " FROM market_data.daily_prices p ORDER BY busy_close DESC NULLS LAST"
)
"""Goes over all bars once for each day of each symbol; it outlasts the job that asks."""
