from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.config.model import Limits
from backend.incident.alert import Alert, AlertState, alert, alert_watched
from backend.model.jobs import Job, JobCounts, JobList, JobState
from backend.model.situation import Failure, Missing, Part, Reading, Situation, Value
from backend.parts import JOBS_COUNTS, JOBS_FAILED, JOBS_RUNNING
from backend.store import reduce
from tests.situations import NOW, after, ago, failing, job, jobs, situation

LIMITS = Limits()


def judged(failed: list[Job], running: list[Job]) -> Alert:
    return alert(situation({JOBS_FAILED: jobs(*failed), JOBS_RUNNING: jobs(*running)}), LIMITS)


def run(minutes: float, name: str = "8850") -> Job:
    return job(name, JobState.RUNNING, started_at=ago(minutes))


def test_calm() -> None:
    assert judged([], [run(44)]) == Alert(AlertState.OK, None, (), NOW)


def test_failed_job_fires_since_it_failed() -> None:
    found = judged([job(finished_at=ago(42), started_at=ago(50))], [])
    assert found.firing
    assert found.since == ago(42)
    assert found.lasted == timedelta(minutes=42)
    assert found.rto_left == timedelta(hours=3, minutes=18)
    assert found.reasons == ("1 job failed in the last hour and still is",)


def test_timed_out_job_counts_as_failed() -> None:
    assert judged([job(state=JobState.TIMEOUT, finished_at=ago(5))], []).firing


@pytest.mark.parametrize("state", [JobState.COMPLETED, JobState.PENDING, JobState.CANCELLED, JobState.UNKNOWN])
def test_job_that_is_no_longer_failed_does_not_count(state: JobState) -> None:
    assert judged([job(state=state, finished_at=ago(5))], []).state is AlertState.OK


def test_failure_counts_for_an_hour() -> None:
    assert judged([job(finished_at=ago(60))], []).firing
    assert judged([job(finished_at=ago(60.1))], []).state is AlertState.OK


def test_running_over_the_limit_fires_since_it_passed_it() -> None:
    found = judged([], [run(51), run(44, "8851")])
    assert found.since == ago(6)
    assert found.reasons == ("job 8850 runs for 51 min, over its limit of 45",)
    assert judged([], [run(45)]).state is AlertState.OK


def test_limit_is_a_setting() -> None:
    found = situation({JOBS_RUNNING: jobs(run(11))})
    assert alert(found, Limits(runtime_minutes=10)).since == ago(1)


def test_since_is_the_earliest_reason() -> None:
    assert judged([job(finished_at=ago(3)), job("2", finished_at=ago(20))], [run(51)]).since == ago(20)
    assert judged([job(finished_at=ago(3))], [run(90)]).since == ago(45)


def test_failures_that_carried_the_alert_on_count_for_since() -> None:
    chain = [job(str(minutes), finished_at=ago(minutes)) for minutes in (10, 65, 120, 181)]
    assert judged(chain, []).since == ago(120)


def test_server_clock_counts() -> None:
    found = situation({JOBS_FAILED: jobs(job(finished_at=ago(90)))}, skew=-3600.0)
    assert alert(found, LIMITS).at == ago(60)
    assert alert(found, LIMITS).since == ago(90)


def test_failure_from_the_future_began_now() -> None:
    assert judged([job(finished_at=ago(-5))], []).since == NOW


def test_without_any_times_what_is_listed_fires() -> None:
    found = judged([job(finished_at=None)], [])
    assert (found.firing, found.since, found.rto_left) == (True, None, None)
    assert found.reasons == ("1 job is failed, and nobody tells since when",)
    two = judged([job(finished_at=None), job("2", finished_at=None)], [run(51)])
    assert two.reasons[0] == "2 jobs are failed, and nobody tells since when"
    assert two.since == ago(6)


def test_a_failure_without_any_time_is_no_all_clear_beside_one_that_has_one() -> None:
    untimed = job("1", finished_at=None)
    assert judged([untimed, job("2", finished_at=ago(90))], []).state is AlertState.UNKNOWN
    found = judged([untimed, job("2", finished_at=ago(5))], [])
    assert (found.firing, found.since, found.reasons) == (True, ago(5), ("1 job failed in the last hour and still is",))


@pytest.mark.parametrize("beginning", ["started_at", "created_at"])
@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        (60, AlertState.FIRING), (61, AlertState.UNKNOWN), (70, AlertState.UNKNOWN), (105, AlertState.UNKNOWN),
        (105.1, AlertState.OK),
    ],
)  # fmt: skip
def test_a_job_whose_end_is_not_told_failed_somewhere_after_its_beginning(
    beginning: str, minutes: float, state: AlertState
) -> None:
    fields: dict[str, Any] = {"finished_at": None, beginning: ago(minutes)}
    listed = [job("1", **fields), job("2", started_at=ago(300), finished_at=ago(290))]
    found = judged(listed, [])
    assert found.state is state
    assert found.since == (ago(minutes) if found.firing else None)


def test_what_may_have_failed_lately_takes_nothing_from_what_did() -> None:
    found = judged([job("1", finished_at=None, started_at=ago(70)), job("2", finished_at=ago(61.5))], [run(51)])
    assert found.firing
    assert found.reasons == ("job 8850 runs for 51 min, over its limit of 45",)


MINUTES = st.floats(0, 300, allow_nan=False)


@given(st.lists(st.tuples(MINUTES, st.floats(0, 45), st.sampled_from(["end", "start", "nothing"])), max_size=6))
@example([(70.0, 30.0, "start")])
@example([(70.0, 69.0, "nothing"), (90.0, 0.0, "end")])
def test_what_is_not_told_makes_it_neither_fire_nor_end(rows: list[tuple[float, float, str]]) -> None:
    """Each job started so long ago, ran so long, and tells so much of it."""
    ended = [job(str(n), started_at=ago(m), finished_at=ago(m - ran)) for n, (m, ran, _) in enumerate(rows)]
    told: dict[str, dict[str, Any]] = {
        "end": {},
        "start": {"finished_at": None},
        "nothing": {"finished_at": None, "started_at": None},
    }
    listed = [replace(each, **told[tells]) for each, (_, _, tells) in zip(ended, rows, strict=True)]
    truth, found = judged(ended, []), judged(listed, [])
    if any(tells != "nothing" for _, _, tells in rows) or not rows:
        assert found.state in (truth.state, AlertState.UNKNOWN)
    else:
        assert found.firing, "for want of any time the list itself is the alarm"


def test_neither_list_known_is_unknown() -> None:
    assert alert(situation({}), LIMITS).state is AlertState.UNKNOWN
    both_missing = situation({JOBS_FAILED: Missing("no such route"), JOBS_RUNNING: Missing("no such route")})
    assert alert(both_missing, LIMITS).state is AlertState.UNKNOWN


def test_one_list_is_enough_to_fire() -> None:
    assert alert(situation({JOBS_RUNNING: jobs(run(46))}), LIMITS).firing
    assert alert(situation({JOBS_FAILED: jobs(job())}), LIMITS).firing


def test_one_lost_answer_does_not_make_it_flicker_but_age_does() -> None:
    found = failing(situation({JOBS_FAILED: jobs(job())}), JOBS_FAILED)
    assert alert(found, LIMITS).firing
    later = found.seen_at(NOW + timedelta(seconds=30))
    assert alert(later, LIMITS).state is AlertState.UNKNOWN


@pytest.mark.parametrize(("listed", "state"), [(jobs(), AlertState.OK), (jobs(job()), AlertState.FIRING)])
def test_facts_past_their_age_keep_it_neither_firing_nor_calm(listed: JobList, state: AlertState) -> None:
    found = failing(situation({JOBS_FAILED: listed, JOBS_RUNNING: jobs(run(5))}), JOBS_FAILED)
    last = NOW + timedelta(seconds=found[JOBS_FAILED].stale_after)
    seen = reduce(found, Reading(JOBS_RUNNING, last, 0.01, Value(jobs(run(5)))))
    assert alert(seen.seen_at(last), LIMITS).state is state
    assert alert(seen.seen_at(last + timedelta(seconds=0.1)), LIMITS).state is AlertState.UNKNOWN


@pytest.mark.parametrize("listed", [jobs(), jobs(job())])
def test_what_a_route_told_before_it_was_taken_away_is_no_fact(listed: JobList) -> None:
    before = situation({JOBS_FAILED: listed, JOBS_RUNNING: jobs(run(5))})
    found = after(before, {JOBS_FAILED: Missing("no such route")}, seconds=1)
    assert alert(found, LIMITS).state is AlertState.UNKNOWN


TIMES = st.none() | st.datetimes(timezones=st.just(NOW.tzinfo))


@given(st.lists(st.tuples(st.sampled_from(JobState), TIMES, TIMES), max_size=5))
def test_any_times_give_an_alert(rows: list[tuple[JobState, datetime | None, datetime | None]]) -> None:
    listed = [Job(str(n), "", "", state, started_at=a, finished_at=b) for n, (state, a, b) in enumerate(rows)]
    found = judged(listed, listed)
    assert found.since is None or found.since <= found.at
    assert found.firing is bool(found.reasons)


@pytest.mark.parametrize("unread", [JOBS_FAILED, JOBS_RUNNING])
def test_one_list_alone_proves_no_all_clear(unread: Part[JobList]) -> None:
    values: dict[Part[Any], object] = {JOBS_FAILED: jobs(), JOBS_RUNNING: jobs()}
    assert alert(situation(values), LIMITS).state is AlertState.OK
    for nothing in (Failure("bad answer", "too large"), Missing("no such route")):
        assert alert(situation({**values, unread: nothing}), LIMITS).state is AlertState.UNKNOWN


@pytest.mark.parametrize("part", [JOBS_FAILED, JOBS_RUNNING])
def test_a_row_that_cannot_be_read_proves_no_all_clear(part: Part[JobList]) -> None:
    values: dict[Part[Any], object] = {JOBS_FAILED: jobs(), JOBS_RUNNING: jobs(run(5)), part: JobList((), bad_rows=1)}
    assert alert(situation(values), LIMITS).state is AlertState.UNKNOWN


def test_no_failed_job_in_the_list_is_no_all_clear_while_the_server_counts_some() -> None:
    values: dict[Part[Any], object] = {JOBS_FAILED: jobs(), JOBS_RUNNING: jobs(), JOBS_COUNTS: JobCounts(failed=13)}
    assert alert(situation(values), LIMITS).state is AlertState.UNKNOWN
    assert alert(situation({**values, JOBS_COUNTS: JobCounts(failed=0)}), LIMITS).state is AlertState.OK
    old = job(finished_at=ago(90))
    assert alert(situation({**values, JOBS_FAILED: jobs(old)}), LIMITS).state is AlertState.OK


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ({JOBS_FAILED: jobs()}, ""),
        ({JOBS_FAILED: JobList((), bad_rows=2), JOBS_RUNNING: jobs()},
         "bad rows among failed jobs: 2, among running ones: 0"),
        ({JOBS_FAILED: jobs(), JOBS_RUNNING: jobs(), JOBS_COUNTS: JobCounts(failed=13)},
         "the server counts failed jobs and lists none"),
        ({JOBS_FAILED: jobs(job(finished_at=None, started_at=ago(70))), JOBS_RUNNING: jobs()},
         "nobody tells when some of the failed jobs failed"),
    ],
)  # fmt: skip
def test_why_nobody_knows_is_told(values: dict[Part[Any], object], doubt: str) -> None:
    found = alert(situation(values), LIMITS)
    assert (found.state, found.doubt) == (AlertState.UNKNOWN, doubt)


def test_who_knows_has_no_doubt() -> None:
    assert judged([], []).doubt == judged([job()], []).doubt == ""
    assert judged([job("1", finished_at=None, started_at=ago(70)), job("2")], []).doubt == ""


@pytest.mark.parametrize("gone", [(JOBS_FAILED, JOBS_RUNNING), (JOBS_FAILED,)], ids=["both", "one"])
def test_who_watches_does_not_forget_that_it_fired(gone: tuple[Part[JobList], ...]) -> None:
    before = situation({JOBS_FAILED: jobs(job(finished_at=ago(42))), JOBS_RUNNING: jobs(run(5))})
    assert alert_watched(before, LIMITS) == alert(before, LIMITS)
    values = {part: jobs(run(5)) if part not in gone else Failure("timed out", "") for part in (JOBS_RUNNING, *gone)}
    later = after(before, values, seconds=600)
    later = later.seen_at(NOW + timedelta(minutes=10))
    assert alert(later, LIMITS).state is AlertState.UNKNOWN, "one look tells what is known now"
    found = alert_watched(later, LIMITS)
    assert (found.state, found.since, found.fired_at) == (AlertState.UNKNOWN, ago(42), NOW)
    assert found.rto_left == timedelta(hours=3, minutes=8)


@pytest.mark.parametrize("before", [situation({JOBS_FAILED: jobs(), JOBS_RUNNING: jobs(run(5))}), situation({})])
def test_what_was_not_known_to_fire_is_only_unknown(before: Situation) -> None:
    later = before.seen_at(NOW + timedelta(minutes=10))
    assert alert_watched(later, LIMITS) == alert(later, LIMITS)
    assert alert_watched(later, LIMITS).state is AlertState.UNKNOWN
