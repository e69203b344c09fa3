"""Quirks of what is answered: each gives back the answer that it makes of a good one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tui.demo.quirks.asking import NO_PAGE
from tui.demo.quirks.exchange import HTML, LIST, Answer, Question

HEALTH = "backtests/health"
SOURCES, DATA = "data/sources", "data/status"
JOB_IDS = ("id", "original_job_id")

Change = Callable[[Question, Answer], Answer]
Row = dict[str, Any]

_NAMES: Mapping[str, str] = {
    "strategy_name": "name",
    "created_at": "createdAt",
    "started_at": "startedAt",
    "finished_at": "finishedAt",
    "error_message": "errorMessage",
}
_MORE_NAMES: Mapping[str, str] = {
    "started_at": "lastRunAt", "startedAt": "lastRunAt", "error_message": "error", "errorMessage": "error",
}  # fmt: skip
_MORE_STATES: Mapping[str, str] = {
    "timeout after": "timeout",
    "timeout foreseen": "timeout",
    "terminated (signal": "cancelled",
}
"""The state of a failed job by words of its error."""
_STATES: Mapping[str, str] = {"pending": "queued", "completed": "done"}


def html_404(_: Question, answer: Answer) -> Answer:
    """Whatever is missing, route or object: a page for people."""
    return Answer(404, HTML, NO_PAGE) if answer.status == 404 else answer


def json_404(_: Question, answer: Answer) -> Answer:
    """Whatever is missing, route or object: an error for programs."""
    missing = answer.status == 404 and answer.value is None
    return Answer.refusal(404, "Not found") if missing else answer


def filter_after_limit(question: Question, answer: Answer) -> Answer:
    """Of the rows that were counted out before, those that fit; the numbers beside them know of no filter."""
    rows = _rows(question, answer)
    if rows is None:
        return answer
    asked = {name: question.query[name] for name in ("status", "priority") if name in question.query}
    left = [row for row in rows if all(row[name] == wanted for name, wanted in asked.items())]
    value = answer.value
    more = value["total"] > value["offset"] + len(rows)
    return answer.saying({**value, "backtests": left, "hasMore": more})


def degraded_200(question: Question, answer: Answer) -> Answer:
    """The engine is not well, says a health route that is."""
    if not _is_report(question, answer):
        return answer
    return answer.saying({**answer.value, "status": "degraded"})


def report_400(question: Question, answer: Answer) -> Answer:
    """A report that is fine, as if the question were not."""
    return Answer.of(answer.value, 400) if _is_report(question, answer) else answer


def silent_providers(question: Question, answer: Answer) -> Answer:
    """Who gets no answer from the hosts of its feeds says of none of them, and of the data side, that it is well."""
    if answer.status != 200 or question.route not in (SOURCES, DATA):
        return answer
    if question.route == DATA:
        return answer.saying({**answer.value, "status": "degraded"})
    return answer.saying({**answer.value, "sources": [_unheard(source) for source in answer.value["sources"]]})


def _unheard(source: Row) -> Row:
    return {**source, "status": "degraded"} if source["status"] == "healthy" else source


def _is_report(question: Question, answer: Answer) -> bool:
    return question.route == HEALTH and answer.status == 200 and "active_jobs" in answer.value


def duplicate_ids(question: Question, answer: Answer) -> Answer:
    """Of every two jobs of a list the younger one has the id of the older."""
    rows = _rows(question, answer)
    if rows is None:
        return answer
    ids = sorted({str(row["id"]) for row in rows})
    doubled = dict(zip(ids[1::2], ids[::2], strict=False))
    return _with_rows(answer, [{**row, "id": doubled.get(row["id"], row["id"])} for row in rows])


def null_ids(question: Question, answer: Answer) -> Answer:
    """Every second job of a list has no id."""
    rows = _rows(question, answer)
    if rows is None:
        return answer
    nameless = set(sorted({str(row["id"]) for row in rows})[::2])
    return _with_rows(answer, [{**row, "id": None if row["id"] in nameless else row["id"]} for row in rows])


def numeric_ids(question: Question, answer: Answer) -> Answer:
    """Ids of jobs are numbers."""
    rows = _rows(question, answer)
    if rows is not None:
        return _with_rows(answer, [_numbered(row) for row in rows])
    value = answer.value
    return answer.saying(_numbered(value)) if _is_job(value) else answer


def _numbered(row: Row) -> Row:
    numbers = {name: int(row[name]) for name in JOB_IDS if str(row.get(name)).isdecimal()}
    return {**row, **numbers}


def other_names(question: Question, answer: Answer) -> Answer:
    """Other words for the same things, in jobs and in states."""
    rows, value = _rows(question, answer), answer.value
    if rows is not None:
        return _with_rows(answer, [_renamed(row) for row in rows])
    if _is_job(value):
        return answer.saying(_renamed(value))
    if question.route == "backtests/status" and isinstance(value, dict) and "counts" in value:
        counts = {_STATES.get(state, state): count for state, count in value["counts"].items()}
        return answer.saying({**value, "counts": counts})
    return answer


def _renamed(row: Row) -> Row:
    renamed = {_NAMES.get(name, name): value for name, value in row.items()}
    if "status" in row:
        renamed["status"] = _STATES.get(row["status"], row["status"])
    if row.get("started_at") and row.get("finished_at"):
        took = datetime.fromisoformat(row["finished_at"]) - datetime.fromisoformat(row["started_at"])
        renamed["durationMs"] = round(took.total_seconds() * 1000)
    return renamed


def more_names(question: Question, answer: Answer) -> Answer:
    """Still other words for the same things, and states for jobs that took too long or were ended by somebody."""
    rows, value = _rows(question, answer), answer.value
    if rows is not None:
        return _with_rows(answer, [_more_renamed(row) for row in rows])
    return answer.saying(_more_renamed(value)) if _is_job(value) else answer


def _more_renamed(row: Row) -> Row:
    renamed = {_MORE_NAMES.get(name, name): value for name, value in row.items()}
    error = str(renamed.get("error"))
    state = next((state for words, state in _MORE_STATES.items() if words in error), None)
    return renamed if state is None or row.get("status") != "failed" else {**renamed, "status": state}


def _rows(question: Question, answer: Answer) -> list[Row] | None:
    if question.route != LIST or answer.status != 200:
        return None
    rows: list[Row] | None = answer.value.get("backtests")
    return rows


def _with_rows(answer: Answer, rows: list[Row]) -> Answer:
    return answer.saying({**answer.value, "backtests": rows})


def _is_job(value: object) -> bool:
    return isinstance(value, dict) and any(name in value for name in JOB_IDS)
