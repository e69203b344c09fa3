import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from backend import parts
from backend.config.model import Limits
from backend.model.data import (
    Availability,
    Connectivity,
    DataSource,
    DataSources,
    Gap,
    SymbolHealth,
    SymbolsHealth,
    Validation,
)
from backend.model.database import Session, Sessions
from backend.model.engine import Unit
from backend.model.files import FileTree, Folder
from backend.model.host import ProcessTable
from backend.model.jobs import JobCounts, JobList, JobsHealth, Priority
from backend.model.providers import ProviderAnswer
from backend.model.situation import Face, Failure, Missing, Part, Situation
from tests import situations
from tests.situations import NOW, PROVIDERS, after, ago, data_gap, failing, host, job, jobs, running, situation, unit
from widgets.present.panes import PANES
from widgets.present.view import Look, PaneView
from widgets.present.words import weightiest
from widgets.table_rows import Group, Row
from widgets.text import ASCII, UNICODE, Glyphs, Line, Span, line_width, plain

LIMITS = Limits()
FIGURES = re.compile("  +")
"""What stands between two figures."""
LEFT_OUT = re.compile(r" +\+\d+$")
"""What tells how many there are beside those that found room."""


def view(pane: str, found: Situation, width: int = 56, height: int = 0, glyphs: Glyphs = UNICODE) -> PaneView:
    height = height or (3 if pane == "data" else 20)
    return PANES[pane].view(Look(found, LIMITS, glyphs, width, height, PROVIDERS))


def words(shown: PaneView) -> str:
    """All lines of a view, below each other."""
    return "\n".join(plain(line) for line in (shown.state, *shown.head, *shown.notices, shown.elsewhere, *shown.foot))


def tones(lines: Sequence[Line]) -> set[str]:
    """How the words of these lines are toned; a gap has no tone that one could see."""
    return {span.tone for line in lines for span in line if not span.text.isspace()}


def cells(shown: PaneView) -> list[list[str]]:
    """The texts of all rows."""
    return [[cell.text for cell in item.cells] for item in shown.rows if isinstance(item, Row)]


FACES = {
    "waiting": (situations.waiting(), Face.WAITING, "○ waiting"),
    "stale": (situations.stale(), Face.STALE, "○ stale  10m"),
    "failed": (situations.failed(), Face.FAILED, "✖ failed  20s"),
    "failed without a value": (situations.failed(known=False), Face.FAILED, "✖ failed"),
    "missing": (situations.missing(), Face.MISSING, "○ missing"),
}


@pytest.mark.parametrize("pane", PANES)
@pytest.mark.parametrize("name", FACES)
def test_each_face_says_what_it_is(pane: str, name: str) -> None:
    found, face, state = FACES[name]
    shown = view(pane, found)
    assert shown.face is face
    assert plain(shown.state) == state
    assert shown.rows_stale == (pane != "data" and face in (Face.STALE, Face.FAILED, Face.MISSING))


@pytest.mark.parametrize("pane", PANES)
def test_what_a_route_told_before_it_was_gone_is_grey(pane: str) -> None:
    gone = {state.part: Missing("no such route") for state in data_gap().parts.values()}
    shown = view(pane, after(data_gap(), gone, seconds=1))
    assert tones(shown.head) <= {"dim"}
    assert tones(shown.foot) <= {"dim"}
    assert shown.rows_stale == (pane != "data")


@pytest.mark.parametrize(
    ("pane", "gone", "lines"),
    [
        ("jobs", (parts.JOBS_HEALTH, parts.JOBS_PENDING),
         ("healthy 57s ago   active 3   pending 2", "queue 57s ago  1 normal · 1 low")),
        ("database", (parts.DATA_CONNECTIVITY,), ("primary connected 4 ms 57s ago",)),
        ("database", (parts.DATABASE_SESSIONS, parts.DATABASE_TABLES),
         ("sessions 1 57s ago   > 5 min 0", "rows scanned 57s ago  minute_bars 812M")),
    ],
)  # fmt: skip
def test_old_figures_tell_their_age_where_the_title_tells_another(
    pane: str, gone: tuple[Part[Any], ...], lines: tuple[str, ...]
) -> None:
    calm = situations.calm()
    read = {part: value for part, value in values_of(calm).items() if part not in gone}
    told = words(view(pane, after(calm, {**read, **dict.fromkeys(gone, Missing("no such route"))}, seconds=57)))
    assert plain(view(pane, calm).state).endswith("0s")
    assert all(line in told for line in lines), told
    assert told.count(" ago") == len(lines)


@pytest.mark.parametrize("pane", PANES)
def test_a_failed_pane_keeps_its_last_values_and_says_why_it_has_no_newer(pane: str) -> None:
    before, shown = (view(pane, found, 116) for found in (data_gap().seen_at(ago(-1 / 3)), situations.failed()))
    assert shown.rows == before.rows
    assert list(map(plain, shown.head)) == list(map(plain, before.head))
    assert tones(shown.head) <= {"dim"}
    notice = " ".join(plain(line) for line in shown.notices)
    assert "nobody listens at 127.0.0.1:3000" in notice
    assert "since 14:30:20 · next try 14:30:28" in notice


@pytest.mark.parametrize("pane", PANES)
def test_one_cause_is_told_once_and_a_narrow_pane_tells_it_in_two_lines(pane: str) -> None:
    assert len(view(pane, situations.failed(), width=56).notices) == 2
    assert len(view(pane, situations.failed(), width=116).notices) == 1


@pytest.mark.parametrize("pane", PANES)
def test_a_pane_without_any_answer_shows_nothing_as_if_it_were_known(pane: str) -> None:
    for found in (situations.waiting(), situations.missing(), situations.failed(known=False)):
        shown = view(pane, found)
        assert (shown.rows, shown.head, shown.foot) == ((), (), ())


@pytest.mark.parametrize("pane", ["jobs", "data", "database"])
@pytest.mark.parametrize("width", [50, 56, 116])
def test_figures_are_left_out_whole_where_there_is_no_room(pane: str, width: int) -> None:
    widest, shown = view(pane, data_gap(), 300), view(pane, data_gap(), width)
    for line, whole in zip((*shown.head, *shown.foot), (*widest.head, *widest.foot), strict=True):
        assert line_width(line) <= width
        assert {*FIGURES.split(LEFT_OUT.sub("", plain(line)))} <= {*FIGURES.split(plain(whole))}


def test_of_a_list_that_finds_no_room_the_number_that_is_left_out_is_told() -> None:
    assert plain(view("data", data_gap(), 50).head[1]) == "gaps ALV.DE 3d ●  BMW.DE 3d ●  SAP.DE 3d ●  +1"
    assert plain(view("data", data_gap(), 36).head[1]) == "gaps ALV.DE 3d ●  BMW.DE 3d ●  +2"
    assert plain(view("database", data_gap(), 50).foot[0]) == "rows scanned  minute_bars 812M   +2"
    folders = tuple(Folder(f"folder-{number}", 2**30, 1) for number in range(20))
    found = situation({**values_of(data_gap()), parts.FILES_TREE: FileTree(folders, ())})
    assert plain(view("resources", found, 40).foot[0]) == "active  1.0G folder-0   +19"
    assert plain(view("resources", found, 300).foot[0]).endswith("1.0G folder-7   +12")


def test_where_not_all_finds_room_what_is_wrong_stays() -> None:
    counts = [plain(view("database", data_gap(), width).head[1]) for width in (80, 52, 36)]
    assert counts == [
        "sessions 4   blocked 1   > 5 min 3   active 3   idle in txn 1",
        "sessions 4   blocked 1   > 5 min 3   idle in txn 1",
        "blocked 1   > 5 min 3",
    ]
    said = after(data_gap(), {parts.DATA_CONNECTIVITY: Connectivity("degraded", 1014.0, "connected")})
    assert plain(view("database", said, 36).head[0]) == "primary degraded 1014 ms"
    assert "primary degraded" in plain(view("database", said, 80).head[0])


def test_on_one_line_what_is_short_stands_beside_what_is_not() -> None:
    short = after(data_gap(), {parts.ENGINE_UNIT: unit(memory_current=92 * 2**20, memory_max=100 * 2**20)})
    assert plain(view("resources", short).state).startswith("✖ memory")
    assert [plain(part) for part in view("resources", short).brief][:4] == [
        "cpu 61 %", "mem 71 %", "disk 78 %", "engine mem 92 %",
    ]  # fmt: skip
    assert "engine mem 92 %" in plain(weightiest(view("resources", short).brief, 33))


@pytest.mark.parametrize(
    ("width", "words"),
    [(56, "queue  3 high · 6 normal · 2 low"), (31, "queue  3 high  6 norm  2 low"), (20, "queue  11 waiting")],
)
def test_the_queue_is_told_in_as_many_words_as_there_is_room_for(width: int, words: str) -> None:
    assert plain(view("jobs", data_gap(), width).foot[0]) == words


def test_what_the_clock_of_another_machine_puts_into_the_future_is_not_called_over() -> None:
    health = data_gap().value(parts.JOBS_HEALTH)
    assert health is not None
    ahead: dict[Part[Any], object] = {
        parts.JOBS_HEALTH: replace(health, last_success=ago(-3)),
        parts.JOBS_RUNNING: jobs(running("8850", "pairs-fx", -42, Priority.LOW)),
        parts.JOBS_FAILED: jobs(job(finished_at=ago(-12))),
    }
    found = after(data_gap(), ahead)
    assert plain(view("jobs", found).head[0]).endswith("ok in 3m")
    assert cells(view("jobs", found))[0][2] == "-42m"
    assert cells(view("failures", found))[0][3] == "-12m"


@pytest.mark.parametrize("height", [3, 20])
def test_a_completeness_that_no_data_can_have_is_marked(height: int) -> None:
    odd = after(data_gap(), situations.data(completeness=9999.0))
    spans = [span for line in view("data", odd, 116, height).head for span in line]
    assert [span.tone for span in spans if "9999.0 % odd" in span.text] == ["warn"]
    assert [span.text for span in spans if "█" in span.text] == ["█" * (10 if height == 3 else 20)], "the bar is full"


@pytest.mark.parametrize("pane", PANES)
def test_a_part_is_named_only_where_not_the_whole_pane_fails_for_one_reason(pane: str) -> None:
    whole, main = plain(view(pane, situations.failed()).notices[0]), MAIN[pane][0]
    assert whole.startswith("✖ nobody listens at")
    partly = plain(view(pane, failing(data_gap(), main)).notices[0])
    assert partly.startswith("✖ nobody listens" if pane == "failures" else f"✖ {main.name}: nobody listens")


@pytest.mark.parametrize("pane", ["resources", "database"])
def test_a_pane_of_three_lines_that_failed_has_room_for_what_was_known(pane: str) -> None:
    shown = view(pane, situations.failed(), 36, 3).within(3)
    assert plain(shown.notices[0]) == "✖ nobody listens at 127.0.0.1:3000"
    assert shown.head or shown.rows


@pytest.mark.parametrize("pane", PANES)
def test_on_one_line_a_failed_pane_tells_the_cause_first(pane: str) -> None:
    sentence = "/api/research/backtests/status says HTTP 503: maintenance"
    found = after(data_gap(), dict.fromkeys(situations.parts(), Failure("refused", sentence)))
    assert plain(view(pane, found).why) == "says HTTP 503: maintenance"
    assert plain(view(pane, situations.failed()).why) == "nobody listens at 127.0.0.1:3000"
    assert view(pane, data_gap()).why == ()


def test_jobs_over_the_limit_stand_first_and_say_so() -> None:
    shown = view("jobs", data_gap())
    assert plain(shown.state) == "✖ 1 over limit  0s"
    assert cells(shown)[0] == ["mean-revert-eu", "█" * 10, "51m", "OVER 45m", "high", "8850", "13:39:00", ""]
    assert [row[2:4] for row in cells(shown)[1:]] == [["39m", ""], ["17m", ""], ["5m", ""]]
    assert plain(shown.head[0]) == "healthy   active 4   pending 11   used 80 %   ok 41m ago"
    assert plain(shown.foot[0]) == "queue  3 high · 6 normal · 2 low"


def test_a_job_runs_by_the_clock_of_its_server() -> None:
    ahead = situation({parts.JOBS_RUNNING: jobs(running("8850", "pairs-fx", 44, Priority.LOW))}, skew=120.0)
    assert cells(view("jobs", ahead))[0][2:4] == ["46m", "OVER 45m"]


def test_a_job_without_a_start_has_no_runtime() -> None:
    unknown = replace(running("8850", "", 1, Priority.UNKNOWN), started_at=None)
    assert cells(view("jobs", situation({parts.JOBS_RUNNING: jobs(unknown)}))) == [
        ["–", " " * 10, "–", "", "?", "8850", "–", ""]
    ]


@pytest.mark.parametrize(
    ("status", "active", "state", "tone"),
    [
        ("down", "failed", "✖ down  0s", "bad"),
        ("unhealthy", "failed", "✖ unhealthy  0s", "bad"),
        ("unhealthy", "active", "▲ unhealthy  0s", "warn"),
        ("degraded", "failed", "▲ degraded  0s", "warn"),
    ],
)
def test_a_service_that_is_down_is_as_grave_as_the_finding_about_it(
    status: str, active: str, state: str, tone: str
) -> None:
    told: dict[Part[Any], object] = {parts.JOBS_HEALTH: JobsHealth(status), parts.ENGINE_UNIT: unit(active=active)}
    shown = view("jobs", after(situations.calm(), told))
    assert (plain(shown.state), shown.head[0][0].tone) == (state, tone)


def test_without_a_health_route_the_counts_stand_in_its_place() -> None:
    found = situation({parts.JOBS_RUNNING: jobs(), parts.JOBS_COUNTS: JobCounts(14, 4, 11, 90)})
    assert plain(view("jobs", found).head[0]) == "running 4   pending 11   failed 14"


def test_an_empty_queue_is_said_to_be_empty() -> None:
    assert plain(view("jobs", situation({parts.JOBS_PENDING: jobs()})).foot[0]) == "queue  empty"


def test_failures_are_grouped_by_signature_the_largest_first_and_open() -> None:
    shown = view("failures", data_gap())
    groups = [item for item in shown.rows if isinstance(item, Group)]
    assert [plain(group.lead) for group in groups] == [
        "11 x  No data for {symbol} in {date}..{date}",
        "1 x  ZeroDivisionError in {path}",
        "1 x  exceeded the runtime limit of {n} minutes",
        "1 x  worker killed (signal 9)",
    ]
    assert [plain(group.tail) for group in groups] == ["79 %", "7 %", "7 %", "7 %"]
    assert [group.open for group in groups] == [True, False, False, False]
    newest = cells(shown)[0]
    assert newest == ["8841", "mean-revert-eu", "high", "2m", "1", "No data for SAP.DE in 2026-11-17..2026-11-19"]
    assert plain(shown.state) == "✖ 14  0s"


def test_what_is_odd_about_the_list_is_told() -> None:
    listed = JobList((job(),), bad_rows=3, duplicates=1)
    found = situation({parts.JOBS_FAILED: listed, parts.JOBS_COUNTS: JobCounts(failed=1200)})
    shown = view("failures", found)
    assert plain(shown.head[0]) == "the newest 1 of 1,200 are listed, 3 bad rows, 1 duplicate id"
    assert plain(shown.state) == "✖ 1,200  0s"


def test_a_list_that_calls_itself_whole_is_believed_before_an_older_count() -> None:
    listed = JobList((job("1"), job("2")), total=2)
    shown = view("failures", situation({parts.JOBS_FAILED: listed, parts.JOBS_COUNTS: JobCounts(failed=3)}))
    assert shown.head == ()
    assert plain(shown.state) == "✖ 2  0s"


def test_a_failure_without_words_is_named_all_the_same() -> None:
    shown = view("failures", situation({parts.JOBS_FAILED: jobs(job(error="", finished_at=None))}))
    assert cells(shown) == [["8841", "mean-revert-eu", "?", "–", "", "no error was given"]]


def test_an_id_that_cannot_be_acted_on_looks_different() -> None:
    shown = view("failures", situation({parts.JOBS_FAILED: jobs(job("../etc"), job("8841"))}))
    tones = {item.key: item.cells[0].tone for item in shown.rows if isinstance(item, Row)}
    assert tones == {"../etc": "warn", "8841": "strong"}


def test_resources_have_gauges_where_there_is_room_and_figures_where_there_is_none() -> None:
    wide, narrow, low = (view("resources", data_gap(), *room) for room in ((100, 20), (56, 20), (36, 6)))
    assert len(wide.head) == 2
    assert [plain(line) for line in narrow.head] == [
        "cpu               ▃▄▅▆▇▆▅▅▅  61 %  load 3.1 of 8",
        "mem               ▆▆▆▆▆▆▆▆▆  71 % <90  swap 0 %",
        "disk              ▇▇▇▇▇▇▇▇▇  78 % <85  of 500G",
        "engine active 3d  mem 50 % of 12.0G",
    ]
    assert [plain(line) for line in low.head] == [
        "cpu 61 %  mem 71 %  disk 78 %",
        "engine active 3d  mem 50 % of 12.0G",
    ]
    assert low.foot == ()


def test_workers_stand_before_what_is_not_the_engines() -> None:
    rows = cells(view("resources", data_gap()))
    assert rows[0] == ["4121", "8850", "51m", "98 %", "2.1G", "python -m backtest.worker --job 8850"]
    assert rows[-1][5].startswith("(not the engine's) python")


@pytest.mark.parametrize(
    ("fields", "state", "words"),
    [
        ({"active": "failed", "result": "oom-kill"}, "✖ engine failed", "engine failed (oom-kill)"),
        ({"active": "inactive", "result": "success"}, "✖ engine inactive", "engine inactive"),
        ({"restarts": 7}, "● ok", "7 restarts"),
        ({"memory_max": None}, "● ok", "engine active 3d"),
        ({"memory_current": 11 * 2**30}, "✖ memory", "92 % of 12.0G"),
    ],
)
def test_the_engine(fields: dict[str, object], state: str, words: str) -> None:
    engine = unit(**fields)
    assert isinstance(engine, Unit)
    found = situation({parts.HOST_COUNTERS: host(20, 40), parts.ENGINE_UNIT: engine})
    shown = view("resources", found)
    assert plain(shown.state).startswith(state)
    assert words in plain(shown.head[-1])


UNIT_NOT_READ: dict[Part[Any], object] = {
    parts.ENGINE_UNIT: Failure("refused", "systemctl: Failed to connect to bus"),
    parts.JOBS_RUNNING: Failure("refused", "nobody listens"),
    parts.JOBS_FAILED: Failure("refused", "nobody listens"),
}


def whose(workers: Sequence[bool | None]) -> Situation:
    """Where the unit and the jobs cannot be read, and these processes are there."""
    processes = tuple(
        replace(situations.worker(4100 + n, f"{n}", 12, 50.0, 2.0), worker=each) for n, each in enumerate(workers)
    )
    return situation({**UNIT_NOT_READ, parts.HOST_PROCESSES: ProcessTable(processes, 90, unit_known=False)})


def test_where_the_unit_cannot_be_read_no_process_is_called_foreign() -> None:
    rows = cells(view("resources", whose((False, None, None, True))))
    assert [row[5].partition("python")[0] for row in rows] == ["(whose?) ", "(whose?) ", "", "(whose?) "]
    assert "(whose?)" not in str(cells(view("resources", data_gap())))


@pytest.mark.parametrize("pane", ["jobs", "failures"])
@pytest.mark.parametrize(
    ("workers", "known"),
    [
        ((None, None, False), "2 worker processes, ownership unknown"),
        ((None,), "1 worker process, ownership unknown"),
        ((True, None), "2 worker processes, ownership unknown"),
        ((True, True), "2 workers"),
        ((False,), "no worker process"),
    ],
)
def test_where_the_unit_cannot_be_read_workers_are_not_counted_as_if_it_could(
    pane: str, workers: tuple[bool | None, ...], known: str
) -> None:
    assert plain(view(pane, whose(workers)).elsewhere) == f"elsewhere  {known}"


def test_what_is_below_its_limit_does_not_read_as_the_limit() -> None:
    disk = data_gap().value(parts.FILES_DISK)
    assert disk is not None
    short = after(data_gap(), {parts.FILES_DISK: replace(disk, percent=84.6), parts.HOST_COUNTERS: host(20, 89.7)})
    tall, low = view("resources", short), view("resources", short, 36, 6)
    assert plain(tall.head[1]).endswith("89 % <90  swap 0 %")
    assert plain(tall.head[2]).endswith("84 % <85  of 500G")
    assert plain(low.head[0]) == "cpu 20 %  mem 89 %  disk 84 %"


def test_a_machine_without_history_or_workers() -> None:
    found = situation({parts.HOST_COUNTERS: host(20, 40), parts.HOST_PROCESSES: ProcessTable((), 90)})
    shown = view("resources", found)
    assert plain(shown.head[0]) == f"cpu  {' ' * 21}▂  20 %  load 3.1 of 8"
    assert shown.rows == ()


def test_gaps_that_failed_jobs_need_stand_first() -> None:
    shown = view("data", data_gap(), 116, 4)
    assert plain(shown.head[1]) == "gaps ALV.DE 3d ●  BMW.DE 3d ●  SAP.DE 3d ●  VOW3.DE 1d  (● in failed jobs)"
    assert plain(shown.head[2]).startswith(
        "job 8841: SAP.DE 81 % 3d ago  DTE.DE 100 % 61m ago   validation rows checked"
    )
    assert plain(shown.state) == "✖ 4 gaps  0s"


def test_data_without_gaps_says_so() -> None:
    found = situation({parts.DATA_AVAILABILITY: Availability(1, None, None, (), None)})
    assert [plain(line) for line in view("data", found).head] == ["1 symbols", "gaps none"]


def test_a_primary_that_is_down_is_not_the_whole_platform() -> None:
    said = {parts.DATA_CONNECTIVITY: Connectivity("down", None, "connected")}
    found = failing(after(data_gap(), said), parts.DATABASE_OWN)
    assert plain(view("database", found, 116).elsewhere) == "elsewhere  the platform says: primary down   data healthy"


@pytest.mark.parametrize("answered", [False, True])
def test_a_provider_that_never_answered_is_counted_and_named(answered: bool) -> None:
    answers = {PROVIDERS[0]: replace(situations.answers()[PROVIDERS[0]], reachable=answered)}  # type: ignore[type-var]
    failed = Failure("timed out", "no answer")
    for found, told in (
        (situation(answers), "no answer yet"),
        (situation({**answers, PROVIDERS[1]: failed}), f"not read: {failed.kind}"),
    ):
        shown = view("data", found, 116)
        assert plain(shown.head[0]).startswith(f"providers {int(answered)} of 2")
        assert tones(shown.head[:1]) == {"dim", "warn" if answered else "bad"}
        listed = [plain(line) for line in view("data", found, 116, 20).head]
        assert any(line.endswith(f"marketdata       {told}") for line in listed)
    gone = view("data", situation({**answers, PROVIDERS[1]: Missing("no such command")}), 116)
    assert plain(gone.head[0]).startswith(f"providers {int(answered)} of 1"), "it cannot be asked"


def test_thousands_of_gaps_cost_no_more_than_a_line() -> None:
    gaps = tuple(Gap(f"S{number}", None, None, None) for number in range(5000))
    shown = view("data", situation({parts.DATA_AVAILABILITY: Availability(5000, None, None, gaps, 12.0)}), 80)
    assert all(line_width(line) <= 80 for line in shown.head)
    assert plain(shown.state) == "✖ 5000 gaps  0s"


@pytest.mark.parametrize(
    ("active", "statuses", "state", "words"),
    [
        ("primary", ("healthy", "standby"), "● ok", "source primary, healthy"),
        ("backup", ("healthy", "down"), "✖ source", "source backup, down"),
        ("primary", ("healthy", "down"), "▲ source", "source primary, healthy"),
        (None, ("healthy", "down"), "▲ source", "sources backup unhealthy"),
        (None, ("healthy", "ok"), "● ok", "sources healthy"),
    ],
)
def test_where_the_data_comes_from(active: str | None, statuses: tuple[str, str], state: str, words: str) -> None:
    sources = tuple(
        DataSource(role, role, None if active is None else role == active, status)
        for role, status in zip(("primary", "backup"), statuses, strict=True)
    )
    calm = situation({**situations.data(), parts.DATA_SOURCES: DataSources(sources)})
    shown = view("data", calm, 116)
    assert plain(shown.state).startswith(state)
    assert words in plain(shown.head[0])


def test_who_blocks_stands_first_and_who_waits_stands_below_and_names_it() -> None:
    shown = view("database", data_gap())
    assert plain(shown.state) == "▲ 1 blocked  0s"
    assert cells(shown)[0][:4] == ["2187", "14m", "idle tx", "holds 1"]
    assert cells(shown)[1] == [
        "2210", "12m", "active", "by 2187", "backtest-worker",
        "UPDATE market_data.minute_bars SET close = $1 WHERE symbol = $2",
    ]  # fmt: skip
    assert plain(shown.head[0]).startswith("own 4 ms ▁▁▁▂▁▁▁▁   primary connected 4 ms")
    assert plain(shown.foot[0]) == "rows scanned  minute_bars 812M   daily_prices 40M   +1"


def others(pid: int, minutes: float, application: str, **fields: Any) -> Session:
    """A session that is no backtest's."""
    facts = {"application": application, "user": "anna", "backtest": False, **fields}
    return situations.session(pid, minutes, "COPY market_data.minute_bars TO stdout", **facts)


def test_whoever_is_counted_as_long_is_listed_the_longest_first() -> None:
    found = Sessions(
        (
            others(1, 6, ""),
            others(2, 12, "pg_dump"),
            others(3, 1, "psql"),
            others(4, 90, "psql", state="idle"),
            others(5, 7, "psql", state="idle in transaction"),
            situations.session(6, 30, "SELECT 1"),
        ),
        NOW,
    )
    shown = view("database", situation({parts.DATABASE_OWN: situations.own(4.0), parts.DATABASE_SESSIONS: found}))
    assert plain(shown.state) == "▲ 4 long  0s"
    assert "> 5 min 4" in plain(shown.head[1])
    assert [(row[0], row[4]) for row in cells(shown)] == [
        ("6", "backtest-worker"), ("2", "pg_dump (anna)"), ("5", "psql (anna)"), ("1", "anna"),
    ]  # fmt: skip
    assert [item.cells[1].tone for item in shown.rows if isinstance(item, Row)] == ["warn"] * 4


def test_no_backtest_session_is_said_only_where_all_sessions_were_seen() -> None:
    own = {parts.DATABASE_OWN: situations.own(4.0)}
    none = Sessions((others(3, 1, "psql"),), NOW)
    assert view("database", situation({**own, parts.DATABASE_SESSIONS: none})).complete
    assert not view("database", situation(own)).complete, "they were not read yet"
    hidden = Sessions((), NOW, hidden=2)
    assert not view("database", situation({**own, parts.DATABASE_SESSIONS: hidden})).complete


def waits(*found: Session) -> list[tuple[str, str]]:
    """Pid and wait of each row, from above."""
    shown = view("database", situation({parts.DATABASE_SESSIONS: Sessions(found, NOW)}), 116)
    return [(row[0], row[3]) for row in cells(shown)]


def test_a_chain_of_waiting_sessions_is_read_from_above() -> None:
    def waiting(pid: int, minutes: float, *blockers: int) -> Session:
        return situations.session(pid, minutes, "UPDATE", wait_type="Lock", blocked_by=blockers)

    holder = situations.session(9, 1, "SELECT 1", state="idle in transaction", wait_type="Client", backtest=False)
    slow = situations.session(8, 30, "SELECT 2")
    found = waits(waiting(4, 9, 3), slow, waiting(2, 3, 9), waiting(3, 5, 2), holder, waiting(5, 4, 3, 4, 2))
    below = [("9", "holds 4"), ("2", "by 9"), ("3", "by 2"), ("4", "by 3"), ("5", "by 3, 4 +1"), ("8", "")]
    assert found == below
    circle = [("1", "by 2"), ("2", "by 1"), ("8", "")]
    assert waits(slow, waiting(1, 2, 2), waiting(2, 1, 1)) == circle
    assert waits(waiting(7, 1, 4711), slow) == [("7", "by 4711"), ("8", "")], "the other one cannot be seen"


def test_missing_routes_are_named_and_do_not_make_the_rest_doubtful() -> None:
    shown = view("jobs", situations.partly())
    assert shown.face is Face.OK
    assert "○ 2 of 4 parts, no route for health, pending" in words(shown)


def test_a_lesser_part_that_failed_greys_nothing_but_what_it_tells() -> None:
    shown = view("resources", failing(data_gap(), parts.FILES_TREE))
    assert shown.face is Face.OK
    assert plain(shown.state) == "▲ disk, tree not read  1s"
    assert "✖ tree: nobody listens" in words(shown)
    assert not shown.rows_stale
    assert [span.tone for span in shown.head[0]] == ["dim", "accent", "plain", "dim", "plain", "dim"]
    assert tones(shown.foot) == {"dim"}


def test_a_lesser_part_that_failed_stands_in_the_place_of_an_all_clear() -> None:
    assert plain(view("jobs", failing(situations.calm(), parts.JOBS_HEALTH)).state) == "▲ health not read  1s"
    live: dict[Part[Any], object] = {parts.DATABASE_OWN: situations.own(4.0), **situations.data()}
    later = after(situations.calm(), live, seconds=10)
    assert plain(view("database", later).state) == "▲ sessions stale  0s"
    two = failing(failing(situations.calm(), parts.JOBS_HEALTH), parts.JOBS_COUNTS, seconds=0.0)
    assert plain(view("jobs", two).state) == "▲ 2 parts not read  1s"


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (116, "availability, connectivity, sources, status, validation"),
        (56, "availability, connectivity, +3"),
        (24, "availability, +4"),
    ],
)
def test_parts_that_failed_for_one_reason_are_named_as_far_as_there_is_room(width: int, names: str) -> None:
    found = situations.calm()
    for part, seconds in zip(situations.data(), (1.0, 2.0, 0.0, 0.0, 0.0), strict=True):
        found = failing(found, part, seconds=seconds)
    shown = view("data", found, width)
    assert " ".join(plain(line).strip() for line in shown.notices).startswith(f"✖ {names}: nobody listens")
    assert "since 14:30:01" in words(shown), "that of the first of them"


def test_that_a_unit_could_not_be_read_is_no_word_that_systemd_has_for_it() -> None:
    shown = view("resources", failing(situations.calm(), parts.ENGINE_UNIT))
    assert plain(shown.state) == "▲ unit not read  1s"
    dead = view("resources", after(situations.calm(), {parts.ENGINE_UNIT: unit(active="failed", result="oom-kill")}))
    assert plain(dead.state) == "✖ engine failed  0s"


def test_what_the_platform_said_of_its_database_is_told_to_be_old_or_not_read() -> None:
    calm, live = situations.calm(), {parts.DATABASE_OWN: situations.own(4.0)}
    sessions = {parts.DATABASE_SESSIONS: calm.value(parts.DATABASE_SESSIONS)}
    later = after(calm, {**live, **sessions}, seconds=30)
    assert " 30s ago" in plain(view("database", later).head[0])
    shown = view("database", failing(calm, parts.DATA_CONNECTIVITY))
    assert " 1s ago" in plain(shown.head[0])
    assert (plain(shown.state), shown.notices, shown.rows_stale) == ("● ok  1s", (), False), "its own parts are live"


def test_what_a_stale_part_said_is_no_judgement() -> None:
    found = failing(data_gap(), parts.DATABASE_SESSIONS)
    shown = view("database", found)
    assert plain(shown.state) == "▲ sessions not read  1s"
    assert shown.rows_stale
    assert shown.head[0][1].tone == "plain", "our own connection is live"
    assert tones(shown.head[1:2]) == {"dim"}, "the sessions are not"


MAIN: dict[str, tuple[Part[Any], str]] = {
    "jobs": (parts.JOBS_RUNNING, "engine active 3d   4 workers   3 sessions"),
    "failures": (parts.JOBS_FAILED, "14 failed   engine active 3d   4 workers"),
    "resources": (parts.HOST_COUNTERS, "workers used 80 %   4 running jobs"),
    "data": (parts.DATA_AVAILABILITY, "PostgreSQL answers in 4 ms"),
    "database": (parts.DATABASE_OWN, "the platform says: primary connected"),
}


@pytest.mark.parametrize("pane", PANES)
def test_what_others_know_is_told_where_a_pane_knows_nothing_itself(pane: str) -> None:
    main, known = MAIN[pane]
    without = situation({**values_of(data_gap()), main: Missing("no such route")})
    assert f"elsewhere  {known}" in words(view(pane, without, height=20))
    assert "elsewhere" in words(view(pane, failing(data_gap(), main), height=20))
    assert "elsewhere" not in words(view(pane, data_gap(), height=20))


WORDS_OF_FAILURES = (
    "nobody answers at http://127.0.0.1:3000 (api.url): is it running?",
    "no database answers at 127.0.0.1:5432 (database.dsn): is it running?",
    "the database does not let adaf_research in: check the user, ~/.pgpass or passfile=",
)


@pytest.mark.parametrize("pane", PANES)
@pytest.mark.parametrize(
    ("sentence", "width"),
    [(sentence, width) for sentence in WORDS_OF_FAILURES for width in (32, 36, 40, 56) if len(sentence) < 2.5 * width],
)
def test_a_failed_pane_says_all_of_what_since_when_and_when_next(pane: str, sentence: str, width: int) -> None:
    found = after(data_gap(), dict.fromkeys(situations.parts(), Failure("refused", sentence)), seconds=20)
    shown = view(pane, situations.retried(found), width)
    assert all(line_width(line) <= width for line in shown.notices)
    said = " ".join(plain(line).strip() for line in shown.notices)
    assert sentence in said
    assert "since 14:30:20" in said
    assert "14:30:28" in said.partition("next")[2]


@pytest.mark.parametrize("pane", [pane for pane in PANES if pane != "data"])
def test_a_low_failed_pane_keeps_why_and_what_others_know_before_old_figures(pane: str) -> None:
    main = MAIN[pane][0]
    found = after(data_gap(), {main: Failure("refused", WORDS_OF_FAILURES[0])}, seconds=1)
    shown = view(pane, found, 36, 5).within(5)
    assert shown.elsewhere
    assert "is it running?" in words(shown)
    assert "since 14:30:01" in words(shown)
    assert shown.around + 1 <= 5
    assert not view(pane, found, 36, 3).within(3).elsewhere
    assert "since 14:30:01" in words(view(pane, found, 36, 3).within(3))


def test_a_servers_own_words_are_the_last_and_what_is_cut_of_them_is_marked() -> None:
    sentence = f"/api/v1/jobs says HTTP 503: {'maintenance ' * 30}"
    found = after(data_gap(), {parts.JOBS_FAILED: Failure("refused", sentence)}, seconds=1)
    shown = view("failures", found, 36)
    assert len(shown.notices) == 4
    assert plain(shown.notices[0]).startswith("✖ /api/v1/jobs says HTTP")
    assert plain(shown.notices[2]).endswith("…")


def test_each_source_says_in_its_own_words_that_it_has_no_such_part() -> None:
    assert [plain(line) for line in view("resources", situations.missing()).notices] == [
        "○ not told by this host: counters, processes",
        "○ not told by systemd: unit",
        "○ not told by the files: disk, tree",
    ]
    assert [plain(line) for line in view("database", situations.missing()).notices] == [
        "○ not told by PostgreSQL: own, sessions, tables"
    ]
    said = words(view("data", situations.missing(), 76))
    assert "○ no route for availability, connectivity, sources, status, validation" in said
    assert "○ providers that cannot be asked: data-provider-1, marketdata" in said


def test_without_its_main_route_a_pane_is_not_all_clear() -> None:
    without = situation({**values_of(situations.calm()), parts.DATA_AVAILABILITY: Missing("no such route")})
    assert plain(view("data", without).state) == "○ 6 of 7 parts  0s"


def test_without_some_of_its_routes_a_pane_is_not_all_clear() -> None:
    gone: dict[Part[Any], object] = dict.fromkeys((parts.JOBS_HEALTH, parts.JOBS_PENDING), Missing("no such route"))
    assert plain(view("jobs", situation({**values_of(situations.calm()), **gone})).state) == "○ 2 of 4 parts  0s"
    late = view("jobs", situation({**values_of(data_gap()), **gone}))
    assert plain(late.state) == "✖ 1 over limit  0s", "what is wrong matters more"


def test_without_health_and_counts_the_lists_are_counted() -> None:
    gone: dict[Part[Any], object] = dict.fromkeys((parts.JOBS_HEALTH, parts.JOBS_COUNTS), Missing("no such route"))
    shown = view("jobs", situation({**values_of(data_gap()), **gone}))
    assert plain(shown.head[0]) == "running 4   pending 11"


def values_of(found: Situation) -> dict[Part[Any], object]:
    """All that is known, by its part."""
    return {state.part: state.value for state in found.parts.values()}


def test_a_view_leaves_out_what_stands_around_its_rows_until_it_fits() -> None:
    shown = view("resources", situations.failed())
    lines = [len(shown.within(height).head) + len(shown.within(height).notices) + len(shown.within(height).foot)
             for height in range(20)]  # fmt: skip
    assert lines[-1] == len(shown.head) + len(shown.notices) + len(shown.foot)
    assert all(count + 2 <= height for height, count in enumerate(lines) if height >= 4)
    assert len(shown.within(5).notices) == 2


@pytest.mark.parametrize("width", [38, 56, 62, 96])
@pytest.mark.parametrize("height", [12, 14, 20, 40])
def test_a_tall_data_pane_has_a_line_for_each_fact(width: int, height: int) -> None:
    shown = view("data", data_gap(), width, height)
    said = words(shown)
    assert len(shown.head) <= max(height, 16)
    for needed in ("4,812", "96.2 %", "ALV.DE             3d ●", "● in failed jobs", "primary          healthy  in use",
                   "marketdata       HTTP 503", "SAP.DE           81 %  3d ago", "rows checked 81,200"):  # fmt: skip
        assert needed in said


def test_a_tall_data_pane_counts_the_gaps_that_find_no_room() -> None:
    gaps = tuple(Gap(f"S{number:04}", None, None, 1) for number in range(5000))
    shown = view("data", situation({parts.DATA_AVAILABILITY: Availability(5000, None, None, gaps, 12.0)}), 60, 20)
    assert len(shown.head) <= 20
    assert plain(shown.head[-1]).endswith("+4,987 more")


def test_what_a_tall_data_pane_leaves_out_is_counted() -> None:
    many = range(30)
    found = situation(
        {
            parts.DATA_SYMBOLS: SymbolsHealth(
                "8841", tuple(SymbolHealth(f"S{n}", 99.0 - n, None) for n in many), tuple(f"U{n}" for n in range(3))
            ),
            parts.DATA_SOURCES: DataSources(tuple(DataSource(f"s{n}", f"s{n}", n == 29, "healthy") for n in many)),
            parts.DATA_VALIDATION: Validation(tuple((f"check {n}", "1") for n in many)),
        }
    )
    asked = tuple(parts.provider(f"p{n}") for n in many)
    answered = {each: ProviderAnswer(each.name, "", True, 1.0, "answered") for each in asked}
    look = Look(after(found, answered), LIMITS, UNICODE, 60, 60, asked)
    said = [plain(line).strip() for line in PANES["data"].view(look).head]
    assert [line for line in said if line.endswith("more")] == ["+22 more", "+25 more", "+23 more", "+25 more"]
    assert said[0] == "job 8841    U0 unknown"
    assert said[3].startswith("S29")
    assert said[12].startswith("sources     s29")


def test_what_one_line_of_validation_leaves_out_is_counted() -> None:
    report = Validation(tuple((f"check {n}", "1") for n in range(7)))
    shown = view("data", situation({parts.DATA_VALIDATION: report}), 200)
    assert plain(shown.head[-1]).endswith("check 3 1 +3 more")


def test_symbols_of_a_running_job_that_are_not_named_are_counted() -> None:
    job_of_many = replace(running("8850", "pairs-fx", 1, Priority.LOW), symbols=tuple(f"S{n}" for n in range(9)))
    assert cells(view("jobs", situation({parts.JOBS_RUNNING: jobs(job_of_many)})))[0][-1].endswith("S5 +3")


def test_what_is_still_to_come_does_not_make_doubtful_what_is_there() -> None:
    assert view("jobs", situation({parts.JOBS_RUNNING: jobs()})).face is Face.OK
    assert view("jobs", situation({parts.JOBS_PENDING: jobs()})).face is Face.WAITING


@pytest.mark.parametrize("pane", PANES)
def test_signs_of_our_own_are_plain_where_the_terminal_has_no_others(pane: str) -> None:
    for found in (data_gap(), situations.failed(), situations.missing()):
        shown = view(pane, found, glyphs=ASCII)
        drawn = "".join(plain(line) for line in (shown.state, *shown.head, *shown.notices, *shown.foot))
        assert drawn.replace("·", "").replace("–", "").isascii(), drawn


def test_a_later_look_ages_but_changes_nothing_else() -> None:
    found = after(Situation(NOW), {parts.JOBS_FAILED: jobs(job())})
    shown, later = view("failures", found), view("failures", found.seen_at(ago(-0.1)))
    assert [row[:3] for row in cells(later)] == [row[:3] for row in cells(shown)]
    assert plain(later.state) == "✖ 1  6s"


def test_running_and_waiting_rows_that_cannot_be_read_are_counted() -> None:
    values: dict[Part[Any], object] = {
        parts.JOBS_RUNNING: JobList((job(),), bad_rows=2),
        parts.JOBS_PENDING: JobList((), bad_rows=1),
    }
    shown = view("jobs", situation(values))
    assert plain(shown.head[-1]) == "running: 2 bad rows, waiting: 1 bad row"
    assert tones(shown.head[-1:]) == {"warn"}


NO_GAPS = Availability(4812, None, None, (), 99.8)
WELL = DataSources((DataSource("primary", "primary", True, "healthy"),))


@pytest.mark.parametrize(
    ("there", "sources", "state", "words"),
    [
        (replace(NO_GAPS, bad_rows=2), WELL, "▲ 2 bad rows", "gaps: 2 bad rows"),
        (NO_GAPS, DataSources((), bad_rows=1), "▲ 1 bad row", "sources: 1 bad row"),
        (replace(NO_GAPS, bad_rows=2), DataSources((), bad_rows=1), "▲ 3 bad rows", "gaps: 2 bad rows"),
        (replace(NO_GAPS, gaps=(Gap("SAP.DE", None, None, 3),), bad_rows=2), WELL, "✖ 1 gap", "gaps: 2 bad rows"),
        (replace(NO_GAPS, gaps=(Gap("SAP.DE", None, None, 3),), unread=500), WELL, "✖ 1+ gap",
         "gaps: 501 listed, 1 read"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("height", [3, 20])
def test_gaps_and_sources_that_cannot_be_read_are_told_and_no_all_clear(
    there: Availability, sources: DataSources, state: str, words: str, height: int
) -> None:
    found = situation({**situations.data(), parts.DATA_AVAILABILITY: there, parts.DATA_SOURCES: sources})
    shown = view("data", found, 80, height)
    assert plain(shown.state).startswith(state)
    assert len(shown.head) <= height
    told = {span.text: span.tone for line in (*shown.head, *shown.brief) for span in line}
    assert told[words] == "warn"
    assert told.get("none", "ok") == "ok"
    assert ("none" in told) == (not there.gaps and not there.bad_rows)
    assert any(words in plain(line) for line in shown.brief[:2]), "also where there is one line"
    stale = view("data", failing(failing(found, parts.DATA_AVAILABILITY), parts.DATA_SOURCES), 80, height)
    assert tones(stale.head[1:2]) <= {"dim"}


@pytest.mark.parametrize("height", [3, 20])
def test_of_very_many_gaps_those_that_failed_jobs_need_are_never_cut(height: int) -> None:
    gaps = (*(Gap(f"S{number:04}", None, None, 9) for number in range(45)), Gap("SAP.DE", None, None, 1))
    known = Availability(5000, None, None, gaps, 12.0, unread=500)
    found = situation({parts.DATA_AVAILABILITY: known, parts.JOBS_FAILED: jobs(job(symbols=("SAP.DE",)))})
    said = "\n".join(map(plain, view("data", found, 600, height).head))
    assert " ".join(said[said.index("gaps") :].split()[:2]) == "gaps SAP.DE"
    shown = said.count("SAP.DE") + len(re.findall(r"S00\d\d", said))
    assert f"+{546 - shown}" in said


class Pid(int):
    """Counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Pid.compared += 1
        return int(self) == other

    __hash__ = int.__hash__


def waiting_sessions(count: int) -> Sessions:
    """Each waits for all before it."""
    return Sessions(
        tuple(
            replace(
                situations.session(1000 + number, 5, "SELECT 1", wait_type="Lock"),
                pid=Pid(1000 + number),
                blocked_by=tuple(Pid(1000 + other) for other in range(number)),
            )
            for number in range(count)
        ),
        NOW,
    )


def test_many_sessions_that_wait_for_many_are_compared_once_each() -> None:
    sessions = waiting_sessions(150)
    found = situation({parts.DATABASE_SESSIONS: sessions})
    Pid.compared = 0
    view("database", found)
    assert Pid.compared <= 2 * sum(len(each.blocked_by) for each in sessions.sessions) + 10 * len(sessions.sessions)
    Pid.compared = 0
    view("database", found.seen_at(ago(-0.01)))
    assert Pid.compared <= 10 * len(sessions.sessions), "the next picture of the same sessions knows"


def test_of_those_that_block_a_session_two_are_named_and_the_others_counted() -> None:
    shown = view("database", situation({parts.DATABASE_SESSIONS: waiting_sessions(5)}))
    waits = {row[0]: row[3] for row in cells(shown)}
    assert waits == {
        "1000": "holds 4", "1001": "by 1000", "1002": "by 1000, 1001", "1003": "by 1000, 1001 +1",
        "1004": "by 1000, 1001 +2",
    }  # fmt: skip
    tones = {item.key.partition("@")[0]: item.cells[0].tone for item in shown.rows if isinstance(item, Row)}
    assert [pid for pid, tone in tones.items() if tone == "strong"] == ["1000", "1001", "1002", "1003"]


@pytest.mark.parametrize(
    ("sources", "said", "tone"),
    [
        (DataSources((), bad_rows=1), "not all can be read", "warn"),
        (DataSources((DataSource("primary", "primary", None, "healthy"),), bad_rows=1), "not all can be read", "warn"),
        (DataSources((DataSource("primary", "primary", None, "down"),), bad_rows=1), "primary unhealthy", "bad"),
        (DataSources(()), "none", "plain"),
    ],
)
def test_sources_that_cannot_be_read_are_not_called_healthy(sources: DataSources, said: str, tone: str) -> None:
    shown = view("data", situation({parts.DATA_SOURCES: sources}), 116)
    assert plain(shown.head[0]).startswith(f"sources {said}")
    assert shown.head[0][1].tone == tone


def test_a_long_word_of_the_server_leaves_room_for_the_age() -> None:
    said = after(data_gap(), {parts.DATA_CONNECTIVITY: Connectivity("x" * 60, 4.0, "connected")})
    assert plain(view("database", said).state) == f"✖ primary {'x' * 19}…  0s"


def test_what_is_counted_and_not_listed_is_not_called_nothing() -> None:
    empty = {parts.JOBS_FAILED: JobList(), parts.JOBS_RUNNING: JobList()}
    assert all(view(name, situation(empty)).complete for name in ("failures", "jobs"))
    counted = situation({**empty, parts.JOBS_COUNTS: JobCounts(failed=29)})
    assert not view("failures", counted).complete
    others = situation({parts.JOBS_FAILED: JobList(other_state=18), parts.JOBS_RUNNING: JobList(other_state=3)})
    assert not any(view(name, others).complete for name in ("failures", "jobs"))


GONE: dict[Part[Any], object] = {
    parts.ENGINE_UNIT: Failure("not allowed", "/nonexistent/bin/systemctl is not on this host: engine.systemctl"),
    parts.FILES_DISK: Failure("refused", "/var/research/backtests: No such file or directory"),
}


def test_what_is_live_goes_a_line_at_a_time() -> None:
    shown = view("resources", after(data_gap(), GONE, seconds=1))
    enough = shown.around - len(shown.foot) + 2
    heads = [len(shown.within(height).head) for height in range(enough, enough - 5, -1)]
    assert heads == [4, 3, 2, 1, 1]
    assert plain(shown.within(enough - 3).head[0]).startswith("cpu ")


@pytest.mark.parametrize("width", [30, 40, 56])
@pytest.mark.parametrize("height", range(3, 12))
def test_no_sentence_ends_in_its_middle_without_saying_so(width: int, height: int) -> None:
    shown = view("resources", after(data_gap(), GONE, seconds=1), width)
    whole = [plain(line) for line in shown.notices]
    kept = [plain(line) for line in shown.within(height).notices]
    starts = [number for number, line in enumerate(whole) if line.startswith("✖")]
    assert kept[0].startswith("✖ unit: /none")
    assert kept == whole[: len(kept)] if len(kept) in (*starts, len(whole)) else any(line[-1] == "…" for line in kept)
    assert any("since 14:30:01" in line for line in kept), "since when is told too"


@pytest.mark.parametrize(("height", "told"), [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_why_a_part_of_the_data_failed_stays_on_a_low_terminal(height: int, told: int) -> None:
    found = after(data_gap(), {parts.DATA_VALIDATION: Failure("timed out", "no answer within 10 s")}, seconds=1)
    shown = view("data", situations.retried(found), 36).within(height)
    assert len(shown.notices) == told
    assert "validation: no answer" in plain(shown.notices[0])
    assert len(shown.head) == max(0, min(3, height - told))


def test_of_all_groups_those_of_the_incident_stand_first() -> None:
    old = [job(f"{number}", error="lock timeout", finished_at=ago(60 * 24 * 8)) for number in range(70)]
    fresh = [job("8841", error="No data for SAP.DE"), job("8839", error="No data for SAP.DE", finished_at=ago(12))]
    for listed in (jobs(*old, *fresh), jobs(*fresh, *old)):
        shown = view("failures", situation({parts.JOBS_FAILED: listed}))
        groups = [item for item in shown.rows if isinstance(item, Group)]
        assert [(plain(group.lead).split()[0], group.open) for group in groups] == [("2", True), ("70", False)]
    alone = view("failures", situation({parts.JOBS_FAILED: jobs(*old)})).rows[0]
    assert isinstance(alone, Group)
    assert alone.open


def test_rows_that_could_not_be_used_are_not_called_older_ones() -> None:
    listed = JobList((job(),), bad_rows=2, duplicates=1, total=4)
    found = situation({parts.JOBS_FAILED: listed, parts.JOBS_COUNTS: JobCounts(failed=4)})
    assert plain(view("failures", found).head[0]) == "2 bad rows, 1 duplicate id"


def test_a_source_that_is_down_is_told_beside_the_gaps_where_there_is_hardly_room() -> None:
    down = DataSources((DataSource("a", "primary", active=True, status="down"),))
    shown = view("data", after(data_gap(), {parts.DATA_SOURCES: down}))
    assert "source primary, down" in plain(shown.head[0])
    assert plain(shown.state).startswith("✖ 4 gaps, source")


def test_of_a_long_id_the_end_is_told_in_every_pane() -> None:
    chosen = SymbolsHealth("3f2a9c11-77aa-4c0e-9d1e-0d6a4f57c0de", (), ("SAP.DE",))
    listed = [plain(line) for line in view("data", after(data_gap(), {parts.DATA_SYMBOLS: chosen}), 116, 20).head]
    assert any(line.startswith("job …57c0de ") for line in listed)


@pytest.mark.parametrize("height", [3, 20])
@pytest.mark.parametrize(
    ("part", "told"),
    [
        (parts.DATA_SOURCES, "healthy 10m ago"),
        (parts.DATA_AVAILABILITY, "4,812 symbols 10m ago"),
        (parts.DATA_CONNECTIVITY, "4 ms 10m ago"),
    ],
)
def test_what_a_route_told_before_it_was_gone_has_its_age_in_the_data_pane(
    part: Part[Any], told: str, height: int
) -> None:
    found = after(data_gap(), {**situations.data_gap_values(), part: Missing("no such route")}, seconds=600)
    shown = view("data", found, 200, height)
    assert "10m ago" in words(shown)
    if height == 3:
        assert told in words(shown)


def test_an_id_of_any_script_leaves_the_column_behind_it_where_it_is() -> None:
    for name in ("8841", "büro-jobs-1234567890-äöü-nachtlauf", "jobs\u202e/eu/12345678901234", "仕事" * 20):
        chosen = SymbolsHealth(name, (), ("SAP.DE",))
        listed = [plain(line) for line in view("data", after(data_gap(), {parts.DATA_SYMBOLS: chosen}), 116, 20).head]
        (told,) = [line for line in listed if "SAP.DE unknown" in line]
        assert line_width((Span(told.partition("SAP.DE")[0]),)) == 12


def test_a_service_that_is_down_is_graver_than_a_job_over_its_limit() -> None:
    health = situations.data_gap().value(parts.JOBS_HEALTH)
    assert health is not None
    found = after(data_gap(), {parts.JOBS_HEALTH: replace(health, status="down")})
    assert plain(view("jobs", found).state).startswith("✖ down")
