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
    again = before[reading.part].failure is not None
    failed = tuple(
        state.part
        for state in before.of_source(reading.part.source)
        if state.part.key != reading.part.key and state.face(before.at) is Face.FAILED
    )
    workers = (HOST_PROCESSES,) if _runs_anew(before.value(ENGINE_UNIT), reading) else ()
    return (*(failed if again else ()), *workers)


def _runs_anew(unit: Unit | None, reading: Reading[Any]) -> bool:
    if reading.part.key != ENGINE_UNIT.key or unit is None or not isinstance(reading.outcome, Value):
        return False
    now: Unit = reading.outcome.value
    return now.invocation != unit.invocation
