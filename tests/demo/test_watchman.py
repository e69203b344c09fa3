"""What the watchman makes of an engine that ends, or does nothing any more."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.demo.api_rig import wait_until
from tests.demo.server import publish
from tests.demo.shift import START, Shift
from tui.demo.layout import Layout
from tui.demo.processes import Process, is_stopped
from tui.demo.resident import resident
from tui.demo.tree import QUOTA
from tui.demo.watchman import Watchman

HARM = ("process.terminate", "harm")


class Watch:
    """A watchman over the files of one instance and the world of a shift."""

    def __init__(self, shift: Shift, root: Path) -> None:
        self.shift = shift
        self.layout = Layout(root)
        self.layout.make()
        self.man = Watchman(shift.world, self.layout, shift.judge)

    def note(self, line: str) -> None:
        """The unit's manager writes this down, and the watchman looks."""
        with self.layout.requests.open("a") as notes:
            notes.write(f"{line} {self.shift.now.timestamp():.3f}\n")
        self.man.look()


def test_a_crash_that_no_job_explains_is_somebodys_deed(tmp_path: Path) -> None:
    watch = Watch(Shift("calm"), tmp_path)
    watch.shift.work(5)
    watch.note("died -11 active")
    assert watch.shift.effects == [HARM]
    assert watch.shift.judge.done[0].about == "the engine, signal 11"


def test_each_job_that_crashes_engines_explains_one_crash(tmp_path: Path) -> None:
    watch = Watch(Shift("engine-crash"), tmp_path)
    watch.note("died -11 active")
    assert watch.shift.effects == [HARM]
    watch.shift.work(16)
    assert watch.shift.crashes == 5
    for _ in range(5):
        watch.note("died -11 active")
    assert watch.shift.effects == [HARM]
    watch.note("died -11 active")
    assert watch.shift.effects == [HARM, HARM]


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    with subprocess.Popen(["sleep", "1000"]) as sleeping:
        try:
            yield sleeping
        finally:
            sleeping.kill()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with sleeper() as sleeping:
        yield sleeping


def at_work(root: Path, engine: subprocess.Popen[bytes]) -> Watch:
    """A watch on a calm platform whose engine is this process, and has worked for a while."""
    watch = Watch(Shift("calm"), root)
    watch.layout.engine_pid.write_text(f"{engine.pid}\n")
    watch.shift.work(5)
    return watch


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: is_stopped(pid))


def go_on(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: not is_stopped(pid))


def wait(watch: Watch, seconds: int) -> None:
    """Nobody but the watchman looks."""
    for _ in range(seconds):
        watch.shift.now += timedelta(seconds=1)
        watch.man.look()


def test_an_engine_that_was_stopped_by_a_signal_is_told_of_once_it_is_missed(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = at_work(tmp_path, process)
    for times in (1, 2):
        stop(process.pid)
        watch.man.look()
        assert len(watch.shift.effects) == times - 1
        wait(watch, 8)
        assert watch.shift.effects == [HARM] * times
        assert watch.shift.judge.done[-1].about == "the engine, signal 19"
        go_on(process.pid)
        watch.shift.work(2)
        watch.man.look()


def test_to_stop_an_engine_on_which_nothing_runs_costs_nobody_anything(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = at_work(tmp_path, process)
    for job in watch.shift.world.jobs.select("running"):
        watch.shift.world.jobs.end(job.id, None, watch.shift.now)
    stop(process.pid)
    wait(watch, 8)
    assert [(deed.effect, deed.detail) for deed in watch.shift.judge.done] == [("nothing", "nothing ran on it")]


def test_what_is_lost_to_an_engine_that_goes_on_before_anybody_looks_was_lost_to_the_stop(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = at_work(tmp_path, process)
    for times in (1, 2):
        stop(process.pid)
        wait(watch, 4)
        assert len(watch.shift.effects) == times - 1, "nothing is lost yet"
        go_on(process.pid)
        failed = watch.shift.world.jobs.counts()["failed"]
        watch.shift.work(1)
        assert watch.shift.world.jobs.counts()["failed"] > failed
        for _ in range(2):
            watch.man.look()
            assert watch.shift.effects == [HARM] * times
            assert watch.shift.judge.done[-1].about == "the engine, signal 19"
        watch.shift.work(5)


def test_whoever_restarts_an_engine_that_was_stopped_before_it_is_missed_did_only_that(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = at_work(tmp_path, process)
    stop(process.pid)
    wait(watch, 3)
    process.kill()
    process.wait()
    watch.layout.engine_pid.write_text(f"{os.getpid()}\n")
    wait(watch, 3)
    assert watch.shift.effects == []


def test_the_next_engine_is_not_missed_before_its_time(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    watch = at_work(tmp_path, process)
    stop(process.pid)
    wait(watch, 6)
    assert watch.shift.effects == [HARM]
    process.kill()
    process.wait()
    with sleeper() as another:
        watch.layout.engine_pid.write_text(f"{another.pid}\n")
        watch.shift.work(3)
        watch.man.look()
        stop(another.pid)
        wait(watch, 4)
        assert watch.shift.effects == [HARM]
        wait(watch, 2)
        assert watch.shift.effects == [HARM, HARM]


def test_an_engine_that_is_slow_is_nobodys_deed_even_if_it_was_stopped_before(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = at_work(tmp_path, process)
    stop(process.pid)
    wait(watch, 2)
    go_on(process.pid)
    watch.shift.work(1)
    wait(watch, 9)
    assert watch.shift.world.engine_status() == "down"
    watch.shift.work(1)
    watch.man.look()
    assert watch.shift.effects == []


@contextmanager
def engine_of(job: str) -> Iterator[tuple[int, int]]:
    """A process, and one below it that has the command line of a worker of `job`."""
    below = f"exec -a worker {sys.executable} -c 'import time; time.sleep(1000)' --job {job}"
    with subprocess.Popen(["bash", "-c", f"({below}) & wait"], start_new_session=True) as shell:
        wait_until(lambda: any(b"--job" in Process(pid, 0).arguments for pid in resident(shell.pid)))
        yield shell.pid, next(pid for pid in resident(shell.pid) if b"--job" in Process(pid, 0).arguments)
        os.killpg(shell.pid, signal.SIGKILL)


@pytest.mark.parametrize(("place", "effect"), [(0, "harm"), (-1, "nothing")])
def test_a_worker_that_stands_still_is_told_once(tmp_path: Path, place: int, effect: str) -> None:
    watch = Watch(Shift("memory"), tmp_path)
    watch.shift.work(5)
    job = watch.shift.world.jobs.select("running")[place].id
    with engine_of(job) as (engine, worker):
        watch.layout.engine_pid.write_text(f"{engine}\n")
        for times in (1, 2):
            stop(worker)
            watch.man.look()
            assert len(watch.shift.effects) == times - 1, "whoever lets it go on at once costs nobody anything"
            for _ in range(5):
                watch.shift.work(1)
                watch.man.look()
            assert watch.shift.effects == [("process.terminate", effect)] * times
            assert watch.shift.judge.done[-1].about == f"worker of job {job}, signal 19"
            go_on(worker)
            watch.man.look()


def test_what_goes_on_being_cleaned_makes_room_until_it_is_done(tmp_path: Path) -> None:
    watch = Watch(Shift("disk-full"), tmp_path)
    full, rest = (old_result(watch.layout, name, size) for name, size in (("a", int(0.9 * QUOTA)), ("b", 5000)))
    late = old_result(watch.layout, "c", 5000)
    watch.man.look()
    for path in (full, rest):
        path.unlink()
        watch.man.look()
    watch.man.look()
    late.unlink()
    watch.man.look()
    assert [deed.effect for deed in watch.shift.judge.done] == ["healed", "healed", "nothing"]


def test_what_is_moved_away_and_back_was_not_lost(tmp_path: Path) -> None:
    watch = Watch(Shift("calm"), tmp_path)
    moved = [
        put(folder / "backtest_x", days) for folder, days in ((watch.layout.results, 3), (watch.layout.scratch, 2))
    ]
    gone = put(watch.layout.completed / "1.pkl", 3)
    watch.man.look()
    for path in moved:
        path.rename(tmp_path / f"{path.parent.name}-aside")
    gone.unlink()
    watch.man.look()
    assert [deed.effect for deed in watch.shift.judge.done] == ["harm", "nothing"]
    for path in moved:
        (tmp_path / f"{path.parent.name}-aside").rename(path)
    watch.man.look()
    deeds = [(deed.effect, deed.detail) for deed in watch.shift.judge.done]
    assert deeds[0][0] == "harm"
    assert deeds[1] == ("nothing", "all of them were put back")
    put(gone, 3)
    watch.man.look()
    assert [deed.effect for deed in watch.shift.judge.done] == ["nothing", "nothing"]


@pytest.mark.parametrize("scenario", ["calm", "disk-full", "storm"])
@pytest.mark.parametrize("name", ["files/results/mine.csv", "files/temp/mine.tmp", "scratch/backtest_mine"])
def test_whoever_deletes_a_file_of_his_own_does_no_harm(
    scenario: str, name: str, tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = Watch(Shift(scenario), tmp_path)
    begun = put(watch.layout.root / name.replace("mine", "begun"), 0)
    watch.layout.engine_pid.write_text(f"{process.pid}\n")
    for _ in range(2):
        watch.man.look()
    mine = put(watch.layout.root / name, 0)
    watch.man.look()
    mine.write_text("less")
    watch.man.look()
    mine = mine.rename(mine.with_name("moved"))
    watch.man.look()
    assert watch.shift.effects == []
    mine.unlink()
    watch.man.look()
    assert [effect for _, effect in watch.shift.effects] == ["nothing"]
    assert watch.shift.judge.done[0].detail.startswith("the platform did not make them: ")
    begun.unlink()
    watch.man.look()
    assert [effect for _, effect in watch.shift.effects] == ["nothing", "harm"]


def test_what_the_platform_made_while_it_ran_is_no_strangers(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    watch = Watch(Shift("calm"), tmp_path)
    put(watch.layout.results / "begun", 0)
    watch.layout.engine_pid.write_text(f"{process.pid}\n")
    for _ in range(2):
        watch.man.look()
    made = (watch.layout.completed / "8801-2.pkl", watch.layout.results / "sweep-today-03.parquet")
    for path in made:
        put(path, 0)
    watch.man.look()
    for path in made:
        path.unlink()
    watch.man.look()
    assert [(deed.effect, deed.about) for deed in watch.shift.judge.done] == [("harm", "2 files")]


def put(path: Path, days: int) -> Path:
    """A file that was changed so many days before the shift began."""
    path.write_bytes(b"x" * 5000)
    moment = (START - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def old_result(layout: Layout, name: str, size: int) -> Path:
    """A result that nobody needs any more, with room on the disk for `size` bytes."""
    path = layout.results / f"{name}.parquet"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    long_ago = (START - timedelta(days=40)).timestamp()
    os.utime(path, (long_ago, long_ago))
    return path


def test_a_server_that_ended_before_anybody_looked_is_missed_once(tmp_path: Path) -> None:
    watch = Watch(Shift("database"), tmp_path)
    watch.man.look()
    assert watch.shift.effects == []
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    publish(watch.layout, ended.pid, stopped=True)
    watch.man.look()
    assert watch.shift.effects == [], "the platform did it"
    publish(watch.layout, ended.pid)
    watch.man.look()
    watch.man.look()
    assert watch.shift.effects == [("database.terminate", "harm")]
    assert watch.shift.judge.open == {"database": "PostgreSQL does not run"}


def calm_with(tmp_path: Path, server: subprocess.Popen[bytes], port: int = 0) -> Watch:
    """A platform on which nothing is wrong, with this process as its server."""
    watch = Watch(Shift("calm"), tmp_path)
    publish(watch.layout, server.pid, port=port)
    watch.man.look()
    assert watch.shift.judge.open == {}
    return watch


def test_a_server_that_was_stopped_by_a_signal_is_as_good_as_ended_until_it_goes_on(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = calm_with(tmp_path, process)
    for times in (1, 2):
        stop(process.pid)
        for _ in range(2):
            watch.man.look()
            assert watch.shift.effects == [("database.terminate", "harm")] * times
            assert watch.shift.judge.open == {"database": "PostgreSQL does not run"}
        if times == 1:
            go_on(process.pid)
            watch.man.look()
            assert watch.shift.judge.open == {}
    process.kill()
    process.wait()
    watch.man.look()
    assert len(watch.shift.effects) == times, "it was missed already"


def test_sessions_are_lost_with_a_server_only_soon_after_its_start(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    """A server writes into its file also when it lives on after one of its own was killed."""
    watch = calm_with(tmp_path, process)
    with sleeper() as anew:
        publish(watch.layout, anew.pid)
        watch.man.sessions_ended(["8801"], [])
        assert watch.shift.effects == [], "the server was another one before"
    publish(watch.layout, process.pid)
    first, second, third, *_ = (job.id for job in watch.shift.world.jobs.select("running"))
    watch.man.sessions_ended([first], [])
    old = 1
    publish(watch.layout, old)
    watch.man.sessions_ended([second], [])
    with sleeper() as fresh:
        publish(watch.layout, fresh.pid)
        watch.man.sessions_ended([third], [])
    assert [deed.about for deed in watch.shift.judge.done] == [f"backtest-{first}", f"backtest-{second}"]


def test_a_server_that_takes_no_more_connections_is_as_good_as_ended(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    watch = calm_with(tmp_path, process, port=5001)
    other = os.getpid()
    for pid, status, port in ((process.pid, "stopping", 5001), (other, "ready", 5002), (process.pid, "stopping", 5001)):
        publish(watch.layout, pid, status, listens=port, port=5001)
        watch.man.look()
        assert watch.shift.effects == [("database.terminate", "harm")]
        assert watch.shift.judge.open == {"database": "PostgreSQL does not run"}
    job = watch.shift.world.jobs.select("running")[0].id
    watch.man.sessions_ended([job], [])
    watch.man.look()
    assert len(watch.shift.effects) == 1, "the server may end with it"
    watch.shift.now += timedelta(seconds=3)
    watch.man.look()
    assert watch.shift.judge.done[-1].about == f"backtest-{job}", "who ends a session of it did that"
    publish(watch.layout, process.pid, "stopping", stopped=True)
    process.kill()
    process.wait()
    watch.man.look()
    assert len(watch.shift.effects) == 2
