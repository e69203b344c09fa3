"""Jobs, as the runbook hopes for them and as servers give them."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from actions.jobs import JobExecutor
from actions.plan import HttpRequest, Step
from backend.clients.api import ApiClient, Sent
from backend.errors import BadAnswer, MissingObject, MissingRoute, NotAllowed, Refused, TimedOut
from backend.model.jobs import Job, JobCounts, JobsHealth, JobState, Priority
from backend.model.target import JobTarget
from tests.clients.wire import Play, Request, Server, answer, hang_up, page, reply, silence

ROW = {
    "id": "8839",
    "strategy_name": "mean-revert-eu",
    "status": "failed",
    "priority": "high",
    "attempt": 2,
    "error_message": "No data for SAP.DE",
    "created_at": "2026-11-22T12:00:00Z",
    "started_at": "2026-11-22T12:01:00",
    "finished_at": "2026-11-22T13:05:00+01:00",
    "strategy_config": {"symbols": ["SAP.DE", "BMW.DE"]},
}
JOB = Job(
    id="8839",
    label="8839",
    strategy="mean-revert-eu",
    state=JobState.FAILED,
    priority=Priority.HIGH,
    attempt=2,
    error="No data for SAP.DE",
    created_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    started_at=datetime(2026, 11, 22, 12, 1, tzinfo=UTC),
    finished_at=datetime(2026, 11, 22, 12, 5, tzinfo=UTC),
    symbols=("SAP.DE", "BMW.DE"),
)


async def test_a_list_as_the_runbook_has_it(server: Server, api: ApiClient) -> None:
    server.on("backtests", reply({"backtests": [ROW], "total": 14}))
    found = await api.jobs(JobState.FAILED, limit=5, priority=Priority.HIGH, offset=10)
    assert found.jobs == (JOB,)
    assert found.total == 14
    assert found.remarks == ()
    assert server.requests[0].query == {"status": "failed", "limit": "5", "priority": "high", "offset": "10"}


@pytest.mark.parametrize(
    "body",
    [
        [ROW],
        {"jobs": [ROW]},
        {"data": [ROW]},
        {"items": [ROW]},
        {"success": True, "data": {"backtests": [ROW]}},
        {"ok": True, "backtests": [ROW], "hasMore": True},
    ],
)
async def test_a_list_by_any_name(server: Server, api: ApiClient, body: object) -> None:
    server.on("backtests", reply(body))
    assert (await api.jobs(JobState.FAILED)).jobs == (JOB,)


async def test_the_same_things_by_other_names(server: Server, api: ApiClient) -> None:
    row = {
        "id": 8840,
        "name": "carry-g10",
        "status": "error",
        "createdAt": 1_795_348_800,
        "lastRunAt": 1_795_348_860_000,
        "durationMs": 90_000,
        "errorMessage": {"message": "out of memory", "code": 9},
    }
    server.on("backtests", reply([row]))
    (job,) = (await api.jobs(JobState.FAILED)).jobs
    assert (job.id, job.strategy, job.state, job.error) == ("8840", "carry-g10", JobState.FAILED, "out of memory")
    assert job.created_at == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert job.started_at == datetime(2026, 11, 22, 12, 1, tzinfo=UTC)
    assert job.finished_at == datetime(2026, 11, 22, 12, 2, 30, tzinfo=UTC)
    assert (job.attempt, job.priority, job.symbols) == (None, Priority.UNKNOWN, ())


@pytest.mark.parametrize(
    ("state", "took", "end"),
    [
        ("failed", 90_000, "12:02:30"), ("failed", -90_000, "12:01:00"), ("failed", 1e300, None),
        ("completed", 0, "12:01:00"), ("running", 90_000, None), ("pending", 90_000, None),
    ],
)  # fmt: skip
async def test_an_end_is_told_by_how_long_it_took_of_what_has_ended(
    server: Server, api: ApiClient, state: str, took: float, end: str | None
) -> None:
    server.on("backtests/a", reply({"id": "a", "status": state, "started_at": ROW["started_at"], "duration_ms": took}))
    finished = (await api.job("a")).finished_at
    assert (finished and f"{finished:%H:%M:%S}") == end


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("queued", JobState.PENDING),
        ("Running", JobState.RUNNING),
        ("IN-PROGRESS", JobState.RUNNING),
        ("done", JobState.COMPLETED),
        ("failed", JobState.FAILED),
        ("timeout", JobState.FAILED),
        ("timed out", JobState.TIMEOUT),
        ("canceled", JobState.CANCELLED),
        (None, JobState.RUNNING),
    ],
)
async def test_the_states_by_their_words(server: Server, api: ApiClient, word: str | None, asked: JobState) -> None:
    server.on("backtests", reply([{**ROW, "status": word}]))
    assert len((await api.jobs(asked)).jobs) == 1


async def test_of_two_different_jobs_with_one_id_it_is_said_that_nobody_knows_which_is_meant(
    server: Server, api: ApiClient
) -> None:
    server.on("backtests", reply([ROW, {**ROW, "strategy_name": "another"}, ROW, {**ROW, "id": "b"}]))
    twin, other = (await api.jobs(JobState.FAILED)).jobs
    assert (twin.strategy, twin.ambiguous, twin.actionable) == (JOB.strategy, True, False)
    assert other.actionable


@pytest.mark.parametrize("twin", [{"status": "running"}, {"status": "failed", "strategy_name": "another"}])
@pytest.mark.parametrize("name", ["id", "job_id", "jobId", "ID", "job-id"])
@pytest.mark.parametrize("before", [True, False])
async def test_a_twin_is_seen_in_any_state_and_beyond_the_limit(
    server: Server, api: ApiClient, twin: dict[str, object], name: str, before: bool
) -> None:
    second = {**{key: value for key, value in ROW.items() if key != "id"}, name: ROW["id"], **twin}
    beyond = [{**ROW, "id": "b"}, second]
    server.on("backtests", reply([second, ROW] if before else [ROW, *beyond]))
    first, *_ = (await api.jobs(JobState.FAILED, limit=5 if before else 1)).jobs
    assert (first.id, first.actionable) == (ROW["id"], False)


async def test_a_row_that_comes_again_beyond_the_limit_is_the_same_job(server: Server, api: ApiClient) -> None:
    server.on(
        "backtests", reply([ROW, {**ROW, "id": "b"}, ROW, 7, {"ID": "c", "job_id": ROW["id"]}, {**ROW, "id": None}])
    )
    (job,) = (await api.jobs(JobState.FAILED, limit=1)).jobs
    assert job.actionable


async def test_bad_rows_cost_no_good_one(server: Server, api: ApiClient) -> None:
    rows: list[object] = [
        ROW,
        None,
        7,
        [],
        {},
        {**ROW, "id": None},
        {**ROW, "id": True},
        {**ROW, "id": 1.5},
        {**ROW, "id": ""},
        ROW,
    ]
    body = json.dumps(rows).encode()[:-1] + b', {"id": "b", "status": "failed", "error": "\xff\xfe"}, {"id": 1e999}]'
    server.on("backtests", answer(body))
    found = await api.jobs(JobState.FAILED)
    assert found.jobs == (JOB,)
    assert (found.bad_rows, found.duplicates, found.other_state) == (10, 1, 0)
    assert found.remarks == ("10 bad rows", "1 duplicate id")


async def test_wrong_types_cost_the_field_only(server: Server, api: ApiClient) -> None:
    row = {
        "id": "a",
        "status": "failed",
        "strategy_name": ["x"],
        "attempt": "two",
        "started_at": "yesterday",
        "created_at": {},
        "finished_at": 1e300,
        "error_message": None,
        "strategy_config": {"symbols": "SAP.DE"},
        "priority": 3,
    }
    server.on("backtests", reply([row]))
    (job,) = (await api.jobs(JobState.FAILED)).jobs
    assert (job.attempt, job.started_at, job.created_at, job.finished_at, job.error) == (None, None, None, None, "")
    assert (job.symbols, job.priority) == ((), Priority.UNKNOWN)


async def test_hostile_text_is_cleaned_but_the_id_is_raw(server: Server, api: ApiClient) -> None:
    server.on("backtests", reply([{"id": "a\x1b[2J/..", "status": "failed", "error": "x\x1b]0;t\x07\u202e"}]))
    (job,) = (await api.jobs(JobState.FAILED)).jobs
    assert job.id == "a\x1b[2J/.."
    assert not job.actionable
    assert "\x1b" not in job.label + job.error
    assert "\u202e" not in job.error


async def test_a_filter_that_is_ignored_is_applied_here(server: Server, api: ApiClient) -> None:
    everything = [{"id": n, "status": "running" if n < 30 else "failed", "priority": "low"} for n in range(40)]

    def ignoring(request: Request) -> Play:
        return reply({"backtests": everything[: int(request.query["limit"])], "total": 40})

    server.on_request("backtests", ignoring)
    found = await api.jobs(JobState.FAILED, limit=5)
    assert [job.id for job in found.jobs] == ["30", "31", "32", "33", "34"]
    assert (found.other_state, found.total) == (30, None)
    assert [request.query["limit"] for request in server.requests] == ["5", "500"]
    high = await api.jobs(JobState.FAILED, limit=500, priority=Priority.HIGH)
    assert (high.jobs, high.other_state) == ((), 40)
    assert len(server.requests) == 3


async def test_an_unknown_state_is_not_what_was_asked_for(server: Server, api: ApiClient) -> None:
    server.on("backtests", reply([{"id": 1, "status": "zombie"}, {"id": 2, "status": 3}]))
    found = await api.jobs(JobState.FAILED)
    assert (found.jobs, found.other_state) == ((), 2)


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (page(404), MissingRoute),
        (reply({"backtests": None}), BadAnswer),
        (reply({"backtests": {"a": 1}}), BadAnswer),
        (reply("text"), BadAnswer),
        (reply(None), BadAnswer),
        (answer(b'{"backtests": [{"id": 1}, {"id":'), BadAnswer),
        (reply({"success": False, "error": "no"}), Refused),
        (reply({"success": False, "error": "no"}, 500), Refused),
    ],
)
async def test_no_list(server: Server, api: ApiClient, play: Play, kind: type[Exception]) -> None:
    server.on("backtests", play)
    with pytest.raises(kind):
        await api.jobs(JobState.FAILED)


async def test_a_hundred_thousand_rows_leave_time_for_others(server: Server, api: ApiClient) -> None:
    rows = [{"id": n, "status": "failed" if n % 1000 == 0 else "completed", "error": "x"} for n in range(100_000)]
    server.on("backtests", reply(rows))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(others())
    found = await api.jobs(JobState.FAILED)
    other.cancel()
    assert (len(found.jobs), found.other_state) == (100, 99_900)
    assert turns >= 100_000 / 200


async def test_one_job(server: Server, api: ApiClient) -> None:
    server.on("backtests/8839", reply(ROW))
    assert await api.job("8839") == JOB
    server.on("backtests/8839", reply({"success": True, "data": ROW}))
    assert await api.job("8839") == JOB
    server.on("backtests/8839", reply({"backtest": {**ROW, "id": None}}))
    assert await api.job("8839") == JOB
    server.on("backtests/8839", reply({**ROW, "success": False}))
    assert await api.job("8839") == JOB
    server.on("backtests/8839", reply({**ROW, "id": 8838}))
    with pytest.raises(BadAnswer, match="something else"):
        await api.job("8839")
    server.on("backtests/8839", reply([ROW]))
    with pytest.raises(BadAnswer, match="something else"):
        await api.job("8839")


async def test_a_job_that_is_not_there_is_not_a_route_that_is_not_there(server: Server, api: ApiClient) -> None:
    server.on("backtests/1", reply({"success": False, "error": "not found"}, 404))
    with pytest.raises(MissingObject, match="job 1 is not known to the server: not found"):
        await api.job("1")
    server.on("backtests/1", page(404))
    with pytest.raises(MissingRoute):
        await api.job("1")
    server.on("backtests/1", reply({"detail": "Not Found"}, 404))
    with pytest.raises(MissingRoute):
        await api.job("1")


@pytest.mark.parametrize("id_", ["", ".", "..", "a/b", "a b", "a%2fb", "x" * 129, "a\n", "é", "\ud800", "?x", "#"])
async def test_an_id_that_could_mean_something_else_is_never_sent(server: Server, api: ApiClient, id_: str) -> None:
    with pytest.raises(NotAllowed, match="not one that can be sent"):
        await api.job(id_)
    assert not server.requests


@pytest.mark.parametrize("no", [{"success": False}, {"ok": False}])
@pytest.mark.parametrize("empty", [{"data": []}, {"jobs": []}, {"backtests": []}])
async def test_an_empty_list_in_a_no_is_no_all_clear(
    server: Server, api: ApiClient, no: dict[str, bool], empty: dict[str, list[object]]
) -> None:
    server.on("backtests", reply({**no, **empty, "error": "database down"}))
    with pytest.raises(Refused, match="database down"):
        await api.jobs(JobState.FAILED)


@pytest.mark.parametrize("huge", [10**400, -(10**400), 1e300])
async def test_a_number_beyond_all_measure_is_one_bad_row(server: Server, api: ApiClient, huge: float) -> None:
    server.on("backtests", reply({"backtests": [{**ROW, "id": huge}, ROW]}))
    found = await api.jobs(JobState.FAILED)
    assert (len(found.jobs), found.bad_rows) == (1, 1)


async def test_a_name_that_is_null_does_not_hide_another(server: Server, api: ApiClient) -> None:
    moment = "2026-11-22T12:01:00Z"
    for row in ({"startedAt": moment, "started_at": None}, {"started_at": None, "startedAt": moment}):
        server.on("backtests", reply({"backtests": [{"id": "1", "status": "failed", **row}]}))
        (job,) = (await api.jobs(JobState.FAILED)).jobs
        assert job.started_at == JOB.started_at


async def test_a_change_that_the_server_denies_has_not_been_made(server: Server, api: ApiClient) -> None:
    server.on("backtests/1/requeue", reply({"success": False, "id": "1", "message": "queue is full"}))
    with pytest.raises(Refused, match="queue is full"):
        await JobExecutor(api).perform(requeue_of("1"))


async def test_a_job_that_is_gone_is_told_as_such(server: Server, api: ApiClient) -> None:
    server.on("backtests/1/requeue", reply({"success": False, "error": "no such job"}, 404))
    with pytest.raises(MissingObject, match="job 1 is not known to the server"):
        await JobExecutor(api).perform(requeue_of("1"))


async def test_a_step_with_an_unsafe_id_is_never_sent(server: Server, api: ApiClient) -> None:
    for id_ in ("../queue/failed", "a b", "", "."):
        with pytest.raises(NotAllowed):
            await JobExecutor(api).perform(requeue_of(id_))
    assert not server.requests


def requeue_of(id_: str) -> Step:
    target = JobTarget(id_, id_, 1, None, "")
    return Step(HttpRequest("POST", ("backtests", id_, "requeue")), target)


async def requeue(api: ApiClient, id_: str) -> Sent:
    """Ask for a change."""
    return await api.send("POST", ("backtests", id_, "requeue"), thing=f"job {id_}")


async def test_requeue(server: Server, api: ApiClient) -> None:
    server.on("backtests/bt%3A1.a_-/requeue", reply({"id": "bt:1.a_-", "status": "pending", "attempt": 3}, 202))
    assert (await requeue(api, "bt:1.a_-")).word == "pending"
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/api/research/backtests/bt%3A1.a_-/requeue")
    assert request.body == b""


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (answer(b"", 308, location="/api/research/backtests/1/requeue/"), BadAnswer),
        (answer(b"", 307, location="/api/research/backtests/1/requeue/"), BadAnswer),
        (hang_up(), Refused),
        (reply({"success": False, "error": "it is running"}, 409), Refused),
        (reply({"success": False, "error": "it is running"}, 200), Refused),
        (reply({"success": False, "error": "unknown job"}, 404), MissingObject),
        (page(404), MissingRoute),
        (answer(b"", 405, kind=""), MissingRoute),
        (reply({"ok": False, "error": "rate_limit"}, 429, retry_after="1"), Refused),
        (reply({}, 503), Refused),
    ],
)
async def test_a_change_is_sent_once_whatever_comes_back(
    server: Server, api: ApiClient, play: Play, kind: type[Exception]
) -> None:
    server.on("backtests/1/requeue", play)
    with pytest.raises(kind):
        await requeue(api, "1")
    assert len(server.requests) == 1


async def test_a_change_without_an_answer_is_sent_once(server: Server) -> None:
    server.on("backtests/1/requeue", silence)
    api = ApiClient(server.url, timeout=0.2)
    with pytest.raises(TimedOut):
        await requeue(api, "1")
    await api.aclose()
    assert len(server.requests) == 1


async def test_a_change_with_a_body(server: Server, api: ApiClient) -> None:
    wish = {"symbols": ["AUTO_DETECT"], "date_range": "last_7d", "repair_gaps": True}
    server.on("data/repair", reply({"success": True, "message": "repairing 3 symbols"}, 202))
    sent = await api.send("POST", ("data", "repair"), wish)
    assert (sent.status, sent.word) == (202, "repairing 3 symbols")
    assert sent.body == {"success": True, "message": "repairing 3 symbols"}
    assert json.loads(server.requests[0].body) == wish
    assert server.requests[0].headers["content-type"] == "application/json"
    server.on("backtests/queue/failed", answer(b"", 204, kind=""))
    sent = await api.send("DELETE", ("backtests", "queue", "failed"))
    assert (sent.word, sent.body) == ("HTTP 204", None)
    with pytest.raises(NotAllowed):
        await api.send("POST", ("data", "..", "x"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"counts": {"failed": 14, "running": 4, "pending": 11, "completed": 930}}, JobCounts(14, 4, 11, 930)),
        ({"failed": 1, "queued": 2, "pending": 1, "done": "7", "total": 11}, JobCounts(1, None, 3, 7)),
        ({"by_status": {"failed": 1, "timeout": 2, "running": -4}}, JobCounts(failed=1)),
        ({"success": True, "data": {"counts": {"running": 0}}}, JobCounts(running=0)),
        ({"activeJobs": 4, "pending_jobs": 2}, JobCounts(running=4, pending=2)),
    ],
)
async def test_counts(server: Server, api: ApiClient, body: object, expected: JobCounts) -> None:
    server.on("backtests/status", reply(body))
    assert await api.counts() == expected


@pytest.mark.parametrize("body", [{}, [], {"counts": []}, {"counts": {"failed": "many"}}, 7])
async def test_no_counts(server: Server, api: ApiClient, body: object) -> None:
    server.on("backtests/status", reply(body))
    with pytest.raises(BadAnswer):
        await api.counts()


async def test_health(server: Server, api: ApiClient) -> None:
    report = {
        "status": "degraded",
        "active_jobs": 4,
        "pending_jobs": 11,
        "worker_utilization_percent": 80,
        "last_successful_completion": "2026-11-22T12:00:00Z",
    }
    expected = JobsHealth("degraded", 4, 11, 80.0, datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    for status in (200, 400, 500, 503):
        server.on("backtests/health", reply(report, status))
        assert await api.health() == expected
    assert not expected.healthy


async def test_a_server_that_ignores_the_limit_is_cut_to_it(server: Server, api: ApiClient) -> None:
    rows = [{**ROW, "id": str(number)} for number in range(3000)]
    server.on("backtests", reply({"backtests": rows}))
    found = await api.jobs(JobState.FAILED, limit=20)
    assert [job.id for job in found.jobs] == [str(number) for number in range(20)]
    assert found.total == 3000


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"cut \ud83d here", "cut \ufffd here"),
        (r"\udc00\ud800", "\ufffd\ufffd"),
        (r"whole \ud83d\ude00", "whole \U0001f600"),
        (r"means itself \\ud83d", r"means itself \ud83d"),
        (r"and then \\\ud83d", "and then \\\ufffd"),
    ],
)
async def test_half_a_sign_in_one_text_costs_no_list(server: Server, api: ApiClient, sent: str, read: str) -> None:
    body = json.dumps({"backtests": [{**ROW, "error_message": "X"}, {**ROW, "id": "8840"}]}).replace('"X"', f'"{sent}"')
    server.on("backtests", answer(body.encode()))
    found = await api.jobs(JobState.FAILED)
    assert [job.error for job in found.jobs] == [read, "No data for SAP.DE"]
