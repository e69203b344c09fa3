"""Judges what is done to the platform: what healed, what did nothing, what harmed.

It is told only what the platform sees by itself: requests that it served, processes, files and sessions that are gone,
verbs that its unit was asked. Who did it, and with what intent, it does not know.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from tui.demo.world.conditions import would_not_end_well
from tui.demo.world.data import DataSide
from tui.demo.world.docket import Effect, Outcome
from tui.demo.world.job import Job
from tui.demo.world.refusal import NotThereError
from tui.demo.world.repair import Step
from tui.demo.world.seed import Summary
from tui.demo.world.unit_docket import UnitDocket
from tui.demo.world.world import World


class Judge(UnitDocket):
    """Weighs each kind of deed, and writes it down."""

    def __init__(self, world: World, summary: Summary) -> None:
        super().__init__(world, summary)
        self._missing: dict[int, tuple[str, set[str]]] = {}
        """Files that are gone, by the place of the deed by which they went, and what to say of them."""

    def requeued(self, job: Job) -> None:
        """A failed job waits again."""
        self.await_outcome("job.requeue", job.id, "it has not ended yet", lambda: self._ending(job))

    def retried(self, job: Job) -> None:
        """`job` is a changed copy of a failed one."""
        about = f"{job.original_job_id} as {job.id}"
        self.await_outcome("job.retry", about, "it has not ended yet", lambda: self._ending(job))

    def _ending(self, job: Job) -> Outcome | None:
        try:
            found = self.world.jobs.find(job.id)
        except NotThereError:
            return "nothing", "it was cleared away"
        if found.attempt > job.attempt or found.status == "failed":
            return "nothing", f"it failed again: {found.error_message or 'and was requeued once more'}"
        if found.status == "running" and would_not_end_well(found, self.world.settle()):
            return "harm", "it takes again what others need, and does not end well"
        return ("healed", "it completed") if found.status == "completed" else None

    def cleared(self, count: int) -> None:
        """So many failed jobs were forgotten."""
        if count:
            self.note("queue.clear-failed", f"{count} jobs", "harm", "nobody can run them again")
        else:
            self.idle("queue.clear-failed", "0 jobs", "there was none")

    def repairing(self, planned: Sequence[Step]) -> None:
        """A repair began."""
        data = self.world.data
        symbols = [step.symbol for step in planned if data.closed_by(step)]
        if not symbols:
            self.note("data.repair", "nothing", "nothing", "no day was missing there")
            return
        about = ", ".join(symbols)
        self.await_outcome("data.repair", about, "it is under way", lambda: _filled(data, planned))

    def switched(self, *, changed: bool, was_healthy: bool) -> None:
        """Another source (or the same one) is the active one."""
        source = self.world.data.active_source()
        action = "data.failover" if source.role == "backup" else "data.failback"
        healthy = source.status == "healthy"
        if not changed:
            self.idle(action, source.name, "it was in use already")
        elif healthy:
            self.note(action, source.name, "nothing" if was_healthy else "healed", "it answers")
        else:
            self.note(action, source.name, "harm", f"it is {source.status}")

    def worker_ended(self, job: Job, number: int) -> None:
        """Somebody ended the worker of `job`, which ran, by a signal."""
        guilty = would_not_end_well(job, self.world.settle())
        detail = "it would not have ended well" if guilty else "its job did nothing wrong"
        self.note("process.terminate", f"worker of job {job.id}, signal {number}", _just(guilty), detail)

    def worker_halted(self, job: Job, number: int) -> None:
        """Somebody stopped the worker of `job`, which runs, by a signal, and did not let it go on."""
        guilty = would_not_end_well(job, self.world.settle())
        detail = "it holds what it took all the same" if guilty else "its job did nothing wrong, and stands still"
        about = f"worker of job {job.id}, signal {number}"
        self.note("process.terminate", about, "nothing" if guilty else "harm", detail)

    def session_ended(self, name: str, *, guilty: bool) -> None:
        """Somebody ended the session of a job; `guilty` says that this job had better end."""
        detail = "its job would not have ended well" if guilty else "its job failed with it"
        self.note("database.terminate", name, _just(guilty), detail)

    def blockade_ended(self, name: str) -> None:
        """Somebody ended the session that held up the others."""
        self.note("database.terminate", name, "healed", "what waited behind it goes on")

    def server_ended(self) -> None:
        """Somebody ended PostgreSQL as a whole."""
        self.note("database.terminate", "the server", "harm", "nobody reaches the database any more")

    def days_gone(self, gone: Mapping[str, Collection[date]]) -> None:
        """Somebody took days of these symbols out of the database."""
        days = sum(map(len, gone.values()))
        about = f"{days} days of {_few(gone)}"
        self.note("database.sql", about, "harm", "they were stored, and are missing from now on")

    def indexes_gone(self, names: Sequence[str]) -> None:
        """Somebody took these indexes out of the database."""
        self.note("database.sql", ", ".join(names), "harm", "the index was in use, and is gone")

    def rebuilding(self, tables: Sequence[str], error: Callable[[], str | None]) -> None:
        """Indexes are being built anew; `error` says why that failed, once it has."""
        about = ", ".join(tables)
        broken = {index for index in self.world.ground.broken_indexes if index.startswith(tuple(tables))}
        if broken:
            self.await_outcome("data.rebuild-indexes", about, "it is under way", lambda: self._rebuilt(broken, error()))
        else:
            self.note("data.rebuild-indexes", about, "nothing", "no index was broken")

    def _rebuilt(self, broken: set[str], error: str | None) -> Outcome | None:
        if error is not None:
            return "nothing", f"it failed: {error}"
        there = broken.isdisjoint(self.world.ground.broken_indexes)
        return ("healed", "the indexes are there again") if there else None

    def session_cancelled(self, name: str) -> None:
        """Somebody cancelled what a database session ran."""
        self.note("database.cancel", name, "nothing", "it asks again")

    def files_gone(self, action: str, names: Sequence[str], *, wanted: bool, helped: bool) -> None:
        """Files were deleted; `wanted` says that somebody still needed them, `helped` that the room was needed."""
        said = "they were still needed: " if wanted else ""
        self._missing[len(self.done)] = said, set(names)
        effect: Effect = "harm" if wanted else "healed" if helped else "nothing"
        self.note(action, f"{len(names)} files", effect, f"{said}{_few(names)}")

    def foreign_gone(self, action: str, names: Sequence[str]) -> None:
        """Files were deleted that the platform never made."""
        self.idle(action, f"{len(names)} files", f"the platform did not make them: {_few(names)}")

    def output_gone(self, job: Job) -> None:
        """Somebody deleted what a running job wrote, or the folder that it wrote to, and the job failed."""
        about = f"the output of job {job.id}"
        self.note("files.clean-results", about, "harm", "its job ran, and failed without it")

    def files_back(self, names: Sequence[str]) -> None:
        """Files that were gone are there again as they were; a deed of which nothing is left did nothing."""
        for place, (said, missing) in self._missing.items():
            if missing.isdisjoint(names):
                continue
            missing.difference_update(names)
            if missing:
                detail = f"{said}{_few(missing)}; the others were put back"
                self.done[place] = replace(self.done[place], detail=detail)
            else:
                self.done[place] = replace(self.done[place], effect="nothing", detail="all of them were put back")


def _just(guilty: bool) -> Effect:
    return "healed" if guilty else "harm"


def _few(names: Iterable[str]) -> str:
    listed = [os.fsencode(name).decode("utf-8", "replace") for name in sorted(names)]
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more


def _filled(data: DataSide, planned: Sequence[Step]) -> Outcome | None:
    if any(step in data.steps for step in planned):
        return None
    if left := [step.symbol for step in planned if data.closed_by(step)]:
        return "nothing", f"it could not be stored: {', '.join(left)}"
    if data.useful.isdisjoint(planned):
        return "nothing", "another repair brought the days"
    return "healed", "the days are there"
