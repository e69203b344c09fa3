"""Locks whose files are taken away while they are held."""

import asyncio
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actions import keeping
from actions.brake import Brake
from actions.keeping import LOST, held
from backend import holding
from backend.errors import NotAllowed, Refused, TimedOut
from backend.holding import Grip, Locks
from backend.locks import Held, TargetLock
from backend.threads import AbandonableThreads, Errand
from tests.clocks import StillClock
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEEP_EVERY", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    return tmp_path / "locks"


def lock(folder: Path, who: str = "ann") -> TargetLock:
    return TargetLock(folder, "job:1", who=who, fallback=folder)


@pytest.fixture
def elsewhere(folder: Path) -> Path:
    """The same folder, as it is reached from a container with names of its own in the kernel."""
    (folder.parent / "elsewhere").symlink_to(folder)
    return folder.parent / "elsewhere"


def grip(*locks: TargetLock) -> Grip:
    return Grip(locks, Errand("the folder for locks", 60), "the folder for locks")


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def take_away(folder: Path) -> None:
    """As a cleaner of temporary files does."""
    shutil.rmtree(folder)
    folder.mkdir()


async def test_a_lock_that_was_taken_away_is_made_anew(folder: Path) -> None:
    mine, brake = lock(folder), Brake()
    assert mine.acquire() is None
    async with held(grip(mine), brake.pull):
        for _ in range(2):
            take_away(folder)
            await until(lambda: files(folder))
        assert lock(folder, "bob").acquire() is not None
    assert not brake.pulled
    mine.release()
    assert not files(folder)


async def test_a_lock_that_was_taken_away_is_not_to_be_had_by_another(folder: Path) -> None:
    mine, theirs = lock(folder), lock(folder, "bob")
    mine.acquire()
    take_away(folder)
    assert theirs.acquire() == Held("another backtop", None)
    assert theirs.holder() is not None
    assert not files(folder), "who has it makes it anew, and nobody stands in his way"
    assert mine.keep()
    held_by = theirs.acquire()
    assert held_by is not None
    assert held_by.who.startswith("ann")
    mine.release()
    assert (mine.holder(), theirs.acquire()) == (None, None)
    theirs.release()


async def test_who_lost_his_lock_to_another_stops(folder: Path, elsewhere: Path) -> None:
    mine, theirs, brake = lock(folder), lock(elsewhere, "bob"), Brake()
    mine.acquire()
    take_away(folder)
    assert theirs.acquire() is None
    async with held(grip(mine), brake.pull):
        await until(lambda: brake.pulled)
    assert brake.why == LOST
    mine.release()
    assert theirs.keep(), "what took its place is not ours to remove"


def test_release_removes_only_its_own_file(folder: Path, elsewhere: Path) -> None:
    mine, theirs = lock(folder), lock(elsewhere, "bob")
    mine.acquire()
    take_away(folder)
    assert theirs.acquire() is None
    mine.release()
    assert lock(folder, "cid").acquire() is not None
    theirs.release()


def test_to_ask_who_holds_it_takes_and_leaves_nothing(folder: Path) -> None:
    mine = lock(folder)
    assert mine.holder() is None
    assert not files(folder)
    mine.acquire()
    held = lock(folder, "bob").holder()
    assert held is not None
    assert held.who.startswith("ann")
    mine.release()
    assert lock(folder, "bob").holder() is None


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(NotAllowed, match="cannot be looked into"):
        TargetLock(tmp_path / "loop", "job:1", fallback=tmp_path).holder()


async def test_nothing_is_kept_any_more_afterwards(folder: Path) -> None:
    mine = lock(folder)
    mine.acquire()
    async with held(grip(mine), lambda _: None):
        pass
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    mine.release()


async def test_a_lock_whose_folder_is_gone_is_kept_in_the_other_one(folder: Path, tmp_path: Path) -> None:
    mine = TargetLock(folder, "job:1", who="ann", fallback=tmp_path / "shared")
    mine.acquire()
    shutil.rmtree(folder)
    assert mine.keep()
    held = TargetLock(folder, "job:1", who="bob", fallback=tmp_path / "shared").acquire()
    assert held is not None
    assert held.who.startswith("ann")
    mine.release()


class Mount:
    """A folder for locks that may cease to answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.asked: list[str] = []
        for name in ("acquire", "keep", "release", "holder"):
            monkeypatch.setattr(TargetLock, name, self._hanging(name, getattr(TargetLock, name)))

    def _hanging(self, name: str, does: Callable[[TargetLock], object]) -> Callable[[TargetLock], object]:
        def hangs(lock: TargetLock) -> object:
            self.asked.append(name)
            self.answers.wait(60)
            return does(lock)

        return hangs


@pytest.fixture
async def mount(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mount]:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    monkeypatch.setattr(holding, "PATIENCE", 0.05)
    made = Mount(monkeypatch)
    yield made
    made.answers.set()


def locks(folder: Path) -> Locks:
    return Locks(folder, StillClock())


async def test_a_folder_that_hangs_is_told_in_a_sentence_and_asked_once(folder: Path, mount: Mount) -> None:
    mount.answers.clear()
    ours = locks(folder)
    for said in ("did not answer within 0.05 s", "hangs", "hangs"):
        async with held(ours.grip([ours.run("r1")]), lambda _: None) as why:
            assert isinstance(why, TimedOut)
            assert said in why.summary
            assert str(folder) in why.summary
    assert mount.asked.count("acquire") == 1
    mount.answers.set()
    await until(lambda: mount.asked.count("release") == 1 and not files(folder))
    assert locks(folder).run("r1").acquire() is None, "what came too late was given back"


async def test_a_look_that_hangs_leaves_all_to_others(folder: Path, mount: Mount) -> None:
    ours = locks(folder)
    assert list(await ours.unheld(["r1", "r2"])) == ["r1", "r2"]
    mount.answers.clear()
    assert not await ours.unheld(["r1"])
    assert not await ours.unheld(["r1"])
    assert mount.asked.count("holder") == 3


async def test_what_hangs_is_not_lost(folder: Path, mount: Mount) -> None:
    ours, brake = locks(folder), Brake()
    async with held(grip := ours.grip([ours.run("r1")]), brake.pull) as why:
        assert why is None
        mount.answers.clear()
        await until(lambda: "keep" in mount.asked)
        assert await grip.have()
        assert await grip.keep()
        assert mount.asked.count("keep") == 1
    assert not brake.pulled
    mount.answers.set()
    await until(lambda: not files(folder))


def test_there_is_room_for_many_locks(folder: Path) -> None:
    code = (
        "import asyncio, resource, sys; from pathlib import Path\n"
        "from backend.clock import SystemClock; from backend.holding import Locks\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096))\n"
        "locks = Locks(Path(sys.argv[1]), SystemClock())\n"
        "print(asyncio.run(locks.grip([locks.run(str(number)) for number in range(300)]).take()))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, timeout=60, check=True
    )
    assert ended.stdout == b"None\n"


@contextmanager
def no_threads() -> Iterator[None]:
    """For as long as this lasts the host starts no more threads."""

    def no_more(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(threading.Thread, "start", no_more)
        yield


async def test_without_threads_nobody_is_kept_off_and_that_is_told(folder: Path) -> None:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    with no_threads():
        async with held(grip(lock(folder)), Brake().pull) as why:
            assert isinstance(why, Refused)
            assert "starts no more threads" in why.summary
        assert await Locks(folder, StillClock()).unheld(["r1"]) == ()


async def test_what_is_held_when_threads_run_out_is_kept_and_given_back(folder: Path) -> None:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    mine, brake = grip(lock(folder)), Brake()
    async with held(mine, brake.pull) as why:
        assert why is None
        with no_threads():
            assert await mine.have()
            assert await mine.keep()
        assert lock(folder, "bob").acquire() is not None
        with no_threads():
            await mine.release()
        theirs = lock(folder, "bob")
        assert theirs.acquire() is None
    assert not brake.pulled
    theirs.release()
