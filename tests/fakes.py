"""Parts of the world that tests hold in their hand: time, threads, and a server with jobs."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from actions.aftermath import Aftermath
from actions.jobs import JobExecutor, plan_requeue
from actions.means import Means
from actions.outcome import Outcome, Progress
from actions.plan import Plan, Refusal
from actions.run import Runner
from actions.spec import Ask
from actions.verdict import Verdict
from backend.clients.api import ApiClient, Sent
from backend.config.model import Config
from backend.errors import MissingObject, SourceError
from backend.holding import Locks
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader
from backend.incident.scribe import Scribe
from backend.model.jobs import Job, JobList, JobState
from backend.model.situation import Part, Reading, Situation, Value
from backend.model.target import JobTarget
from backend.parts import JOBS_FAILED
from backend.store import reduce
from tests.journals import MANY

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


class Time:
    """A clock that goes on only when all that could run has run and waits in `sleep`."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._driver: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.passed + seconds, self._count, woken))
        if self._driver is None or self._driver.done():
            self._driver = loop.create_task(self._drive())
        await woken

    async def _drive(self) -> None:
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        while self._sleepers:
            await asyncio.sleep(0)
            if ready:
                continue
            until, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self.passed = max(self.passed, until)
                woken.set_result(None)


class InlineThreads(ThreadPoolExecutor):
    """Does at once what should be done in a thread, so that a test has one order of events only."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as a thread would: whoever waits gets it
            done.set_exception(error)
        return done


def without_threads() -> None:
    """From now on the running loop's threads are none."""
    asyncio.get_running_loop().set_default_executor(InlineThreads())


def failed(name: str = "8841", *, attempt: int | None = 1, error: str = "No data for SAP.DE", **fields: Any) -> Job:
    """A job that failed two minutes ago."""
    fields.setdefault("started_at", NOW - timedelta(minutes=9))
    fields.setdefault("finished_at", NOW - timedelta(minutes=2))
    return Job(name, name, "mean-revert-eu", JobState.FAILED, attempt=attempt, error=error, **fields)


def listing(*jobs: Job, at: datetime = NOW) -> Situation:
    """Where these failed jobs were just listed."""
    return known(Situation(at), JOBS_FAILED, JobList(jobs))


def known(situation: Situation, part: Part[Any], value: object) -> Situation:
    """The situation after this part was just read with this value."""
    return reduce(situation, Reading(part, situation.at, 0.01, Value(value)))


def requeue_of(*jobs: Job) -> Plan:
    """The plan to requeue these."""
    plan = plan_requeue(Ask(listing(*jobs), tuple(JobTarget.of(job) for job in jobs), Config()))
    assert isinstance(plan, Plan)
    return plan


Course = Sequence[tuple[float, JobState]]
GOOD: Course = ((0.0, JobState.PENDING), (1.5, JobState.RUNNING), (2.5, JobState.COMPLETED))
BAD: Course = ((0.0, JobState.PENDING), (1.5, JobState.FAILED))
SLOW: Course = ((0.0, JobState.PENDING), (3.0, JobState.RUNNING))
NOTHING: Course = ()


class Server:
    """A research API that keeps what it is sent, and moves its jobs along the course that a test sets for each."""

    def __init__(self, time: Time, *jobs: Job) -> None:
        self.time = time
        self.place = "here"
        self.stock = {job.id: job for job in jobs}
        self.courses: dict[str, Course] = {}
        self.sent: list[str] = []
        """Ids of the jobs for which a requeue arrived."""
        self.on_send: Callable[[str], None] = lambda _: None
        self.read_error: SourceError | None = None
        self.send_error: SourceError | None = None
        """What the client says of a request, which arrives all the same unless `deaf`."""
        self.deaf = False
        self.hold: asyncio.Event | None = None
        """Requests are answered only once this is set."""
        self._due: list[tuple[float, Job]] = []

    @property
    def executor(self) -> JobExecutor:
        """The real one, on this server."""
        return JobExecutor(cast("ApiClient", self))

    def put(self, job: Job) -> None:
        """From now on the job is this."""
        self.stock[job.id] = job

    async def job(self, id_: str) -> Job:
        self._settle()
        if id_ not in self.stock:
            raise MissingObject(f"no job {id_}")
        return self.stock[id_]

    async def jobs(self, state: JobState) -> JobList:
        self._settle()
        return JobList(tuple(job for job in self.stock.values() if job.state is state))

    async def send(self, method: str, segments: tuple[str, ...], body: object = None, *, thing: str = "") -> Sent:
        assert (method, segments[0], segments[2], body) == ("POST", "backtests", "requeue", None)
        assert thing.startswith("job ")
        id_ = segments[1]
        self.on_send(id_)
        if not self.deaf:
            self.sent.append(id_)
            self.requeue(id_)
        if self.hold is not None:
            await self.hold.wait()
        if self.send_error is not None:
            raise self.send_error
        return Sent(202, "queued", None)

    def requeue(self, id_: str) -> None:
        """Start the course of a job, as when its requeue arrives."""
        job = self.stock.get(id_)
        if job is None:
            return
        attempt = None if job.attempt is None else job.attempt + 1
        for delay, state in self.courses.get(id_, GOOD):
            at = self.time.now() + timedelta(seconds=delay)
            moved = replace(job, attempt=attempt, state=state, started_at=at, finished_at=None)
            self._due.append((self.time.passed + delay, moved))
        self._settle(reading=False)

    def _settle(self, *, reading: bool = True) -> None:
        if reading and self.read_error is not None:
            raise self.read_error
        due = [job for at, job in self._due if at <= self.time.passed]
        self._due = [(at, job) for at, job in self._due if at > self.time.passed]
        for job in due:
            if job.id in self.stock:
                self.stock[job.id] = job


class Rig:
    """A runner on a server that stands still until it is told otherwise."""

    def __init__(self, folder: Path, *jobs: Job) -> None:
        without_threads()
        self.time = Time()
        self.server = Server(self.time, *jobs)
        self.path = folder / "journal.jsonl"
        self.locks = folder / "locks"
        self.locks.mkdir(exist_ok=True)
        self.progress: list[Progress] = []
        self.runner = self.another()

    def means(self, who: str = "ann@research-01") -> Means:
        """What one backtop on this host works with, on the one journal."""
        scribe = Scribe(Journal(self.path, who, self.time))
        return Means(self.server.executor, scribe, Locks(self.locks, self.time), self.time, self.time.sleep)

    def another(self) -> Runner:
        """A second backtop on the same host, with the same journal."""
        return Runner(self.means())

    async def settle(self, id_: str, who: str = "ann@research-01") -> Verdict | None:
        """Bring a run to its last verdict."""
        return await Aftermath(self.means(who), JobTarget).settle(id_)

    async def run(self, plan: Plan) -> Outcome:
        outcome = await self.runner.run(plan, self.progress.append)
        assert isinstance(outcome, Outcome), outcome
        return outcome

    async def refused(self, plan: Plan, runner: Runner | None = None) -> str:
        refusal = await (runner or self.runner).run(plan, self.progress.append)
        assert isinstance(refusal, Refusal), refusal
        return refusal.reason

    @property
    def kinds(self) -> list[str]:
        """What stands in the journal, by its kinds."""
        return [entry.kind for entry in self.entries()]

    def entries(self, kind: str | None = None) -> Sequence[Entry]:
        return [entry for entry in JournalReader(self.path).tail(MANY) if kind in (None, entry.kind)]
