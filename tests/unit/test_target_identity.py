"""Which job is still the one that was targeted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.model.target import JobTarget, UnitTarget
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
    assert target.same(failed(error="told in more words", started_at=NOW - timedelta(minutes=8)))
    assert not target.same(failed("8842"))


def test_a_unit_is_the_same_in_the_same_run_and_state_only() -> None:
    up = unit()
    target = UnitTarget.of(up)
    assert target.same(replace(up, main_pid=1, memory_current=None))
    for other in ({"name": "another.service"}, {"invocation": "b702" * 8}, {"active": "failed"}):
        assert not target.same(unit(**other))
