import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from backend.clients import host, processes
from backend.clients.host import HostClient
from backend.clients.processes import job_of
from backend.model.host import Process, ProcessTable
from tests.waiting import until

SLEEPER = "import sys, time; print(flush=True); time.sleep(300)"
INVOCATION = "0f3c5ac86b8b4bb0a2f9d0b0b9a2f3d1"


@pytest.fixture
def token() -> str:
    """What only the processes of one test have in their command lines."""
    return f"backtest-{os.getpid()}-{time.monotonic_ns()}"


class Nursery:
    """Starts processes that are not our children, as an engine's are not, and ends them."""

    def __init__(self) -> None:
        self.pids: list[int] = []

    def start(self, *words: str, invocation: str | None = None, program: str = SLEEPER) -> int:
        environment = {**os.environ, **({} if invocation is None else {"INVOCATION_ID": invocation})}
        starter = (
            "import subprocess, sys\n"
            "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n"
            "child.stdout.readline()\n"
            "print(child.pid, flush=True)\n"
        )
        argv = [sys.executable, "-c", starter, sys.executable, "-c", program, *words]
        done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, check=True)
        self.pids.append(int(done.stdout))
        return self.pids[-1]


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    for pid in made.pids:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def client_of(token: str) -> HostClient:
    return HostClient([f"{token}.*python"], token)


def start_child(*words: str, program: str = SLEEPER, **environment: str) -> subprocess.Popen[bytes]:
    """A child of ours that runs already."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    heard(child)
    return child


def heard(child: subprocess.Popen[bytes]) -> None:
    """Wait until it says something."""
    assert child.stdout is not None
    child.stdout.readline()


def group_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text().splitlines()[-1].split(":", 2)[-1]


def by_pid(table: ProcessTable) -> dict[int, Process]:
    return {process.pid: process for process in table.processes}


async def test_counters_of_this_host() -> None:
    client = HostClient(["x"], "x")
    counters = await client.counters()
    assert 0 <= counters.cpu_percent <= 100
    assert counters.cores == os.cpu_count()
    assert counters.memory_total == psutil.virtual_memory().total
    assert 0 < counters.memory_percent < 100
    assert 0 <= counters.swap_used <= counters.swap_total
    assert len(counters.load) == 3


async def test_cpu_is_measured_between_two_looks() -> None:
    client = HostClient(["x"], "x")
    await client.counters()

    def work() -> None:
        until_ticks = time.process_time() + 0.3
        while time.process_time() < until_ticks:
            pass

    work()
    assert (await client.counters()).cpu_percent > 0


async def test_a_worker_carries_the_invocation_and_matches(nursery: Nursery, token: str) -> None:
    worker = nursery.start(token, "python", "--job", "8850", invocation=INVOCATION)
    stranger = nursery.start(token, "python", "--job=8851")
    other_run = nursery.start(token, "python", invocation="another")
    looks_like = nursery.start(f"vim-{token}", invocation=INVOCATION)
    table = await client_of(token).processes(INVOCATION, "")
    found = by_pid(table)
    assert set(found) == {worker, stranger, other_run, looks_like}
    assert [process.pid for process in table.workers] == [worker]
    assert (found[worker].job, found[stranger].job, found[other_run].job) == ("8850", "8851", None)
    assert found[worker].uid == os.getuid()
    assert found[worker].rss > 1_000_000
    assert found[worker].started_at.timestamp() == pytest.approx(psutil.Process(worker).create_time())
    assert f"{token} python --job 8850" in found[worker].command
    assert table.others > 0
    assert table.hidden == 0


async def test_nothing_belongs_to_no_invocation_and_no_group(nursery: Nursery, token: str) -> None:
    nursery.start(token, "python", invocation="")
    assert (await client_of(token).processes("", "")).workers == ()
    assert (await client_of(token).processes("", "/")).workers == ()


async def test_where_the_unit_is_not_known_now_nobody_is_called_foreign(nursery: Nursery, token: str) -> None:
    worker = nursery.start(token, "python", invocation=INVOCATION)
    doubtful = nursery.start(token, "python", invocation="another")
    looks_like = nursery.start(f"vim-{token}", invocation=INVOCATION)
    table = await client_of(token).processes(INVOCATION, "", known=False)
    told = {pid: process.worker for pid, process in by_pid(table).items()}
    assert told == {worker: True, doubtful: None, looks_like: False}
    assert [process.pid for process in table.workers] == [worker]
    assert [process.pid for process in table.doubtful] == [doubtful]
    assert not table.unit_known
    known = await client_of(token).processes(INVOCATION, "")
    assert known.unit_known
    assert by_pid(known)[doubtful].worker is False
    assert not known.doubtful


async def test_a_worker_by_its_control_group(nursery: Nursery, token: str) -> None:
    worker = nursery.start(token, "python")
    group = group_of(worker)
    if group == "/":
        pytest.skip("this host has no control groups below the root")
    table = await client_of(token).processes("", group)
    assert [process.pid for process in table.workers] == [worker]
    assert (await client_of(token).processes("", group + "x")).workers == ()
    assert (await client_of(token).processes("", group[:-1])).workers == ()


async def test_membership_by_group_is_of_whole_names(
    monkeypatch: pytest.MonkeyPatch, nursery: Nursery, token: str
) -> None:
    nursery.start(token, "python")
    group = "/system.slice/adaf-backtest-engine.service"

    def told(text: str) -> Callable[[Path, str, str], str]:
        return lambda *_: text

    for line, belongs in (
        (f"0::{group}\n", True),
        (f"0::{group}/worker-1\n", True),
        (f"12:pids:/x\n3:memory:{group}\n", True),
        (f"0::{group}-other\n", False),
        ("0::/\n", False),
        ("garbage", False),
    ):
        monkeypatch.setattr(Path, "read_text", told(line))
        assert bool((await client_of(token).processes("", group)).workers) is belongs, line


async def test_we_and_our_line_and_our_commands_are_never_listed(nursery: Nursery, token: str) -> None:
    everything = HostClient(["."], ".")
    child = start_child(token)
    try:
        found = by_pid(await everything.processes("", ""))
        assert os.getpid() not in found
        assert os.getppid() not in found
        assert 1 not in found
        assert child.pid not in found
    finally:
        child.kill()
        child.communicate()


async def test_a_worker_that_is_our_child_is_listed(token: str) -> None:
    child = start_child(token, "python", INVOCATION_ID=INVOCATION)
    try:
        assert [process.pid for process in (await client_of(token).processes(INVOCATION, "")).workers] == [child.pid]
        child.kill()
        client = client_of(token)
        await until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
        assert (await client.processes(INVOCATION, "")).processes == ()
    finally:
        child.communicate()


async def test_what_ended_is_gone_at_the_next_look(nursery: Nursery, token: str) -> None:
    worker = nursery.start(token, "python")
    client = client_of(token)
    assert worker in by_pid(await client.processes("", ""))
    os.kill(worker, 9)
    await until(lambda: not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE)
    assert (await client.processes("", "")).processes == ()


async def test_a_young_process_may_still_become_a_backtest(token: str) -> None:
    becoming = (
        "import os, sys; print(flush=True); sys.stdin.readline()\n"
        f"os.execv(sys.executable, [sys.executable, '-c', {SLEEPER!r}, os.environ['WORD'], 'python'])"
    )
    child = start_child(program=becoming, INVOCATION_ID=INVOCATION, WORD=token)
    assert child.stdin is not None
    try:
        client = client_of(token)
        assert (await client.processes(INVOCATION, "")).processes == ()
        child.stdin.write(b"\n")
        child.stdin.flush()
        heard(child)
        assert [process.pid for process in (await client.processes(INVOCATION, "")).workers] == [child.pid]
    finally:
        child.kill()
        child.communicate()


async def test_processes_that_are_none_of_ours_are_looked_at_once(
    nursery: Nursery, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "SETTLED", -1.0)
    ours, bystander = nursery.start(token, "python"), nursery.start("something else")
    client = client_of(token)
    await client.processes("", "")
    looked_at: list[int] = []

    def look(handle: psutil.Process) -> processes.Sight:
        looked_at.append(handle.pid)
        return processes.look(handle)

    monkeypatch.setattr(host, "look", look)
    fresh = nursery.start("something else")
    assert [process.pid for process in (await client.processes("", "")).processes] == [ours]
    assert {ours, fresh} <= set(looked_at)
    assert bystander not in looked_at


async def test_denied_processes_are_counted(nursery: Nursery, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nursery.start(token, "python")

    def denied(handle: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(handle.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", denied)
    table = await client_of(token).processes("", "")
    assert table.processes == ()
    assert table.hidden > 0


async def test_a_command_line_is_matched_raw_and_shown_clean(nursery: Nursery, token: str) -> None:
    nursery.start(token, "\x1b[2J\u202e python\n--job", "7")
    client = HostClient([f"{token} \x1b"], token)
    (process,) = (await client.processes("", "")).processes
    assert "\x1b" not in process.command
    assert "\n" not in process.command
    assert process.job == "7"


@pytest.mark.parametrize(
    ("command", "job"),
    [
        ("python -m backtest.worker --job 8850", "8850"),
        ("python -m backtest.worker --job=8850 --fast", "8850"),
        ("python --job-id 8a:50._- x", "8a:50._-"),
        ("worker job=8850", "8850"),
        ("worker job_id=abc", "abc"),
        ("python backtest job-8850", "8850"),
        ("python /x/job_8850.py", "8850.py"),
        ("python --job-timeout 5", None),
        ("python job-runner.py", None),
        ("python --job ../../etc", None),
        ("run job now", None),
        ("", None),
    ],
)
def test_the_job_of_a_command_line(command: str, job: str | None) -> None:
    assert job_of(command) == job
