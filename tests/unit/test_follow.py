from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.follow import worth_reading
from backend.model.engine import Unit
from backend.model.situation import Failure, Missing, Part, Reading, Situation, Value
from backend.parts import (
    DATABASE_OWN,
    DATABASE_SESSIONS,
    DATABASE_TABLES,
    ENGINE_UNIT,
    HOST_PROCESSES,
    JOBS_FAILED,
    JOBS_RUNNING,
)
from tests.situations import NOW, jobs, situation

DOWN = Failure("refused", "no connection")
UNIT = Unit("engine", "loaded", "active", "running", "success", 4100, 0, "a" * 32, NOW, NOW, None, None)


def read(part: Part[Any], outcome: Any) -> Reading[Any]:
    return Reading(part, NOW + timedelta(seconds=1), 0.01, outcome)


def test_when_a_source_answers_again_its_failed_parts_are_tried() -> None:
    before = situation({DATABASE_OWN: DOWN, DATABASE_SESSIONS: DOWN, DATABASE_TABLES: DOWN, JOBS_FAILED: DOWN})
    again = worth_reading(before, read(DATABASE_OWN, Value(object())))
    assert set(again) == {DATABASE_SESSIONS, DATABASE_TABLES}


@pytest.mark.parametrize("outcome", [DOWN, Missing("no such route")])
def test_another_failure_makes_nothing_worth_a_try(outcome: object) -> None:
    before = situation({DATABASE_OWN: DOWN, DATABASE_TABLES: DOWN})
    assert worth_reading(before, read(DATABASE_OWN, outcome)) == ()


def test_a_part_that_never_failed_tells_nothing_of_its_source() -> None:
    before = situation({JOBS_RUNNING: jobs(), JOBS_FAILED: DOWN})
    assert worth_reading(before, read(JOBS_RUNNING, Value(jobs()))) == ()
    assert worth_reading(Situation(NOW), read(JOBS_RUNNING, Value(jobs()))) == ()


def test_workers_are_looked_for_when_the_unit_runs_anew() -> None:
    before = situation({ENGINE_UNIT: UNIT})
    assert worth_reading(before, read(ENGINE_UNIT, Value(UNIT))) == ()
    assert worth_reading(before, read(ENGINE_UNIT, Value(replace(UNIT, invocation="b" * 32)))) == (HOST_PROCESSES,)
