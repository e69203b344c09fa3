"""Readings, and the situation that they add up to.

Everything that is drawn, diagnosed, recorded or replayed is a pure function of a `Situation`.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from backend.errors import FailureKind, SourceError
from backend.frozen import dataclass
from backend.model.part import SOURCES, Face, Part, SourceName

__all__ = [
    "GRAVITY", "HISTORY_LENGTH", "SLOWNESS", "SOURCES", "Face", "Failure", "Missing", "Part", "PartState", "Reading",
    "Situation", "SourceName", "Value",
]  # fmt: skip

T = TypeVar("T")
GRAVITY = (Face.OK, Face.WAITING, Face.STALE, Face.FAILED)

SLOWNESS = 4.0
"""A source that is slow is read less often: a reading may take at most a quarter of the time between two."""
LONGEST_PAUSE = 60.0
"""Seconds, give or take a jitter: slowness and back-off make no pause longer than that, and none the last."""
HISTORY_LENGTH = 120
"""How many samples of a traced figure are kept: two minutes at one a second."""
AHEAD = 2.0
"""Seconds by which a value may seem to come from the future, as when a clock is adjusted by a little."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reading gave nothing: the kind, one sentence, and what the far side said."""

    kind: FailureKind
    summary: str
    detail: str = ""

    @classmethod
    def of(cls, error: SourceError) -> "Failure":
        """The failure that this error tells of."""
        return cls(error.kind, error.summary, error.detail)


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A reading that worked."""

    value: T


@dataclass(frozen=True, slots=True)
class Missing:
    """The server has no such route. Not a failure: other sources know instead."""

    summary: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What one part gave at one moment."""

    part: Part[T]
    at: datetime
    took: float
    """Seconds from the question to the answer."""
    outcome: Value[T] | Failure | Missing
    next_at: datetime | None = None
    """When it will be read again."""
    skew: float | None = None
    """Seconds by which the far clock is ahead of ours, where it told."""


@dataclass(frozen=True, slots=True)
class PartState(Generic[T]):
    """All that is known of a part: its last good value, and what came after it."""

    part: Part[T]
    value: T | None = None
    value_at: datetime | None = None
    took: float | None = None
    failure: Failure | None = None
    failed_since: datetime | None = None
    missing: Missing | None = None
    next_at: datetime | None = None
    skew: float = 0.0
    history: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def age(self, now: datetime) -> float | None:
        """Seconds since the last good value; None without one, or when the clock was set back since it was read."""
        passed = None if self.value_at is None else (now - self.value_at).total_seconds()
        return None if passed is None or passed < -AHEAD else max(0.0, passed)

    @property
    def stale_after(self) -> float:
        """Seconds after which the value must not pass for a live one: three pauses of its poller, long ones included.

        However long a reading may take, what is older than three of the longest pauses is never live.
        """
        slow = min(SLOWNESS * (self.took or 0.0), LONGEST_PAUSE)
        return max(3 * self.part.interval, 3 * slow, 5.0)

    def face(self, now: datetime) -> Face:
        """How far the value can be believed at `now`."""
        if self.missing is not None:
            return Face.MISSING
        if self.failure is not None:
            return Face.FAILED
        if self.value_at is None:
            return Face.WAITING
        age = self.age(now)
        return Face.STALE if age is None or age > self.stale_after else Face.OK

    def fresh(self, now: datetime) -> T | None:
        """The value if it may pass for live, else None."""
        return self.value if self.face(now) is Face.OK else None


@dataclass(frozen=True, slots=True)
class Situation:
    """All readings at one moment."""

    at: datetime
    parts: Mapping[str, PartState[Any]] = field(default_factory=lambda: MappingProxyType({}))

    def __getitem__(self, part: Part[T]) -> PartState[T]:
        state = self.parts.get(part.key)
        return PartState(part) if state is None else cast("PartState[T]", state)

    def value(self, part: Part[T]) -> T | None:
        """The last good value, however old."""
        return self[part].value

    def fresh(self, part: Part[T]) -> T | None:
        """The value if it may pass for live."""
        return self[part].fresh(self.at)

    def server_now(self, part: Part[Any]) -> datetime:
        """The moment by the clock of the server that answers this part."""
        return self.at + timedelta(seconds=self[part].skew)

    def of_source(self, source: str) -> tuple[PartState[Any], ...]:
        """The parts of one source, in the order in which they were first read."""
        return tuple(state for state in self.parts.values() if state.part.source == source)

    def face(self, source: str) -> Face:
        """A source is as bad as its worst part that is not missing, and missing when all are."""
        faces = [state.face(self.at) for state in self.of_source(source)]
        known = [face for face in faces if face is not Face.MISSING]
        if not faces:
            return Face.WAITING
        return max(known, key=GRAVITY.index) if known else Face.MISSING

    def seen_at(self, now: datetime) -> "Situation":
        """The same readings, looked at later."""
        return replace(self, at=now)
