"""A backtop that is killed in the middle of an action: whoever comes next is told the truth."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from actions.aftermath import Aftermath, left_alone
from actions.engine import plan_reset_failed, plan_restart
from actions.means import Changed, Executor, Means
from actions.plan import Plan, Refusal, Step
from actions.run import Runner
from actions.verdict import TargetVerdict, Verdict, Word
from backend.clients.api import ApiClient
from backend.config.load import load
from backend.config.model import Config
from backend.holding import Locks
from backend.incident import journal as journal_module
from backend.incident.journal import Journal
from backend.incident.ledger import Ledger
from backend.incident.reading import JournalReader
from backend.incident.runs import RunRecord
from backend.incident.scribe import Scribe
from backend.locks import TargetLock
from backend.model.target import Target
from tests.conftest import HandClock
from tests.e2e.stand import BACKTOP, Stand, backtop, environment
from tests.engines import CLEARED, UP, Engine, planned
from tests.engines import executor_of as unit_executor
from tests.fakes import NOW, Server, Time, failed, requeue_of, without_threads
from tests.journals import MANY
from tests.situations import unit
from tests.waiting import eventually

T = TypeVar("T")
GIVEN_UP = unit(active="failed", sub="failed", result="start-limit-hit")
JOBS = (failed("1"), failed("2"), failed("3"))
PLANS: Mapping[str, Callable[[], Plan]] = {
    "one job": lambda: requeue_of(JOBS[0]),
    "three jobs": lambda: requeue_of(*JOBS),
    "restart": lambda: planned(plan_restart, unit()),
    "reset": lambda: planned(plan_reset_failed, GIVEN_UP),
}
MOMENTS = (
    "before the intent", "in the middle of the intent", "after the intent",
    "before it is sent", "when it has arrived", "before the step", "in the middle of the step", "after the step",
    "while it watches", "before the verdict", "in the middle of the verdict", "after the verdict",
)  # fmt: skip
SILENT = MOMENTS[:2]
"""Nothing stands in the journal yet, and nothing was sent."""
ENDED = MOMENTS[-1:]


class Doomed:
    """An executor that writes down what arrives, and ends its process with `end` at its moment."""

    def __init__(self, executor: Executor, moment: str, arrived: Path, end: Callable[[], None]) -> None:
        self._executor = executor
        self._arrived = arrived
        self._moment = moment
        self._end = end
        self.place = executor.place

    def at(self, moment: str) -> None:
        if moment == self._moment:
            self._end()

    async def barred(self) -> str | None:
        return await self._executor.barred()

    async def gone(self, target: Target) -> Changed | None:
        return await self._executor.gone(target)

    async def perform(self, step: Step) -> str:
        self.at("before it is sent")
        with self._arrived.open("a") as file:
            file.write(f"{step.target.key}\n")
        self.at("when it has arrived")
        return await self._executor.perform(step)

    async def look(self, target: Target) -> TargetVerdict:
        self.at("while it watches")
        return await self._executor.look(target)


def executor_of(name: str, time: Time, arrived: Sequence[str] = ()) -> Executor:
    """What acts on a world in which these targets have been touched already."""
    if name not in ("restart", "reset"):
        server = Server(time, *JOBS)
        for key in arrived:
            server.requeue(key.removeprefix("job:"))
        return server.executor
    engine = Engine(time, unit() if name == "restart" else GIVEN_UP)
    becomes = UP if name == "restart" else CLEARED
    engine.course = ((0.0, becomes),)
    if arrived:
        engine.becomes(**becomes)
    return unit_executor("restart" if name == "restart" else "reset-failed", engine, time)


def means(config: Config, executor: Executor, time: Time, who: str) -> Means:
    """What one backtop on this host works with."""
    locks = Locks(config.lock_dir, time)
    return Means(executor, Scribe(Journal(config.journal_path, who, time)), locks, time, time.sleep)


def on_a_loop_of_its_own(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; the loop of other tests is left alone."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


def act(config: Config, name: str, moment: str, end: Callable[[], None]) -> None:
    """Run the plan on a journal whose writing ends the process at its moment, if that is one of the journal's."""

    async def run() -> None:
        without_threads()
        time = Time()
        doomed = Doomed(executor_of(name, time), moment, config.state_dir / "arrived", end)
        write = journal_module._write

        def written(fd: int, line: bytes, size: int, *, sync: bool) -> None:
            kind = json.loads(line)["kind"]
            doomed.at(f"before the {kind}")
            if moment == f"in the middle of the {kind}":
                os.write(fd, line[: len(line) // 2])
                end()
            write(fd, line, size, sync=sync)
            doomed.at(f"after the {kind}")

        journal_module._write = written
        await Runner(means(config, doomed, time, "ann@research-01")).run(PLANS[name](), lambda _: None)

    on_a_loop_of_its_own(run())


def begin(config: Config, name: str, moment: str, number: signal.Signals) -> int:
    """A process of its own that acts, and sends itself this signal at its moment; returns its pid."""
    config.state_dir.mkdir(exist_ok=True)
    config.lock_dir.mkdir(exist_ok=True)
    (config.state_dir / "arrived").touch()
    pid = os.fork()
    if pid == 0:
        _be_it(lambda: act(config, name, moment, lambda: os.kill(os.getpid(), number)))
    return pid


def _be_it(does: Callable[[], None]) -> NoReturn:
    try:
        does()
    finally:
        os._exit(3)


def arrived(config: Config) -> list[str]:
    return (config.state_dir / "arrived").read_text().split()


def broken_off(config: Config) -> list[RunRecord]:
    """The runs without a verdict that nobody brings to their end, as the next start finds them."""
    ledger = Ledger(JournalReader(config.journal_path))
    ledger.take(ledger.read())
    locks = Locks(config.lock_dir, HandClock())
    return [run for run in ledger.open_runs if left_alone(run, NOW, "research-01") and not locks.runs(run.id)]


def settled(config: Config, name: str, id_: str) -> Verdict | None:
    """What the next one writes of the run, after a look at a world that has gone on."""

    async def settle() -> Verdict | None:
        without_threads()
        time = Time()
        bobs = means(config, executor_of(name, time, arrived(config)), time, "bob@research-01")
        return await Aftermath(bobs, type(PLANS[name]().targets[0])).settle(id_)

    return on_a_loop_of_its_own(settle())


@pytest.fixture
def config(configured: Callable[..., Config]) -> Config:
    return configured()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", PLANS)
def test_whenever_it_is_killed_the_next_one_knows(name: str, moment: str, config: Config) -> None:
    pid = begin(config, name, moment, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "it came to its end before its moment"
    plan = PLANS[name]()
    journal = Journal(config.journal_path, "bob@research-01", HandClock())

    found = broken_off(config)
    assert [run.intent.action for run in found] == ([] if moment in (*SILENT, *ENDED) else [plan.action])
    if moment in SILENT:
        assert arrived(config) == []
    meant = {key for entry in journal.tail(MANY) if entry.kind == "intent" for key in entry.targets}
    assert set(arrived(config)) <= meant
    before = journal.verify()
    assert (before.ok, before.why) == ((False, "the last line is torn") if "middle" in moment else (True, ""))
    for run in found:
        check_settled(config, name, run)
    journal.append("note", id="whoever writes next")
    after = journal.verify()
    assert after.ok
    assert len(after.set_aside) == ("middle" in moment)
    assert broken_off(config) == []


def check_settled(config: Config, name: str, run: RunRecord) -> None:
    """The next one finds out what was touched, tells how far the run came, and closes it once."""
    touched, recorded = set(arrived(config)), len(run.steps)
    verdict = settled(config, name, run.id)
    assert verdict is not None
    assert {one.target.key for one in verdict.targets} == touched
    for one in verdict.targets:  # of what is not written down nobody knows who did it
        assert one.word is (Word.WORKED if one.target.key in run.sent else Word.UNKNOWN)
    of = len(run.intent.targets)
    assert verdict.skipped == of - len(touched)
    assert verdict.word is (Word.WORKED if set(run.intent.targets) == run.sent.keys() else Word.UNKNOWN)
    maybe = f", and step {recorded + 1} may have been sent" if recorded < of else ""
    how_far = (
        f"after step {recorded} of {of}{maybe}" if recorded else f"before step 1 of {of}, which may have been sent"
    )
    assert verdict.text.endswith(f"; broken off {how_far}")
    assert settled(config, name, run.id) is None


@pytest.mark.parametrize("name", PLANS)
def test_who_tries_again_is_told_that_it_was_asked_for(name: str, config: Config) -> None:
    os.waitpid(begin(config, name, "when it has arrived", signal.SIGKILL), 0)

    async def again() -> object:
        without_threads()
        time = Time()
        return await Runner(means(config, executor_of(name, time), time, "bob@research-01")).run(
            PLANS[name](), lambda _: None
        )

    refusal = on_a_loop_of_its_own(again())
    assert isinstance(refusal, Refusal), "the locks are free, the cool-down is not over"
    assert "was already asked for" in refusal.reason
    assert "by ann@research-01" in refusal.reason
    assert [run.intent.action for run in broken_off(config)] == [PLANS[name]().action]


@pytest.mark.parametrize("moment", ["after the intent", "when it has arrived", "while it watches"])
@pytest.mark.parametrize("name", PLANS)
def test_what_another_backtop_does_right_now_is_not_unfinished(name: str, moment: str, config: Config) -> None:
    pid = begin(config, name, moment, signal.SIGSTOP)
    try:
        _, status = os.waitpid(pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        ledger = Ledger(JournalReader(config.journal_path))
        ledger.take(ledger.read())
        (run,) = ledger.open_runs
        assert broken_off(config) == []
        assert settled(config, name, run.id) is None
        assert broken_off(config) == [], "to look takes no lock away"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert [run.intent.action for run in broken_off(config)] == [PLANS[name]().action]


@pytest.fixture
def requeued(data_gap: Stand) -> Iterator["subprocess.Popen[bytes]"]:
    """The real program, while it requeues a job that will fail again."""
    job = data_gap.failed("No data for")[0]
    arguments = (BACKTOP, "act", "job.requeue", job, "--yes", "--config", str(data_gap.config))
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(data_gap.home), cwd=data_gap.home,
    )  # fmt: skip
    with process:
        yield process
        process.kill()


@pytest.mark.e2e
def test_the_real_program_killed_while_it_waits(data_gap: Stand, requeued: "subprocess.Popen[bytes]") -> None:
    path = data_gap.root / "state" / "default" / "journal.jsonl"
    eventually(lambda: path.exists() and path.read_bytes().count(b"\n") >= 1, "the intent")
    requeued.kill()
    assert requeued.wait(30) == -signal.SIGKILL
    entries = [json.loads(line) for line in data_gap.run("journal", "--json").out.splitlines()]
    assert entries[0]["kind"] == "intent"
    assert "verdict" not in [entry["kind"] for entry in entries]
    ledger = Ledger(JournalReader(path))
    ledger.take(ledger.read())
    (run,) = ledger.open_runs
    assert data_gap.run("journal", "--verify").code == 0
    (told,) = data_gap.run("act", "engine.restart", "--dry-run", "--json").json["unfinished"]
    assert (told["state"], told["targets"], told["verdict"]) == ("broken off", list(run.intent.targets), None)
    assert told["text"].endswith("look before you act")


@pytest.mark.e2e
def test_what_this_process_does_is_left_to_it(data_gap: Stand) -> None:
    job, settings = data_gap.failed("No data for")[-1], load(data_gap.config, None)
    with TargetLock(settings.lock_dir, f"{ApiClient(settings.api.url).place} job:{job}") as holder:
        assert holder is None
        told = data_gap.run("act", "job.requeue", job, "--yes", "--json")
    assert told.code == 2
    assert f"pid {os.getpid()} acts on {job} since " in told.json["outcome"]["text"]
    assert data_gap.job(job)["attempt"] == 1


@pytest.mark.e2e
def test_without_a_journal_the_real_program_sends_nothing(data_gap: Stand) -> None:
    job = data_gap.failed("No data for")[-1]
    variant = data_gap.variant("unwritable", {"environment": {"name": "unwritable"}})
    load(variant, None).journal_path.mkdir(parents=True)
    told = backtop("act", "job.requeue", job, "--yes", "--json", "--config", str(variant), home=data_gap.home)
    assert told.code == 2, told.out + told.err
    assert told.json["outcome"]["text"].startswith("Nothing was sent, for the journal cannot record it: ")
    assert data_gap.job(job)["attempt"] == 1
