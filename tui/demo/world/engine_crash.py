"""Scenario `engine-crash`: jobs in the queue crash the engine, until its unit gives up."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, fate, named
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.outcome import LOST
from tui.demo.world.seed import Commit, Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="engine-crash",
    title="the engine crashes until its unit gives up",
    cause="engine",
    causes=("engine",),
    wrong="jobs with a damaged input crash the engine, each at its first run, until the unit hits its start limit; "
    "what ran is lost and the queue waits",
    right=("engine.reset-failed", "engine.restart", "engine.recover", "job.requeue"),
    harmful=("queue.clear-failed",),
    healed="when the engine runs again: the damaged inputs are out of the queue by then, so that a start is enough "
    "once the unit has forgotten its failures; to have it forget them before it gave up puts that off, no more",
)

CRASHES = 5
"""As many as the unit usually takes before it gives up; for an engine that outlives them the world has more."""
CALM_BEFORE = timedelta(seconds=5)
COMMIT = Commit(
    timedelta(hours=2),
    "Link the pricing kernel against the new matrix library",
    "ops/engine.lock",
    "pricing-kernel = 4.2.0\nmatrix = 3.0.0rc1\n",
)


def build(seed: int, now: datetime) -> Scenario:
    """The world before the crash at `now`."""
    rng = Random(f"engine-crash:{seed}")
    draft = Draft(rng, now)
    draft.history(hours=23, count=46, newest=4.0)
    for minutes, strategy in ((6.0, "pairs-fx"), (6.0, "momentum-us")):
        draft.failed(minutes, LOST, strategy, "normal")
    memory = "MemoryError: cannot allocate 3.1 GiB for 'minute_bars'"
    greedy = replace(fate(rng, named("breakout-us")), error=memory, eased_by=("reduce_timeframe",))
    draft.failed(29.0, memory, "breakout-us", "low", again=greedy)
    draft.running(22.0, 280.0, "momentum-us", "high")
    draft.running(9.0, 260.0, "carry-g10", "normal")
    for minutes in (12.0, 9.0, 5.0, 3.5, 2.0):
        draft.pending(minutes, priority="normal")
    poison = Draft(rng, now + CALM_BEFORE)
    for _ in range(CRASHES):
        poison.pending(0.0, "pairs-fx", "high", again=replace(fate(rng, named("pairs-fx")), poison=True))
    return Scenario(
        "engine-crash", seed, now, symbols(now), (), draft.jobs(), STRATEGIES, HEALTHY,
        later=poison.jobs(), commits=(COMMIT,),
    )  # fmt: skip
