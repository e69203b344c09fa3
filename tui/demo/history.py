"""The stored history in PostgreSQL, as the API changes it: days filled in, indexes built anew."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from datetime import date
from signal import SIGINT

from tui.demo.address import ENGINE, dsn
from tui.demo.layout import Layout
from tui.demo.market import INDEXES, TABLES, creation, daily_rows, minute_rows, moments
from tui.demo.postgres import binaries
from tui.demo.world.calendar import trading_days
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.seed import Gap, Symbol
from tui.demo.world.symbols import gaps_of

PATIENCE = 30.0
"""Seconds for one script."""
FAREWELL = 2.0
"""Seconds that an interrupted script has to end."""

_LEFT = """SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
WHERE indrelid = 'market_data.{table}'::regclass AND NOT indisvalid \\gexec
"""
_AGAIN = "SELECT '{statement}' WHERE to_regclass('market_data.{index}') IS NULL \\gexec\n"
_SIGNS = """SELECT 'table', c.relname, c.relfilenode || '/' || coalesce(pg_stat_get_tuples_deleted(c.oid), 0)
|| '/' || coalesce(pg_stat_get_tuples_inserted(c.oid), 0)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'market_data' AND c.relkind = 'r'
UNION ALL SELECT 'index', c.relname, '' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'market_data' AND i.indisvalid ORDER BY 1, 2;
"""
_DAYS = """SELECT to_regclass('market_data.{table}') IS NOT NULL AS there \\gset
\\if :there
SELECT '{table}', symbol, {day} FROM market_data.{table} GROUP BY 2, 3 HAVING count(*) >= {bars};
\\endif
"""
_ANEW = "REINDEX TABLE CONCURRENTLY market_data.{table};\n"


class History:
    """Runs scripts as the owner of the tables. Everything raises UnavailableError when the database cannot do it."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout = layout
        self._seed = seed

    async def check(self) -> None:
        """Whether the database takes a question at all."""
        await self._run("SELECT 1;\n")

    async def fill(self, symbol: Symbol, gap: Gap) -> None:
        """Store the days of `gap`, daily and by the minute, all or none; what is left of them is replaced."""
        days = trading_days(symbol.first_date, symbol.last_date)
        others = tuple(gaps_of(symbol.name, (day for day in days if not gap.start <= day <= gap.end)))
        rows = (daily_rows((symbol,), others, self._seed), minute_rows((symbol,), others, self._seed))
        copies = "".join(_copied(table, lines) for table, lines in zip(TABLES, rows, strict=True))
        await self._run(f"BEGIN;\n{_lost(gap)}{copies}COMMIT;\n")

    async def lose(self, gaps: Iterable[Gap]) -> None:
        """Lose the days of `gaps`, all or none."""
        await self._run("".join(("BEGIN;\n", *(_lost(gap) for gap in gaps), "COMMIT;\n")))

    async def reindex(self, tables: Iterable[str]) -> None:
        """Build all indexes of `tables` anew while others read and write, those too that are gone.

        What an earlier attempt left goes first.
        """
        await self._run(
            "".join(_LEFT.format(table=table) + _ANEW.format(table=table) + _again(table) for table in tables)
        )

    async def signs(self) -> frozenset[tuple[str, str, str]]:
        """The tables with what changes whenever rows come into one or go, and the indexes that can be used."""
        return frozenset(await self._rows(_SIGNS))

    async def days(self) -> frozenset[tuple[str, str, str]]:
        """Table, symbol and day of all that is stored, if all bars of the day are."""
        bars = sum(1 for _ in moments(date.min))
        daily = _DAYS.format(table="daily_prices", day="trading_day", bars=1)
        minutes = _DAYS.format(table="minute_bars", day="(bar_time AT TIME ZONE 'UTC')::date", bars=bars)
        return frozenset(await self._rows(daily + minutes))

    async def _rows(self, script: str) -> list[tuple[str, str, str]]:
        """Rows of three; names with lines or bars in them are nobody's here."""
        lines = (line.split("|") for line in (await self._run(script, "-At")).splitlines())
        return [(line[0], line[1], line[2]) for line in lines if len(line) == 3]

    async def _run(self, script: str, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self._where(), *words,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                answer, said = await process.communicate(script.encode())
        except TimeoutError:
            raise UnavailableError("the historical database takes too long") from None
        finally:
            if process.returncode is None:
                await _give_up(process)
        if process.returncode:
            first = (said.decode("utf-8", "replace").strip().splitlines() or ["no reason was given"])[0]
            raise UnavailableError(f"the historical database refuses: {first}")
        return answer.decode("utf-8", "replace")

    def _where(self) -> str:
        try:
            port = int(json.loads(self._layout.postgres.read_text("utf-8"))["port"])
        except (OSError, ValueError, KeyError, TypeError):
            raise UnavailableError("the historical database cannot be reached") from None
        more = {"application_name": "adaf-research-api", "connect_timeout": "3"}
        return dsn(port, self._layout.passfile, ENGINE, **more)


async def _give_up(process: asyncio.subprocess.Process) -> None:
    """Interrupt it, so that the server ends what it does for it as well; it would go on for one that was killed."""
    process.send_signal(SIGINT)
    try:
        await asyncio.wait_for(process.wait(), FAREWELL)
    except TimeoutError:
        process.kill()
        await process.wait()


def _lost(gap: Gap) -> str:
    days = f"BETWEEN '{gap.start}' AND '{gap.end}'"
    columns = zip(TABLES, ("trading_day", "bar_time::date"), strict=True)
    return "".join(
        f"DELETE FROM market_data.{table} WHERE symbol = '{gap.symbol}' AND {column} {days};\n"  # noqa: S608
        for table, column in columns
    )


def _again(table: str) -> str:
    indexes = (index for index, (over, _) in INDEXES.items() if over == table)
    return "".join(_AGAIN.format(statement=creation(index), index=index) for index in indexes)


def _copied(table: str, lines: Iterable[str]) -> str:
    return f"COPY market_data.{table} FROM stdin;\n{''.join(lines)}\\.\n"
