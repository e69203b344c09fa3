"""Locks whose files are taken away while they are held."""

import asyncio
import shutil
from pathlib import Path

import pytest

from actions import keeping
from actions.brake import Brake
from actions.keeping import LOST, kept
from backend.errors import NotAllowed
from backend.locks import TargetLock
from tests.waiting import until


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEEP_EVERY", 0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    return tmp_path / "locks"


def lock(folder: Path, who: str = "ann") -> TargetLock:
    return TargetLock(folder, "job:1", who=who, fallback=folder)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def take_away(folder: Path) -> None:
    """As a cleaner of temporary files does."""
    shutil.rmtree(folder)
    folder.mkdir()


async def test_a_lock_that_was_taken_away_is_made_anew(folder: Path) -> None:
    mine, brake = lock(folder), Brake()
    assert mine.acquire() is None
    async with kept([mine], brake.pull):
        for _ in range(2):
            take_away(folder)
            await until(lambda: files(folder))
        assert lock(folder, "bob").acquire() is not None
    assert not brake.pulled
    mine.release()
    assert not files(folder)


async def test_who_lost_his_lock_to_another_stops(folder: Path) -> None:
    mine, theirs, brake = lock(folder), lock(folder, "bob"), Brake()
    mine.acquire()
    take_away(folder)
    assert theirs.acquire() is None
    async with kept([mine], brake.pull):
        await until(lambda: brake.pulled)
    assert brake.why == LOST
    mine.release()
    assert theirs.keep(), "what took its place is not ours to remove"


def test_release_removes_only_its_own_file(folder: Path) -> None:
    mine, theirs = lock(folder), lock(folder, "bob")
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
    async with kept([mine], lambda _: None):
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
