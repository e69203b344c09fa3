"""Makes a scenario larger than life: as many failed jobs and symbols as a big platform has.

What is added is sound: the jobs failed weeks ago, the symbols are complete since they were listed some weeks ago.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from string import ascii_uppercase

from tui.demo.world.calendar import WINDOW, trading_day_before
from tui.demo.world.seed import Scenario, Symbol
from tui.demo.world.symbols import symbols

MOST_JOBS = 100_000
MOST_SYMBOLS = 20_000
_EXCHANGES = ("", ".DE", ".PA", ".L", ".SW", ".MI")
_NAMES = len(ascii_uppercase) ** 4
_STRIDE = 77_773
"""Leads through all names of four letters; it has no factor in common with their number."""


def grown(scenario: Scenario, jobs: int = 0, names: int = 0) -> Scenario:
    """`scenario` with `jobs` failed jobs and `names` symbols in all, those that it has among them."""
    failed = len(scenario.with_status("failed"))
    return replace(scenario, symbols=scenario.symbols + added(scenario, names), backlog=max(0, jobs - failed))


def added(scenario: Scenario, names: int) -> tuple[Symbol, ...]:
    """The symbols that `scenario` lacks to have `names`, all with the same days."""
    more = max(0, names - len(scenario.symbols))
    return tuple(islice(_complete(scenario.symbols, scenario.now, scenario.seed), more))


def _complete(known: tuple[Symbol, ...], now: datetime, seed: int) -> Iterator[Symbol]:
    """Complete symbols under names that are not `known`."""
    taken = {symbol.name for symbol in known}
    whole = symbols(now)[0]
    listed = trading_day_before(whole.last_date, WINDOW - 1)
    for number in range(_NAMES):
        name = _name((seed + number) * _STRIDE % _NAMES) + _EXCHANGES[number % len(_EXCHANGES)]
        if name not in taken:
            yield Symbol(name, 100.0, whole.last_update, listed, whole.last_date)


def _name(number: int) -> str:
    letters = []
    for _ in range(4):
        number, letter = divmod(number, len(ascii_uppercase))
        letters.append(ascii_uppercase[letter])
    return "".join(letters)
