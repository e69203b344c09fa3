import errno
import fcntl
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from backend.errors import JournalError
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader
from backend.locks import flock_within
from tests.clocks import StillClock
from tests.journals import MANY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "default" / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path, "ann@research-01", StillClock())


LIMITED = """
import resource, sys
from pathlib import Path
from backend.clock import SystemClock
from backend.errors import JournalError
from backend.incident.journal import Journal
path = Path(sys.argv[1])
journal = Journal(path, "ann", SystemClock())
journal.append("note", id="before")
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, size + 50))
try:
    journal.append("intent", id="after")
except JournalError as error:
    print(error)
print(path.stat().st_size == size)
"""


def test_half_a_line_is_taken_back(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [f"the journal {path} cannot be written: it may not grow any more", "True"]
    assert JournalReader(path).verify().ok
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no space left on its disk; make some there, or set another state_dir"),
        (errno.EROFS, "its file system is read-only; set another state_dir"),
        (errno.EDQUOT, "the disk quota is used up; make room there, or set another state_dir"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_errors_of_the_disk_are_told_and_leave_nothing(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    journal.append("note", id="1")
    before = path.read_bytes()

    def failing(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(JournalError, match=said):
        journal.append("intent", id="2")
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert journal.append("intent", id="2").seq == 2


def test_paths_that_cannot_hold_a_journal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for path, said in [
        (tmp_path / "file" / "default" / "journal.jsonl", "not a folder"),
        (tmp_path / "folder", "is a folder"),
        (tmp_path / "link", "is a link"),
        (tmp_path / "pipe", "not a plain file"),
    ]:
        with pytest.raises(JournalError, match=said):
            Journal(path, "ann", StillClock()).append("note", id="1")
        with pytest.raises(JournalError, match=said):
            Journal(path, "ann", StillClock()).look_writable()
    for name, said in (("folder", "is a folder"), ("pipe", "not a plain file"), ("/dev/null", "not a plain file")):
        with pytest.raises(JournalError, match=said):
            JournalReader(tmp_path / name).verify()
        with pytest.raises(JournalError, match=said):
            JournalReader(tmp_path / name).tail(9)


def test_to_look_whether_it_can_be_written_writes_nothing(journal: Journal, path: Path) -> None:
    journal.look_writable()
    assert not path.parent.parent.exists()
    journal.append("note", id="1")
    before = path.stat()
    journal.look_writable()
    assert path.stat() == before


@pytest.mark.parametrize("does", ["append('note', id='1')", "look_writable()"])
def test_missing_right_is_told(tmp_path: Path, does: str) -> None:
    tmp_path.chmod(0o555)
    code = (
        "import sys; from pathlib import Path; from backend.clock import SystemClock\n"
        "from backend.errors import JournalError; from backend.incident.journal import Journal\n"
        "import os; os.geteuid() or os.setuid(65534)\n"
        f"try: Journal(Path(sys.argv[1]), 'ann', SystemClock()).{does}\n"
        "except JournalError as error: print(error)\n"
    )
    target = tmp_path / "journal.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True, timeout=60
    )
    tmp_path.chmod(0o755)
    assert "we have no right to it" in done.stdout


def test_another_program_that_holds_the_file(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append("note", id="0")
    monkeypatch.setattr("backend.incident.journal.LOCK_S", 0.0)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="held by another program"):
            journal.append("note", id="1")
    assert journal.append("note", id="1").seq == 2


def test_file_that_was_moved_away_is_begun_anew(journal: Journal, path: Path) -> None:
    journal.append("note", id="1")
    path.rename(path.with_name("old.jsonl"))
    assert journal.append("note", id="2").seq == 1
    assert journal.verify().ok


def test_file_that_is_moved_while_we_wait_for_it(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append("note", id="1")
    moved = path.with_name("old.jsonl")

    def locked_after_a_move(fd: int, seconds: float) -> bool:
        if not moved.exists():
            path.rename(moved)
        return flock_within(fd, seconds)

    monkeypatch.setattr("backend.incident.journal.flock_within", locked_after_a_move)
    journal.append("note", id="2")
    assert [entry.id for entry in JournalReader(moved).tail(MANY)] == ["1"]
    assert [entry.id for entry in journal.tail(MANY)] == ["2"]
