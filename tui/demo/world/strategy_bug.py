"""Scenario `strategy-bug`: a change of half an hour ago broke one strategy."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, fate, named
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.seed import Commit, Fate, Priority, Scenario, SeedJob, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="strategy-bug",
    title="a change broke one strategy",
    cause="strategy",
    causes=("strategy",),
    wrong="since a commit of half an hour ago risk-parity divides by a spread that can be zero, and every run on real "
    "data fails; its validation says so",
    right=("job.retry",),
    harmful=("queue.clear-failed", "engine.restart", "engine.recover", "process.terminate"),
    healed="when each of its failed jobs has a retry with use_sample_data that completed; what was cleared away before "
    "can never be retried, and with such a job it never ends; beyond that it is the owner's: hold the strategy and "
    "tell them of the commit",
)

BROKEN = "risk-parity"
PATH = "src/strategies/risk_parity.py"
TEXT = '''"""risk-parity: part of the research tree."""

LOOKBACK = 60


def spread(prices):
    """What the highest and the lowest of the last prices are apart."""
    window = prices[-LOOKBACK:]
    return max(window) - min(window)


def weight(prices, budget):
    """The share of `budget` that goes into one instrument."""
    return budget / spread(prices)


def signal(books, budget):
    """The weights of all instruments."""
    return {name: weight(prices, budget) for name, prices in books.items()}
'''
LINE = TEXT[: TEXT.index("budget / spread")].count("\n") + 1
ERROR = f"ZeroDivisionError: float division by zero in {PATH}:{LINE}"
COMMIT = Commit(timedelta(minutes=34), "Weigh by the spread of the window, not by variance", PATH, TEXT, strikes=True)
FAILED: tuple[tuple[float, Priority], ...] = (
    (1.2, "high"), (4.0, "normal"), (8.5, "high"), (13.0, "normal"), (19.0, "low"), (26.0, "normal"),
)  # fmt: skip
"""Minutes ago and priority of each job of the broken strategy."""


def broken(usual: Fate) -> Fate:
    """A run that always fails, except on sample data."""
    return replace(usual, seconds=4.0, error=ERROR, eased_by=("use_sample_data",))


def build(seed: int, now: datetime) -> Scenario:
    """The world with a broken strategy at `now`."""
    rng = Random(f"strategy-bug:{seed}")
    draft = Draft(rng, now)
    draft.history(hours=23, count=46, newest=3.0)
    for minutes, priority in FAILED:
        draft.failed(minutes, ERROR, BROKEN, priority, again=broken(fate(rng, named(BROKEN))))
    reset = "ConnectionResetError: provider feed closed the connection after 2 of 4 symbols"
    draft.failed(11.0, reset, "momentum-us", "normal")
    draft.running(16.0, 220.0, "momentum-us", "high")
    draft.running(7.0, 160.0, "carry-g10", "low")
    draft.pending(2.0, BROKEN, "high", again=broken(fate(rng, named(BROKEN))))
    for minutes in (5.0, 3.0, 1.0):
        draft.pending(minutes, "pairs-fx", "normal")
    said = (f"{PATH}:{LINE}: weight() divides by spread(), which is 0 for a window of equal prices",)
    strategies = tuple(
        replace(each, validation_errors=said) if each.name == BROKEN else each for each in STRATEGIES
    )  # fmt: skip
    jobs = tuple(job for job in draft.jobs() if not _contradicts(job, now))
    return Scenario("strategy-bug", seed, now, symbols(now), (), jobs, strategies, HEALTHY, commits=(COMMIT,))


def _contradicts(job: SeedJob, now: datetime) -> bool:
    """Whether a job of the broken strategy completed although it was broken by then."""
    ended = job.finished_at
    return job.strategy_name == BROKEN and job.status == "completed" and ended is not None and now - ended < COMMIT.age
