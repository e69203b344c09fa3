import errno
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.errors import NotAllowed
from backend.locks import Held, TargetLock, flock_within
from tests.clocks import StillClock

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def lock(
    folder: Path, key: str = "job:8841", who: str = "ann@research-01", *, fallback: Path | None = None
) -> TargetLock:
    return TargetLock(folder, key, who=who, clock=StillClock(step=0), fallback=fallback or folder.parent / "fallback")


def test_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    with lock(tmp_path) as first, lock(tmp_path, who="bob") as second:
        assert first is None
        assert second == Held(f"ann@research-01, pid {os.getpid()}", NOW)
    with lock(tmp_path, who="bob") as third:
        assert third is None


def test_other_targets_are_free(tmp_path: Path) -> None:
    with lock(tmp_path), lock(tmp_path, "job:8842") as other:
        assert other is None


def test_released_lock_leaves_nothing(tmp_path: Path) -> None:
    mine = lock(tmp_path)
    assert mine.acquire() is None
    assert mine.acquire() is None
    mine.release()
    mine.release()
    assert list(tmp_path.iterdir()) == []


HOLDER = """
import sys
from pathlib import Path
from backend.locks import TargetLock
lock = TargetLock(Path(sys.argv[1]), "job:8841", who="bob@research-01", fallback=Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "None\n"
        with lock(tmp_path) as held:
            assert held is not None
            assert held.who == f"bob@research-01, pid {holder.pid}"
        holder.kill()
        holder.wait(timeout=30)
        assert len(list(tmp_path.iterdir())) == 1
    with lock(tmp_path) as held:
        assert held is None


def test_absent_folder_falls_back_to_a_sticky_one(tmp_path: Path) -> None:
    fallback = tmp_path / "fallback"
    with lock(tmp_path / "absent", fallback=fallback) as held:
        assert held is None
        assert stat.S_IMODE(fallback.stat().st_mode) == 0o1777
        with lock(tmp_path / "absent", fallback=fallback) as second:
            assert second is not None


def test_lock_in_the_folder_that_we_did_not_choose_counts(tmp_path: Path) -> None:
    fallback, folder = tmp_path / "fallback", tmp_path / "locks"
    with lock(folder, who="bob", fallback=fallback):
        folder.mkdir()
        with lock(folder, fallback=fallback) as held:
            assert held is not None
            assert held.who.startswith("bob")
        assert list(folder.iterdir()) == []


def test_a_fallback_that_is_closed_to_us_hides_no_free_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fallback, opens = tmp_path / "fallback", os.open

    def closed(path: Path, *rest: int, **named: int) -> int:
        if Path(path).parent == fallback:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opens(path, *rest, **named)

    monkeypatch.setattr(os, "open", closed)
    assert lock(tmp_path, fallback=fallback).holder() is None
    with pytest.raises(NotAllowed, match="cannot be looked into"):
        lock(tmp_path / "absent", fallback=fallback).holder()


def test_fallback_that_is_no_sticky_folder_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir(mode=0o755)
    link = tmp_path / "link"
    link.symlink_to(plain)
    for fallback in (plain, link, tmp_path / "a" / "b"):
        with pytest.raises(NotAllowed, match="no place for locks"):
            lock(tmp_path / "absent", fallback=fallback).acquire()


def only_file(folder: Path) -> Path:
    with lock(folder):
        (file,) = folder.iterdir()
    return file


def test_links_are_never_followed(tmp_path: Path) -> None:
    folder, precious = tmp_path / "locks", tmp_path / "precious"
    folder.mkdir()
    precious.write_text("precious")
    name = only_file(folder)
    name.symlink_to(precious)
    with pytest.raises(NotAllowed):
        lock(folder).acquire()
    name.unlink()
    name.hardlink_to(precious)
    with pytest.raises(NotAllowed, match="not a plain file"):
        lock(folder).acquire()
    name.unlink()
    os.mkfifo(name)
    with pytest.raises(NotAllowed, match="not a plain file"):
        lock(folder).acquire()
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"who": "\\u001b[2J", "pid": 1}',
        b"[" * 4000,
        json.dumps({"who": "\x1b[2Jx", "pid": "\n", "since": "2026-11-20T14:30:00"}).encode(),
        json.dumps({"who": 1, "pid": 1, "since": 3}).encode(),
    ],
)
def test_hostile_notes_are_only_shown_harmless(tmp_path: Path, note: bytes) -> None:
    with lock(tmp_path):
        next(tmp_path.iterdir()).write_bytes(note)
        held = lock(tmp_path).acquire()
        assert held is not None
        assert held.who.isprintable()
        assert held.since is None


def test_file_that_is_removed_while_we_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = lock(tmp_path), lock(tmp_path)
    opened: list[int] = []

    def locked_after_a_removal(fd: int, seconds: float, *, shared: bool = False) -> bool:
        if not opened:
            next(tmp_path.iterdir()).unlink()
        opened.append(fd)
        return flock_within(fd, seconds, shared=shared)

    monkeypatch.setattr("backend.locks.flock_within", locked_after_a_removal)
    assert first.acquire() is None
    assert second.acquire() is not None
    first.release()


def test_any_key_has_a_lock(tmp_path: Path) -> None:
    for key in ("../../x", "\udc80", "a" * 10_000, ""):
        with lock(tmp_path, key) as held:
            assert held is None


def test_folder_whose_name_the_system_refuses_falls_back(tmp_path: Path) -> None:
    fallback = tmp_path / "fallback"
    with lock(tmp_path / ("a" * 300), fallback=fallback) as held:
        assert held is None
        assert len(list(fallback.iterdir())) == 1


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.mark.parametrize(
    ("broken", "code", "left_behind"),
    [
        ("fcntl.flock", errno.ENOLCK, False),
        ("fcntl.flock", errno.ENOLCK, True),
        ("os.fchmod", errno.EPERM, False),
        ("os.fstat", errno.ESTALE, False),
        ("os.fstat", errno.ESTALE, True),
        ("os.path.samestat", errno.EIO, False),
    ],
)
def test_what_the_system_refuses_is_told_in_a_sentence_and_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, code: int, left_behind: bool
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    if left_behind:
        (tmp_path / only_file(tmp_path).name).touch()
    before = open_files()
    with monkeypatch.context() as patched:
        patched.setattr(f"backend.locks.{broken}", fail)
        with pytest.raises(NotAllowed, match="no place for locks") as caught:
            lock(tmp_path).acquire()
    assert os.strerror(code) in caught.value.summary
    assert str(tmp_path) in caught.value.summary
    assert open_files() == before
    with lock(tmp_path) as held:
        assert held is None, "the right is there once the system gives it again"


def test_a_lock_that_cannot_be_asked_for_elsewhere_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, fallback = tmp_path / "locks", tmp_path / "fallback"
    folder.mkdir()
    name = only_file(folder).name
    fallback.mkdir()
    (fallback / name).touch()

    def not_shared(fd: int, seconds: float, *, shared: bool = False) -> bool:
        if shared:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        return flock_within(fd, seconds)

    before = open_files()
    with monkeypatch.context() as patched:
        patched.setattr("backend.locks.flock_within", not_shared)
        with pytest.raises(NotAllowed, match="no place for locks"):
            lock(folder, fallback=fallback).acquire()
    assert open_files() == before
    assert list(folder.iterdir()) == []
