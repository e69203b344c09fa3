"""Scenario `calm`: work comes and goes, and nothing is wrong."""

from datetime import datetime
from random import Random

from tui.demo.world.draft import Draft
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.seed import Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="calm",
    title="an ordinary day",
    cause=None,
    wrong="nothing: jobs come, run and complete; two failures of yesterday are left in the queue",
    right=(),
    healed="there is nothing to heal",
    harmful=("process.terminate", "engine.restart", "engine.recover", "data.failover"),
)


def build(seed: int, now: datetime) -> Scenario:
    """The calm world at `now`."""
    draft = Draft(Random(f"calm:{seed}"), now)
    draft.history(hours=23, count=48, newest=3.0)
    timed_out = "TimeoutError: provider feed gave no answer within 30 s"
    draft.failed(60 * 26.0, timed_out, "breakout-us", "normal")
    draft.failed(60 * 29.5, timed_out, "pairs-fx", "low")
    draft.running(37.0, 150.0, "momentum-us", "high")
    draft.running(17.0, 240.0, "pairs-fx", "normal")
    draft.running(5.0, 75.0, "carry-g10", "low")
    for minutes in (9.0, 6.0, 4.0, 2.5, 1.0):
        draft.pending(minutes)
    return Scenario("calm", seed, now, symbols(now), (), draft.jobs(), STRATEGIES, HEALTHY)
