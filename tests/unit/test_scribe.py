"""A journal on a disk that does not answer holds up nobody for long."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from backend.errors import JournalError
from backend.incident import ledger
from backend.incident import scribe as module
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader
from backend.incident.scribe import Scribe
from backend.threads import AbandonableThreads
from tests.clocks import StillClock
from tests.fakes import NOW
from tests.waiting import until


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until this is set, nothing comes of writing."""
    answers, append = threading.Event(), Journal.append

    def hangs(journal: Journal, kind: str, **content: object) -> object:
        answers.wait()
        return append(journal, kind, **content)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "append", hangs)
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    yield answers
    answers.set()


@pytest.fixture
def scribe(tmp_path: Path) -> Scribe:
    return Scribe(Journal(tmp_path / "journal.jsonl", "ann", StillClock()))


async def test_a_write_that_hangs_is_given_up_and_nothing_is_begun_meanwhile(
    hung: threading.Event, scribe: Scribe
) -> None:
    with pytest.raises(JournalError, match=r"did not answer within .* is its disk there"):
        await scribe.append("note", id="a")
    for begin in (lambda: scribe.append("note", id="b"), lambda: scribe.since(NOW), scribe.catch_up):
        with pytest.raises(JournalError, match=r"hangs.* is its disk there"):
            await begin()
    hung.set()
    await until(lambda: not scribe._errand._back(scribe._errand._given_up))
    assert [entry.id for entry in await scribe.since(NOW)] == ["a"], "what was begun may come to pass"


async def test_who_is_cancelled_while_it_writes_waits_for_its_end(scribe: Scribe, hung: threading.Event) -> None:
    scribe._errand._seconds = 30.0
    writing = asyncio.create_task(scribe.append("note", id="a"))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.sleep(0)
    assert not writing.done()
    hung.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert [entry.id for entry in scribe.journal.tail(9)] == ["a"]


async def test_who_catch_up_at_the_same_time_take_each_entry_once(scribe: Scribe) -> None:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    for number in range(20):
        for step in range(5):
            scribe.journal.append("intent" if step == 0 else "step", id=f"r{number}")
        await asyncio.gather(*(scribe.catch_up() for _ in range(4)))
        assert len(scribe.ledger.runs[-1].steps) == 4
    assert len(scribe.ledger.entries) == 40


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_folder_in_the_place_of_the_journal_leaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    scribe = Scribe(Journal(tmp_path / "journal.jsonl", "ann", StillClock()))
    before = descriptors()
    for _ in range(20):
        with pytest.raises(JournalError, match="it is a folder"):
            await scribe.catch_up()
    assert descriptors() <= before + 1


async def test_a_long_journal_is_read_in_turns_and_nothing_is_read_twice(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "SLICE", 10)
    for number in range(95):
        scribe.journal.append("note", id=f"n{number}")
    turns, read = 0, JournalReader.entries_from

    def counted(reader: JournalReader, file: BinaryIO, start: int) -> Iterator[tuple[int, Entry | None]]:
        nonlocal turns
        turns += 1
        return read(reader, file, start)

    monkeypatch.setattr(JournalReader, "entries_from", counted)
    assert await scribe.catch_up()
    assert turns == 10
    assert [entry.id for entry in scribe.ledger.entries] == [f"n{number}" for number in range(95)]
    assert not await scribe.catch_up()


async def test_runs_that_have_ended_are_kept_by_the_number_of_their_steps(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "KEPT_STEPS", 20)
    for run in range(10):
        scribe.journal.append("intent", id=f"r{run}")
        for _ in range(4):
            scribe.journal.append("step", id=f"r{run}")
        if run != 1:
            scribe.journal.append("verdict", id=f"r{run}", data={"final": True})
    await scribe.catch_up()
    assert [run.id for run in scribe.ledger.runs] == ["r1", "r7", "r8", "r9"]


async def test_steps_drive_nothing_out_of_the_last_entries_and_these_stay_few(scribe: Scribe) -> None:
    scribe.journal.append("refusal", id="before")
    for run in range(3):
        scribe.journal.append("intent", id=f"r{run}")
    for number in range(3 * ledger.KEPT):
        scribe.journal.append("step", id=f"r{number % 3}", data={"n": number})
        if number % ledger.KEPT == 0:
            await scribe.catch_up()
    await scribe.catch_up()
    kept = scribe.ledger.entries
    assert [entry.kind for entry in kept] == ["refusal", *["intent"] * 3, *["step"] * 3]
    assert [entry.data["n"] for entry in kept[4:]] == [3 * ledger.KEPT - back for back in (3, 2, 1)]
    assert len(scribe.ledger.runs[0].steps) == ledger.KEPT
    for number in range(2 * ledger.KEPT):
        scribe.journal.append("note", id=f"n{number}")
    await scribe.catch_up()
    assert [entry.id for entry in scribe.ledger.entries] == [f"n{ledger.KEPT + back}" for back in range(ledger.KEPT)]


async def test_once_its_journal_is_gone_nothing_may_be_written_into_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    scribe = Scribe(Journal(path, "ann", StillClock()))
    await scribe.look_writable()
    await scribe.append("intent", id="r1", action="job.requeue", targets=["job:1"])
    await scribe.catch_up()
    await scribe.look_writable()
    path.rename(tmp_path / "aside.jsonl")
    with pytest.raises(JournalError, match=r"the journal is gone from .*: bring it back, or start backtop anew"):
        await scribe.look_writable()
    assert not path.exists()
    (tmp_path / "aside.jsonl").rename(path)
    await scribe.look_writable()
