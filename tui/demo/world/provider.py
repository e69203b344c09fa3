"""Scenario `provider`: the provider behind the primary feed does not answer, and every run that needs it fails."""

from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, Failed
from tui.demo.world.feeds import PRIMARY_DOWN
from tui.demo.world.outcome import timed_out
from tui.demo.world.seed import Commit, Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="provider",
    title="the data provider does not answer",
    cause="provider",
    causes=("provider",),
    wrong="the hosts of the provider behind the primary feed do not answer, so that every run on it times out, and "
    "nothing can be repaired or refreshed from it; the backup feed is well",
    right=("data.failover", "job.requeue"),
    harmful=("queue.clear-failed", "engine.restart", "engine.recover", "process.terminate"),
    healed="when the source in use answers: with the fail-over at once; some 90 s after it the provider is back, and "
    "to go back heals nothing then, and is harm before",
)

PATIENCE = 0.6
"""Minutes after which a job that gets no data fails."""
STARVED: tuple[Failed, ...] = (
    (0.8, "momentum-us", "high"),
    (2.0, "pairs-fx", "normal"),
    (3.5, "mean-revert-eu", "high"),
    (5.0, "carry-g10", "low"),
    (7.5, "breakout-us", "normal"),
    (9.0, "momentum-eu", "normal"),
    (11.0, "stat-arb-dax", "high"),
    (13.0, "risk-parity", "low"),
    (15.5, "momentum-us", "normal"),
)
"""The jobs that waited for data."""
COMMIT = Commit(
    timedelta(minutes=70),
    "Ask the feed for adjusted closes",
    "src/strategies/momentum.py",
    '"""momentum-eu, momentum-us: part of the research tree."""\n\nADJUSTED = True\n',
)


def build(seed: int, now: datetime) -> Scenario:
    """The world without its provider at `now`."""
    draft = Draft(Random(f"provider:{seed}"), now)
    draft.history(hours=23, count=45, newest=17.0)
    draft.failures(timed_out(PRIMARY_DOWN[0]), STARVED, took=PATIENCE)
    draft.broken(22.0, "KeyError: 'entry_z' in src/strategies/pairs.py:77", "pairs-fx")
    draft.running(19.0, 7.0, "momentum-us", "high")
    draft.running(8.0, 30.0, "risk-parity", "normal")
    draft.running(14.0, 200.0, "carry-g10", "low")
    for minutes in (6.0, 4.0, 2.5, 1.0):
        draft.pending(minutes)
    return Scenario("provider", seed, now, symbols(now), (), draft.jobs(), STRATEGIES, PRIMARY_DOWN, commits=(COMMIT,))
