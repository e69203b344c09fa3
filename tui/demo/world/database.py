"""Scenario `database`: a forgotten session holds the minute bars, and whoever writes to them waits in vain."""

from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, Failed
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.outcome import KILLED, NO_LOCK
from tui.demo.world.seed import Blockade, Commit, Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="database",
    title="a forgotten session blocks the minute bars",
    cause="database",
    causes=("database",),
    wrong="a session of a job that is long gone is idle in a transaction and holds market_data.minute_bars; of the "
    "sessions of jobs on minute bars the first waits for it with days of daily_prices in its hands, the next for that "
    "one, and so on until their lock timeout; those that only begin ask once, and fail at once; beside them, one job "
    "goes over all minute bars again and again, in a query that no index serves",
    right=("database.terminate", "job.requeue"),
    harmful=("queue.clear-failed", "engine.restart", "engine.recover", "process.terminate"),
    healed="when the session that holds the lock is gone: to cancel it changes nothing, for it runs no query; those "
    "that wait ask again when they are cancelled, and to end them costs their jobs; who holds the lock takes it again "
    "after a restart of the server",
)

LOCKED: tuple[Failed, ...] = (
    (1.0, "stat-arb-dax", "high"),
    (2.5, "breakout-us", "normal"),
    (4.0, "pairs-fx", "normal"),
    (6.5, "stat-arb-dax", "normal"),
    (9.0, "breakout-us", "high"),
    (11.5, "pairs-fx", "low"),
    (14.0, "stat-arb-dax", "normal"),
    (17.0, "breakout-us", "low"),
)
"""The jobs that did not get the lock."""
WAITING = ((9.0, "pairs-fx"), (7.0, "stat-arb-dax"), (5.0, "breakout-us"), (4.0, "carry-g10"), (3.0, "pairs-fx"))
WORKERS = 6
"""One for the long query, and enough for a chain of those that wait."""
COMMIT = Commit(
    timedelta(minutes=52),
    "Adjust closes within one transaction",
    "config/database.toml",
    '[adjust]\nisolation = "one transaction"\ncommit = "when the run is over"\n',
)


def build(seed: int, now: datetime) -> Scenario:
    """The world behind a lock at `now`."""
    draft = Draft(Random(f"database:{seed}"), now)
    draft.history(hours=23, count=44, newest=6.0)
    draft.failures(NO_LOCK, LOCKED)
    draft.greedy(19.0, "momentum-us", "normal")
    draft.broken(31.0, "KeyError: 'entry_z' in research/strategies/vol_target.py:52", "vol-target-us")
    draft.running(21.0, 400.0, "stat-arb-dax", "high")
    draft.running(12.0, 8.0, "breakout-us", "normal")
    draft.running(16.0, 1500.0, "risk-parity", "normal")
    for minutes, waiting in WAITING:
        draft.pending(minutes, waiting, "normal")
    jobs = draft.jobs()
    holder = next(job.id for job in jobs if job.error_message == KILLED)
    return Scenario(
        "database", seed, now, symbols(now), (), jobs, STRATEGIES, HEALTHY,
        workers=WORKERS, arrival_seconds=20.0, commits=(COMMIT,), blockade=Blockade(holder, "minute_bars"),
    )  # fmt: skip
