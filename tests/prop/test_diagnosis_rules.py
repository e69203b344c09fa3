from datetime import UTC, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.config.model import Limits
from backend.diagnosis.rules import diagnose
from backend.errors import FailureKind
from backend.incident.alert import alert
from backend.model.data import Availability, DataSource, DataSources, DataStatus, Gap
from backend.model.engine import Unit
from backend.model.jobs import Job, JobCounts, JobList, JobsHealth, JobState, Priority
from backend.model.situation import Failure, Missing, Part, Reading, Situation, Value
from backend.parts import (
    DATA_AVAILABILITY,
    DATA_SOURCES,
    DATA_STATUS,
    ENGINE_UNIT,
    JOBS_COUNTS,
    JOBS_FAILED,
    JOBS_HEALTH,
    JOBS_RUNNING,
)
from backend.store import reduce
from tests.situations import NOW

LIMITS = Limits()
MOMENTS = (
    st.none()
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas(timedelta(hours=-3), timedelta(minutes=5)).map(lambda distance: NOW + distance)
)
NUMBERS = st.none() | st.integers()
SYMBOLS = st.sampled_from(["SAP.DE", "BMW.DE", "AAPL", "", "%s{0}"])
ERRORS = st.sampled_from(
    [
        "No data for SAP.DE in 2026-11-17..2026-11-19",
        "MemoryError",
        "worker killed (signal 9)",
        "odd",
        "",
        "missing data",
    ]
) | st.text(max_size=30)
WORDS = st.sampled_from(
    ["healthy", "down", "degraded", "failed", "start-limit-hit", "inactive", "activating", "active", ""]
)
JOBS = st.builds(
    Job,
    id=st.text(max_size=3),
    label=st.text(max_size=3),
    strategy=st.text(max_size=3),
    state=st.sampled_from(JobState),
    priority=st.sampled_from(Priority),
    attempt=NUMBERS,
    error=ERRORS,
    created_at=MOMENTS,
    started_at=MOMENTS,
    finished_at=MOMENTS,
    symbols=st.lists(SYMBOLS, max_size=2).map(tuple),
)
LISTS = st.lists(JOBS, max_size=5).map(lambda listed: JobList(tuple(listed)))
DATES = st.none() | st.dates()
VALUES: dict[Part[Any], st.SearchStrategy[Any]] = {
    JOBS_FAILED: LISTS,
    JOBS_RUNNING: LISTS,
    JOBS_COUNTS: st.builds(JobCounts, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    JOBS_HEALTH: st.builds(JobsHealth, WORDS, NUMBERS, NUMBERS, st.none() | st.floats(), MOMENTS),
    ENGINE_UNIT: st.builds(
        Unit, st.just("engine"), WORDS, WORDS, WORDS, WORDS, NUMBERS, NUMBERS, WORDS, MOMENTS, MOMENTS, NUMBERS, NUMBERS
    ),
    DATA_STATUS: st.builds(DataStatus, WORDS),
    DATA_AVAILABILITY: st.builds(
        Availability,
        NUMBERS,
        DATES,
        DATES,
        st.lists(st.builds(Gap, SYMBOLS, DATES, DATES, NUMBERS), max_size=3).map(tuple),
        st.none() | st.floats(),
    ),
    DATA_SOURCES: st.builds(
        DataSources,
        st.lists(
            st.builds(DataSource, WORDS, st.sampled_from(["primary", "backup", ""]), st.none() | st.booleans(), WORDS),
            max_size=3,
        ).map(tuple),
    ),
}
KINDS: list[FailureKind] = ["refused", "timed out", "bad answer", "not allowed"]


@st.composite
def one_reading_each(draw: st.DrawFn) -> list[Reading[Any]]:
    found: list[Reading[Any]] = []
    for part, values in VALUES.items():
        outcome = draw(st.one_of(
            st.none(), st.builds(Value, values), st.builds(Value, values),
            st.builds(Failure, st.sampled_from(KINDS), st.text(max_size=3)), st.builds(Missing, st.just("none")),
        ))  # fmt: skip
        if outcome is not None:
            at = NOW - timedelta(seconds=draw(st.floats(0, 20)))
            found.append(Reading(part, at, 0.1, outcome, skew=draw(st.none() | st.floats(-4000, 4000))))
    return found


def after(readings: list[Reading[Any]]) -> Situation:
    situation = Situation(NOW)
    for reading in readings:
        situation = reduce(situation, reading)
    return situation


RELAXED = settings(max_examples=50)


@given(one_reading_each(), st.randoms(use_true_random=False))
@RELAXED
def test_same_conclusions_in_whatever_order_readings_came(readings: list[Reading[Any]], random: Any) -> None:
    shuffled = readings.copy()
    random.shuffle(shuffled)
    first, second = after(readings), after(shuffled)
    assert repr(diagnose(first, LIMITS)) == repr(diagnose(second, LIMITS)) == repr(diagnose(first, LIMITS))
    assert alert(first, LIMITS) == alert(second, LIMITS)


@given(one_reading_each())
@RELAXED
def test_findings_are_in_order_and_stand_on_live_parts_only(readings: list[Reading[Any]]) -> None:
    situation = after(readings)
    findings = diagnose(situation, LIMITS)
    graveness = [(finding.severity.rank, -finding.weight) for finding in findings]
    assert graveness == sorted(graveness)
    live = {key for key, state in situation.parts.items() if state.fresh(situation.at) is not None}
    for finding in findings:
        assert finding.summary
        assert finding.evidence
        assert {each.source for each in finding.evidence} <= live
        assert 0.0 <= finding.weight <= 1.0


@given(one_reading_each())
@RELAXED
def test_nothing_is_concluded_from_what_is_long_past(readings: list[Reading[Any]]) -> None:
    assert diagnose(after(readings).seen_at(NOW + timedelta(hours=1)), LIMITS) == ()
