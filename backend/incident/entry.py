"""One line of the journal."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from backend.frozen import dataclass
from backend.text import clean

Kind = Literal["intent", "step", "verdict", "note", "alert", "refusal"]
VERSION = 1
NOTHING_BEFORE = "0" * 64
LARGEST_LINE = 4_000_000
"""Bytes. A longer line is no entry of ours."""
_DEEPEST = 20
_LONGEST_PLAIN = 2000
"""Bytes: no text in a line of so many is too long."""
_SUSPECT = re.compile(rb"[^\x20-\x7e]|\\|\d[eE]\+?\d{3}")
"""What is no plain text, an escape of such, or a number beyond all others."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was meant, done or seen.

    `id` names what belongs together: one intent, its steps and its verdicts. `id` and `targets` are raw, for acting
    on and comparing; every other text is cleaned, for showing.
    """

    seq: int
    at: datetime
    prev: str
    """Hash of the line before."""
    kind: Kind
    id: str
    actor: str
    action: str
    targets: tuple[str, ...]
    data: Mapping[str, Any]


class BadLine(Exception):  # noqa: N818 - why a line is no entry, on its way to a Verification
    """A line that is not an entry; the message says why."""


class _Line(msgspec.Struct, frozen=True):
    v: Literal[1]
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    prev: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    kind: Kind
    id: str
    actor: str
    action: str
    targets: tuple[str, ...]
    data: dict[str, Any]


def digest(line: bytes) -> str:
    """What the next line carries as `prev`: the hash of this one's bytes, without its newline."""
    return hashlib.sha256(line).hexdigest()


def encode(entry: Entry) -> bytes:
    """The line of this entry, without its newline: one JSON object in plain ASCII."""
    line = {
        "v": VERSION,
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "prev": entry.prev,
        "kind": entry.kind,
        "id": entry.id,
        "actor": entry.actor,
        "action": entry.action,
        "targets": entry.targets,
        "data": entry.data,
    }
    return json.dumps(line, separators=(",", ":"), allow_nan=False).encode()


def decode(line: bytes) -> Entry:
    """The entry in this line. Raises `BadLine`."""
    if len(line) > LARGEST_LINE:
        raise BadLine("longer than any entry")
    try:
        found = msgspec.convert(json.loads(line, parse_constant=_refuse), _Line)
        at = found.at.astimezone(UTC)
    except msgspec.ValidationError as error:
        raise BadLine(f"not an entry: {clean(str(error), 200)}") from None
    except OverflowError:
        raise BadLine("not an entry: its time is beyond what UTC can say") from None
    except (ValueError, RecursionError):
        raise BadLine("bad JSON") from None
    return Entry(
        found.seq,
        at,
        found.prev,
        found.kind,
        found.id,
        clean(found.actor),
        clean(found.action),
        found.targets,
        found.data if _harmless_already(line) else harmless_table(found.data),
    )


def _harmless_already(line: bytes) -> bool:
    """Whether nothing in it can need cleaning: nearly all lines are so, and cleaning takes most of the time to read."""
    short = len(line) <= _LONGEST_PLAIN and line.count(b"{") + line.count(b"[") <= _DEEPEST
    return short and _SUSPECT.search(line) is None


def verdict_word(verdict: Entry) -> str:
    """The word of a verdict, which says of a first one that the last is still to come: `worked so far`."""
    word = str(verdict.data.get("verdict", "unknown"))
    return word if verdict.data.get("final", True) else f"{word} so far"


def told_as_data(told: str, name: str = "text") -> dict[str, Any]:
    """What was told, for an entry: the sentence under this name, and the lines below it, which are to be copied."""
    sentence, *lines = told.split("\n")
    return {name: sentence, **({"copy": lines} if lines else {})}


def harmless_table(content: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The same as plain JSON values with every text cleaned."""
    return {clean(key, 200): harmless(value, depth + 1) for key, value in content.items()}


def harmless(value: object, depth: int = 0) -> object:
    """A value as plain JSON with every text cleaned; what JSON cannot say becomes text."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case date():  # datetime is one
            return value.isoformat()
        case Mapping() if depth < _DEEPEST:
            return harmless_table(value, depth)
        case Sequence() | set() | frozenset() if depth < _DEEPEST and not isinstance(value, str | bytes):
            return [harmless(item, depth + 1) for item in value]
    return clean(value)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
