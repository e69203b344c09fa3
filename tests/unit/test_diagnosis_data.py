from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.config.model import Limits
from backend.diagnosis.data import MOST_JUDGED, explain
from backend.diagnosis.rules import diagnose
from backend.model.data import Availability, DataSource, DataSources, DataStatus, Gap
from backend.model.finding import Finding, Severity
from backend.model.jobs import Job
from backend.model.situation import Part, Situation
from backend.parts import DATA_AVAILABILITY, DATA_SOURCES, DATA_STATUS, JOBS_FAILED
from tests.situations import NOW, ago, failing, job, jobs, situation

LIMITS = Limits()
GAPS = ("SAP.DE", "BMW.DE", "ALV.DE")


def availability(*symbols: str, completeness: float | None = 96.2) -> Availability:
    return Availability(4812, None, None, tuple(Gap(symbol, None, None, 3) for symbol in symbols), completeness)


def sources(primary: str = "healthy", backup: str = "standby", active: str | None = "primary") -> DataSources:
    return DataSources(
        tuple(
            DataSource(role, role, None if active is None else role == active, status)
            for role, status in (("primary", primary), ("backup", backup))
        )
    )


def no_data(number: int, symbol: str, minutes: float = 5) -> Job:
    return job(str(number), error=f"No data for {symbol} in 2026-11-17..2026-11-19", finished_at=ago(minutes))


FAILURES = [
    *(no_data(number, GAPS[number % 3], 10 + number) for number in range(11)),
    job("20", error="worker killed (signal 9)", symbols=("SAP.DE",)),
    job("21", error="ZeroDivisionError: float division by zero", symbols=("SAP.DE",)),
    job("22", error="ConnectionResetError: provider feed closed the connection"),
]


def found(failed: list[Job], known: Availability | None = None, used: DataSources | None = None) -> Finding | None:
    values: dict[Part[Any], object] = {
        JOBS_FAILED: jobs(*failed),
        DATA_AVAILABILITY: known,
        DATA_SOURCES: used,
        DATA_STATUS: DataStatus("ok"),
    }
    return explain(situation({part: value for part, value in values.items() if value is not None}), LIMITS)


def value_of(finding: Finding, name: str) -> object:
    return next(each.value for each in finding.evidence if each.name == name)


def test_gaps_explain_most_failures() -> None:
    finding = found(FAILURES, availability(*GAPS), sources())
    assert finding is not None
    assert finding.severity is Severity.CRITICAL
    assert finding.summary == "gaps in 3 symbols since 14:10 UTC explain 11 of 14 failures (79 %)"
    assert finding.actions == ("data.repair", "data.failover")
    assert finding.weight == pytest.approx(11 / 14)
    assert value_of(finding, "gaps that failed jobs need") == "BMW.DE, SAP.DE, ALV.DE"
    assert value_of(finding, "completeness") == 96.2
    assert value_of(finding, "source in use") == "primary: healthy"
    assert {each.source for each in finding.evidence} == {
        "jobs.failed", "data.availability", "data.sources", "data.status",
    }  # fmt: skip
    assert all(each.age_s == 0 for each in finding.evidence)


def test_small_share_is_a_warning() -> None:
    others = [job(str(number), error="MemoryError") for number in range(30, 33)]
    finding = found([no_data(1, "SAP.DE"), *others], availability(*GAPS))
    assert finding is not None
    assert finding.severity is Severity.WARNING
    assert "1 of 4 failures (25 %)" in finding.summary
    assert finding.summary.startswith("gaps in 1 symbol since")


@pytest.mark.parametrize(("explained", "severity"), [(2, Severity.WARNING), (3, Severity.CRITICAL)])
def test_only_more_than_half_is_critical(explained: int, severity: Severity) -> None:
    others = [job(str(number), error="MemoryError") for number in range(30, 32)]
    finding = found([*(no_data(number, "SAP.DE") for number in range(explained)), *others], availability(*GAPS))
    assert finding is not None
    assert finding.severity is severity


def test_of_too_many_failures_the_newest_are_judged() -> None:
    others = [job(str(number), error="MemoryError", finished_at=ago(10)) for number in range(MOST_JUDGED)]
    finding = found([*others, no_data(-1, "SAP.DE", minutes=5)], availability(*GAPS))
    assert finding is not None
    assert value_of(finding, "gaps that failed jobs need") == "SAP.DE"
    assert found([*others, no_data(-1, "SAP.DE", minutes=15)], availability(*GAPS)) is None


def test_words_are_enough_without_a_list_of_gaps() -> None:
    finding = found([no_data(1, "SAP.DE")])
    assert finding is not None
    assert finding.summary == "missing data explains 1 of 1 failure (100 %)"


def test_error_without_meaning_is_explained_by_a_gap_in_its_symbols() -> None:
    vague = job("1", error="job failed", symbols=("AAPL", "SAP.DE"))
    assert found([vague], availability("SAP.DE")) is not None
    assert found([vague], availability("BMW.DE")) is None
    assert found([job("1", error="MemoryError", symbols=("SAP.DE",))], availability("SAP.DE")) is None


def test_calm_platform_with_small_gaps_has_no_finding() -> None:
    assert found([], availability("OLD.DE"), sources()) is None
    assert found([job("1", error="MemoryError")], availability("OLD.DE"), sources()) is None
    assert found([no_data(1, "SAP.DE", 90)], availability("SAP.DE"), sources()) is None


def test_much_missing_is_a_warning_before_any_job_fails() -> None:
    finding = found([], availability(*GAPS, completeness=84.04), sources())
    assert finding is not None
    assert finding.severity is Severity.WARNING
    assert finding.summary == "data is 84.0 % complete, gaps in 3 symbols"
    assert found([], availability(*GAPS, completeness=90.0)) is None
    assert found([], availability(*GAPS, completeness=None)) is None


def test_source_that_is_down_is_critical_and_switched_first() -> None:
    finding = found([], None, sources(primary="down"))
    assert finding is not None
    assert finding.severity is Severity.CRITICAL
    assert finding.summary == "data source primary is down"
    assert finding.actions == ("data.failover", "data.repair")
    untold = found([], None, sources(primary="down", active=None))
    assert untold is not None


def test_backup_in_use_is_switched_back() -> None:
    finding = found([no_data(1, "SAP.DE")], availability("SAP.DE"), sources(active="backup"))
    assert finding is not None
    assert finding.actions == ("data.repair", "data.failback")


def test_no_switch_to_a_source_that_is_down() -> None:
    finding = found([no_data(1, "SAP.DE")], availability("SAP.DE"), sources(backup="down"))
    assert finding is not None
    assert finding.actions == ("data.repair",)
    assert found([], None, sources(backup="down")) is None


@pytest.fixture
def broken() -> Situation:
    return situation(
        {JOBS_FAILED: jobs(*FAILURES), DATA_AVAILABILITY: availability(*GAPS), DATA_SOURCES: sources("down")}
    )


def test_stale_parts_are_no_evidence(broken: Situation) -> None:
    assert diagnose(broken.seen_at(NOW + timedelta(seconds=600)), LIMITS) == ()


def test_failed_parts_are_no_evidence(broken: Situation) -> None:
    finding = explain(failing(broken, DATA_AVAILABILITY), LIMITS)
    assert finding is not None
    assert "data.availability" not in {each.source for each in finding.evidence}
    for part in (JOBS_FAILED, DATA_SOURCES):
        broken = failing(broken, part)
    assert explain(broken, LIMITS) is None


class Symbol(str):
    """Counts how often it is looked for."""

    looked_for = 0
    __slots__ = ()

    def __hash__(self) -> int:
        Symbol.looked_for += 1
        return super().__hash__()

    __eq__ = str.__eq__


def test_what_failed_jobs_need_is_sought_once_for_as_long_as_both_lists_are_looked_at() -> None:
    symbols = tuple(Symbol(f"S{number}") for number in range(60))
    failed = jobs(*(job(str(number), error="job failed", symbols=symbols) for number in range(60)))
    seen = situation({JOBS_FAILED: failed, DATA_AVAILABILITY: availability(*(f"S{n}" for n in range(60)))})
    Symbol.looked_for = 0
    first = explain(seen, LIMITS)
    assert 0 < Symbol.looked_for <= 60 * 60 * 3
    Symbol.looked_for = 0
    for seconds in range(4):
        again = explain(seen.seen_at(NOW + timedelta(seconds=seconds)), LIMITS)
        assert again is not None
        assert first is not None
        assert again.summary == first.summary
    assert Symbol.looked_for == 0
    assert explain(situation({JOBS_FAILED: failed, DATA_AVAILABILITY: availability("S1")}), LIMITS) != first
    assert Symbol.looked_for > 0, "other gaps are another question"


def test_an_incident_that_lasts_does_not_forget_how_it_began() -> None:
    chain = jobs(*(no_data(number, "SAP.DE", 50 * number + 1) for number in range(4)))
    found = explain(situation({JOBS_FAILED: chain}), LIMITS)
    assert found is not None
    assert "4 of 4" in found.summary


def test_a_job_of_an_earlier_incident_explains_nothing() -> None:
    seen = situation({JOBS_FAILED: jobs(no_data(1, "SAP.DE", 61.95), no_data(2, "SAP.DE", 2))})
    before = explain(seen, LIMITS)
    assert before is not None
    assert "2 of 2" in before.summary
    earlier = explain(situation({JOBS_FAILED: jobs(no_data(1, "SAP.DE", 62.05), no_data(2, "SAP.DE", 2))}), LIMITS)
    assert earlier is not None
    assert "1 of 1" in earlier.summary


def test_gaps_that_were_not_read_are_evidence() -> None:
    known = replace(availability("SAP.DE"), bad_rows=2, unread=500)
    finding = found([no_data(1, "SAP.DE")], known)
    assert finding is not None
    assert value_of(finding, "gaps that were not read") == 502
