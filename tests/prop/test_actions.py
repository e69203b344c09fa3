"""Whatever the world does between plan, confirmation and run: the right targets, once each, and on record before."""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.brake import ENDING
from actions.outcome import Outcome
from actions.plan import Plan, Refusal
from actions.verdict import Word
from backend.errors import JournalError, Refused, TimedOut
from backend.incident.entry import Entry, decode
from backend.incident.journal import Journal
from backend.model.jobs import Job, JobState
from backend.model.target import JobTarget, of_kind
from tests.fakes import BAD, GOOD, NOTHING, SLOW, Rig, failed, requeue_of

NAMES = ("1", "2", "3", "4")
EVENTS = st.sampled_from(
    [
        "ends", "runs", "fails again", "vanishes",
        "reads break", "reads mend", "answers are lost", "requests are lost", "sends mend", "journal breaks",
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Something that happens; `after` is in seconds from the start of the run, below 0 after the plan was made."""

    after: float
    event: str
    name: str


CHANGES = st.lists(
    st.builds(Change, st.integers(-2, 40).map(lambda half: half / 2), EVENTS, st.sampled_from(NAMES)), max_size=6
)
COURSES = st.fixed_dictionaries({name: st.sampled_from([GOOD, GOOD, BAD, SLOW, NOTHING]) for name in NAMES})
MOMENTS = st.none() | st.integers(0, 30).map(lambda half: half / 2)


class Watched(Rig):
    """A rig that judges each request at the moment at which it arrives."""

    def __init__(self, folder: Path, plan: Plan, *jobs: Job) -> None:
        super().__init__(folder, *jobs)
        self.targets = {target.id: target for target in plan.targets}
        self.synced = 0
        self.journal_broken = False
        self.server.on_send = self.judge

    def judge(self, name: str) -> None:
        job = self.server.stock.get(name)
        assert job is not None, "sent for a job that is gone"
        assert of_kind(self.targets[name], JobTarget).same(job), "sent for another attempt"
        assert job.state.broken, f"sent for a job that is {job.state}"
        on_disk = [decode(line) for line in self.path.read_bytes()[: self.synced].splitlines()]
        intents = [entry for entry in on_disk if entry.kind == "intent" and f"job:{name}" in entry.targets]
        sent_before = Counter(self.server.sent)[name]
        assert len(intents) > sent_before, "sent without an intent of its own on disk"

    def happen(self, change: Change) -> None:
        server = self.server
        job = server.stock.get(change.name)
        match change.event:
            case "ends" | "runs" | "fails again" if job is not None:
                state = {"ends": JobState.COMPLETED, "runs": JobState.RUNNING}.get(change.event, JobState.FAILED)
                attempt = None if job.attempt is None else job.attempt + (state is not JobState.COMPLETED)
                began = (job.started_at or self.time.now()) + timedelta(seconds=1)
                server.put(replace(job, state=state, attempt=attempt, started_at=began))
            case "vanishes":
                server.stock.pop(change.name, None)
            case "reads break":
                server.read_error = Refused("the connection broke")
            case "reads mend":
                server.read_error = None
            case "answers are lost":
                server.send_error, server.deaf = TimedOut("no answer"), False
            case "requests are lost":
                server.send_error, server.deaf = Refused("nobody listens"), True
            case "sends mend":
                server.send_error, server.deaf = None, False
            case "journal breaks":
                self.journal_broken = True

    async def later(self, change: Change) -> None:
        await self.time.sleep(change.after)
        self.happen(change)


@contextmanager
def watched(folder: Path, plan: Plan, *jobs: Job) -> Iterator[Watched]:
    rig = Watched(folder, plan, *jobs)
    sync, append = os.fsync, Journal.append

    def synced(fd: int) -> None:
        sync(fd)
        if rig.path.exists() and os.path.samestat(os.fstat(fd), rig.path.stat()):
            rig.synced = rig.path.stat().st_size

    def appended(journal: Journal, *args: object, **fields: object) -> Entry:
        if rig.journal_broken:
            raise JournalError("the disk is gone")
        return append(journal, *args, **fields)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", synced)
        patch.setattr(Journal, "append", appended)
        yield rig


def play(scenario: Callable[[Path], Coroutine[None, None, None]]) -> None:
    """Run it in a folder and on a loop of its own; the loop of other tests is left alone."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(scenario(Path(folder)))


def check(rig: Watched, jobs: Sequence[Job]) -> None:
    """What must hold at the end, however it went."""
    intents, verdicts, steps = rig.entries("intent"), rig.entries("verdict"), rig.entries("step")
    for job in jobs:
        of_job = [entry for entry in intents if f"job:{job.id}" in entry.targets]
        assert rig.server.sent.count(job.id) <= len(of_job)
    if not rig.journal_broken:
        assert sorted(entry.id for entry in intents) == sorted(entry.id for entry in verdicts)
        assert len(steps) >= len(rig.server.sent)
        assert rig.runner.means.scribe.journal.verify().ok or not intents
    assert not list(rig.locks.iterdir())


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.booleans(),
    COURSES,
    CHANGES,
    MOMENTS,
    MOMENTS,
)
@settings(max_examples=250)
def test_right_targets_once_each_and_on_record_before(
    names: list[str],
    numbered: bool,
    courses: dict[str, Sequence[tuple[float, JobState]]],
    changes: list[Change],
    stopped: float | None,
    cancelled: float | None,
) -> None:
    jobs = [failed(name, attempt=1 if numbered else None) for name in names]
    plan = requeue_of(*jobs)

    async def scenario(folder: Path) -> None:
        with watched(folder, plan, *jobs) as rig:
            rig.server.courses = dict(courses)
            for change in changes:
                if change.after < 0:
                    rig.happen(change)
            world = [asyncio.create_task(rig.later(change)) for change in changes if change.after >= 0]
            acting = asyncio.create_task(rig.runner.run(plan, rig.progress.append))

            async def at(moment: float | None, what: str) -> None:
                if moment is not None:
                    await rig.time.sleep(moment)
                    rig.runner.brake.pull(ENDING, hurry=True) if what == "stop" else acting.cancel()

            world += [asyncio.create_task(at(stopped, "stop")), asyncio.create_task(at(cancelled, "cancel"))]
            result: Outcome | Refusal | None = None
            with suppress(asyncio.CancelledError):
                result = await acting
            await asyncio.gather(*world)
            check(rig, jobs)
            assert all(count == 1 for count in Counter(rig.server.sent).values())
            if isinstance(result, Refusal):
                assert (rig.server.sent, rig.entries("step")) == ([], [])
            if isinstance(result, Outcome) and result.verdict.word is Word.WORKED:
                # A job whose request was lost may have ended well by itself: a fresh read decides.
                lost = any(change.event == "requests are lost" for change in changes)
                needless = [key for entry in rig.entries("step") if entry.data.get("needless") for key in entry.targets]
                done = sorted([f"job:{name}" for name in rig.server.sent] + needless)
                assert lost or rig.journal_broken or done == sorted(f"job:{name}" for name in names)
                assert {key.removeprefix("job:") for key in needless} <= {change.name for change in changes}
                assert result.verdict.recorded or rig.journal_broken

    play(scenario)


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
    COURSES,
    CHANGES,
    st.integers(0, 140).map(lambda half: half / 2),
)
@settings(max_examples=150)
def test_two_on_call_never_act_on_one_target_within_its_cool_down(
    mine: list[str],
    theirs: list[str],
    courses: dict[str, Sequence[tuple[float, JobState]]],
    changes: list[Change],
    delay: float,
) -> None:
    jobs = [failed(name) for name in NAMES]
    plans = [requeue_of(*(failed(name) for name in names)) for names in (mine, theirs)]

    async def scenario(folder: Path) -> None:
        with watched(folder, requeue_of(*jobs), *jobs) as rig:
            rig.server.courses = dict(courses)
            sent_at: dict[str, list[float]] = {name: [] for name in NAMES}

            def judge(name: str) -> None:
                rig.judge(name)
                assert all(rig.time.passed - before > 40 for before in sent_at[name])
                sent_at[name].append(rig.time.passed)

            rig.server.on_send = judge
            world = [asyncio.create_task(rig.later(change)) for change in changes if change.after >= 0]

            async def second() -> Outcome | Refusal:
                await rig.time.sleep(delay)
                return await rig.another().run(plans[1], rig.progress.append)

            results = await asyncio.gather(rig.runner.run(plans[0], rig.progress.append), second())
            await asyncio.gather(*world)
            check(rig, jobs)
            if delay == 0 and set(mine) & set(theirs):
                assert [type(result) for result in results].count(Outcome) <= 1

    play(scenario)
