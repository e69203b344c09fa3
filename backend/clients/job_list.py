"""Finds the rows in an answer that lists jobs, without decoding them yet."""

import asyncio

import msgspec

from backend.clients.answers import body_of
from backend.clients.decode import count, decoded
from backend.clients.http import Answer
from backend.errors import BadAnswer
from backend.frozen import dataclass

LIST_NAMES = ("backtests", "jobs", "data", "items", "results")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class RawList:
    """The undecoded rows of a list, and what the server says of how many there are."""

    rows: list[msgspec.Raw]
    total: int | None = None


async def rows_of(answer: Answer, route: str) -> RawList:
    """The rows of a list: bare, or under one of its names, or under these in a `data` object.

    Only the frame is decoded here: 100,000 rows take milliseconds, and one that is broken costs no other.
    """
    if not 200 <= answer.status < 300:
        body_of(answer, route)  # raises
    found = await _found(answer.body)
    if found is None:
        body_of(answer, route)  # raises what a body that is no JSON, or says no, means
        raise BadAnswer(f"{route} answered without a list of jobs", answer.excerpt)
    return found


async def _found(raw: bytes | bytearray | msgspec.Raw, depth: int = 2) -> RawList | None:
    try:
        return RawList(_LIST.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        fields = _object(raw)
        await asyncio.sleep(0)  # 30 ms are behind us when the list is the longest possible
    if _says_no(fields):  # then an empty list in it is no good news
        return None
    for name in LIST_NAMES if depth else ():
        inner = fields.get(name)
        if inner is not None and (found := await _found(inner, depth - 1)) is not None:
            return found if found.total is not None else RawList(found.rows, _total(fields))
    return None


def _object(raw: bytes | bytearray | msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _says_no(fields: dict[str, msgspec.Raw]) -> bool:
    return any(decoded(fields[name]) is False for name in ("success", "ok") if name in fields)


def _total(fields: dict[str, msgspec.Raw]) -> int | None:
    for name in ("total", "total_count", "totalCount"):
        if name in fields:
            return count(decoded(fields[name]))
    return None
