"""What is wrong with the platform right now, whatever the scenario: one condition for each cause."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Protocol

from tui.demo.world.data import DataSide
from tui.demo.world.ground import DISK_HIGH, MEMORY_HIGH, Ground
from tui.demo.world.job import Job
from tui.demo.world.jobs import JobStore
from tui.demo.world.record import kind_of
from tui.demo.world.seed import Cause, Scenario, SeedJob

RUNTIME_LIMIT = timedelta(minutes=45)
KIND_OF_CAUSE: Mapping[Cause, str] = {
    "data": "missing_data", "memory": "worker_killed", "timeout": "timeout", "strategy": "strategy_error",
    "database": "database", "storage": "storage", "engine": "worker_ended", "provider": "provider",
}  # fmt: skip
"""The class of the errors (`record.kind_of`) that each cause leads to."""


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


def runtime_limit(job: SeedJob) -> datetime | None:
    """When a job that began has run as long as one may."""
    return None if job.started_at is None else job.started_at + RUNTIME_LIMIT


def is_too_long(job: Job, now: datetime) -> bool:
    """Whether a job that waits or runs is over the runtime limit, or bound to be by what it computes.

    One that takes all the memory is bound to fail for that, long before.
    """
    limit = runtime_limit(job)
    if job.status == "running" and limit is not None and now > limit:
        return True
    waits = job.status == "pending" or (job.status == "running" and not job.seeded_run)
    return waits and not job.fate.growth_mb and job.run_seconds > RUNTIME_LIMIT.total_seconds()


def is_hog(job: Job) -> bool:
    """Whether a job that waits or runs takes more memory than the unit can give."""
    return job.status in ("pending", "running") and job.fate.growth_mb > 0


def would_not_end_well(job: Job, now: datetime) -> bool:
    """Whether a job that waits or runs had better be ended."""
    return is_hog(job) or is_too_long(job, now)


def is_of(job: SeedJob, causes: Collection[Cause], scenario: Scenario) -> bool:
    """Whether a job of `scenario` failed for one of `causes`, and not for a reason of its own."""
    kind = kind_of(job.error_message)
    own = {cause for cause in causes if KIND_OF_CAUSE[cause] == kind}
    return bool(own) and (own != {"strategy"} or job.strategy_name in _invalid(scenario))


def _invalid(scenario: Scenario) -> set[str]:
    return {strategy.name for strategy in scenario.strategies if strategy.validation_errors}


def is_poisonous(job: Job) -> bool:
    """Whether a job crashes the engine that takes it."""
    return job.fate.poison and not job.is_rerun


def buggy(view: View) -> list[Job]:
    """Jobs of invalid strategies that failed and that no retry made up for.

    A retry that failed too counts with its original, and so does a retry of that one. Whether a job was requeued or
    cleared away since changes nothing.
    """
    invalid = _invalid(view.scenario)
    requeued = (job for job in _alive(view) if job.attempt > 1)
    failed = chain(view.jobs.select("failed"), view.jobs.forgotten, requeued)
    own = (job for job in failed if job.strategy_name in invalid)
    return [job for job in own if job.root not in view.jobs.made_up]


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
    if view.ground.database_down:
        return "PostgreSQL does not run"
    if view.ground.broken_indexes:
        return f"indexes are gone: {', '.join(view.ground.broken_indexes)}"
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
    used = min(1.0, view.ground.memory_used)  # no group is charged with more than its limit
    return f"the unit takes {100 * used:.0f} % of its memory" if used > MEMORY_HIGH else None


def _timeout(view: View, now: datetime) -> str | None:
    slow = sorted(job.id for job in _alive(view) if is_too_long(job, now))
    return f"jobs run without an end: {', '.join(slow)}" if slow else None


def _strategy(view: View, _: datetime) -> str | None:
    jobs = buggy(view)
    if not jobs:
        return None
    names = ", ".join(sorted({job.strategy_name for job in jobs}))
    said = f"{len(jobs)} jobs of {names} failed and were not made up for"
    left = {job.root for job in chain(view.jobs.select("failed"), _alive(view))}
    lost = sum(job.root not in left for job in jobs)
    return f"{said}; {lost} of them were cleared away, and nobody can retry those any more" if lost else said


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
