"""The alert in the journal: each change once, whoever watches, and never at the cost of the screen."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.errors import JournalError
from backend.incident.alert import NAME, Alert, AlertState
from backend.incident.alert_record import REST, AlertKeeper, RecordedAlert, last_alert
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.incident.ledger import Ledger
from backend.incident.reading import JournalReader
from backend.incident.scribe import Scribe
from tests.fakes import NOW, Time
from tests.journals import MANY

SINCE = NOW - timedelta(minutes=42)
FIRES = Alert(AlertState.FIRING, SINCE, ("3 jobs failed in the last hour and still are", "job 7 runs for 50 min"), NOW)
QUIET = Alert(AlertState.OK, None, (), NOW)
BLIND = Alert(AlertState.UNKNOWN, None, (), NOW)


class Watcher:
    """One dashboard before the journal of all."""

    def __init__(self, path: Path, who: str, time: Time) -> None:
        self.scribe = Scribe(Journal(path, who, time))
        self.keeper = AlertKeeper(self.scribe, time)

    async def sees(self, *alerts: Alert, reads: bool = True) -> None:
        for alert in alerts:
            if reads:
                await self.scribe.catch_up()
            await self.keeper.tell(alert)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def told(path: Path) -> list[tuple[str, str]]:
    """Who wrote what of the alert."""
    return [(entry.actor, entry.data["state"]) for entry in JournalReader(path).tail(MANY) if entry.kind == "alert"]


def move_away(path: Path) -> None:
    path.rename(path.with_name("old.jsonl"))


def known(path: Path) -> RecordedAlert | None:
    ledger = Ledger(JournalReader(path))
    ledger.take(ledger.read())
    return last_alert(ledger)


async def test_each_change_is_written_once(path: Path, time: Time) -> None:
    ann = Watcher(path, "ann", time)
    await ann.sees(BLIND, FIRES, FIRES, replace(FIRES, since=NOW), BLIND, FIRES)
    assert told(path) == [("ann", "firing")]
    (entry,) = JournalReader(path).tail(9)
    assert (entry.action, entry.targets) == (NAME, ())
    assert entry.data["text"] == "firing: 3 jobs failed in the last hour and still are; job 7 runs for 50 min"
    assert known(path) == RecordedAlert(AlertState.FIRING, SINCE, NOW)
    time.passed = 60.0
    await ann.sees(QUIET, QUIET)
    assert told(path) == [("ann", "firing"), ("ann", "ok")]
    assert known(path) == RecordedAlert(AlertState.OK, SINCE, NOW + timedelta(seconds=60))


async def test_that_all_is_well_from_the_start_is_no_news(path: Path, time: Time) -> None:
    ann = Watcher(path, "ann", time)
    await ann.sees(QUIET, BLIND, QUIET)
    assert told(path) == []
    await ann.sees(FIRES)
    assert told(path) == [("ann", "firing")]


async def test_of_several_who_watch_one_writes(path: Path, time: Time) -> None:
    ann, bob, cid = (Watcher(path, who, time) for who in ("ann", "bob", "cid"))
    for seen, first in ((FIRES, ann), (QUIET, bob), (FIRES, cid)):
        for each in (first, ann, bob, cid):
            await each.sees(seen)
    assert told(path) == [("ann", "firing"), ("bob", "ok"), ("cid", "firing")]


async def test_what_another_wrote_since_the_last_reading_is_not_written_again(path: Path, time: Time) -> None:
    ann, bob = Watcher(path, "ann", time), Watcher(path, "bob", time)
    ann.scribe.journal.append("note", id="a")
    await bob.scribe.catch_up()
    await ann.sees(FIRES)
    await bob.sees(FIRES, reads=False)
    assert told(path) == [("ann", "firing")]


async def test_who_sees_it_later_or_otherwise_does_not_answer(path: Path, time: Time) -> None:
    ann, late = Watcher(path, "ann", time), Watcher(path, "late", time)
    await ann.sees(FIRES)
    await late.sees(FIRES)
    await ann.sees(QUIET)
    await late.sees(FIRES, FIRES, FIRES)
    assert told(path) == [("ann", "firing"), ("ann", "ok")]
    await late.sees(QUIET)
    await late.sees(FIRES)
    assert told(path) == [("ann", "firing"), ("ann", "ok"), ("late", "firing")]


async def test_who_comes_later_goes_on_with_what_is_written(path: Path, time: Time) -> None:
    await Watcher(path, "ann", time).sees(FIRES)
    for number in range(500):
        Journal(path, "ann", time).append("note", id=str(number))
    await Watcher(path, "bob", time).sees(FIRES)
    assert told(path) == [("ann", "firing")]
    assert known(path) == RecordedAlert(AlertState.FIRING, SINCE, NOW), "however long ago"


async def test_a_journal_that_cannot_be_written_is_tried_again_after_a_while(
    path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tried = Watcher(path, "ann", time), 0

    def read_only(*_: object, **__: object) -> Entry:
        nonlocal tried
        tried += 1
        raise JournalError("its file system is read-only")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append_if", read_only)
        await ann.sees(FIRES, FIRES, FIRES)
        assert tried == 1
        time.passed += REST
        await ann.sees(FIRES)
        assert tried == 2
    await ann.sees(FIRES)
    assert told(path) == []
    time.passed += REST
    await ann.sees(FIRES)
    assert told(path) == [("ann", "firing")]


@pytest.mark.parametrize(
    "data",
    [{}, {"state": "unknown"}, {"state": ["firing"]}, {"state": "splendid", "since": "2026-11-20T14:00:00+00:00"}],
    ids=str,
)
async def test_what_nobody_understands_says_nothing(path: Path, time: Time, data: Mapping[str, Any]) -> None:
    Journal(path, "ann", time).append("alert", id="a", data=data)
    assert known(path) is None
    await Watcher(path, "bob", time).sees(FIRES)
    assert known(path) == RecordedAlert(AlertState.FIRING, SINCE, NOW)


@pytest.mark.parametrize("since", [None, "soon", 7, "2026-11-20T14:00:00", "0001-01-01T00:00:00+14:00"], ids=str)
def test_a_beginning_that_nobody_understands_is_not_known(path: Path, time: Time, since: object) -> None:
    Journal(path, "ann", time).append("alert", id="a", data={"state": "firing", "since": since})
    assert known(path) == RecordedAlert(AlertState.FIRING, None, NOW)


async def test_a_journal_that_is_replaced_is_asked_anew(path: Path, time: Time) -> None:
    ann, bob = Watcher(path, "ann", time), Watcher(path, "bob", time)
    await ann.sees(FIRES)
    move_away(path)
    await bob.sees(FIRES)
    assert told(path) == [("bob", "firing")]
    assert [entry.seq for entry in JournalReader(path).tail(9)] == [1]
