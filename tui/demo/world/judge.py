"""Judges what is done to the platform: what healed, what did nothing, what harmed, and whether the incident is over.

It is told only what the platform sees by itself: requests that it served, processes, files and sessions that are gone,
verbs that its unit was asked. Who did it, and with what intent, it does not know.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tui.demo.world.conditions import is_hog, is_too_long, wrong_now
from tui.demo.world.data import DataSide
from tui.demo.world.job import Job
from tui.demo.world.refusal import NotThereError
from tui.demo.world.repair import Step
from tui.demo.world.seed import Cause, Summary
from tui.demo.world.world import World

Effect = Literal["healed", "nothing", "harm"]
Outcome = tuple[Effect, str]
Later = Callable[[], Outcome | None]
"""Looks whether it is known by now what a deed led to."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done. `action` is the id of the action that does this, `about` what it was done to."""

    at: datetime
    action: str
    about: str
    effect: Effect
    detail: str

    @property
    def what(self) -> str:
        """Action and target in one line."""
        return f"{self.action}: {self.about}"


class Judge:
    """The judge of one world. `look` comes before every verdict, and often enough to see what happens in between."""

    def __init__(self, world: World, summary: Summary) -> None:
        self.summary = summary
        self.done: list[Deed] = []
        self.open: dict[Cause, str] = {}
        self.healed_at: datetime | None = None
        self._world = world
        self._seen: set[Cause] = set()
        self._waiting: list[tuple[int, Later]] = []

    def look(self) -> None:
        """Settle what became of deeds, and whether anything is still wrong."""
        now = self._world.settle()
        self.open = wrong_now(self._world, now)
        self._seen.update(self.open)
        self._waiting = [(place, later) for place, later in self._waiting if not self._settled(place, later)]
        if not self.over:
            self.healed_at = None
        elif self.summary.causes and self.healed_at is None:
            self.healed_at = now

    @property
    def over(self) -> bool:
        """Whether all that the scenario has wrong was there and is gone, and nothing else is wrong."""
        return not self.open and self._seen.issuperset(self.summary.causes)

    @property
    def since(self) -> datetime | None:
        """When the incident began: with the first of the failures that led to it; None when there is none."""
        if not self.summary.causes:
            return None
        scenario = self._world.scenario
        failed = (job.finished_at for job in scenario.with_status("failed") if job.finished_at is not None)
        return min((at for at in failed if (scenario.now - at).total_seconds() < 3600), default=scenario.now)

    @property
    def harm(self) -> list[Deed]:
        """What should not have been done."""
        return [deed for deed in self.done if deed.effect == "harm"]

    def _settled(self, place: int, later: Later) -> bool:
        outcome = later()
        if outcome is not None:
            self.done[place] = self._weighed(replace(self.done[place], effect=outcome[0], detail=outcome[1]))
        return outcome is not None

    def _weighed(self, deed: Deed) -> Deed:
        """What heals nothing and is not free is harm."""
        if deed.effect == "nothing" and deed.action in self.summary.harmful:
            return replace(deed, effect="harm")
        return deed

    def note(self, action: str, about: str, effect: Effect, detail: str) -> None:
        """Something was done, and it is known what it led to."""
        self.done.append(self._weighed(Deed(self._world.settle(), action, about, effect, detail)))

    def _await(self, action: str, about: str, detail: str, later: Later) -> None:
        self.done.append(Deed(self._world.settle(), action, about, "nothing", detail))
        self._waiting.append((len(self.done) - 1, later))

    def refused(self, action: str, about: str, why: str) -> None:
        """Something was asked for, and the platform did not do it."""
        self.done.append(Deed(self._world.settle(), action, about, "nothing", f"refused: {why}"))

    def requeued(self, job: Job) -> None:
        """A failed job waits again."""
        self._await("job.requeue", job.id, "it has not ended yet", lambda: self._ending(job))

    def retried(self, job: Job) -> None:
        """`job` is a changed copy of a failed one."""
        about = f"{job.original_job_id} as {job.id}"
        self._await("job.retry", about, "it has not ended yet", lambda: self._ending(job))

    def _ending(self, job: Job) -> Outcome | None:
        try:
            found = self._world.jobs.find(job.id)
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
        data = self._world.data
        symbols = [step.symbol for step in planned if data.closed_by(step)]
        if not symbols:
            self.note("data.repair", "nothing", "nothing", "no day was missing there")
            return
        about = ", ".join(symbols)
        self._await("data.repair", about, "it is under way", lambda: _filled(data, planned))

    def switched(self, *, changed: bool, was_healthy: bool) -> None:
        """Another source (or the same one) is the active one."""
        source = self._world.data.active_source()
        action = "data.failover" if source.role == "backup" else "data.failback"
        healthy = source.status == "healthy"
        if not changed:
            self.note(action, source.name, "nothing", "it was in use already")
        elif healthy:
            self.note(action, source.name, "nothing" if was_healthy else "healed", "it answers")
        else:
            self.note(action, source.name, "harm", f"it is {source.status}")

    def unit_asked(self, verb: str, code: int) -> None:
        """The engine's unit was asked to start, stop, restart or forget that it failed."""
        action = _ACTION_OF_VERB.get(verb, "engine.restart")
        about = f"systemctl {verb}"
        if code != 0:
            self.refused(action, about, f"exit code {code}")
        # In the middle of a restart no engine is well; only in its own incident is that something to be healed.
        elif "engine" in self.open and "engine" in self.summary.causes and verb != "stop":
            self._await(action, about, "the engine is not well yet", self._engine_well)
        elif verb == "reset-failed":
            self.note(action, about, "nothing", "the unit had not failed")
        else:
            self.note(action, about, "nothing", "its jobs begin anew")

    def _engine_well(self) -> Outcome | None:
        return None if "engine" in self.open else ("healed", "the engine is well")

    def worker_ended(self, job: Job, number: int) -> None:
        """Somebody ended the worker of `job`, which ran, by a signal."""
        guilty = is_hog(job) or is_too_long(job, self._world.settle())
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
        if wanted:
            self.note(action, about, "harm", f"they were still needed: {_few(names)}")
        else:
            self.note(action, about, "healed" if helped else "nothing", _few(names))


_ACTION_OF_VERB = {"stop": "engine.recover", "reset-failed": "engine.reset-failed"}


def _just(guilty: bool) -> Effect:
    return "healed" if guilty else "harm"


def _few(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more


def _filled(data: DataSide, planned: Sequence[Step]) -> Outcome | None:
    if any(step in data.steps for step in planned):
        return None
    left = [step.symbol for step in planned if data.closed_by(step)]
    return ("nothing", f"it could not be stored: {', '.join(left)}") if left else ("healed", "the days are there")
