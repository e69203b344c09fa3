"""Scenario `timeout`: since a change of the configuration one strategy computes on far too many bars."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, Failed, fate, named
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.seed import Commit, Fate, Priority, Scenario, SeedJob, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="timeout",
    title="backtests that do not end",
    cause="timeout",
    causes=("timeout",),
    wrong="since the default timeframe went from 1d to 1s, runs of mean-revert-eu and momentum-eu take a day: "
    "three hold workers past 45 minutes, others were given up at that limit, and the queue waits",
    right=("process.terminate", "job.retry"),
    harmful=("queue.clear-failed",),
    healed="when no job runs, or waits to run, past 45 minutes: end the workers, and retry their jobs reduced; "
    "requeued as they were they are given up again, after a restart of the engine they begin anew",
)

ERROR = "timeout after 45 min: not done with 1s bars"
GIVEN_UP: tuple[Failed, ...] = (
    (4.0, "mean-revert-eu", "high"),
    (9.0, "momentum-eu", "normal"),
    (13.0, "mean-revert-eu", "normal"),
    (19.0, "momentum-eu", "high"),
    (26.0, "mean-revert-eu", "low"),
    (34.0, "mean-revert-eu", "normal"),
)
"""The jobs that were given up."""
RUNNING: tuple[tuple[float, str, Priority], ...] = (
    (66.0, "mean-revert-eu", "high"), (58.0, "momentum-eu", "normal"), (51.0, "mean-revert-eu", "normal"),
)  # fmt: skip
"""For how many minutes jobs have run that will not end, their strategies and priorities."""
ENDLESS = 24 * 3600.0
"""Seconds: nobody on call sees such a run end by itself."""
COMMIT = Commit(
    timedelta(minutes=95),
    "Default to 1s bars, the reviewers want more detail",
    "config/engine.toml",
    '[backtest]\ntimeframe = "1s"\nlimit_minutes = 45\n',
)


def endless(usual: Fate) -> Fate:
    """A run that takes hours as it is; when it comes again, the engine knows so from its first bars and gives it up."""
    said = (
        f"timeout foreseen after {usual.rerun_seconds:.0f} s: 1s bars would take {ENDLESS / 60:.0f} min, 45 are allowed"
    )
    return replace(usual, seconds=ENDLESS, error=said, eased_by=("reduce_timeframe", "limit_symbols"))


def build(seed: int, now: datetime) -> Scenario:
    """The world of endless runs at `now`."""
    rng = Random(f"timeout:{seed}")
    draft = Draft(rng, now)
    draft.history(hours=23, count=40, newest=31.0)
    for minutes, strategy, priority in GIVEN_UP:
        draft.failed(minutes, ERROR, strategy, priority, took=45.0, again=endless(fate(rng, named(strategy))))
    draft.broken(16.0, "KeyError: 'lookback' in src/strategies/pairs.py:41", "pairs-fx")
    for minutes, strategy, priority in RUNNING:
        draft.running(minutes, ENDLESS, strategy, priority, again=endless(fate(rng, named(strategy))))
    for minutes in (41.0, 33.0, 27.0, 18.0, 12.0, 7.0, 3.0):
        draft.pending(minutes)
    jobs = tuple(_fine(job) if job.fate.seconds == ENDLESS else job for job in draft.jobs())
    return Scenario(
        "timeout", seed, now, symbols(now), (), jobs, STRATEGIES, HEALTHY,
        arrival_seconds=90.0, commits=(COMMIT,),
    )  # fmt: skip


def _fine(job: SeedJob) -> SeedJob:
    """The job on second bars."""
    return replace(job, strategy_config=replace(job.strategy_config, timeframe="1s"))
