"""The routes of jobs, strategies and analytics, over a real socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.demo.api_rig import RESEARCH, Rig, serving

JOB = {
    "id", "strategy_name", "status", "priority", "attempt", "error_message", "created_at", "started_at", "finished_at",
    "original_job_id", "strategy_config",
}  # fmt: skip


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with serving("data-gap", tmp_path) as served:
        yield served


async def test_status_counts_what_the_lists_hold(rig: Rig) -> None:
    counts = (await rig.get("backtests/status"))["counts"]
    assert counts == {"failed": 14, "running": 2, "pending": 6, "completed": 44}
    for status, count in counts.items():
        listed = await rig.get(f"backtests?status={status}&limit=500")
        assert len(listed["backtests"]) == listed["total"] == count
        assert {job["status"] for job in listed["backtests"]} == {status}


async def test_filters_come_before_limit_and_offset(rig: Rig) -> None:
    everything = (await rig.get("backtests?status=failed&priority=high"))["backtests"]
    assert {job["priority"] for job in everything} == {"high"}
    assert len(everything) == 3
    page = await rig.get("backtests?status=failed&priority=high&limit=1&offset=1")
    assert page["backtests"] == everything[1:2]
    assert (page["total"], page["limit"], page["offset"]) == (3, 1, 1)
    assert (await rig.get("backtests?status=failed&offset=99"))["backtests"] == []


async def test_a_limit_is_at_most_500_and_other_words_are_ignored(rig: Rig) -> None:
    assert (await rig.get("backtests?limit=100000&colour=red"))["limit"] == 500


@pytest.mark.parametrize(
    ("route", "rows"),
    [("data/sources", "sources"), ("strategies/validation", "strategies"), ("strategies/metrics", "strategies")],
)
async def test_every_list_takes_a_limit_and_an_offset(rig: Rig, route: str, rows: str) -> None:
    everything = (await rig.get(route))[rows]
    assert len(everything) > 1
    assert (await rig.get(f"{route}?limit=1&offset=1"))[rows] == everything[1:2]
    assert (await rig.get(f"{route}?offset=99"))[rows] == []


async def test_what_cannot_be_read_is_refused(rig: Rig) -> None:
    for query in ("limit=0", "limit=-1", "limit=x", "limit=²", "offset=-1", "status=lost", "priority=urgent"):
        await rig.get(f"backtests?{query}", 400)


async def test_a_job_is_shown_whole(rig: Rig) -> None:
    newest = (await rig.get("backtests?status=failed&limit=1"))["backtests"][0]
    assert newest.keys() == JOB
    assert newest["error_message"] == "No data for SAP.DE in 2026-11-17..2026-11-19"
    assert newest["finished_at"] == "2026-11-20T13:03:00.000Z"
    assert newest["strategy_config"]["symbols"][0] == "SAP.DE"
    assert await rig.get(f"backtests/{newest['id']}") == newest
    assert "no backtest 17" in (await rig.get("backtests/17", 404))["error"]


async def test_health_follows_the_engine(rig: Rig) -> None:
    health = await rig.get("backtests/health")
    assert health == {
        "status": "down",
        "active_jobs": 2,
        "pending_jobs": 6,
        "worker_utilization_percent": 50.0,
        "last_successful_completion": "2026-11-20T12:24:00.000Z",
    }
    await rig.engine("progress", engine="one", running=[])
    assert (await rig.get("backtests/health"))["status"] == "degraded"
    rig.clock.forward(1.6)
    assert (await rig.get("backtests/health"))["status"] == "healthy"
    await rig.engine("leave", engine="one")
    assert (await rig.get("backtests/health"))["status"] == "down"


async def test_requeue_makes_a_new_attempt_of_a_failed_job_only(rig: Rig) -> None:
    job = (await rig.get("backtests?status=failed&limit=1"))["backtests"][0]
    again = await rig.post(f"backtests/{job['id']}/requeue")
    assert again == {"id": job["id"], "status": "pending", "attempt": 2}
    assert "is pending, not failed" in (await rig.post(f"backtests/{job['id']}/requeue", status=409))["error"]
    await rig.post("backtests/17/requeue", status=404)


async def test_retry_makes_a_smaller_job(rig: Rig) -> None:
    job = (await rig.get("backtests?status=failed&limit=1"))["backtests"][0]
    changes = {"reduce_timeframe": True, "limit_symbols": 2, "use_sample_data": True}
    made = await rig.post("backtests/retry", {"original_job_id": job["id"], "modifications": changes})
    assert made["original_job_id"] == job["id"] != made["id"]
    small = await rig.get(f"backtests/{made['id']}")
    before, after = job["strategy_config"], small["strategy_config"]
    assert (small["status"], small["attempt"], after["use_sample_data"]) == ("pending", 1, True)
    assert after["symbols"] == before["symbols"][:2]
    assert before["start_date"] < after["start_date"] < after["end_date"] == before["end_date"]
    assert (await rig.get(f"backtests/{job['id']}")) == job


async def test_a_retry_that_makes_no_sense_is_refused(rig: Rig) -> None:
    for changes in (7, {"limit_symbols": 0}, {"limit_symbols": True}, {"use_sample_data": 1}):
        await rig.post("backtests/retry", {"original_job_id": "17", "modifications": changes}, 400)
    await rig.post("backtests/retry", {"original_job_id": "17", "modifications": {}}, 404)
    told = await rig.post("backtests/retry", {"modifications": {}}, 400)
    assert "original_job_id is missing" in told["error"]


async def test_numbers_and_times_beyond_all_measure_are_refused(rig: Rig) -> None:
    digits = "9" * 5000
    retry = b'{"original_job_id": "17", "modifications": {"limit_symbols": %s}}'
    period = b'{"incident_period": {"start": "0001-01-01T00:00:00+14:00", "end": "2026-11-20T00:00:00Z"}}'
    for route, body in (
        ("backtests/retry", retry % b"1e999"),
        ("backtests/retry", retry % digits.encode()),
        ("data/repair", b'{"symbols": ["AUTO_DETECT"], "date_range": "last_%sd"}' % digits.encode()),
        ("projects/impact-analysis", period),
    ):
        assert (await rig.client.post(f"{RESEARCH}/{route}", content=body)).status_code == 400, route


async def test_bodies_of_any_kind_are_answered_in_json(rig: Rig) -> None:
    for body in (b"", b"{", b"[]", b"\xff", b'{"original_job_id": "\\ud800"}', b"[" * 100_000):
        response = await rig.client.post(f"{RESEARCH}/backtests/retry", content=body)
        assert response.status_code in (400, 404)
        assert response.json()["success"] is False


async def test_clearing_forgets_failed_jobs_only(rig: Rig) -> None:
    response = await rig.client.delete(f"{RESEARCH}/backtests/queue/failed")
    assert response.json() == {"success": True, "cleared": 14}
    counts = (await rig.get("backtests/status"))["counts"]
    assert counts == {"failed": 0, "running": 2, "pending": 6, "completed": 44}


async def test_missing_routes_and_wrong_methods(rig: Rig) -> None:
    missing = await rig.client.get(f"{RESEARCH}/nothing/here")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    wrong = await rig.client.delete(f"{RESEARCH}/backtests/health")
    assert (wrong.status_code, wrong.content, wrong.headers.get("content-type")) == (405, b"", None)


async def test_the_engine_routes_move_jobs(rig: Rig) -> None:
    claimed = (await rig.engine("claim", engine="one", free=2))["jobs"]
    running = {job["id"]: job for job in (await rig.get("backtests?status=running"))["backtests"]}
    assert {job["id"]: job["started_at"] for job in claimed} == {id_: job["started_at"] for id_, job in running.items()}
    first, second = (job["id"] for job in claimed)
    assert await rig.engine("finish", engine="one", id=first, exit_code=0, pid=1) == {
        "id": first, "status": "completed", "error_message": None,
    }  # fmt: skip
    died = await rig.engine("finish", engine="one", id=second, exit_code=-15, pid=1)
    assert died["error_message"] == "worker terminated (signal 15)"
    await rig.engine("finish", 409, engine="one", id=first, exit_code=0, pid=1)
    await rig.engine("finish", 404, engine="one", id="17", exit_code=0, pid=1)
    assert (await rig.engine("progress", engine="one", running=[first, "17"]))["abandoned"] == sorted([first, "17"])


async def test_an_engine_is_told_which_jobs_go_on_from_before_the_platform_until_they_are_taken(rig: Rig) -> None:
    running = [job["id"] for job in (await rig.get("backtests?status=running"))["backtests"]]
    said = await rig.engine("progress", engine="one", running=[])
    assert sorted(said["unclaimed"]) == sorted(running)
    await rig.engine("claim", engine="one", free=1)
    assert len((await rig.engine("progress", engine="one", running=running[:1]))["unclaimed"]) == 1
    await rig.engine("claim", engine="two", free=4)
    assert (await rig.engine("progress", engine="two", running=[]))["unclaimed"] == []


async def test_an_engine_that_makes_no_sense_is_refused(rig: Rig) -> None:
    await rig.engine("claim", 400, engine="one", free="2")
    await rig.engine("claim", 400, free=2)
    await rig.engine("progress", 400, engine="one", running="17")
    await rig.engine("finish", 400, engine="one", id=17, exit_code=0, pid=1)
    await rig.engine("leave", 400, engine="")


async def test_strategies_have_a_record(rig: Rig) -> None:
    checks = (await rig.get("strategies/validation"))["strategies"]
    assert {check["validation_status"] for check in checks} == {"valid"}
    rates = {row["name"]: row["recent_failure_rate"] for row in (await rig.get("strategies/metrics"))["strategies"]}
    assert rates.keys() == {check["name"] for check in checks}
    assert rates["mean-revert-eu"] > 0.2 > rates["carry-g10"] == 0.0
    assert (await rig.get("strategies/mean-revert-eu/health"))["status"] == "degraded"
    assert (await rig.get("strategies/carry-g10/health"))["status"] == "healthy"
    assert (await rig.get("strategies/carry-g10/metrics")).keys() == {
        "name", "code_complexity", "estimated_memory_usage", "average_execution_time",
    }  # fmt: skip
    for route in ("health", "metrics"):
        await rig.get(f"strategies/none/{route}", 404)


async def test_analytics_add_up(rig: Rig) -> None:
    week = await rig.get("backtests/analytics/performance?period=7d")
    assert week["finished_jobs"] == 58
    assert week["success_rate_percent"] == pytest.approx(100 * 44 / 58, abs=0.1)
    assert week["failure_breakdown"] == {"missing_data": 11, "provider": 1, "worker_killed": 1, "strategy_error": 1}
    assert sum(hour["jobs"] for hour in week["resource_usage_trends"]) == 58
    failures = await rig.get("backtests/analytics/failures?period=1h")
    assert sum(row["count"] for row in failures["most_failed_strategies"]) == 14
    assert sum(failures["failure_time_distribution"].values()) == 14
    assert failures["common_error_types"][0] == {"type": "missing_data", "count": 11}


async def test_other_periods_are_refused(rig: Rig) -> None:
    for period in ("", "7", "d", "0d", "-1d", "7w", "xd"):
        await rig.get(f"backtests/analytics/failures?period={period}", 400)


async def test_the_impact_of_an_incident(rig: Rig) -> None:
    period = {"start": "2026-11-20T12:45:00Z", "end": "2026-11-20T13:05:00Z"}
    impact = await rig.post("projects/impact-analysis", {"incident_period": period}, 200)
    assert impact["failed_jobs"] == sum(project["failed_jobs"] for project in impact["affected_projects"]) == 7
    assert impact["high_priority_jobs"] == 3
    ever = {"start": "0001-01-01T00:00:00+00:00", "end": "9999-12-31T23:59:59.999999+00:00"}
    assert (await rig.post("projects/impact-analysis", {"incident_period": ever}, 200))["failed_jobs"] == 14
    for other in (None, {}, {"start": "x", "end": "y"}, {"start": "2026-11-20", "end": "2026-11-21"}):
        await rig.post("projects/impact-analysis", {"incident_period": other}, 400)
