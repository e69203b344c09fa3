"""Two on-call and a world that does not wait for them: what was confirmed is what is acted on, or nothing is.

So many interleavings are played as the environment variable BACKTOP_RACES says.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.engine import the_unit
from actions.guard import Posture
from actions.means import Executor, Means
from actions.outcome import Progress
from actions.plan import Plan
from actions.registry import REGISTRY
from actions.run import Runner
from actions.spec import ActionSpec
from backend.clients import systemctl
from backend.config.model import Config
from backend.holding import Locks
from backend.incident.entry import Entry, decode
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader
from backend.incident.scribe import Scribe
from backend.model.jobs import JobList, JobState
from backend.model.situation import Situation
from backend.model.target import JobTarget, Target, UnitTarget, of_kind
from backend.parts import ENGINE_UNIT, JOBS_FAILED
from tests.engines import CLEARED, LOOPS, UP, Course, Engine, executor_of
from tests.fakes import BAD, GOOD, NOTHING, SLOW, Server, Time, failed, known, without_threads
from tests.fakes import Course as JobCourse
from tests.situations import unit
from tui.dispatch import Dispatcher
from tui.targets import targets_of
from widgets.present.failures import group_key

PLAYED = int(os.environ.get("BACKTOP_RACES", "200"))
NAMES = ("1", "2", "3", "4")
PEOPLE = ("ann@research-01", "bob@research-01")
READ_EVERY = 2.0
LASTS = 40.0
"""Seconds for which screens go on reading."""
TALLY: Counter[str] = Counter()
"""What was played, over all interleavings."""


@dataclass(frozen=True)
class Press:
    """Somebody presses a key, and answers the dialog so many seconds later."""

    at: float
    who: int
    action: str
    cursor: int
    marked: frozenset[str]
    thinks: float
    confirms: bool


@dataclass(frozen=True)
class Event:
    """Something that happens by itself, or is done by others."""

    at: float
    what: str
    name: str


EVENTS = ("ends", "runs", "fails again", "vanishes", "comes", "unit restarts", "unit fails", "unit is reset",
          "unit crashes", "unit comes up for a moment",
          "screens stand", "screens go on", "the first leaves", "locks are swept", "locks are swept")  # fmt: skip
MOMENTS = st.integers(0, 60).map(lambda quarter: quarter / 4)
PRESSES = st.lists(
    st.builds(
        Press, MOMENTS, st.integers(0, 1), st.sampled_from([*REGISTRY, "job.requeue"]), st.integers(0, 5),
        st.frozensets(st.sampled_from(NAMES), max_size=3), st.integers(0, 32).map(lambda quarter: quarter / 4),
        st.sampled_from([True, True, True, False]),
    ),
    min_size=1, max_size=5,
)  # fmt: skip
HAPPENING = st.lists(st.builds(Event, MOMENTS, st.sampled_from(EVENTS), st.sampled_from(NAMES)), max_size=8)
SPELLINGS: Sequence[Sequence[str]] = (
    ("systemctl",), ("/usr/bin/systemctl",), ("sudo", "-n", "systemctl"),
    ("/bin/sudo", "--non-interactive", "systemctl"), ("systemctl", "--system"), ("systemctl", "--no-ask-password"),
    ("env", "LC_ALL=C", "nice", "-n", "5", "systemctl"), ("timeout", "20", "sudo", "-n", "systemctl", "-q"),
    ("ssh", "localhost", "systemctl"), ("systemctl", "-qM", ".host"),
)  # fmt: skip
"""Ways to say one service manager, and one unit of it."""
SPELT = st.tuples(st.sampled_from(SPELLINGS), st.sampled_from(SPELLINGS))
COURSES = st.fixed_dictionaries({name: st.sampled_from([GOOD, GOOD, BAD, SLOW, NOTHING]) for name in NAMES})


class World:
    """One server, one engine, one journal and one folder of locks, for all; judges each effect as it arrives."""

    def __init__(self, folder: Path, *, one_journal: bool) -> None:
        without_threads()
        self.one_journal = one_journal
        """Whether all write to the same; two users of a host have one each, and nothing but the locks in common."""
        self.time = Time()
        self.server = Server(self.time, *(failed(name) for name in NAMES))
        self.engine = Engine(self.time, unit())
        self.folder, self.locks = folder, folder / "locks"
        self.locks.mkdir()
        self.synced: Counter[Path] = Counter()
        """Bytes of each journal that are on disk."""
        self.stands = False
        """Whether screens show what they read before, because nothing answers."""
        self._effects: Counter[tuple[Path, str]] = Counter()
        self._count = 0
        self.server.on_send = self._request_arrives
        self.engine.on_ask = self._command_arrives

    async def seen(self) -> Situation:
        """What a reading gives now; rows change their places."""
        listed = (await self.server.jobs(JobState.FAILED)).jobs
        jobs = sorted(listed, key=lambda job: (job.attempt or 0, job.id), reverse=True)
        found = known(Situation(self.time.now()), JOBS_FAILED, JobList(tuple(jobs)))
        return known(found, ENGINE_UNIT, await self.engine.unit())

    def happens(self, event: Event) -> None:
        job = self.server.stock.get(event.name)
        match event.what:
            case "ends" | "runs" | "fails again" if job is not None:
                state = {"ends": JobState.COMPLETED, "runs": JobState.RUNNING}.get(event.what, JobState.FAILED)
                self.server.put(replace(job, state=state, attempt=(job.attempt or 0) + (event.what != "ends")))
            case "vanishes":
                self.server.stock.pop(event.name, None)
            case "comes":
                self.server.put(failed(f"9{self._new()[-3:]}"))
            case what if what.startswith("unit "):
                self._happens_to_the_unit(what)
            case "screens stand" | "screens go on":
                self.stands = event.what == "screens stand"
            case "locks are swept":
                for file in self.locks.iterdir():
                    file.unlink()
                    TALLY["locks swept"] += 1

    def _happens_to_the_unit(self, what: str) -> None:
        stands = self.engine.stands
        match what:
            case "unit restarts":
                self.engine.becomes(**UP | {"invocation": self._new(), "restarts": 0})
            case "unit crashes":
                restarts = (stands.restarts or 0) + 1
                self.engine.becomes(**LOOPS | {"invocation": self._new(), "restarts": restarts})
            case "unit comes up for a moment" if stands.sub == "auto-restart":
                self.engine.becomes(**UP | {"invocation": self._new(), "active_since": self.time.now()})
            case "unit fails":
                self.engine.becomes(active="failed", sub="failed", result="exit-code")
            case "unit is reset" if stands.active == "failed":
                self.engine.becomes(**CLEARED)

    def journal(self, who: str) -> Path:
        """Where this one writes."""
        return self.folder / ("journal.jsonl" if self.one_journal else f"{who}.jsonl")

    def journals(self) -> list[Path]:
        return list(self.folder.glob("*.jsonl"))

    def _new(self) -> str:
        self._count += 1
        return f"{self._count:032}"

    def _request_arrives(self, id_: str) -> None:
        job = self.server.stock.get(id_)
        assert job is not None, "sent for a job that is gone"
        target = self._meant(f"job:{id_}")
        assert of_kind(target, JobTarget).same(job), "sent for another attempt than the one that was confirmed"
        assert job.state.broken, f"sent for a job that is {job.state}"

    def _command_arrives(self) -> None:
        target = self._meant(f"unit:{self.engine.stands.name}")
        stands, now = self.engine.stands, self.time.now()
        assert of_kind(target, UnitTarget).same(stands, now), "asked for another run than was confirmed"
        TALLY["of a unit that does not stay up"] += stands.restless(now)
        restarts = ACTING.get().acts == "engine.restart"
        course: Course = ((0.5, UP | {"invocation": self._new()} if restarts else CLEARED),)
        self.engine.course = course

    def _meant(self, key: str) -> Target:
        """The target of this key that the one who acts has seen and confirmed, and whose intent is on disk."""
        who = ACTING.get()
        targets = [target for target in who.confirmed if target.key == key]
        assert targets, "sent for what nobody confirmed"
        assert set(targets) <= who.picked, "sent for what was not under the cursor, and not marked"
        path = self.journal(who.name)
        on_disk = [decode(line) for line in path.read_bytes()[: self.synced[path]].splitlines()]
        intents = [entry for entry in on_disk if entry.kind == "intent" and key in entry.targets]
        assert len(intents) > self._effects[path, key], "sent without an intent of its own on disk"
        assert (intents[-1].actor, intents[-1].action) == (who.name, who.acts)
        assert self._at_work(key) == [who.name], "somebody else is at work on it"
        self._effects[path, key] += 1
        TALLY["effects"] += 1
        return targets[0]

    def _at_work(self, key: str) -> list[str]:
        """Who has begun something with this target, and has no verdict yet."""
        entries = [entry for path in self.journals() for entry in JournalReader(path).tail(10_000)]
        ended = {entry.id for entry in entries if entry.kind == "verdict"}
        begun = (entry for entry in entries if entry.kind == "intent" and key in entry.targets)
        return [entry.actor for entry in begun if entry.id not in ended]


class Spelt:
    """The one engine, as somebody reaches it by words of his own."""

    def __init__(self, engine: Engine, words: Sequence[str]) -> None:
        self._engine = engine
        self.place = systemctl.place(words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class OnCall:
    """Sits before a screen, on the real way from key to verdict."""

    def __init__(self, world: World, name: str, words: Sequence[str], seen: Situation) -> None:
        self.name = name
        self._engine = Spelt(world.engine, words)
        self.acts = ""
        self.picked: frozenset[Target] = frozenset()
        self.confirmed: tuple[Target, ...] = ()
        self.dispatcher = Dispatcher(self, self._runner, Config())
        self._world = world
        self._seen = seen
        self._answers: Press | None = None

    def _runner(self, spec: ActionSpec) -> Runner:
        world = self._world
        scribe = Scribe(Journal(world.journal(self.name), self.name, world.time))
        locks = Locks(world.locks, world.time)
        return Runner(Means(self._executor(spec), scribe, locks, world.time, world.time.sleep))

    def _executor(self, spec: ActionSpec) -> Executor:
        if spec.id == "job.requeue":
            return self._world.server.executor
        return executor_of("restart" if spec.id == "engine.restart" else "reset-failed", self._engine, self._world.time)

    async def press(self, press: Press) -> None:
        """Press the key on what the screen shows now."""
        await self._world.time.sleep(press.at)
        ACTING.set(self)
        situation = self.situation()
        listed = situation.value(JOBS_FAILED)
        jobs = listed.jobs if listed else ()
        rows = [*(job.id for job in jobs), group_key("No data for SAP.DE")]
        cursor = rows[press.cursor % len(rows)]
        wanted = press.marked or {job.id for job in jobs if cursor in (job.id, group_key(job.error))}
        if self.dispatcher.busy is None:
            on_jobs = {JobTarget.of(job) for job in jobs if job.id in wanted}
            self.picked = frozenset(on_jobs if press.action == "job.requeue" else the_unit(situation))
            self.acts, self._answers, self.confirmed = press.action, press, ()
        spec = REGISTRY[press.action]
        await self.dispatcher.act(spec, targets_of(spec, situation, wanted))

    async def watch(self) -> None:
        """Read as long as something answers."""
        while self._world.time.passed < LASTS:
            if not self._world.stands:
                self._seen = await self._world.seen()
            await self._world.time.sleep(READ_EVERY)

    def situation(self) -> Situation:
        return self._seen.seen_at(self._world.time.now())

    def posture(self) -> Posture:
        return Posture()

    async def confirm(self, plan: Plan) -> bool:
        assert self._answers is not None
        assert set(plan.targets) <= self.picked, "the dialog shows what was not picked"
        TALLY["dialogs"] += 1
        await self._world.time.sleep(self._answers.thinks)
        self.confirmed = plan.targets if self._answers.confirms else ()
        return self._answers.confirms

    def tell(self, text: str, *, title: str, grave: bool) -> None:
        TALLY["refusals" if title.endswith(": refused") else "verdicts"] += 1

    def progressed(self, progress: Progress | None) -> None: ...

    def reads(self, text: str | None) -> None: ...

    def recorded(self, spec: ActionSpec) -> None: ...

    async def advice(self, spec: ActionSpec) -> str:
        return ""


ACTING: ContextVar[OnCall] = ContextVar("ACTING")


@contextmanager
def watched(world: World) -> Iterator[None]:
    """Keep in mind how much of the journal is on disk."""
    sync = os.fsync

    def synced(fd: int) -> None:
        sync(fd)
        for path in world.journals():
            if os.path.samestat(os.fstat(fd), path.stat()):
                world.synced[path] = path.stat().st_size

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", synced)
        yield


@dataclass(frozen=True)
class Play:
    """What happens in one interleaving, and between whom."""

    presses: list[Press]
    events: list[Event]
    courses: dict[str, JobCourse]
    spelt: tuple[Sequence[str], Sequence[str]]
    one_journal: bool


async def play(folder: Path, given: Play) -> None:
    world = World(folder, one_journal=given.one_journal)
    world.server.courses = dict(given.courses)
    presses, events = given.presses, given.events
    people = [OnCall(world, name, words, await world.seen()) for name, words in zip(PEOPLE, given.spelt, strict=True)]
    acting = [(press.who, asyncio.create_task(people[press.who].press(press))) for press in presses]

    async def happens(event: Event) -> None:
        await world.time.sleep(event.at)
        world.happens(event)
        if event.what == "the first leaves":
            for who, task in acting:
                if who == 0:
                    task.cancel()

    with watched(world):
        beside: list[asyncio.Task[Any]] = [asyncio.create_task(happens(event)) for event in events]
        beside += [asyncio.create_task(person.watch()) for person in people]
        for _, task in acting:
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*beside)
    for path in world.journals():
        entries = JournalReader(path).tail(10_000)
        assert JournalReader(path).verify().ok
        assert ids(entries, "intent") == ids(entries, "verdict"), "what was begun has its end in the journal"
    assert not list(world.locks.iterdir())
    assert all(person.dispatcher.busy is None for person in people)
    TALLY["interleavings"] += 1


def ids(entries: Sequence[Entry], kind: str) -> list[str]:
    return sorted(entry.id for entry in entries if entry.kind == kind)


@given(st.builds(Play, PRESSES, HAPPENING, COURSES, SPELT, st.booleans()))
@pytest.mark.timeout(max(120, PLAYED // 10))
@settings(max_examples=PLAYED)
def test_what_was_confirmed_is_acted_on_or_nothing(given: Play) -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(play(Path(folder), given))
