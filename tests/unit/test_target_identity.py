"""Which job is still the one that was targeted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.model.target import JobTarget, UnitTarget
from tests.engines import CLEARED, FAILED, LOOPS, UP
from tests.fakes import NOW, failed
from tests.situations import unit


@pytest.mark.parametrize(
    ("targeted", "attempt", "same"),
    [(1, 1, True), (1, 2, False), (None, None, True), (None, 2, True), (1, None, True)],
)
def test_an_attempt_that_only_one_side_tells_decides_nothing(
    targeted: int | None, attempt: int | None, same: bool
) -> None:
    target = JobTarget.of(failed(attempt=targeted))
    assert target.same(failed(attempt=attempt)) is same


@pytest.mark.parametrize(("targeted", "attempt"), [(None, None), (None, 2), (1, None)])
@pytest.mark.parametrize("other", [{"error": "another"}, {"started_at": NOW}, {"started_at": None}], ids=str)
def test_without_attempts_start_and_error_decide(
    targeted: int | None, attempt: int | None, other: dict[str, Any]
) -> None:
    target = JobTarget.of(failed(attempt=targeted))
    assert not target.same(failed(attempt=attempt, **other))


def test_the_same_attempt_is_the_same_whatever_else_is_told_of_it() -> None:
    target = JobTarget.of(failed())
    assert target.same(failed(error="told in more words"))
    assert target.same(failed(error="told in more words", started_at=None))
    assert not target.same(failed(started_at=NOW - timedelta(minutes=8)))
    assert not target.same(failed("8842"))


def test_a_unit_is_the_same_in_the_same_run_and_state_only() -> None:
    up = unit()
    target = UnitTarget.of(up)
    assert target.same(replace(up, main_pid=1, memory_current=None))
    for other in ({"name": "another.service"}, {"invocation": "b702" * 8}, {"active": "failed"}):
        assert not target.same(unit(**other))


BRIEFLY: dict[str, Any] = {"restarts": 7, "active_since": NOW - timedelta(seconds=4)}
HOLDING: dict[str, Any] = {"restarts": 7, "active_since": NOW - timedelta(seconds=10)}
ENDING: dict[str, Any] = {"active": "deactivating", "sub": "stop-sigterm", "restarts": 7}


@pytest.mark.parametrize(
    ("stands", "restless"),
    [
        ({**LOOPS, "restarts": 7}, True),
        ({**LOOPS, "restarts": None}, True),
        ({"active": "activating", "sub": "start", "restarts": 7}, True),
        ({"active": "activating", "sub": "start"}, False),
        (BRIEFLY, True),
        ({**BRIEFLY, "restarts": 0}, False),
        (HOLDING, False),
        ({**HOLDING, "active_since": None}, False),
        ({**ENDING, "result": "exit-code"}, True),
        ({**ENDING, "result": "success"}, False),
        ({"active": "failed", "sub": "failed-before-auto-restart"}, True),
        ({**FAILED, "restarts": 7}, False),
        ({**CLEARED, "restarts": 7}, False),
    ],
)
def test_a_unit_is_restless_while_its_manager_starts_it_again_and_again(stands: dict[str, Any], restless: bool) -> None:
    assert unit(**stands).restless(NOW) is restless


@pytest.mark.parametrize("meant", [LOOPS, BRIEFLY], ids=["waits", "up for a moment"])
@pytest.mark.parametrize(
    ("now", "same"),
    [
        ({**LOOPS, "restarts": 8, "invocation": "b702" * 8}, True),
        ({**UP, **BRIEFLY}, True),
        ({**FAILED, "restarts": 8}, False),
        ({**UP, **HOLDING}, False),
        ({**CLEARED, "restarts": 8}, False),
        ({**LOOPS, "name": "another.service"}, False),
    ],
)
def test_a_restless_unit_is_the_same_in_whichever_run_until_it_holds_or_fails_or_is_stopped(
    meant: dict[str, Any], now: dict[str, Any], same: bool
) -> None:
    target = UnitTarget.of(unit(**{"restarts": 7, **meant}), NOW)
    assert target.restless
    assert target.same(unit(**now), NOW) is same


def test_a_unit_that_held_is_another_once_it_is_restless() -> None:
    target = UnitTarget.of(unit(), NOW)
    assert not target.same(unit(**LOOPS, restarts=1), NOW)
