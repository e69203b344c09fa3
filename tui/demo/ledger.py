"""What the database lost though the platform did not take it away: days of symbols, and indexes."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from tui.demo.history import History
from tui.demo.market import INDEXES, TABLES, minute_days
from tui.demo.world.calendar import trading_days
from tui.demo.world.judge import Judge
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.seed import Symbol
from tui.demo.world.symbols import NAMES, missing_days
from tui.demo.world.world import World

PACE = 8.0
"""Seconds between two looks: each starts a program, and the platform is to weigh little."""
Rows = frozenset[tuple[str, str, str]]


class Ledger:
    """Looks into the database, and tells world and judge what is gone.

    All rows are read only when some came or went since the last look; of symbols that nobody trades none are.
    What was overwritten is not seen. An index that the first look misses is gone: nobody is told where the database is
    before it holds all.
    """

    def __init__(self, world: World, history: History, judge: Judge) -> None:
        self._world = world
        self._history = history
        self._judge = judge
        self._signs: Rows = frozenset()

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(PACE)
            await self.look()

    async def look(self) -> None:
        """Look once. Before the incident, or late in it, the platform itself takes days away."""
        if self._world.quiet or self._world.losing:
            return
        try:
            signs = await self._history.signs()
            known = not self._signs or _tables(signs) == _tables(self._signs) or await self._count()
        except (UnavailableError, OSError):  # the second one when no process can be started
            return
        self._look_at_indexes(signs)
        self._signs = signs if known else self._signs

    def _look_at_indexes(self, signs: Rows) -> None:
        broken = tuple(sorted(INDEXES.keys() - _indexes(signs)))
        if lost := [index for index in broken if index not in self._world.ground.broken_indexes]:
            self._judge.indexes_gone(lost)
        self._world.ground = replace(self._world.ground, broken_indexes=broken)

    async def _count(self) -> bool:
        """Compare all that is stored with what should be; whether no days have to wait for a repair to be told."""
        data = self._world.data
        missing = {symbol.name: missing_days(symbol.name, data.gaps) for symbol in self._traded()}
        stored = await self._history.days()
        absent = {symbol.name: _days(_expected(symbol) - stored) for symbol in self._traded()}
        gone = {name: days - missing[name] for name, days in absent.items() if not days <= missing[name]}
        back = {name: days - absent[name] for name, days in missing.items() if not days <= absent[name]}
        repaired = {step.symbol for step in data.steps}
        data.regain({name: days for name, days in back.items() if name not in repaired})
        if gone:
            data.lack(gone)
            self._judge.days_gone(gone)
        return repaired.isdisjoint(back)

    def _traded(self) -> Iterable[Symbol]:
        return (symbol for symbol in self._world.data.symbols if symbol.name in NAMES)


def _expected(symbol: Symbol) -> Rows:
    all_of: Mapping[str, list[date]] = dict(
        zip(TABLES, (trading_days(symbol.first_date, symbol.last_date), minute_days(symbol)), strict=True)
    )
    return frozenset((table, symbol.name, day.isoformat()) for table, days in all_of.items() for day in days)


def _days(rows: Iterable[tuple[str, str, str]]) -> set[date]:
    return {date.fromisoformat(day) for _, _, day in rows}


def _tables(signs: Rows) -> Rows:
    return frozenset(sign for sign in signs if sign[0] == "table" and sign[1] in TABLES)


def _indexes(signs: Rows) -> set[str]:
    return {name for kind, name, _ in signs if kind == "index"}
