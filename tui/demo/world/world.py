"""The live world: what the platform is at this moment, and what happens when it is asked to do something."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from tui.demo.world.arrivals import Arrivals
from tui.demo.world.backlog import Backlog
from tui.demo.world.conditions import is_poisonous, runtime_limit
from tui.demo.world.data import DataSide
from tui.demo.world.ground import Ground
from tui.demo.world.job import Job
from tui.demo.world.jobs import JobStore
from tui.demo.world.outcome import LOST, error_of_run, hindrance
from tui.demo.world.refusal import ConflictError
from tui.demo.world.seed import Cause, Scenario
from tui.demo.world.symbols import missing_days
from tui.demo.world.watch import EngineWatch

FULL_QUEUE = 12
"""Researchers hold back while so many jobs wait."""
STALL = timedelta(seconds=2)
"""After a longer silence of the world itself an engine is given time to be heard, for it may have spoken in vain."""
UNSEEN = timedelta(seconds=6)
"""A claimed job that its engine never speaks of goes back to the queue after this."""


class World:
    """Jobs, data and engine of one instance. `clock` gives the time in UTC; `settle` comes before every look."""

    def __init__(self, scenario: Scenario, clock: Callable[[], datetime]) -> None:
        self.scenario = scenario
        self.jobs = JobStore(scenario.jobs, Backlog(scenario))
        self.data = DataSide(scenario)
        self.ground = Ground.of(scenario)
        self.lost: list[Job] = []
        """The jobs that failed without their engine, and of which no engine was told yet."""
        self.poisoned: set[str] = set()
        """The jobs that an engine took and has to crash of."""
        self.given_up = False
        """Whether the engine crashed so often that its unit gave up."""
        self.said: Mapping[str, datetime] = {}
        """The jobs that the engine's last sign of life named, and when that was."""
        self.missed: tuple[datetime, datetime] | None = None
        """When the engine that was missed last had been heard before, and until when it was; None while none was."""
        self.freed = False
        """Whether somebody ended the session that held up the others; then it never comes again."""
        self._clock = clock
        self._began = self._settled = scenario.now
        self._watch = EngineWatch(scenario.now)
        self._arrivals = Arrivals(scenario)
        self.quiet = False
        """Whether the incident of the scenario is still to come."""
        self.struck: datetime | None = None
        """When the first of it came, if the world was well before."""
        self.losing = False
        """Whether the database is still to lose days by the incident itself."""
        self.spared: frozenset[Cause] = frozenset()
        """What of it did not come, for somebody had made sure of that before."""

    def strike(self, scenario: Scenario) -> None:
        """From now on what is wrong in `scenario` is wrong here; its jobs of `later` come."""
        self.scenario = scenario
        now = self.settle()
        self.struck, self.quiet = min(now, self.first_limit or now), False
        self._arrivals.expect(scenario)
        self.data.strike(scenario.gaps, scenario.sources, now)
        if self.data.active_source().status == "healthy":
            self.spared = frozenset({"provider"})
        self.ground = replace(self.ground, blocked=scenario.blockade is not None)

    def lack(self, scenario: Scenario) -> None:
        """From now on the days of `scenario` are missing too, and its jobs of `later` come to its workers."""
        self.settle()
        self.scenario = replace(self.scenario, workers=scenario.workers)
        self.data.lack({gap.symbol: missing_days(gap.symbol, scenario.gaps) for gap in scenario.gaps})
        self._arrivals.add(scenario.later)
        self.losing = False

    @property
    def first_limit(self) -> datetime | None:
        """When the first of the jobs that go on from before the incident comes, or came, to the limit."""
        began = (*self.jobs.select("running"), *self.jobs.select("failed"))
        limits = (runtime_limit(job) for job in began if job.seeded_run and job.run_error is not None)
        return min((limit for limit in limits if limit is not None and limit >= self._began), default=None)

    @property
    def unfolding(self) -> bool:
        """Whether more of the incident is still to come by itself."""
        given_up = any(job.seeded_run and job.fate.once is not None for job in self.jobs.select("running"))
        return self.quiet or self.losing or self._arrivals.expected or given_up

    def settle(self) -> datetime:
        """Let everything happen that is due, and give back the time."""
        now = self._clock()
        if now - self._settled > STALL:
            self._watch.excuse(now)
        self._settled = now
        self.data.settle(now)
        for draft in self._arrivals.told(now):
            self.jobs.add(draft)
        for draft in self._arrivals.due(now, self.data.gapped()):
            if self.jobs.counts()["pending"] < FULL_QUEUE:
                self.jobs.add(draft)
        if self._watch.is_lost(now):
            self.missed = self._watch.heard, now
            self._lose(self.jobs.select("running"), now)
        return now

    def _lose(self, jobs: Iterable[Job], now: datetime) -> None:
        self.lost += [self.jobs.end(job.id, LOST, now) for job in jobs]

    def _hear(self, engine: str) -> datetime:
        now = self.settle()
        replaced = self._watch.hear(engine, now)
        if replaced is not None:
            self._lose(self.jobs.running_on(replaced), now)
        return now

    def claim(self, engine: str, free: int) -> list[Job]:
        """Up to `free` jobs that `engine` shall run from now on.

        First those that ran when the platform started, then the queue; first runs leave the reserved workers alone. A
        poisonous job comes by itself, for its engine does not live to start another.
        """
        now = self._hear(engine)
        chosen = [*self.jobs.running_on(None), *self._claimable()]
        chosen = [job for job in chosen if is_poisonous(job)][:1] or chosen
        taken = [self.jobs.take(job.id, engine, now) for job in chosen[: max(0, free)]]
        self.poisoned.update(job.id for job in taken if is_poisonous(job))
        return taken

    def _claimable(self) -> list[Job]:
        """Waiting jobs in their order, less first runs beyond the workers that these may use.

        Poisonous ones do not wait for a worker: the engine itself reads their input.
        """
        queue = self.jobs.queue()
        if poisonous := [job for job in queue if is_poisonous(job)]:
            return poisonous
        first_runs = sum(not job.is_rerun for job in self.jobs.select("running"))
        room = max(0, self.scenario.workers - self.scenario.reserved - first_runs)
        allowed = {job.id for job in islice((job for job in queue if not job.is_rerun), room)}
        return [job for job in queue if job.is_rerun or job.id in allowed]

    def progress(self, engine: str, running: Iterable[str]) -> list[str]:
        """The engine's sign of life with the jobs it runs; gives back those that it should no longer run."""
        now = self._hear(engine)
        self._crash_again(now)
        reported = set(running)
        self.said = dict.fromkeys(reported, now)
        mine = self.jobs.running_on(engine)
        for job in mine:
            if job.id not in reported and job.claimed_at is not None and now - job.claimed_at > UNSEEN:
                self.jobs.release(job.id)
        return sorted(reported - {job.id for job in mine})

    def _crash_again(self, now: datetime) -> None:
        """Until the unit gave up, a job like those that crashed engines comes for each engine that outlived them.

        So somebody who has the unit forget its failures too early puts off its end, and heals nothing.
        """
        waits = any(map(is_poisonous, (*self.jobs.select("running"), *self.jobs.select("pending"))))
        if self.poisoned and not self.given_up and not waits:
            like = next(job for job in self.scenario.later if job.fate.poison)
            self.jobs.add(replace(like, created_at=now))

    def waiting(self) -> int:
        """How many jobs an engine with free workers would get."""
        return len(self.jobs.running_on(None)) + len(self._claimable())

    def finish(self, engine: str, job_id: str, exit_code: int) -> Job:
        """The worker of a job ended; the world decides how. NotThereError, ConflictError when it is not the engine's.

        `exit_code` is negative for a signal.
        """
        now = self._hear(engine)
        job = self.jobs.find(job_id)
        if job.status != "running" or job.engine != engine:
            raise ConflictError(f"backtest {job_id} does not run on this engine")
        config = job.strategy_config
        hindered = hindrance(config, self.data.active_source(), self.ground)
        fate = replace(job.fate, error=job.run_error)
        return self.jobs.end(job_id, error_of_run(config, fate, exit_code, self.data.gaps, hindered), now)

    def lost_since(self, moment: datetime) -> bool:
        """Whether a job was lost since then because its engine was."""
        failed = self.jobs.select("failed")
        return any(job.error_message == LOST and job.finished_at and job.finished_at >= moment for job in failed)

    def lose_session(self, job_id: str, error: str) -> bool:
        """The database session of a running job ended with `error`, and the job with it; False when it does not run."""
        now = self.settle()
        running = any(job.id == job_id for job in self.jobs.select("running"))
        if running:
            self.lost.append(self.jobs.end(job_id, error, now))
        return running

    def tell_lost(self) -> list[Job]:
        """The jobs that failed without their engine since this was asked last."""
        told, self.lost = self.lost, []
        return told

    def leave(self, engine: str) -> None:
        """`engine` stops in good order; what it still ran goes back to the queue."""
        self._hear(engine)
        for job in self.jobs.running_on(engine):
            self.jobs.release(job.id)
        self._watch.leave()

    def engine_awaited(self) -> bool:
        """Whether the platform has only just started and its first engine is still to come."""
        return self._watch.is_awaited(self.settle())

    def engine_status(self) -> str:
        """`healthy`, `degraded` or `down`; an engine that reaches no database is not healthy."""
        status = self._watch.status(self.settle())
        return "degraded" if status == "healthy" and self.ground.database_down else status
