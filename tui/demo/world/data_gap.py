"""Scenario `data-gap`: three symbols lack their last days, and most failures come from that."""

from dataclasses import replace
from datetime import datetime
from random import Random

from tui.demo.world.draft import Draft, fate, named
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.gaps import Stumble, newest_days, stumble
from tui.demo.world.outcome import KILLED
from tui.demo.world.seed import Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="data-gap",
    title="gaps in three symbols",
    cause="data",
    causes=("data",),
    wrong="three symbols lack their last trading days and 11 of 14 recent failures stumble over them; "
    "of the other three one had a passing reason, one is killed for its memory and one has a bug",
    right=("data.repair", "job.requeue"),
    healed="when no symbol lacks days any more: a repair closes the gaps, then the failed jobs run through",
    harmful=("queue.clear-failed", "process.terminate", "engine.restart", "engine.recover"),
)

DAYS_MISSING = {"SAP.DE": 3, "BMW.DE": 3, "ALV.DE": 2}
"""Trading days that each symbol lacks, counted back from the last full day."""

STUMBLES: tuple[Stumble, ...] = (
    (2.0, "SAP.DE", "mean-revert-eu", "high"),
    (6.0, "SAP.DE", "mean-revert-eu", "high"),
    (9.0, "BMW.DE", "momentum-eu", "normal"),
    (12.0, "SAP.DE", "stat-arb-dax", "normal"),
    (15.5, "ALV.DE", "mean-revert-eu", "normal"),
    (18.0, "BMW.DE", "stat-arb-dax", "high"),
    (22.0, "SAP.DE", "momentum-eu", "normal"),
    (27.0, "BMW.DE", "mean-revert-eu", "low"),
    (31.0, "ALV.DE", "momentum-eu", "low"),
    (36.0, "BMW.DE", "stat-arb-dax", "normal"),
    (42.0, "SAP.DE", "mean-revert-eu", "normal"),
)
"""Minutes ago, symbol, strategy and priority of each failure for want of data."""


def build(seed: int, now: datetime) -> Scenario:
    """The world with gaps at `now`."""
    rng = Random(f"data-gap:{seed}")
    gaps = newest_days(DAYS_MISSING, now)
    draft = Draft(rng, now, avoid=gaps)
    draft.history(hours=23, count=44, newest=41.0)
    stumble(draft, gaps, STUMBLES)
    _decoys(draft, rng)
    draft.running(36.0, 200.0, "momentum-us", "high")
    draft.running(11.0, 270.0, "carry-g10", "low")
    for minutes in (14.0, 10.0, 7.0, 5.0, 3.0, 1.5):
        draft.pending(minutes, priority=rng.choice(("normal", "low")))
    missing = tuple(gaps.values())
    return Scenario(
        "data-gap", seed, now, symbols(now, missing), missing, draft.jobs(), STRATEGIES, HEALTHY, reserved=2
    )


def _decoys(draft: Draft, rng: Random) -> None:
    """One failure with a passing reason, one for memory, one for a bug."""
    reset = "ConnectionResetError: provider feed closed the connection after 3 of 5 symbols"
    draft.failed(20.0, reset, "momentum-us", "normal", symbols=("AAPL", "MSFT", "NVDA", "AMZN", "META"))
    greedy = replace(
        fate(rng, named("breakout-us")), memory_mb=30, signal=9, eased_by=("reduce_timeframe", "use_sample_data")
    )
    draft.failed(25.0, KILLED, "breakout-us", "normal", again=greedy)
    draft.broken(
        33.0, "ZeroDivisionError: float division by zero in research/strategies/vol_target.py:88", "vol-target-us"
    )
