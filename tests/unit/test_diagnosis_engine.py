from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.config.model import Limits
from backend.diagnosis.engine import explain
from backend.diagnosis.rules import diagnose
from backend.model.engine import Unit
from backend.model.finding import Finding, Severity
from backend.model.jobs import JobCounts, JobsHealth
from backend.model.situation import Part
from backend.parts import ENGINE_UNIT, JOBS_COUNTS, JOBS_FAILED, JOBS_HEALTH
from tests.situations import NOW, ago, failing, job, jobs, situation

LIMITS = Limits()
GOOD = Unit(
    "adaf-backtest-engine", "loaded", "active", "running", "success", 4100, 0, "a1", ago(4000), ago(4000), 1, None
)
WELL = JobsHealth("healthy", active=4, pending=11, utilisation=80.0, last_success=ago(41))


def found(unit: Unit | None = GOOD, health: JobsHealth | None = WELL) -> Finding | None:
    values: dict[Part[Any], object] = {ENGINE_UNIT: unit, JOBS_HEALTH: health}
    return explain(situation({part: value for part, value in values.items() if value is not None}), LIMITS)


def down(active: str, sub: str, result: str = "success", restarts: int = 0) -> Unit:
    return replace(GOOD, active=active, sub=sub, result=result, restarts=restarts, main_pid=None, changed_at=ago(3))


def test_engine_that_works_is_no_finding() -> None:
    assert found() is None
    assert found(health=None) is None
    assert found(None, None) is None
    assert found(None, WELL) is None


def test_start_limit_is_reset_before_the_restart() -> None:
    finding = found(down("failed", "failed", "start-limit-hit", 5), JobsHealth("down", pending=11))
    assert finding is not None
    assert finding.severity is Severity.CRITICAL
    assert finding.summary == "engine adaf-backtest-engine has failed (start-limit-hit) after 5 restarts; 11 jobs wait"
    assert finding.actions == ("engine.reset-failed", "engine.restart")
    assert finding.weight == 1.0
    values = {each.name: each.value for each in finding.evidence}
    assert values["unit state"] == "failed (failed)"
    assert values["unit result"] == "start-limit-hit"
    assert values["restarts"] == 5
    assert values["service health"] == "down"
    assert values["pending jobs"] == 11


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (down("failed", "failed", "exit-code"), "has failed (exit-code)"),
        (down("inactive", "dead"), "is stopped"),
        (down("activating", "auto-restart", "exit-code", 1), "does not come up (auto-restart) after 1 restart"),
        (down("activating", "auto-restart", "exit-code"), "does not come up (auto-restart)"),
        (down("activating", "start", restarts=3), "does not come up (start) after 3 restarts"),
    ],
)
def test_unit_that_does_not_run(unit: Unit, said: str) -> None:
    finding = found(unit)
    assert finding is not None
    assert finding.severity is Severity.CRITICAL
    assert said in finding.summary
    assert finding.actions == ("engine.restart",)


def test_waiting_jobs_are_counted_from_the_overview_too() -> None:
    finding = explain(situation({ENGINE_UNIT: down("inactive", "dead"), JOBS_COUNTS: JobCounts(pending=1)}), LIMITS)
    assert finding is not None
    assert finding.summary.endswith("; 1 job waits")


def test_ordinary_start_is_no_finding() -> None:
    assert found(down("activating", "start")) is None
    assert found(down("deactivating", "stop-sigterm")) is None


def test_unit_that_restarted_lately_is_a_warning() -> None:
    finding = found(replace(GOOD, restarts=3, active_since=ago(2)))
    assert finding is not None
    assert (finding.severity, finding.actions) == (Severity.WARNING, ())
    assert found(replace(GOOD, restarts=3, active_since=ago(11))) is None


def test_service_that_calls_itself_down() -> None:
    for unit in (None, GOOD, replace(GOOD, load="not-found", active="inactive")):
        finding = found(unit, JobsHealth("DOWN"))
        assert finding is not None
        assert finding.severity is Severity.CRITICAL
    assert found(GOOD, JobsHealth("degraded")) is None
    assert found(GOOD, JobsHealth("unhealthy")) is None
    assert found(None, JobsHealth("unhealthy")) is not None


def test_unit_that_does_not_exist_here_says_nothing() -> None:
    assert found(replace(GOOD, load="not-found", active="inactive")) is None


def test_jobs_that_wait_while_none_runs() -> None:
    finding = found(GOOD, replace(WELL, active=0))
    assert finding is not None
    assert finding.severity is Severity.WARNING
    assert finding.summary == "11 jobs wait and none runs; the last success was 41 min ago"
    assert found(GOOD, replace(WELL, active=0, pending=0)) is None
    assert found(GOOD, replace(WELL, active=0, last_success=ago(3))) is None
    assert found(GOOD, replace(WELL, active=0, last_success=None)) is None
    assert found(GOOD, replace(WELL, active=None)) is None, "how many run is not told"


@pytest.mark.parametrize(("ahead", "since", "quiet"), [(30, 5, 35), (-20, 41, 21), (-30, 35, None)])
def test_last_success_is_told_by_the_clock_of_the_server(ahead: int, since: int, quiet: int | None) -> None:
    told = replace(WELL, active=0, last_success=ago(since))
    finding = explain(situation({JOBS_HEALTH: told}, skew=60.0 * ahead), LIMITS)
    said = f"11 jobs wait and none runs; the last success was {quiet} min ago"
    assert (finding and finding.summary) == (quiet and said)


def test_stale_or_failed_parts_are_no_evidence() -> None:
    broken = situation({ENGINE_UNIT: down("failed", "failed"), JOBS_HEALTH: JobsHealth("down")})
    assert explain(broken.seen_at(NOW + timedelta(seconds=60)), LIMITS) is None
    finding = explain(failing(broken, ENGINE_UNIT), LIMITS)
    assert finding is not None
    assert {each.source for each in finding.evidence} == {"jobs.health"}
    assert explain(failing(failing(broken, ENGINE_UNIT), JOBS_HEALTH), LIMITS) is None


def test_engine_that_is_down_comes_before_failures_for_want_of_data() -> None:
    no_data = job(error="No data for SAP.DE in 2026-11-17..2026-11-19")
    failed = jobs(no_data, replace(no_data, id="2"), job("3", error="MemoryError"))
    both = situation({ENGINE_UNIT: down("failed", "failed"), JOBS_FAILED: failed})
    assert [finding.cause for finding in diagnose(both, LIMITS)] == ["engine", "data"]
    late = situation({ENGINE_UNIT: replace(GOOD, restarts=1, active_since=ago(1)), JOBS_FAILED: jobs(no_data)})
    assert [finding.cause for finding in diagnose(late, LIMITS)] == ["data", "engine"]
