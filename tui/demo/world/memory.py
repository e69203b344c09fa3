"""Scenario `memory`: three jobs that the kernel may not touch leave no memory to the others."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, Failed, fate, named
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.outcome import KILLED
from tui.demo.world.seed import Commit, Fate, Modification, Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="memory",
    title="no memory left for workers",
    cause="memory",
    causes=("memory",),
    wrong="three guarded high-priority jobs grow until the engine's unit is above 90 % of its memory; "
    "the kernel kills whatever else is started (signal 9)",
    right=("process.terminate", "job.retry", "job.requeue"),
    harmful=("queue.clear-failed",),
    healed="when the large workers are ended and stay away: retried with fewer symbols or less time they fit; "
    "requeued as they were, or after a restart of the engine, they grow again",
)

LIMIT_MB = 300
GROWTH_MB = 52
ENDLESS = 24 * 3600.0
"""Seconds that such a run takes, so that it does not go away by itself while somebody is on call."""
VICTIMS: tuple[Failed, ...] = (
    (1.5, "momentum-us", "high"),
    (3.0, "breakout-us", "normal"),
    (5.5, "mean-revert-eu", "normal"),
    (8.0, "stat-arb-dax", "high"),
    (11.0, "momentum-eu", "low"),
    (14.5, "breakout-us", "normal"),
    (18.0, "mean-revert-eu", "normal"),
    (21.0, "momentum-us", "low"),
)
"""The jobs that were killed."""
COMMIT = Commit(
    timedelta(minutes=41),
    "Hold whole order books in memory for the pairs run",
    "research/strategies/stat_arb.py",
    '"""stat-arb-dax: part of the research tree."""\n\nBOOK_DEPTH = 0  # all levels, of every minute\n',
)


EASED: tuple[Modification, ...] = ("reduce_timeframe", "limit_symbols", "use_sample_data")


def large(rng: Random, strategy: str) -> Fate:
    """A good run that does not fit beside the others, unless it is made smaller."""
    return replace(fate(rng, named(strategy)), memory_mb=rng.randint(34, 40), eased_by=EASED)


def hog(memory_mb: int = 24) -> Fate:
    """A run that takes all it can, unless it is made smaller."""
    return Fate(ENDLESS, ENDLESS, memory_mb, eased_by=EASED, growth_mb=GROWTH_MB, guarded=True)


def build(seed: int, now: datetime) -> Scenario:
    """The world without memory at `now`."""
    rng = Random(f"memory:{seed}")
    draft = Draft(rng, now)
    draft.history(hours=23, count=44, newest=24.0)
    for minutes, strategy, priority in VICTIMS:
        draft.failed(minutes, KILLED, strategy, priority, again=large(rng, strategy))
    draft.broken(26.0, "KeyError: 'lookback' in src/strategies/carry.py:29", "carry-g10")
    for minutes in (30.0, 27.0, 24.0):
        draft.running(minutes, hog().seconds, "stat-arb-dax", "high", again=hog())
    draft.running(4.5, 250.0, "momentum-us", "normal", again=large(rng, "momentum-us"))
    for minutes in (6.0, 4.0, 2.0):
        draft.pending(minutes, "breakout-us", "normal", again=large(rng, "breakout-us"))
    return Scenario(
        "memory", seed, now, symbols(now), (), draft.jobs(), STRATEGIES, HEALTHY,
        commits=(COMMIT,), memory_max_mb=LIMIT_MB,
    )  # fmt: skip
