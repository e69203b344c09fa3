"""The jobs pane: health, running jobs against the limit, the queue (runbook, Diagnostics 1)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from backend.failures import overdue
from backend.model.engine import Unit
from backend.model.jobs import Job, JobCounts, JobList, JobsHealth, Priority
from backend.parts import ENGINE_UNIT, JOBS_COUNTS, JOBS_HEALTH, JOBS_PENDING, JOBS_RUNNING
from backend.text import percent
from widgets.present import columns
from widgets.present.elsewhere import elsewhere, of_work
from widgets.present.faces import Standing, aged, dated, old, standing, state_line
from widgets.present.view import MARGIN, Look, PaneView, grave
from widgets.present.words import (
    ago,
    bar,
    labelled,
    name_as_number,
    number,
    remarked,
    runtime_tone,
    span,
    time_of_day,
    weightiest,
)
from widgets.table_columns import arrange
from widgets.table_rows import Cell, Row
from widgets.text import Line, Span, Tone, line_width

PARTS = (JOBS_RUNNING, JOBS_HEALTH, JOBS_PENDING, JOBS_COUNTS)
SYMBOLS = 6
"""How many symbols of a job are named."""


def view(look: Look) -> PaneView:
    """Everything the jobs pane shows."""
    situation, glyphs = look.situation, look.glyphs
    stand = standing(look, PARTS)
    now = situation.server_now(JOBS_RUNNING)
    running = situation.fresh(JOBS_RUNNING)
    late = overdue(running.jobs, now, timedelta(minutes=look.limits.runtime_minutes)) if running else ()
    tone, word = _state(situation.fresh(JOBS_HEALTH), situation.fresh(ENGINE_UNIT), late)
    figures = _figures(look, stand, now)
    line = weightiest(figures, look.width)
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, glyphs),
        head=tuple(each for each in (line, _remarks(look)) if each),
        rows=tuple(_rows(situation.value(JOBS_RUNNING), now, look)),
        foot=_foot(look, stand),
        notices=stand.notices,
        why=stand.why,
        elsewhere=elsewhere(look, JOBS_RUNNING, of_work(situation)),
        brief=figures,
        rows_stale=old(look, JOBS_RUNNING),
        complete=running is None or not running.remarks,
    )


def _remarks(look: Look) -> Line:
    """Rows that could not be shown: one of them may be the job that is over its limit."""
    told = ((name, look.situation.value(part)) for name, part in (("running", JOBS_RUNNING), ("waiting", JOBS_PENDING)))
    return remarked([f"{name}: {remark}" for name, listed in told if listed for remark in listed.remarks])


def runtime(job: Job, now: datetime) -> float | None:
    """Seconds since the job started; fewer than none where its start lies ahead."""
    return None if job.started_at is None else (now - job.started_at).total_seconds()


def _health_tone(health: JobsHealth, unit: Unit | None) -> Tone:
    """As grave as the finding that the same word leads to."""
    if health.down(engine_runs=unit is not None and unit.running):
        return "bad"
    return "ok" if health.healthy else "warn"


def _state(health: JobsHealth | None, unit: Unit | None, late: Sequence[Job]) -> tuple[Tone, str]:
    said: Tone = "ok" if health is None else _health_tone(health, unit)
    tone = grave(said, "bad" if late else "ok")
    if late and said != "bad":
        return tone, f"{len(late)} over limit"
    return tone, "ok" if tone == "ok" or health is None else health.status


def _figures(look: Look, stand: Standing, now: datetime) -> tuple[Line, ...]:
    """What the service says of itself; without that the counts, and without those what the lists hold."""
    situation = look.situation
    health = situation.value(JOBS_HEALTH)
    if health is not None:
        figures: tuple[Line, ...] = (
            (Span(health.status, _health_tone(health, situation.fresh(ENGINE_UNIT))),),
            labelled("active", number(health.active)),
            labelled("pending", number(health.pending)),
            labelled("used", percent(health.utilisation)),
            (Span(f"ok {ago(health.last_success, now)}", "dim"),) if health.last_success else (),
        )
        return dated(look, stand, JOBS_HEALTH, figures)
    counts = situation.value(JOBS_COUNTS)
    if counts is not None:
        return dated(look, stand, JOBS_COUNTS, _counts(counts))
    listed = ((JOBS_RUNNING, situation.value(JOBS_RUNNING)), (JOBS_PENDING, situation.value(JOBS_PENDING)))
    return tuple(
        figure
        for part, jobs in listed
        if jobs is not None
        for figure in dated(look, stand, part, [labelled(part.name, number(len(jobs.jobs)))])
    )


def _counts(counts: JobCounts) -> tuple[Line, ...]:
    return (
        labelled("running", number(counts.running)),
        labelled("pending", number(counts.pending)),
        labelled("failed", number(counts.failed)),
    )


def _rows(running: JobList | None, now: datetime, look: Look) -> list[Row]:
    if running is None:
        return []
    cells = next((each.width for each in arrange(columns.JOBS, look.width - MARGIN) if each.column.id == "runtime"), 0)
    jobs = sorted(running.jobs, key=lambda job: runtime(job, now) or 0.0, reverse=True)
    return [_row(job, now, look, cells) for job in jobs]


def _row(job: Job, now: datetime, look: Look, cells: int) -> Row:
    ran = runtime(job, now)
    limit = look.limits.runtime_minutes
    share = (ran or 0.0) / (limit * 60)
    tone = runtime_tone(ran or 0.0, limit)
    over = f"OVER {limit:g}m" if share > 1 else ""
    return Row(
        job.id,
        (
            Cell(job.strategy or look.glyphs.dash, "strong"),
            Cell(bar(share, cells, look.glyphs), tone, sort=share),
            Cell(span(ran), tone, sort=ran),
            Cell(over, "bad"),
            Cell(priority_word(job.priority), "strong" if job.priority is Priority.HIGH else "dim", job.priority.rank),
            Cell(job.label, "dim", name_as_number(job.label)),
            Cell(time_of_day(job.started_at), "dim", job.started_at.timestamp() if job.started_at else None),
            Cell(_symbols(job), "dim"),
        ),
    )


def _symbols(job: Job) -> str:
    more = f" +{len(job.symbols) - SYMBOLS}" if len(job.symbols) > SYMBOLS else ""
    return f"{', '.join(job.symbols[:SYMBOLS])}{more}"


def priority_word(priority: Priority) -> str:
    """A priority in four cells."""
    words = {Priority.HIGH: "high", Priority.NORMAL: "norm", Priority.LOW: "low"}
    return words.get(priority, "?")


def _foot(look: Look, stand: Standing) -> tuple[Line, ...]:
    pending = look.situation.value(JOBS_PENDING)
    if pending is None:
        return ()
    label = (*dated(look, stand, JOBS_PENDING, [(Span("queue", "dim"),)])[0], Span("  "))
    if not pending.jobs:
        return ((*label, Span("empty", "dim")),)
    words = _queue(Counter(job.priority for job in pending.jobs), look.width - line_width(label), look.glyphs.dot)
    return ((*label, *aged(look, JOBS_PENDING, (Span(words),))),)


def _queue(counted: Counter[Priority], room: int, dot: str) -> str:
    """How many wait of each priority, in as many words as there is room for."""
    there = [priority for priority in Priority if counted[priority]]
    whole = f" {dot} ".join(f"{counted[each]} {each.value}" for each in there)
    short = "  ".join(f"{counted[each]} {priority_word(each)}" for each in there)
    return next((words for words in (whole, short) if len(words) <= room), f"{counted.total()} waiting")
