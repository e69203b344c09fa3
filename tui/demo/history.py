"""The stored history in PostgreSQL, as the API changes it: days filled in, indexes built anew."""

import asyncio
import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from signal import SIGINT

from tui.demo.address import ENGINE, dsn
from tui.demo.layout import Layout
from tui.demo.market import TABLES, daily_rows, minute_rows
from tui.demo.postgres import binaries
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.seed import Gap, Symbol

PATIENCE = 30.0
"""Seconds for one script."""
FAREWELL = 2.0
"""Seconds that an interrupted script has to end."""

_LEFT = """SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index
WHERE indrelid = 'market_data.{table}'::regclass AND NOT indisvalid \\gexec
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
        """Store the days of `gap`, daily and by the minute, all or none."""
        missing = (replace(symbol, first_date=gap.start, last_date=gap.end),)
        rows = (daily_rows(missing, (), self._seed), minute_rows(missing, (), self._seed))
        copies = "".join(_copied(table, lines) for table, lines in zip(TABLES, rows, strict=True))
        await self._run(f"BEGIN;\n{copies}COMMIT;\n")

    async def lose(self, gaps: Iterable[Gap]) -> None:
        """Lose the days of `gaps`, all or none."""
        await self._run("".join(("BEGIN;\n", *(_lost(gap) for gap in gaps), "COMMIT;\n")))

    async def reindex(self, tables: Iterable[str]) -> None:
        """Build all indexes of `tables` anew while others read and write; what an earlier attempt left goes first."""
        await self._run("".join(_LEFT.format(table=table) + _ANEW.format(table=table) for table in tables))

    async def _run(self, script: str) -> None:
        process = await asyncio.create_subprocess_exec(
            str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self._where(), "-o", "/dev/null",
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                _, said = await process.communicate(script.encode())
        except TimeoutError:
            raise UnavailableError("the historical database takes too long") from None
        finally:
            if process.returncode is None:
                await _give_up(process)
        if process.returncode:
            first = (said.decode("utf-8", "replace").strip().splitlines() or ["no reason was given"])[0]
            raise UnavailableError(f"the historical database refuses: {first}")

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


def _copied(table: str, lines: Iterable[str]) -> str:
    return f"COPY market_data.{table} FROM stdin;\n{''.join(lines)}\\.\n"
