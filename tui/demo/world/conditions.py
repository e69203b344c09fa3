"""What is wrong with the platform right now, whatever the scenario: one condition for each cause."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Protocol

from tui.demo.world.data import DataSide
from tui.demo.world.ground import DISK_HIGH, MEMORY_HIGH, Ground
from tui.demo.world.job import Job
from tui.demo.world.jobs import JobStore
from tui.demo.world.seed import Cause, Scenario

RUNTIME_LIMIT = timedelta(minutes=45)


class View(Protocol):
    """What conditions look at: a world."""

    scenario: Scenario
    jobs: JobStore
    data: DataSide
    ground: Ground

    def engine_status(self) -> str:
        """`healthy`, `degraded` or `down`."""

    def engine_awaited(self) -> bool:
        """Whether the first engine is still to come."""


def wrong_now(view: View, now: datetime) -> dict[Cause, str]:
    """A sentence for each cause that is open."""
    said = ((cause, condition(view, now)) for cause, condition in _CONDITIONS)
    return {cause: sentence for cause, sentence in said if sentence}


def is_too_long(job: Job, now: datetime) -> bool:
    """Whether a job that waits or runs is over the runtime limit, or bound to be."""
    if job.status == "running" and job.started_at is not None and now - job.started_at > RUNTIME_LIMIT:
        return True
    waits = job.status == "pending" or (job.status == "running" and not job.seeded_run)
    return waits and job.run_seconds > RUNTIME_LIMIT.total_seconds()


def is_hog(job: Job) -> bool:
    """Whether a job that waits or runs takes more memory than the unit can give."""
    return job.status in ("pending", "running") and job.fate.growth_mb > 0


def is_poisonous(job: Job) -> bool:
    """Whether a job crashes the engine that takes it."""
    return job.fate.poison and not job.is_rerun


def buggy(view: View) -> list[Job]:
    """Jobs of invalid strategies that failed and that no retry made up for.

    A retry that failed too counts with its original. Whether a job was requeued or cleared away since changes nothing.
    """
    invalid = {strategy.name for strategy in view.scenario.strategies if strategy.validation_errors}
    made_up = {job.original_job_id for job in view.jobs.select("completed")}
    requeued = (job for job in _alive(view) if job.attempt > 1)
    failed = chain(view.jobs.select("failed"), view.jobs.forgotten, requeued)
    own = (job for job in failed if job.strategy_name in invalid)
    return [job for job in own if made_up.isdisjoint((job.id, job.original_job_id or job.id))]


def _alive(view: View) -> Iterator[Job]:
    yield from view.jobs.select("running")
    yield from view.jobs.select("pending")


def _engine(view: View, _: datetime) -> str | None:
    if any(is_poisonous(job) for job in _alive(view)):
        return "jobs in the queue crash the engine that takes them"
    down = view.engine_status() == "down" and not view.engine_awaited()
    return "the engine is down" if down else None


def _provider(view: View, _: datetime) -> str | None:
    source = view.data.active_source()
    return None if source.status == "healthy" else f"the source in use, {source.name}, is {source.status}"


def _data(view: View, _: datetime) -> str | None:
    symbols = view.data.gapped()
    return f"days are missing for {', '.join(symbols)}" if symbols else None


def _database(view: View, _: datetime) -> str | None:
    if not view.ground.blocked or view.scenario.blockade is None:
        return None
    return f"a session holds {view.scenario.blockade.table} and {view.ground.waiting} wait behind it"


def _storage(view: View, _: datetime) -> str | None:
    used = view.ground.disk_used
    return f"files take {100 * used:.0f} % of the quota" if used > DISK_HIGH else None


def _memory(view: View, _: datetime) -> str | None:
    hogs = [job.id for job in _alive(view) if is_hog(job)]
    if hogs:
        return f"jobs take more memory than there is: {', '.join(sorted(hogs))}"
    used = view.ground.memory_used
    return f"the unit takes {100 * used:.0f} % of its memory" if used > MEMORY_HIGH else None


def _timeout(view: View, now: datetime) -> str | None:
    slow = sorted(job.id for job in _alive(view) if is_too_long(job, now))
    return f"jobs run without an end: {', '.join(slow)}" if slow else None


def _strategy(view: View, _: datetime) -> str | None:
    jobs = buggy(view)
    if not jobs:
        return None
    names = ", ".join(sorted({job.strategy_name for job in jobs}))
    return f"{len(jobs)} jobs of {names} failed and were not made up for"


_CONDITIONS: tuple[tuple[Cause, Callable[[View, datetime], str | None]], ...] = (
    ("engine", _engine),
    ("provider", _provider),
    ("database", _database),
    ("storage", _storage),
    ("memory", _memory),
    ("timeout", _timeout),
    ("data", _data),
    ("strategy", _strategy),
)
