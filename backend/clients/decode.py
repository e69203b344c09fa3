"""Leniency in one place: how a field of any JSON value becomes one of ours, or nothing.

None of these functions raises, whatever the value: what cannot be understood is None, the empty text or an empty tuple.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice

import msgspec

from backend.text import clean

EPOCH = re.compile(r"\d{9,13}(?:\.\d+)?")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MOST_FIELDS = 1000
"""Fields of an object that are looked at."""
LONGEST_KEY = 100
_MILLISECONDS_FROM = 1e11
"""Greater numbers cannot be seconds: that would be after the year 5000."""


def decoded(raw: bytes | bytearray | msgspec.Raw) -> object:
    """The value of a JSON text; `msgspec.UNSET` when it is none, so that `null` is something else."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.UNSET


class Fields:
    """A JSON object whose fields are asked for by any of their names; `startedAt` is the same as `started_at`."""

    __slots__ = ("_values",)

    def __init__(self, raw: object) -> None:
        self._values: dict[str, object] = {}
        for key, value in islice(raw.items(), MOST_FIELDS) if isinstance(raw, Mapping) else ():
            if value is not None:  # under one of its names it may be null, and under the next be told
                self._values.setdefault(_snake(str(key)[:LONGEST_KEY]), value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, *names: str) -> object:
        """The first of these that is there and not null."""
        for name in names:
            if name in self._values:
                return self._values[name]
        return None

    def text(self, *names: str, limit: int = 200) -> str:
        """Clean text; of an object its message."""
        value = self.get(*names)
        if isinstance(value, Mapping):
            value = Fields(value).get("message", "error", "detail", "reason", "status", "name")
        return clean(value, limit)

    def number(self, *names: str) -> float | None:
        """A finite number."""
        return number(self.get(*names))

    def count(self, *names: str) -> int | None:
        """A whole number that is not negative."""
        return count(self.get(*names))

    def flag(self, *names: str) -> bool | None:
        """Yes or no, where it is said as such."""
        value = self.get(*names)
        return value if isinstance(value, bool) else None

    def when(self, *names: str) -> datetime | None:
        """A moment in UTC."""
        return moment(self.get(*names))

    def day(self, *names: str) -> date | None:
        """A day."""
        found = moment(self.get(*names))
        return None if found is None else found.date()

    def child(self, *names: str) -> "Fields":
        """An object inside; one without fields when there is none."""
        return Fields(self.get(*names))

    def items(self) -> Iterator[tuple[str, object]]:
        """All fields that are not null, by their folded names."""
        return iter(self._values.items())


@lru_cache(maxsize=1024)
def _snake(key: str) -> str:
    return _HUMP.sub("_", key).replace("-", "_").casefold()


def number(value: object) -> float | None:
    """A finite number, also when it is written as text, with or without `%`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(value: object) -> int | None:
    """A whole number that is not negative and of a size that counts have."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < 2**63 and found == int(found) else None


def moment(value: object) -> datetime | None:
    """A moment in UTC, of ISO text (without a zone it is UTC), epoch seconds or epoch milliseconds."""
    try:
        if isinstance(value, str) and not EPOCH.fullmatch(value):
            found = datetime.fromisoformat(value.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        seconds = number(value)
        if seconds is None or seconds <= 0:
            return None
        return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def identity(value: object) -> str | None:
    """An id as it travels: raw text or a whole number; None for everything else."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return str(value) if abs(value) < 10**40 else None


def names(value: object, most: int = 500) -> tuple[str, ...]:
    """The names in a list: clean, without empty ones, each once."""
    if not isinstance(value, list):
        return ()
    texts = (clean(item, 64) for item in value[:most] if isinstance(item, str | int | float))
    return tuple(dict.fromkeys(text for text in texts if text))
