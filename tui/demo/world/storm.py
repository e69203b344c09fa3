"""Scenario `storm`: the provider is away, days are missing, and there is no room, all at once."""

from dataclasses import replace
from datetime import datetime
from random import Random

from tui.demo.world import disk_full, provider
from tui.demo.world.draft import Draft, fate, named
from tui.demo.world.feeds import PRIMARY_DOWN
from tui.demo.world.outcome import NO_SPACE, no_data, timed_out
from tui.demo.world.seed import Priority, Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import gap, last_full_day, symbols

SUMMARY = Summary(
    name="storm",
    title="three incidents at once",
    cause="provider",
    causes=("provider", "storage", "data"),
    wrong="the provider behind the primary feed does not answer, old results fill the quota, and two symbols lack "
    "days that cannot be repaired before another source is in use",
    right=("data.failover", "files.clean-results", "files.clean-temp", "data.repair", "job.requeue", "data.failback"),
    harmful=("queue.clear-failed", "engine.restart", "engine.recover", "process.terminate"),
    healed="when the source in use answers, files take less than 85 % of the quota, and no symbol lacks days",
)

DAYS_MISSING = {"BMW.DE": 2, "SIE.DE": 3}
STARVED: tuple[tuple[float, str, Priority], ...] = (
    (1.5, "momentum-us", "high"),
    (4.0, "pairs-fx", "normal"),
    (6.0, "carry-g10", "normal"),
    (8.0, "breakout-us", "low"),
)
REFUSED: tuple[tuple[float, str, Priority], ...] = (
    (13.0, "momentum-us", "high"), (17.0, "vol-target-us", "normal"), (21.0, "risk-parity", "low"),
)  # fmt: skip
STUMBLED: tuple[tuple[float, str, str, Priority], ...] = (
    (3.0, "BMW.DE", "mean-revert-eu", "high"),
    (10.0, "SIE.DE", "stat-arb-dax", "normal"),
    (15.0, "SIE.DE", "momentum-eu", "normal"),
    (24.0, "BMW.DE", "mean-revert-eu", "low"),
)
"""Minutes ago, (symbol,) strategy and priority of the jobs that failed for each of the three reasons."""


def build(seed: int, now: datetime) -> Scenario:
    """The world in a storm at `now`."""
    rng = Random(f"storm:{seed}")
    last = last_full_day(now)
    gaps = {name: gap(name, last, days) for name, days in DAYS_MISSING.items()}
    draft = Draft(rng, now, avoid=gaps)
    draft.history(hours=23, count=38, newest=26.0)
    for minutes, strategy, priority in STARVED:
        draft.failed(minutes, timed_out(PRIMARY_DOWN[0]), strategy, priority, took=0.6)
    for minutes, strategy, priority in REFUSED:
        draft.failed(minutes, NO_SPACE, strategy, priority)
    for minutes, symbol, strategy, priority in STUMBLED:
        draft.failed(minutes, no_data(gaps[symbol]), strategy, priority, symbols=(symbol,))
    killed = replace(fate(rng, named("breakout-us")), signal=9, eased_by=("reduce_timeframe",))
    draft.failed(29.0, "worker killed (signal 9)", "breakout-us", "low", again=killed)
    draft.running(18.0, 8.0, "momentum-us", "high")
    draft.running(9.0, 210.0, "carry-g10", "normal")
    for minutes in (7.0, 4.0, 2.0):
        draft.pending(minutes)
    missing = tuple(gaps.values())
    return Scenario(
        "storm", seed, now, symbols(now, missing), missing, draft.jobs(), STRATEGIES, PRIMARY_DOWN,
        commits=(provider.COMMIT, disk_full.COMMIT), fill=disk_full.FILL, archive_mb=disk_full.ARCHIVE_MB,
    )  # fmt: skip
