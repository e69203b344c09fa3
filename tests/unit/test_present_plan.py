from dataclasses import replace
from datetime import timedelta

import pytest

from backend.incident.entry import Entry
from tests.situations import NOW
from widgets.present.help import help_lines
from widgets.present.plan import PlanFacts, body, heading, more_below
from widgets.present.timeline import timeline
from widgets.text import UNICODE, line_width, plain

ABOUT = "8841  mean-revert-eu  high  attempt 1  failed 2m ago  No data for SAP.DE in 2026-11-17..2026-11-19"
FACTS = PlanFacts(
    "requeue", "1 job", "low", "production", (ABOUT,), ("POST /api/research/backtests/8841/requeue",),
    ("still failed",), ("takes 1 place in the queue",), ("the job completes",), 2.0,
)  # fmt: skip


def lines(facts: PlanFacts, width: int) -> list[str]:
    return [plain(line) for line in body(facts, width)]


def test_the_heading_says_what_where_and_how_grave() -> None:
    assert plain(heading(FACTS)) == "requeue 1 job  on production   risk low"
    assert plain(heading(replace(FACTS, what="2 jobs", risk="medium"))) == "requeue 2 jobs  on production   risk medium"


def test_everything_that_one_confirms_is_there() -> None:
    assert lines(replace(FACTS, before=("2 x requeue here: no effect",)), 120) == [
        f"targets {ABOUT}",
        "sends   POST /api/research/backtests/8841/requeue",
        "effect  takes 1 place in the queue",
        "checked the job completes",
        "before  2 x requeue here: no effect",
        "only if still failed",
        "facts   2s old",
    ]


def test_several_targets_and_steps_are_numbered() -> None:
    several = replace(FACTS, about=tuple("abcdefghij"), steps=("x", "y"))
    drawn = lines(several, 40)
    first = drawn.index("targets  1  a")
    assert drawn[first + 1] == "         2  b"
    assert drawn[first + 9 :] == ["        10  j", "sends   1  x", "        2  y"]


def test_what_it_means_comes_before_long_lists() -> None:
    labels = [line[:8].strip() for line in lines(replace(FACTS, about=(ABOUT, ABOUT)), 160)]
    assert labels == ["effect", "checked", "only if", "facts", "targets", "", "sends"]


@pytest.mark.parametrize(("below", "told"), [(0, ""), (1, "▾ 1 more line"), (12, "▾ 12 more lines")])
def test_what_is_below_is_counted(below: int, told: str) -> None:
    assert plain(more_below(below, UNICODE)) == told


@pytest.mark.parametrize("width", [16, 24, 60])
def test_long_words_are_wrapped_and_never_cut(width: int) -> None:
    drawn = body(FACTS, width)
    assert all(line_width(line) <= width for line in drawn)
    assert ABOUT.replace(" ", "") in "".join(plain(line)[8:] for line in drawn).replace(" ", "")


def entry(kind: str, run: str, actor: str = "ann@research-01", **data: object) -> Entry:
    return Entry(1, NOW, "", kind, run, actor, "job.requeue", ("job:1", "job:2", "job:3", "job:4"), data)  # type: ignore[arg-type]


def test_the_timeline_has_one_line_a_run() -> None:
    entries = [
        entry("intent", "a"),
        entry("step", "a"),
        entry("intent", "b", actor="bob@research-02"),
        entry("verdict", "a", verdict="no effect", text="failed again", final=True),
    ]
    assert [plain(line) for line in timeline(entries, "ann@research-01", 5)] == [
        " 14:30:00  bob@research-02 job.requeue 1 2 3 +1  running",
        " 14:30:00  you   job.requeue 1 2 3 +1  no effect: failed again",
    ]
    assert len(timeline(entries, "", 1)) == 1


def test_a_first_verdict_is_not_the_last_word() -> None:
    (line,) = timeline([entry("verdict", "a", verdict="worked", final=False)], "", 3)
    assert "worked so far" in plain(line)


@pytest.mark.parametrize(
    ("silent", "drawn"),
    [
        (timedelta(minutes=5), " 14:30:00  ann   job.requeue 1 2 3 +1  running"),
        (timedelta(minutes=5, seconds=1), " 14:30:00  ann   job.requeue 1 2 3 +1  no verdict"),
        (timedelta(days=1), f" {NOW.date()} 14:30:00  ann   job.requeue 1 2 3 +1  no verdict"),
    ],
)
def test_a_run_without_a_verdict_does_not_run_for_ever(silent: timedelta, drawn: str) -> None:
    (line,) = timeline([entry("intent", "a", actor="ann")], "", 3, NOW + silent)
    assert plain(line) == drawn
    assert (line[3].text, line[3].tone) in (("running", "accent"), ("no verdict", "warn"))


def test_a_long_run_lives_as_long_as_it_writes_down_its_steps() -> None:
    step = replace(entry("step", "a"), at=NOW + timedelta(minutes=9))
    (line,) = timeline([entry("intent", "a"), step], "", 3, NOW + timedelta(minutes=10))
    assert "running" in plain(line)


KEYS = [("table", "space", "mark or unmark the row under the cursor")]
ACTIONS = [("failures", "r", "requeue (low)", "run them again as they were configured")]


def test_help_lists_every_key_under_its_place() -> None:
    drawn = [plain(line) for line in help_lines(KEYS, ACTIONS, 80)]
    assert drawn == [
        "table", "  space     mark or unmark the row under the cursor", "", "actions",
        "  r         requeue (low), in failures", "            run them again as they were configured",
    ]  # fmt: skip


def test_help_tells_everything_at_every_width() -> None:
    drawn = [plain(line) for line in help_lines(KEYS, ACTIONS, 30)]
    assert max(map(len, drawn)) <= 30
    assert drawn[1:3] == ["  space     mark or unmark the", "            row under the"]
    assert "".join(drawn).count("cursor") == 1
