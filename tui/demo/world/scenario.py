"""The table of scenarios: every one is a module with a `SUMMARY` and a `build(seed, now)`."""

from collections.abc import Callable, Mapping
from datetime import datetime

from tui.demo.world import (
    calm,
    data_gap,
    database,
    disk_full,
    engine_crash,
    memory,
    provider,
    storm,
    strategy_bug,
    timeout,
)
from tui.demo.world.seed import (
    Commit,
    Fate,
    Gap,
    Scenario,
    SeedJob,
    Source,
    Strategy,
    StrategyConfig,
    Summary,
    Symbol,
)

__all__ = [
    "SCENARIOS", "Commit", "Fate", "Gap", "Scenario", "SeedJob", "Source", "Strategy", "StrategyConfig", "Summary",
    "Symbol", "build",
]  # fmt: skip

_TABLE: tuple[tuple[Summary, Callable[[int, datetime], Scenario]], ...] = (
    (calm.SUMMARY, calm.build),
    (data_gap.SUMMARY, data_gap.build),
    (memory.SUMMARY, memory.build),
    (timeout.SUMMARY, timeout.build),
    (strategy_bug.SUMMARY, strategy_bug.build),
    (database.SUMMARY, database.build),
    (disk_full.SUMMARY, disk_full.build),
    (provider.SUMMARY, provider.build),
    (engine_crash.SUMMARY, engine_crash.build),
    (storm.SUMMARY, storm.build),
)

USUAL = "calm"
"""The scenario that runs where none is named."""
SCENARIOS: Mapping[str, Summary] = {summary.name: summary for summary, _ in _TABLE}


def build(name: str, seed: int, now: datetime) -> Scenario:
    """The scenario `name` at the moment `now` (UTC); KeyError when there is none of that name."""
    builders = {summary.name: builder for summary, builder in _TABLE}
    return builders[name](seed, now)
