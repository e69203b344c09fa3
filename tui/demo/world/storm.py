"""Scenario `storm`: the provider is away, days are missing, and there is no room, all at once."""

from dataclasses import replace
from datetime import datetime
from random import Random

from tui.demo.world import disk_full, provider
from tui.demo.world.draft import Draft, Failed
from tui.demo.world.feeds import PRIMARY_DOWN
from tui.demo.world.gaps import Stumble, newest_days, stumble
from tui.demo.world.outcome import NO_SPACE, timed_out
from tui.demo.world.seed import Scenario, SeedJob, Summary
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

SUMMARY = Summary(
    name="storm",
    title="three incidents at once",
    cause="provider",
    causes=("provider", "storage", "data"),
    wrong="the provider behind the primary feed does not answer, old results fill the quota, and two symbols lack "
    "days that cannot be repaired before another source is in use",
    right=("data.failover", "files.clean-results", "files.clean-temp", "data.repair", "job.requeue"),
    harmful=("queue.clear-failed", "engine.restart", "engine.recover", "process.terminate"),
    healed="when the source in use answers, files take less than 85 % of the quota, and no symbol lacks days",
)

DAYS_MISSING = {"BMW.DE": 2, "SIE.DE": 3}
STARVED: tuple[Failed, ...] = (
    (1.5, "momentum-us", "high"),
    (4.0, "pairs-fx", "normal"),
    (6.0, "carry-g10", "normal"),
    (8.0, "breakout-us", "low"),
)
REFUSED: tuple[Failed, ...] = (
    (13.0, "momentum-us", "high"), (17.0, "vol-target-us", "normal"), (21.0, "risk-parity", "low"),
)  # fmt: skip
STUMBLED: tuple[Stumble, ...] = (
    (3.0, "BMW.DE", "mean-revert-eu", "high"),
    (10.0, "SIE.DE", "stat-arb-dax", "normal"),
    (15.0, "SIE.DE", "momentum-eu", "normal"),
    (24.0, "BMW.DE", "mean-revert-eu", "low"),
)


def build(seed: int, now: datetime) -> Scenario:
    """The world in a storm at `now`."""
    gaps = newest_days(DAYS_MISSING, now)
    draft = Draft(Random(f"storm:{seed}"), now, avoid=gaps)
    draft.history(hours=23, count=38, newest=26.0)
    draft.failures(timed_out(PRIMARY_DOWN[0]), STARVED, took=provider.PATIENCE)
    draft.failures(NO_SPACE, REFUSED)
    stumble(draft, gaps, STUMBLED)
    draft.greedy(29.0, "breakout-us")
    draft.running(18.0, 8.0, "momentum-us", "high")
    draft.running(9.0, 210.0, "carry-g10", "normal")
    for minutes in (7.0, 4.0, 2.0):
        draft.pending(minutes)
    missing = tuple(gaps.values())
    jobs = tuple(_sampled(job) if job.error_message == NO_SPACE else job for job in draft.jobs())
    return Scenario(
        "storm", seed, now, symbols(now, missing), missing, jobs, STRATEGIES, PRIMARY_DOWN,
        commits=(provider.COMMIT, disk_full.COMMIT), fill=disk_full.FILL, archive_mb=disk_full.ARCHIVE_MB,
    )  # fmt: skip


def _sampled(job: SeedJob) -> SeedJob:
    """The job on sample data: it needs no provider, and nothing but room."""
    return replace(job, strategy_config=replace(job.strategy_config, use_sample_data=True))
