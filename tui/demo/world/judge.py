"""Judges what is done to the platform: what healed, what did nothing, what harmed.

It is told only what the platform sees by itself: requests that it served, processes, files and sessions that are gone,
verbs that its unit was asked. Who did it, and with what intent, it does not know.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tui.demo.world.conditions import is_hog, is_poisonous, is_too_long
from tui.demo.world.data import DataSide
from tui.demo.world.docket import Docket, Effect, Outcome
from tui.demo.world.job import Job
from tui.demo.world.refusal import NotThereError
from tui.demo.world.repair import Step
from tui.demo.world.seed import Summary
from tui.demo.world.world import World


class Judge(Docket):
    """Weighs each kind of deed, and writes it down."""

    def __init__(self, world: World, summary: Summary) -> None:
        super().__init__(world, summary)
        self._stopped = False
        """Whether the engine was well until somebody had its unit stopped."""
        self._missing: dict[int, set[str]] = {}
        """Files that are gone, by the place of the deed by which they went."""

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
        return ("healed", "it completed") if found.status == "completed" else None

    def cleared(self, count: int) -> None:
        """So many failed jobs were forgotten."""
        effect: Effect = "harm" if count else "nothing"
        self.note("queue.clear-failed", f"{count} jobs", effect, "nobody can run them again" if count else "")

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
            self.note(action, source.name, "nothing", "it was in use already")
        elif healthy:
            self.note(action, source.name, "nothing" if was_healthy else "healed", "it answers")
        else:
            self.note(action, source.name, "harm", f"it is {source.status}")

    def unit_asked(self, verb: str, code: int, was: str) -> None:
        """The engine's unit, which `was` in one of systemd's states, was asked to start, stop, restart or forget."""
        action = _ACTION_OF_VERB.get(verb, "engine.restart")
        about = f"systemctl {verb}"
        vain = self._in_vain(verb, was)
        if code == 0 and verb != "reset-failed":
            self._stopped = verb == "stop" and (self._stopped or self._ran_well(was))
        if code != 0:
            self.refused(action, about, f"exit code {code}")
        elif vain is not None:
            self.note(action, about, "nothing", vain)
        else:
            self.await_outcome(action, about, "the engine is not well yet", self._engine_well)

    def _in_vain(self, verb: str, was: str) -> str | None:
        """Why a verb cannot heal a unit that `was` so; None when it may.

        In the middle of a restart no engine is well; only in its own incident is that something to be healed.
        """
        if verb == "reset-failed" and was != "failed":
            return "the unit had not failed"
        if verb == "start" and was == "active":
            return "it ran already"
        if verb in ("start", "restart") and self._stopped:
            return "it was well before it was stopped"
        own = "engine" in self.open and "engine" in self.summary.causes
        return None if own and verb != "stop" and not self._ran_well(was) else "its jobs begin anew"

    def _ran_well(self, was: str) -> bool:
        """Whether an engine whose unit `was` so ran, and no job is left that would crash it."""
        jobs = self.world.jobs
        return was == "active" and not any(map(is_poisonous, (*jobs.select("running"), *jobs.select("pending"))))

    def _engine_well(self) -> Outcome | None:
        return None if "engine" in self.open else ("healed", "the engine is well")

    def worker_ended(self, job: Job, number: int) -> None:
        """Somebody ended the worker of `job`, which ran, by a signal."""
        guilty = is_hog(job) or is_too_long(job, self.world.settle())
        detail = "it would not have ended well" if guilty else "its job did nothing wrong"
        self.note("process.terminate", f"worker of job {job.id}, signal {number}", _just(guilty), detail)

    def engine_ended(self, number: int) -> None:
        """Somebody ended the engine itself past its unit, by a signal or (0) so that it took leave."""
        about = f"the engine, signal {number}" if number else "the engine"
        self.note("process.terminate", about, "harm", "what ran on it is lost, or begins anew")

    def session_ended(self, name: str, *, guilty: bool) -> None:
        """Somebody ended a database session."""
        detail = "what waited behind it goes on" if guilty else "its job failed with it"
        self.note("database.terminate", name, _just(guilty), detail)

    def session_cancelled(self, name: str) -> None:
        """Somebody cancelled what a database session ran."""
        self.note("database.cancel", name, "nothing", "it asks again")

    def files_gone(self, action: str, names: Sequence[str], *, wanted: bool, helped: bool) -> None:
        """Files were deleted; `wanted` says that somebody still needed them, `helped` that the room was needed."""
        about = f"{len(names)} files"
        self._missing[len(self.done)] = set(names)
        if wanted:
            self.note(action, about, "harm", f"they were still needed: {_few(names)}")
        else:
            self.note(action, about, "healed" if helped else "nothing", _few(names))

    def files_back(self, names: Sequence[str]) -> None:
        """Files that were gone are there again as they were; a deed of which nothing is left did nothing."""
        for name in names:
            last = max((place for place, missing in self._missing.items() if name in missing), default=None)
            if last is not None:
                self._missing[last].remove(name)
                if not self._missing[last]:
                    self.done[last] = replace(self.done[last], effect="nothing", detail="all of them were put back")


_ACTION_OF_VERB = {"stop": "engine.recover", "reset-failed": "engine.reset-failed"}


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
