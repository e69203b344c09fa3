import hashlib
import json
import os
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.errors import JournalError
from backend.incident import reading
from backend.incident.entry import LARGEST_LINE, Entry, decode
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader, Verification
from backend.locks import flock_within, whoami
from tests.clocks import StillClock
from tests.journals import MANY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "default" / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path, "ann@research-01", StillClock())


def test_line_has_the_agreed_shape(journal: Journal, path: Path) -> None:
    entry = journal.append("intent", id="i1", action="job.requeue", targets=["job:8841"], data={"risk": "low"})
    (line,) = path.read_bytes().splitlines()
    assert json.loads(line) == {
        "v": 1,
        "seq": 1,
        "at": "2026-11-20T14:30:01Z",
        "prev": "0" * 64,
        "kind": "intent",
        "id": "i1",
        "actor": "ann@research-01",
        "action": "job.requeue",
        "targets": ["job:8841"],
        "data": {"risk": "low"},
    }
    assert (entry.seq, entry.targets) == (1, ("job:8841",))
    assert journal.tail(5) == (entry,)


def test_each_line_carries_the_hash_of_the_one_before(journal: Journal, path: Path) -> None:
    for number in range(3):
        journal.append("note", id=f"n{number}")
    first, second, third = path.read_bytes().splitlines()
    assert json.loads(second)["prev"] == hashlib.sha256(first).hexdigest()
    assert json.loads(third)["prev"] == hashlib.sha256(second).hexdigest()
    assert journal.verify().ok
    assert journal.verify().count == 3


def test_file_and_folders_are_for_us_alone(journal: Journal, path: Path) -> None:
    journal.append("note", id="a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_without_a_file_a_reader_finds_nothing(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "none.jsonl")
    assert (list(reader.tail(MANY)), reader.tail(3)) == ([], ())
    assert reader.verify().ok
    assert list(tmp_path.iterdir()) == []


def test_intents_are_on_disk_before_append_returns(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    journal.append("note", id="the first makes file and folders")
    monkeypatch.setattr(os, "fsync", synced.append)
    journal.append("step", id="i1")
    assert not synced
    journal.append("intent", id="i2")
    journal.append("verdict", id="i2", sync=True)
    assert len(synced) == 2


def test_two_writers_follow_each_other(journal: Journal, path: Path) -> None:
    other = Journal(path, "bob@research-01", StillClock())
    entries = [(journal, other)[number % 2].append("note", id=str(number)) for number in range(6)]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert {entry.actor for entry in journal.tail(MANY)} == {"ann@research-01", "bob@research-01"}
    assert journal.verify().ok


WRITER = """
import sys
from pathlib import Path
from backend.clock import SystemClock
from backend.incident.journal import Journal
journal = Journal(Path(sys.argv[1]), sys.argv[2], SystemClock())
for number in range(40):
    journal.append("step", id=f"{sys.argv[2]}-{number}")
"""


def test_processes_write_at_the_same_time(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b", "c")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    reader = JournalReader(path)
    assert reader.verify().ok
    ids = [entry.id for entry in reader.tail(MANY)]
    assert len(ids) == 120
    for name in ("a", "b", "c"):
        assert [each for each in ids if each.startswith(name)] == [f"{name}-{number}" for number in range(40)]


def test_torn_last_line_is_set_aside(journal: Journal, path: Path) -> None:
    journal.append("note", id="1")
    with path.open("ab") as file:
        file.write(b'{"v":1,"seq":2,"at"')
    torn = journal.verify()
    assert (torn.ok, torn.line, torn.why) == (False, 2, "the last line is torn")
    assert [entry.id for entry in journal.tail(9)] == ["1"]
    journal.append("note", id="2")
    mended = journal.verify()
    assert (mended.ok, mended.count) == (True, 2)
    (name,) = mended.set_aside
    assert name.startswith("journal.torn-20261120T1430")
    assert (path.parent / name).read_bytes() == b'{"v":1,"seq":2,"at"'


def test_torn_lines_never_overwrite_each_other(path: Path) -> None:
    journal = Journal(path, "ann", StillClock(step=0))
    journal.append("note", id="before")
    for number in range(3):
        with path.open("ab") as file:
            file.write(f"torn {number}".encode())
        journal.append("note", id=str(number))
    names = journal.verify().set_aside
    assert {(path.parent / name).read_text() for name in names} == {"torn 0", "torn 1", "torn 2"}


@pytest.mark.parametrize(
    ("change", "line", "why"),
    [
        (lambda lines: [lines[0], lines[1].replace(b'"b"', b'"x"'), lines[2]], 3, "does not follow"),
        (lambda lines: [lines[0], lines[2]], 2, "number 2 expected, not 3"),
        (lambda lines: [lines[1], lines[2]], 1, "number 1 expected, not 2"),
        (lambda lines: [lines[0], b"{", lines[2]], 2, "bad JSON"),
        (lambda lines: [lines[0], b"", lines[2]], 2, "bad JSON"),
        (lambda lines: [lines[0], b"[" * 100_000, lines[2]], 2, "bad JSON"),
        (lambda lines: [lines[0], b"\xff\xfe", lines[2]], 2, "bad JSON"),
        (lambda lines: [lines[0], lines[1].replace(b'"v":1', b'"v":2'), lines[2]], 2, "not an entry"),
        (lambda lines: [lines[0], lines[1].replace(b"Z", b""), lines[2]], 2, "not an entry"),
        (lambda lines: [lines[0], lines[1].replace(b":2,", b":NaN,"), lines[2]], 2, "bad JSON"),
        (lambda lines: [*lines, b"x" * 5_000_000], 4, "longer than any entry"),
    ],
)
def test_verify_tells_where_the_chain_breaks(
    journal: Journal, path: Path, change: Callable[[list[bytes]], list[bytes]], line: int, why: str
) -> None:
    for name in "abc":
        journal.append("note", id=name)
    path.write_bytes(b"".join(each + b"\n" for each in change(path.read_bytes().splitlines())))
    found = journal.verify()
    assert (found.ok, found.line, found.count) == (False, line, line - 1)
    assert why in found.why
    with journal.opened() as file:
        forwards = [entry for _, entry in journal.entries_from(file, 0) if entry is not None]
    assert forwards == list(journal.tail(MANY))


def test_chain_goes_on_after_a_bad_line(journal: Journal, path: Path) -> None:
    journal.append("note", id="a")
    with path.open("ab") as file:
        file.write(b"garbage\n")
    assert journal.append("note", id="b").seq == 3
    assert [entry.id for entry in journal.tail(9)] == ["a", "b"]
    assert journal.verify().line == 2


def test_tail_of_a_large_file_reads_only_its_end(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append("note", id="first")
    line = path.read_bytes()
    with path.open("ab") as file:
        file.write(line * 200_000)
    read = 0
    pread = os.pread

    def counted(fd: int, size: int, at: int) -> bytes:
        nonlocal read
        read += size
        return pread(fd, size, at)

    monkeypatch.setattr(os, "pread", counted)
    assert len(journal.tail(100)) == 100
    assert read < 200_000


def test_large_entries_are_found_from_the_end(journal: Journal) -> None:
    journal.append("note", id="small")
    large = journal.append("note", id="large", data={"lines": ["x" * 1000] * 300})
    after = journal.append("note", id="after")
    assert journal.tail(2) == (large, after)
    assert journal.verify().ok
    with pytest.raises(JournalError, match="too large"):
        journal.append("note", id="huge", data={"lines": ["x" * 1000] * 5000})
    assert journal.verify().count == 3


def test_texts_are_cleaned_and_ids_kept_raw(journal: Journal) -> None:
    raw = "job:\x1b[31m\udc80/../x"
    journal.append("refusal", id=raw, targets=[raw], action="a\x1b]0;x\x07", data={"error\n": ["\x9b31m", {"n": 1.5}]})
    (entry,) = journal.tail(MANY)
    assert (entry.id, entry.targets) == (raw, (raw,))
    assert entry.action.isprintable()
    (key,) = entry.data
    assert key.isprintable()
    assert str(entry.data[key][0]).isprintable()
    assert entry.data[key][1] == {"n": 1.5}


def test_texts_of_a_hostile_journal_are_cleaned_on_the_way_in(journal: Journal, path: Path) -> None:
    journal.append("note", id="1", action="PLACE", data={"text": "PLACE"})
    path.write_bytes(path.read_bytes().replace(b"PLACE", b"\\u001b[2J"))
    (entry,) = journal.tail(MANY)
    assert entry.action.isprintable()
    assert entry.data["text"].isprintable()


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ('"' + "x" * 2_000 + '"', "x" * 2_000),
        ('"' + "x" * 2_001 + '"', "x" * 1_999 + "…"),
        ("[" * 19 + '"deep"' + "]" * 19, "deep"),
        ("[" * 19 + "[1]" + "]" * 19, "[1]"),
    ],
    ids=["long", "too long", "deep", "too deep"],
)
def test_what_a_hostile_journal_tells_is_cut_to_what_can_be_shown(
    journal: Journal, path: Path, told: str, shown: str
) -> None:
    journal.append("note", id="1", data={"told": "PLACE"})
    path.write_bytes(path.read_bytes().replace(b'"PLACE"', told.encode()))
    (entry,) = journal.tail(9)
    assert _innermost(entry.data["told"]) == shown


def _innermost(value: object) -> object:
    while isinstance(value, list) and value:
        value = value[0]
    return value


def test_a_link_in_place_of_the_journal_is_not_read(journal: Journal, path: Path) -> None:
    journal.append("note", id="1")
    link = path.with_name("link.jsonl")
    link.symlink_to(path)
    reader = JournalReader(link)
    for ask in (reader.verify, lambda: reader.tail(1)):
        with pytest.raises(JournalError, match="it is a link; put a file in its place, or set another state_dir"):
            ask()


def test_a_line_without_end_is_not_kept(journal: Journal, path: Path) -> None:
    first = journal.append("note", id="first")
    with path.open("ab") as file:
        file.write(b"x" * 6 * LARGEST_LINE + b"\n")
    tracemalloc.start()
    try:
        assert journal.tail(9) == (first,)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * LARGEST_LINE


def test_what_json_cannot_say_becomes_text(journal: Journal) -> None:
    when = datetime(2026, 11, 20, tzinfo=UTC)
    entry = journal.append("step", id="1", data={"path": Path("/a"), "nan": float("nan"), "at": when, "all": (1, {2})})
    assert entry.data == {"path": "/a", "nan": None, "at": when.isoformat(), "all": [1, [2]]}
    assert journal.tail(1) == (entry,)


def test_whoami_says_user_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setenv("SUDO_USER", "ann")
    assert whoami().startswith("ann(root)@")
    monkeypatch.delenv("SUDO_USER")
    assert whoami().startswith("root@")


def test_writers_need_not_wait_while_a_journal_is_followed(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append("note", id="1")

    def written_meanwhile(line: bytes) -> Entry:
        with path.open("rb") as file:
            assert flock_within(file.fileno(), 0)
        journal.append("note", id="2")
        return decode(line)

    monkeypatch.setattr(reading, "decode", written_meanwhile)
    assert JournalReader(path).verify() == Verification(True, 1)
