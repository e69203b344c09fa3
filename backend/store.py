"""How a reading changes the situation: one pure function."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from backend.model.situation import HISTORY_LENGTH, Failure, Missing, PartState, Reading, Situation, Value

T = TypeVar("T")


def reduce(situation: Situation, reading: Reading[T]) -> Situation:
    """The situation after this reading.

    The last good value outlives later failures and a missing route. Readings of one part count in the order in which
    they come: each part is read by one loop, while the wall clock by which they are dated may be set back.
    """
    before = situation[reading.part]
    parts = {**situation.parts, reading.part.key: _after(before, reading)}
    return Situation(max(situation.at, reading.at), MappingProxyType(parts))


def _after(before: PartState[T], reading: Reading[T]) -> PartState[T]:
    outcome = reading.outcome
    skew = before.skew if reading.skew is None else reading.skew
    seen = replace(before, part=reading.part, next_at=reading.next_at, skew=skew)
    match outcome:
        case Value():
            return replace(
                seen,
                value=outcome.value,
                value_at=reading.at,
                took=reading.took,
                failure=None,
                failed_since=None,
                missing=None,
                history=_traced(before, outcome.value),
            )
        case Failure():
            return replace(seen, failure=outcome, failed_since=before.failed_since or reading.at, missing=None)
        case Missing():
            return replace(seen, missing=outcome, failure=None, failed_since=None)


def _traced(before: PartState[T], value: T) -> Mapping[str, tuple[float, ...]]:
    if not before.part.trace:
        return before.history
    grown = {
        name: (*before.history.get(name, ()), sample)[-HISTORY_LENGTH:]
        for name, figure in before.part.trace.items()
        if (sample := figure(value)) is not None
    }
    return MappingProxyType({**before.history, **grown})
