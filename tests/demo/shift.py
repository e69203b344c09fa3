"""A world with a judge and an engine of its own, under a clock that is moved by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.demo.world.conditions import is_poisonous
from tui.demo.world.job import Modifications
from tui.demo.world.judge import Judge
from tui.demo.world.onset import healthy, struck
from tui.demo.world.repair import Range
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.world import World

START = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
START_LIMIT = 5
"""Crashes after which the unit gives up."""
EVERYTHING = Range(START.date() - timedelta(days=30), START.date())


class Shift:
    """The engine works through `seconds` of the world, one look every second; the judge looks as often."""

    def __init__(self, name: str, onset: float = 0.0) -> None:
        self.now = START
        self.story = build(name, 1, START)
        self.world = World(healthy(self.story, onset) if onset else self.story, lambda: self.now)
        self.world.quiet = onset > 0
        self.judge = Judge(self.world, SCENARIOS[name])
        self.oldest = timedelta()
        self.crashes = 0
        self.start_limit = START_LIMIT
        self._engine = "one"
        self._ends: dict[str, datetime] = {}

    def work(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            if self.crashes == self.start_limit:
                self.judge.look()
                continue
            self._finish()
            for job_id in self.world.progress(self._engine, self._ends):
                del self._ends[job_id]
            self._claim()
            ages = [self.now - job.started_at for job in self.world.jobs.select("running") if job.started_at]
            self.oldest = max([self.oldest, *ages])
            self.judge.look()

    def _claim(self) -> None:
        for job in self.world.claim(self._engine, self.world.scenario.workers - len(self._ends)):
            self._ends[job.id] = self.now + timedelta(seconds=job.run_seconds)
            if is_poisonous(job):
                self.crash()
                self.crashes += 1
                if self.crashes == self.start_limit:
                    self.judge.unit_gave_up()

    def _finish(self) -> None:
        for job_id in [job_id for job_id, end in self._ends.items() if end <= self.now]:
            self.world.finish(self._engine, job_id, -self.world.jobs.find(job_id).fate.signal)
            del self._ends[job_id]

    def start(self) -> None:
        """The unit, which has given up, forgets that and is started."""
        self.crashes = 0
        for verb, was in (("reset-failed", "failed"), ("start", "inactive")):
            self.judge.unit_asked(verb, 0, was)

    def crash(self) -> None:
        """The engine dies with its workers; the next one is another."""
        self._engine += "+"
        self._ends.clear()

    def restart(self) -> None:
        """The engine is stopped in good order and started again."""
        self.world.leave(self._engine)
        self.crash()
        self.judge.unit_asked("restart", 0, "active")

    def strike(self) -> None:
        """The incident of the story comes, to disk and database too."""
        alive = {job.id for status in ("pending", "running") for job in self.world.jobs.select(status)}
        gone = {job.id for job in self.story.jobs} - alive
        self.world.strike(struck(self.story, self.world.scenario, self.now, gone))
        self.see(disk_used=self.story.fill)

    def leave(self) -> None:
        """The engine is stopped in good order, and the judge looks."""
        self.world.leave(self._engine)
        self.crash()
        self.judge.look()

    def terminate(self, job_id: str) -> None:
        """Somebody ends the worker of a job."""
        ran = self.world.jobs.find(job_id)
        self.world.finish(self._engine, job_id, -15)
        del self._ends[job_id]
        self.judge.worker_ended(ran, 15)

    def terminate_any(self) -> None:
        """Somebody ends the worker of whatever job comes next."""
        self.work(1)
        self.terminate(next(iter(self._ends)))

    def repair(self) -> None:
        """Every gap is filled at once."""
        data = self.world.data
        steps = data.repair(["AUTO_DETECT"], EVERYTHING, self.now)
        self.judge.repairing(steps)
        for step in steps:
            data.complete(step, self.now)

    def switch(self, to_backup: bool) -> None:
        """Another source is used from now on."""
        was = self.world.data.active_source().status == "healthy"
        self.judge.switched(changed=self.world.data.switch(to_backup, self.now), was_healthy=was)

    def see(self, **seen: float | bool) -> None:
        """The real parts look like this from now on."""
        self.world.ground = replace(self.world.ground, **seen)  # type: ignore[arg-type]

    def requeue(self, job_id: str) -> None:
        self.judge.requeued(self.world.jobs.requeue(job_id, self.now))

    def retry(self, job_id: str, **changes: int | bool) -> None:
        self.judge.retried(self.world.jobs.retry(job_id, Modifications(**changes), self.now))  # type: ignore[arg-type]

    def failed(self, words: str) -> list[str]:
        """The ids of failed jobs with these words in their error, the latest first."""
        return [job.id for job in self.world.jobs.select("failed") if words in (job.error_message or "")]

    def over(self) -> bool:
        """Whether the judge says so."""
        return self.judge.over

    @property
    def effects(self) -> list[tuple[str, str]]:
        """What was done, with its effect."""
        return [(deed.action, deed.effect) for deed in self.judge.done]
