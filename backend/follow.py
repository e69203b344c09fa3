"""What a reading makes worth reading at once, instead of at its own turn."""

from typing import Any

from backend.model.engine import Unit
from backend.model.situation import Face, Part, Reading, Situation, Value
from backend.parts import ENGINE_UNIT, HOST_PROCESSES


def worth_reading(before: Situation, reading: Reading[Any]) -> tuple[Part[Any], ...]:
    """The other parts that this reading gives a reason to read now.

    When a source answers again, its other parts need not wait for the end of their back-off. When the unit runs anew,
    other processes are its workers.
    """
    if not isinstance(reading.outcome, Value):
        return ()
    again = _others_that_failed(before, reading.part) if before[reading.part].failure is not None else ()
    if reading.part.key == ENGINE_UNIT.key and _runs_anew(before.value(ENGINE_UNIT), reading.outcome.value):
        return (*again, HOST_PROCESSES)
    return again


def _others_that_failed(before: Situation, part: Part[Any]) -> tuple[Part[Any], ...]:
    return tuple(
        state.part
        for state in before.of_source(part.source)
        if state.part.key != part.key and state.face(before.at) is Face.FAILED
    )


def _runs_anew(before: Unit | None, now: Unit) -> bool:
    return before is not None and now.invocation != before.invocation
