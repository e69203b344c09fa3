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


def test_the_clock_runs_on_while_nobody_knows_whether_what_fired_does() -> None:
    clock = IncidentClock()
    clock.told(firing(42))
    unknown = replace(UNKNOWN, since=ago(5), fired_at=ago(1))
    assert clock.told(unknown) == replace(unknown, since=ago(42))


def test_the_clock_of_an_incident_on_record_goes_on() -> None:
    clock = IncidentClock()
    clock.recall(ago(200), written_at=ago(70))
    assert clock.told(UNKNOWN) == UNKNOWN
    assert clock.told(firing(12)).since == ago(200)
    assert clock.told(firing(2)).since == ago(200)


def test_what_began_more_than_an_hour_after_the_last_word_is_another_incident() -> None:
    clock = IncidentClock()
    clock.recall(ago(200), written_at=ago(73))
    assert clock.told(firing(12)).since == ago(12)


def test_a_senseless_beginning_on_record_is_not_taken_up() -> None:
    clock = IncidentClock()
    clock.recall(ago(60 * 24 * 7 + 1), written_at=ago(1))
    assert clock.told(firing(12)).since == ago(12)


def test_what_is_on_record_ends_with_the_first_all_clear() -> None:
    clock = IncidentClock()
    clock.recall(ago(200), written_at=ago(5))
    clock.told(OK)
    assert clock.told(firing(2)).since == ago(2)


def test_nothing_else_is_changed() -> None:
    clock = IncidentClock()
    clock.told(firing(42))
    assert clock.told(firing(5)) == replace(firing(5), since=ago(42))


def test_a_senseless_time_is_told_and_not_kept() -> None:
    clock = IncidentClock()
    clock.told(firing(5))
    for minutes in (25 * 365 * 1440, 8 * 1440):
        assert clock.told(firing(minutes)).since == ago(minutes), "as one look tells it"
        assert clock.told(firing(3)).since == ago(5)
        assert clock.told(firing(None)).since == ago(5)
    fresh = IncidentClock()
    fresh.told(firing(25 * 365 * 1440))
    assert fresh.told(firing(5)).since == ago(5)
    assert fresh.told(firing(None)).since == ago(5)


def test_an_incident_of_days_is_kept_for_as_long_as_it_lasts() -> None:
    clock = IncidentClock()
    clock.told(firing(6 * 1440))
    later = replace(firing(5), at=NOW + timedelta(days=9))
    assert clock.told(later).since == ago(6 * 1440)
