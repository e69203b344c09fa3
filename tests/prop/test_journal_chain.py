import json
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.incident.entry import BadLine, decode
from backend.incident.journal import Journal
from backend.incident.ledger import Ledger
from backend.incident.reading import JournalReader
from tests.clocks import StillClock
from tests.journals import MANY

KINDS = st.sampled_from(["intent", "step", "verdict", "note", "alert", "refusal"])
ANY_TEXT = st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(ANY_TEXT, deeper, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            KINDS,
            ANY_TEXT,
            st.lists(ANY_TEXT, max_size=2),
            st.dictionaries(ANY_TEXT, VALUES, max_size=2),
        ),
        max_size=8,
    )
)
@settings(max_examples=60)
def test_any_appends_by_two_writers_keep_the_chain(
    appends: list[tuple[bool, str, str, list[str], dict[str, object]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        writers = [Journal(path, name, StillClock(step=0)) for name in ("ann", "bob")]
        written = [
            writers[second].append(kind, id=name, targets=targets, data=data)  # type: ignore[arg-type]
            for second, kind, name, targets, data in appends
        ]
        reader = JournalReader(path)
        assert list(reader.tail(MANY)) == written
        assert list(reader.tail(len(written) + 1)) == written
        assert reader.verify().ok
        assert reader.verify().count == len(written)


@given(st.lists(ANY_TEXT, min_size=1, max_size=4), st.data())
@settings(max_examples=60)
def test_truncation_at_any_byte_loses_no_whole_line(names: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        journal = Journal(path, "ann", StillClock(step=0))
        written = [journal.append("note", id=name) for name in names]
        content = path.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n")
        torn = content[:cut].rpartition(b"\n")[2]

        seen = JournalReader(path).verify()
        assert seen.ok is not bool(torn)
        assert seen.count == whole

        added = Journal(path, "bob", StillClock(step=0)).append("note", id="after")
        assert list(journal.tail(MANY)) == [*written[:whole], added]
        mended = journal.verify()
        assert mended.ok
        assert [(path.parent / name).read_bytes() for name in mended.set_aside] == ([torn] if torn else [])


@given(st.binary(max_size=300), st.integers(0, 5))
def test_any_bytes_can_be_read_and_followed(content: bytes, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        path.write_bytes(content)
        reader = JournalReader(path)
        entries = list(reader.tail(MANY))
        assert list(reader.tail(count)) == entries[len(entries) - min(count, len(entries)) :]
        reader.verify()
        ledger = Ledger(reader)
        ledger.take(ledger.read())
        assert list(ledger.entries) == entries
        Journal(path, "ann", StillClock(step=0)).append("note", id="after")
        assert [entry.id for entry in reader.tail(1)] == ["after"]
        ledger.take(ledger.read())
        assert [entry.id for entry in ledger.entries] == [*(entry.id for entry in entries), "after"]


@given(st.text(max_size=30) | st.datetimes().map(lambda at: f"{at.isoformat()}+14:00"), VALUES, VALUES, VALUES)
@settings(max_examples=200)
def test_any_line_is_an_entry_or_says_why_not(at: str, seq: object, targets: object, data: object) -> None:
    line = {"v": 1, "seq": seq, "at": at, "prev": "0" * 64, "kind": "intent", "id": "a", "actor": "ann", "action": "x",
            "targets": targets, "data": data}  # fmt: skip
    with suppress(BadLine):
        assert decode(json.dumps(line).encode()).at.utcoffset() == timedelta()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_ends_of_the_calendar_is_no_entry(at: str) -> None:
    line = {"v": 1, "seq": 1, "at": at, "prev": "0" * 64, "kind": "note", "id": "a", "actor": "ann", "action": "x",
            "targets": [], "data": {}}  # fmt: skip
    with pytest.raises(BadLine, match="its time is beyond what UTC can say"):
        decode(json.dumps(line).encode())
