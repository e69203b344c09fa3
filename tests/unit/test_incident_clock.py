from dataclasses import replace
from datetime import timedelta

from backend.incident.alert import Alert, AlertState
from backend.incident.clock import IncidentClock
from tests.situations import NOW, ago

OK = Alert(AlertState.OK, None, (), NOW)
UNKNOWN = Alert(AlertState.UNKNOWN, None, (), NOW)


def firing(minutes: float | None) -> Alert:
    return Alert(AlertState.FIRING, None if minutes is None else ago(minutes), ("1 job failed",), NOW)


def test_mending_the_oldest_failure_wins_no_time() -> None:
    clock = IncidentClock()
    assert clock.told(firing(42)).since == ago(42)
    later = clock.told(firing(5))
    assert later.since == ago(42)
    assert later.rto_left == timedelta(hours=3, minutes=18)


def test_an_older_failure_that_is_found_later_counts() -> None:
    clock = IncidentClock()
    clock.told(firing(5))
    assert clock.told(firing(42)).since == ago(42)


def test_what_was_over_begins_anew() -> None:
    clock = IncidentClock()
    clock.told(firing(42))
    assert clock.told(OK) == OK
    assert clock.told(firing(5)).since == ago(5)


def test_not_knowing_is_no_end() -> None:
    clock = IncidentClock()
    clock.told(firing(42))
    assert clock.told(UNKNOWN) == UNKNOWN
    assert clock.told(firing(None)).since == ago(42)


def test_nothing_else_is_changed() -> None:
    clock = IncidentClock()
    clock.told(firing(42))
    assert clock.told(firing(5)) == replace(firing(5), since=ago(42))
