"""The store of jobs: every job is in one state, attempts only grow."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tui.demo.world.backlog import Backlog
from tui.demo.world.job import Job, Modifications
from tui.demo.world.record import Ended, Hours, whole_hour
from tui.demo.world.refusal import ConflictError, NotThereError
from tui.demo.world.seed import PRIORITIES, STATUSES, Priority, SeedJob, Status

KEPT = 500
"""How many completed jobs are remembered."""


class JobStore:
    """All jobs, by state and id. Methods that change one give back what it became.

    Those of the backlog are counted, found and listed as any other, but are not among what `all` and `select` give.
    """

    def __init__(self, seeds: Iterable[SeedJob], backlog: Backlog) -> None:
        self.forgotten: list[Job] = []
        """The failed jobs that were cleared away, less those of the backlog."""
        self.made_up: set[str] = set()
        """The jobs of which a retry, or a retry of one, completed."""
        self._backlog = backlog
        self._jobs: dict[Status, dict[str, Job]] = {status: {} for status in STATUSES}
        for seed in seeds:
            self._put(Job.of(seed))
        self.last_success = max((job.moment for job in self._jobs["completed"].values()), default=None)
        self._next_id = 1 + max((int(job.id) for job in self.all()), default=0)

    def _put(self, job: Job) -> Job:
        for jobs in self._jobs.values():
            jobs.pop(job.id, None)
        self._backlog.discard(job.id)
        self._jobs[job.status][job.id] = job
        return job

    def all(self) -> list[Job]:
        """Every job, in no special order."""
        return [job for jobs in self._jobs.values() for job in jobs.values()]

    def ended(self, since: datetime, until: datetime) -> Hours:
        """Every job that ended from `since` to `until`, the backlog's included."""
        hours: dict[datetime, list[Ended]] = {hour: list(jobs) for hour, jobs in self._backlog.ended(since, until)}
        for job in self.all():
            if job.finished_at is not None and since <= job.finished_at <= until:
                hours.setdefault(whole_hour(job.finished_at), []).append(Ended.of(job))
        return dict(sorted(hours.items()))

    def find(self, job_id: str) -> Job:
        """The job `job_id`; NotThereError without one."""
        for jobs in self._jobs.values():
            if job_id in jobs:
                return jobs[job_id]
        old = self._backlog.find(job_id)
        if old is not None:
            return old
        raise NotThereError(f"there is no backtest {job_id}")

    def counts(self) -> dict[Status, int]:
        """How many jobs are in each state."""
        counts = {status: len(jobs) for status, jobs in self._jobs.items()}
        return {**counts, "failed": counts["failed"] + len(self._backlog)}

    def select(self, status: Status | None = None, priority: Priority | None = None) -> list[Job]:
        """The jobs of one state and priority, the one that something happened to last first."""
        jobs = self.all() if status is None else list(self._jobs[status].values())
        chosen = [job for job in jobs if priority is None or job.priority == priority]
        return sorted(chosen, key=lambda job: (job.moment, int(job.id)), reverse=True)

    def page(self, status: Status | None, priority: Priority | None, offset: int, limit: int) -> tuple[list[Job], int]:
        """Up to `limit` jobs of one state and priority after the `offset` latest, and how many there are in all."""
        recent = self.select(status, priority)
        if status not in (None, "failed"):
            return recent[offset : offset + limit], len(recent)
        page = recent[offset : offset + limit]
        page += self._backlog.page(priority, max(0, offset - len(recent)), limit - len(page))
        return page, len(recent) + self._backlog.count(priority)

    def queue(self) -> list[Job]:
        """Waiting jobs in the order they will be taken: by priority, then by how long they wait."""
        return sorted(self._jobs["pending"].values(), key=lambda job: (PRIORITIES.index(job.priority), job.queued_at))

    def add(self, draft: SeedJob) -> Job:
        """A new job made from `draft`, whose id is replaced by the next one."""
        return self._put(Job.of(replace(draft, id=self._take_id())))

    def _take_id(self) -> str:
        self._next_id += 1
        return str(self._next_id - 1)

    def requeue(self, job_id: str, now: datetime) -> Job:
        """A failed job waits again in a new attempt; NotThereError, ConflictError."""
        return self._put(self._failed(job_id).requeued(now))

    def retry(self, job_id: str, changes: Modifications, now: datetime) -> Job:
        """A new job that is the failed `job_id` with `changes`; NotThereError, ConflictError."""
        original = self._failed(job_id)
        fresh = replace(
            original.requeued(now),
            id=self._take_id(),
            original_job_id=original.id,
            first_job_id=original.root,
            attempt=1,
            created_at=now,
            strategy_config=changes.config(original.strategy_config),
            fate=changes.fate(original.fate, original.strategy_config),
        )
        return self._put(fresh)

    def _failed(self, job_id: str) -> Job:
        job = self.find(job_id)
        if job.status != "failed":
            raise ConflictError(f"backtest {job_id} is {job.status}, not failed")
        return job

    def clear_failed(self) -> int:
        """Forget every failed job; gives back how many."""
        cleared = self.counts()["failed"]
        self.forgotten += self._jobs["failed"].values()
        self._jobs["failed"].clear()
        self._backlog.clear()
        return cleared

    def running_on(self, engine: str | None) -> list[Job]:
        """The running jobs of one engine; None: those no engine has taken yet."""
        return [job for job in self._jobs["running"].values() if job.engine == engine]

    def take(self, job_id: str, engine: str, now: datetime) -> Job:
        """A waiting job, or a running one without an engine, runs on `engine`."""
        return self._put(self.find(job_id).taken(engine, now))

    def release(self, job_id: str) -> Job:
        """A running job waits again."""
        return self._put(self.find(job_id).released())

    def end(self, job_id: str, error: str | None, now: datetime) -> Job:
        """A running job completes, or fails with `error`."""
        ended = self._put(self.find(job_id).ended(error, now))
        if error is None:
            self.last_success = now
            if ended.root != ended.id:
                self.made_up.add(ended.root)
        completed = self._jobs["completed"]
        while len(completed) > KEPT:
            del completed[min(completed.values(), key=lambda job: job.moment).id]
        return ended
