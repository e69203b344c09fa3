"""Scenario `disk-full`: results that nobody cleaned up leave no room for new ones."""

from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import Draft, Failed
from tui.demo.world.feeds import HEALTHY
from tui.demo.world.outcome import NO_SPACE
from tui.demo.world.seed import Commit, Scenario, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="disk-full",
    title="no room for results",
    cause="storage",
    causes=("storage",),
    wrong="results older than 30 days and stale temporary files fill the quota, and jobs find no room for theirs",
    right=("files.clean-results", "files.clean-temp", "job.requeue"),
    harmful=("queue.clear-failed", "engine.restart", "engine.recover", "process.terminate"),
    healed="when files take less than 85 % of the quota: old results free enough, stale temporary files let jobs run "
    "again but not for long; whatever is younger, or belongs to a running job, is still needed",
)

FILL = 0.99
ARCHIVE_MB = 40
REFUSED: tuple[Failed, ...] = (
    (1.0, "mean-revert-eu", "high"),
    (2.5, "momentum-us", "normal"),
    (4.5, "breakout-us", "normal"),
    (7.0, "stat-arb-dax", "high"),
    (10.0, "carry-g10", "low"),
    (12.5, "momentum-eu", "normal"),
    (16.0, "risk-parity", "normal"),
    (20.0, "pairs-fx", "low"),
)
"""The jobs that found no room."""
COMMIT = Commit(
    timedelta(hours=19),
    "Keep the results of parameter sweeps, the reviewers ask for them",
    "config/retention.toml",
    "[results]\nkeep_sweeps = true\n",
)


def build(seed: int, now: datetime) -> Scenario:
    """The world without room at `now`."""
    draft = Draft(Random(f"disk-full:{seed}"), now)
    draft.history(hours=23, count=40, newest=22.0)
    draft.failures(NO_SPACE, REFUSED)
    draft.greedy(27.0, "breakout-us")
    draft.running(23.0, 8.0, "momentum-us", "high")
    draft.running(12.0, 45.0, "carry-g10", "normal")
    draft.running(6.0, 240.0, "risk-parity", "normal")
    for minutes in (8.0, 5.0, 3.0, 1.5):
        draft.pending(minutes)
    return Scenario(
        "disk-full", seed, now, symbols(now), (), draft.jobs(), STRATEGIES, HEALTHY,
        commits=(COMMIT,), fill=FILL, archive_mb=ARCHIVE_MB,
    )  # fmt: skip
