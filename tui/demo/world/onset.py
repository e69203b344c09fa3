"""A scenario before its incident, and how the incident then comes: whatever had failed in it will fail for real."""

from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tui.demo.world.feeds import HEALTHY
from tui.demo.world.outcome import LOST, no_data
from tui.demo.world.seed import Scenario, SeedJob
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import symbols

ROOM = 0.8
"""Share of the quota that files take at most while all is well."""
RISING = 6.0
"""Seconds that a platform may take to come up; what was there before the incident is not too long until then."""
HANDS = 3
"""So many more workers than usual let a story of an hour pass within half a minute."""
PAUSE = timedelta(seconds=1.2)
"""Between two jobs that fail."""
GROWING = timedelta(seconds=8)
FILLING = timedelta(seconds=5)
"""How long jobs that take all memory, and files that take all room, need for it; only then others fail."""
SHORT_RUN = 1.5
"""Seconds that a job runs before it fails."""
LONG = timedelta(minutes=10)
"""Who ran longer than this was there before the incident."""
_RECENT = timedelta(hours=1)
_PASSING = "ConnectionResetError"


def healthy(story: Scenario, onset: float) -> Scenario:
    """What `story` is like `onset` seconds before its incident: nothing is wrong, and its longest jobs still run."""
    running = [*_long_ones(story, onset)]
    rest = [job for job in story.jobs if _stays(job, story)]
    jobs = tuple(sorted((*rest, *running), key=lambda job: int(job.id)))
    return replace(
        story, jobs=jobs, symbols=symbols(story.now), gaps=(), sources=HEALTHY, strategies=STRATEGIES, later=(),
        blockade=None, fill=min(story.fill, ROOM), workers=story.workers + HANDS + len(running),
        commits=tuple(commit for commit in story.commits if not commit.strikes),
    )  # fmt: skip


def struck(story: Scenario, before: Scenario, at: datetime, gone: Container[str] = ()) -> Scenario:
    """`story` as it goes on from `before`: its incident begins now, `at`, and its jobs are still to come.

    Of the jobs that should go on into the incident those that are `gone`, by id, are asked for anew.
    """
    blockade = story.blockade
    if blockade is not None:
        done = max(before.with_status("completed"), key=lambda job: job.finished_at or before.now)
        blockade = replace(blockade, job_id=done.id)
    later = tuple(_coming(story, at, gone))
    return replace(story, workers=story.workers + HANDS, blockade=blockade, later=later)


def apart(story: Scenario) -> tuple[Scenario, Scenario]:
    """`story` without its gaps, and what comes with them later: the jobs that stumble over them, and the queue.

    By then the workers are busy with what came meanwhile: those jobs bring some of their own.
    """
    errors = {no_data(gap) for gap in story.gaps}
    late = tuple(job for job in story.jobs if job.status == "pending" or job.error_message in errors)
    rest = tuple(job for job in story.jobs if job not in late)
    brought = replace(story, jobs=late, later=(), fill=ROOM, workers=story.workers + HANDS)
    return replace(story, gaps=(), jobs=rest), brought


def _stays(job: SeedJob, story: Scenario) -> bool:
    if job.status == "running":
        return not (_is_bad(job) or _outlasts(job, story))
    return job.status == "completed" or (job.status == "failed" and not _failed_lately(job, story))


def _is_bad(job: SeedJob) -> bool:
    return bool(job.fate.growth_mb or job.fate.error or job.fate.signal)


def _failed_lately(job: SeedJob, story: Scenario) -> bool:
    return job.status == "failed" and job.finished_at is not None and story.now - job.finished_at < _RECENT


def _outlasts(job: SeedJob, story: Scenario) -> bool:
    """Whether a job was there before the incident, and goes on into it until it is too long."""
    if job.started_at is None or not _is_bad(job) or job.fate.growth_mb:
        return False
    return (_failed_lately(job, story) or job.status == "running") and (
        job.finished_at or story.now
    ) - job.started_at > LONG


def _long_ones(story: Scenario, onset: float) -> Iterator[SeedJob]:
    """Those jobs, younger than they are in the story: one after the other they come to its limit after `onset`."""
    chosen = [job for job in story.jobs if _outlasts(job, story)]
    for number, job in enumerate(sorted(chosen, key=lambda job: job.status, reverse=True)):
        left = RISING + onset + number * PAUSE.total_seconds()
        took = timedelta(minutes=45) if job.status == "running" else _took(job)
        began = story.now + timedelta(seconds=left) - took
        waited = (job.started_at or began) - job.created_at
        fate = job.fate if job.status == "running" else replace(job.fate, seconds=left, once=job.error_message)
        yield replace(
            job, status="running", created_at=began - waited, started_at=began, finished_at=None, error_message=None,
            fate=fate,
        )  # fmt: skip


def _took(job: SeedJob) -> timedelta:
    return timedelta() if job.started_at is None or job.finished_at is None else job.finished_at - job.started_at


def _coming(story: Scenario, at: datetime, gone: Container[str]) -> Iterator[SeedJob]:
    """The jobs of the incident: first those that take what the others need, then those that fail, then the queue."""
    hogs = [job for job in story.with_status("running") if job.fate.growth_mb]
    failing = [job for job in story.with_status("failed") if _failed_lately(job, story) and not _outlasts(job, story)]
    failing = sorted((job for job in failing if job.error_message != LOST), key=lambda job: job.finished_at or at)
    moment = at
    for job in hogs:
        yield _waiting(job, moment)
    for job in story.jobs:
        if _outlasts(job, story) and job.id in gone:
            again = job.fate if job.status == "running" else replace(job.fate, seconds=job.fate.rerun_seconds)
            yield _waiting(replace(job, fate=again), moment)
    moment += GROWING if hogs else FILLING if story.fill > ROOM else PAUSE
    for job in failing:
        once = job.error_message if str(job.error_message).startswith(_PASSING) else None
        yield _waiting(replace(job, fate=replace(job.fate, seconds=SHORT_RUN, once=once)), moment)
        moment += PAUSE
    for job in story.with_status("pending"):
        yield _waiting(job, moment)
    for job in story.later:
        yield _waiting(job, at + (job.created_at - story.now))


def _waiting(job: SeedJob, since: datetime) -> SeedJob:
    return replace(job, status="pending", created_at=since, started_at=None, finished_at=None, error_message=None)
