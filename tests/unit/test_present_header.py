import re
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.incident.alert import Alert, AlertState
from backend.model.finding import Finding, Severity
from tests.situations import NOW, ago
from widgets.present.header import HeaderFacts, first_finding, header
from widgets.text import UNICODE, line_width, plain

FIRING = Alert(AlertState.FIRING, ago(42), ("14 jobs failed",), NOW)
WAS_FIRING = Alert(AlertState.UNKNOWN, ago(42), (), NOW, fired_at=ago(2))
QUIET = Alert(AlertState.OK, None, (), NOW)
FACTS = HeaderFacts("production", "research-01", "unlocked", NOW, None, 120)
FOUND = Finding("data", Severity.CRITICAL, "gaps in 3 symbols explain 11 of 14 failures (79 %)", (),
                ("data.repair", "data.failover"), "For Data Issues")  # fmt: skip


def drawn(alert: Alert = FIRING, **changes: object) -> str:
    line = header(alert, replace(FACTS, **changes), UNICODE)  # type: ignore[arg-type]
    assert line_width(line) == changes.get("width", FACTS.width)
    return plain(line)


def test_everything_is_told_where_there_is_room() -> None:
    words = drawn()
    assert words.startswith(" backtop  production · research-01   ✖ FIRING ResearchBacktestFailed 42m ")
    assert words.endswith(" RTO left 3h18   unlocked   14:30:00 ")


@pytest.mark.parametrize("width", range(52, 130))
def test_that_it_fires_where_and_what_time_is_left_is_told_at_every_width(width: int) -> None:
    words = drawn(width=width)
    for needed in ("production", "FIRING", "42m", "RTO left 3h18", "unlocked"):
        assert needed in words


@pytest.mark.parametrize("width", range(14, 52))
@pytest.mark.parametrize("changes", [{}, {"held": NOW, "worst_age": 600.0, "lock": "read-only"}], ids=["live", "held"])
def test_the_alert_is_the_last_to_go(width: int, changes: dict[str, object]) -> None:
    words = drawn(FIRING, width=width, **changes)
    assert "✖ FIRING 42m" in words
    there = [word in words for word in (str(changes.get("lock", "unlocked")), "prod", "RTO left 3h18")]
    assert there == sorted(there), "whether keys act goes first, then where one is, then what time is left"


@pytest.mark.parametrize(
    ("width", "name"), [(60, "production"), (50, "producti…"), (46, "prod…"), (45, "production"), (40, "producti…")]
)
def test_a_long_environment_becomes_shorter_before_it_goes(width: int, name: str) -> None:
    assert drawn(width=width).startswith(f" {name}   ✖ FIRING 42m ")


def test_what_matters_least_goes_first() -> None:
    assert "research-01" not in drawn(width=100)
    assert "ResearchBacktestFailed" in drawn(width=100)
    assert "ResearchBacktestFailed" not in drawn(width=80)
    assert "14:30:00" in drawn(width=80)


@pytest.mark.parametrize("width", [1, 10, 30])
def test_no_width_is_refused(width: int) -> None:
    drawn(width=width)


def test_the_other_states() -> None:
    assert "● ok" in drawn(Alert(AlertState.OK, None, (), NOW))
    assert "○ alert unknown" in drawn(Alert(AlertState.UNKNOWN, None, (), NOW))
    assert "RTO over by 1h00" in drawn(Alert(AlertState.FIRING, NOW - timedelta(hours=5), (), NOW))
    assert "oldest 10m" in drawn(worst_age=600.0)


def test_what_fired_when_jobs_were_read_last_is_not_forgotten() -> None:
    assert "○ was FIRING ResearchBacktestFailed 42m, unknown since 14:28 " in drawn(WAS_FIRING)
    assert " RTO left 3h18 " in drawn(WAS_FIRING)
    assert "   ○ was FIRING 42m, unknown since 14:28 " in drawn(WAS_FIRING, width=80)


@pytest.mark.parametrize("width", range(27, 80))
def test_that_it_fired_and_what_time_is_left_is_told_at_every_width(width: int) -> None:
    words = drawn(WAS_FIRING, width=width, worst_age=120.0)
    assert "○ was FIRING 42m" in words
    assert ("RTO left 3h18" in words) is (width >= 32)


def finding(*found: Finding, alert: Alert = QUIET) -> str:
    (line,) = first_finding(found, {"data.repair": ("p", "repair")}, alert, 120, UNICODE)
    return plain(line)


def test_the_gravest_finding_comes_with_the_keys_that_this_program_has() -> None:
    words = finding(FOUND, FOUND)
    assert words.startswith(" ✖ DATA  gaps in 3 symbols explain 11 of 14 failures (79 %)")
    assert words.endswith("p repair   +1 more ")
    assert len(words) == 120


@pytest.mark.parametrize("width", range(44, 90))
def test_the_numbers_of_a_finding_matter_more_than_the_keys_that_answer_it(width: int) -> None:
    keys = {"data.repair": ("p", "repair"), "data.failover": ("B", "fail over")}
    lines = [plain(line) for line in first_finding((FOUND, FOUND), keys, QUIET, width, UNICODE)]
    assert all(len(line) <= width for line in lines)
    assert "11 of 14 failures (79 %)" in " ".join(" ".join(lines).split())
    assert "p " in lines[-1]
    assert ("p repair" in lines[-1]) >= ("B fail over" in lines[-1]) >= ("+1 more" in lines[-1])


def test_a_warning_has_another_sign() -> None:
    assert finding(replace(FOUND, severity=Severity.WARNING)).startswith(" ▲ DATA")


def test_nothing_found_is_said_only_where_there_were_facts_to_judge_by() -> None:
    assert finding() == " ● nothing found"
    assert finding(alert=Alert(AlertState.UNKNOWN, None, (), NOW)) == " ○ no fresh facts to judge by"
    doubtful = Alert(AlertState.UNKNOWN, None, (), NOW, "nobody tells when some of the failed jobs failed")
    assert finding(alert=doubtful) == " ○ nobody tells when some of the failed jobs failed"
    assert finding(alert=FIRING).rstrip() == " ▲ no rule explains the alert: 14 jobs failed"


def test_why_an_alert_without_a_rule_fires_has_a_second_line_where_one_does_not_hold_it() -> None:
    first, second = first_finding((), {}, FIRING, 40, UNICODE)
    assert f"{plain(first).strip()} {plain(second).strip()}" == "▲ no rule explains the alert: 14 jobs failed"


def test_a_held_picture_says_so() -> None:
    assert "HELD since 14:28:00, h goes on" in drawn(held=ago(2))
    assert "HELD since 14:28:00" in drawn(held=ago(2), width=80)
    for width in range(34, 120):
        words = drawn(held=ago(2), width=width)
        assert "HELD since 14:28:00" in words or "HELD 2m" in words
    assert "HELD" not in drawn()


@pytest.mark.parametrize("width", range(60, 100))
@pytest.mark.parametrize("lock", ["unlocked", "locked", "read-only", "unlocked 15m"])
@pytest.mark.parametrize("alert", [FIRING, WAS_FIRING], ids=["firing", "unknown"])
def test_whether_keys_act_is_told_of_a_held_picture_too(width: int, lock: str, alert: Alert) -> None:
    words = drawn(alert, held=ago(2), lock=lock, width=width, worst_age=120.0)
    for needed in (" prod", f" {lock.split(maxsplit=1)[0]} ", "HELD", "FIRING 42m", "RTO left 3h18"):
        assert needed in words


def test_what_was_left_out_comes_back_where_it_finds_room() -> None:
    gone = drawn(WAS_FIRING, environment="demo", worst_age=120.0, width=60)
    assert gone == " demo   ○ was FIRING 42m RTO left 3h18  oldest 2m  unlocked "
    for width in range(57, 120):
        words = drawn(WAS_FIRING, worst_age=120.0, width=width)
        assert "oldest 2m" in words or not re.search(f" {{{len('  oldest 2m  ')}}}", words)
