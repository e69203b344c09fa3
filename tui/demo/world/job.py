"""A live job, and what a changed configuration makes of one."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Self

from tui.demo.world.seed import Fate, Modification, SeedJob, Status, StrategyConfig

SMALL_RUN = 3.0
"""Seconds that a retry takes at most when it is smaller than what it retries."""


@dataclass(frozen=True, slots=True)
class Job(SeedJob):
    """A job of the running platform: a seeded or new one with where it stands now.

    `queued_at` orders the queue. `original_job_id` is what it retries, `first_job_id` where that chain of retries
    began. `engine` is the engine that runs it and `claimed_at` when it took it; a seeded running job has none until the
    first engine comes. `seeded_run` is set while it runs as it was seeded.
    """

    queued_at: datetime
    original_job_id: str | None = None
    first_job_id: str | None = None
    engine: str | None = None
    claimed_at: datetime | None = None
    seeded_run: bool = False

    @classmethod
    def of(cls, seed: SeedJob) -> Self:
        """The live job that `seed` describes."""
        values = {field.name: getattr(seed, field.name) for field in fields(SeedJob)}
        return cls(**values, queued_at=seed.created_at, seeded_run=seed.status == "running")

    @property
    def root(self) -> str:
        """The job that it is at heart: itself, or the one at the beginning of its chain of retries."""
        return self.first_job_id or self.id

    @property
    def is_rerun(self) -> bool:
        """Whether it, or the job it retries, ran before."""
        return self.attempt > 1 or self.original_job_id is not None

    @property
    def run_seconds(self) -> float:
        """How long its worker runs."""
        return self.fate.rerun_seconds if self.is_rerun else self.fate.seconds

    @property
    def run_error(self) -> str | None:
        """What it raises when it runs, if nothing hinders it."""
        return self.fate.error if self.is_rerun else self.fate.once or self.fate.error

    @property
    def moment(self) -> datetime:
        """When something last happened to it."""
        return self.finished_at or self.started_at or self.created_at

    def requeued(self, now: datetime) -> Self:
        """It waits once more, in a new attempt."""
        waiting = replace(self, status="pending", attempt=self.attempt + 1, queued_at=now, error_message=None)
        return replace(waiting, started_at=None, finished_at=None, seeded_run=False)

    def released(self) -> Self:
        """It waits once more in the same attempt, where it stood in the queue: its engine was stopped.

        What would have ended it soon, for it ran so long, comes no more: it begins anew, and ends as any later run.
        """
        fate = self.fate
        if self.seeded_run and fate.once is not None:
            fate = replace(fate, seconds=fate.rerun_seconds, once=None)
        waiting = replace(self, status="pending", started_at=None, engine=None, claimed_at=None, seeded_run=False)
        return replace(waiting, fate=fate)

    def taken(self, engine: str, now: datetime) -> Self:
        """It runs on `engine`; one that ran when the platform started keeps its start."""
        started = self.started_at if self.seeded_run else now
        return replace(self, status="running", engine=engine, claimed_at=now, started_at=started)

    def ended(self, error: str | None, now: datetime) -> Self:
        """It completed, or failed with `error`."""
        status: Status = "completed" if error is None else "failed"
        return replace(self, status=status, error_message=error, finished_at=now, engine=None, claimed_at=None)


@dataclass(frozen=True, slots=True)
class Modifications:
    """How a retry differs from its original; `limit_symbols` keeps the first so many."""

    reduce_timeframe: bool = False
    limit_symbols: int | None = None
    use_sample_data: bool = False

    def config(self, config: StrategyConfig) -> StrategyConfig:
        """`config` with the later half of its dates, fewer symbols, or sample data."""
        start = config.start_date
        if self.reduce_timeframe:
            start += (config.end_date - start) // 2
        return replace(
            config,
            start_date=start,
            symbols=config.symbols[: self.limit_symbols],
            use_sample_data=self.use_sample_data or config.use_sample_data,
        )

    def fate(self, fate: Fate, config: StrategyConfig) -> Fate:
        """`fate` without what a smaller run of `config` escapes."""
        if self.reducing(config).isdisjoint(fate.eased_by):
            return fate
        return replace(
            fate,
            rerun_seconds=min(fate.rerun_seconds, SMALL_RUN),
            memory_mb=max(5, fate.memory_mb // 4),
            error=None, once=None, signal=0, growth_mb=0, guarded=False,
        )  # fmt: skip

    def reducing(self, config: StrategyConfig) -> set[Modification]:
        """The modifications that make a run of `config` smaller than it was."""
        fewer = self.limit_symbols is not None and self.limit_symbols < len(config.symbols)
        asked: dict[Modification, bool] = {
            "reduce_timeframe": self.reduce_timeframe,
            "limit_symbols": fewer,
            "use_sample_data": self.use_sample_data,
        }
        return {name for name, wanted in asked.items() if wanted}
