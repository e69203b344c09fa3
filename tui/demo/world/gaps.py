"""Days that are missing for some symbols, and the jobs that stumbled over them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from tui.demo.world.draft import Draft
from tui.demo.world.outcome import no_data
from tui.demo.world.seed import Gap, Priority
from tui.demo.world.symbols import gap, last_full_day

Stumble = tuple[float, str, str, Priority]
"""How many minutes ago a job failed, over which symbol, its strategy and its priority."""
Gaps = Mapping[str, Gap]


def newest_days(missing: Mapping[str, int], now: datetime) -> Gaps:
    """So many trading days are missing for each symbol, counted back from the last full day before `now`."""
    last = last_full_day(now)
    return {name: gap(name, last, days) for name, days in missing.items()}


def stumble(draft: Draft, gaps: Gaps, jobs: Iterable[Stumble]) -> None:
    """Failed jobs, each for want of the days of one symbol."""
    for minutes, symbol, strategy, priority in jobs:
        draft.failed(minutes, no_data(gaps[symbol]), strategy, priority, symbols=(symbol,))
