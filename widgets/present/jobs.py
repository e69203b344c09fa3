"""The jobs pane: health, running jobs against the limit, the queue (runbook, Diagnostics 1)."""

from collections import Counter
from datetime import datetime

from backend.config.model import Limits
from backend.model.jobs import Job, JobCounts, JobList, JobsHealth, Priority
from backend.model.situation import Situation
from backend.parts import JOBS_COUNTS, JOBS_HEALTH, JOBS_PENDING, JOBS_RUNNING
from widgets.present.view import Look, PaneView, grave, standing, state_line
from widgets.present.words import against, bar, fitting, joined, labelled, number, percent, since, span
from widgets.table_columns import Column, Flex
from widgets.table_rows import Cell, Row
from widgets.text import Glyphs, Line, Span, Tone

PARTS = (JOBS_RUNNING, JOBS_HEALTH, JOBS_PENDING, JOBS_COUNTS)
BAR_CELLS = 12

COLUMNS = (
    Column("strategy", "strategy", width=Flex(10, weight=3), priority=9, essential=True),
    Column("runtime", "of the limit", width=BAR_CELLS, priority=5, quiet=True),
    Column("time", "run", width=4, align="right", priority=8, quiet=True),
    Column("over", "", width=8, priority=7),
    Column("prio", "prio", width=4, priority=6),
    Column("id", "id", width=6, priority=4),
)


def view(look: Look) -> PaneView:
    """Everything the jobs pane shows."""
    situation, limits, glyphs = look.situation, look.limits, look.glyphs
    stand = standing(look, PARTS)
    running = situation.value(JOBS_RUNNING)
    now = situation.server_now(JOBS_RUNNING)
    late = [job for job in running.jobs if _late(job, now, limits)] if running else []
    health = situation.value(JOBS_HEALTH)
    tone, word = _state(health, late)
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, glyphs),
        head=_head(health, situation, now, look.width),
        rows=tuple(_rows(running, now, limits, glyphs)),
        foot=_foot(situation),
        notices=stand.notices,
    )


def runtime(job: Job, now: datetime) -> float | None:
    """Seconds since the job started."""
    return None if job.started_at is None else max(0.0, (now - job.started_at).total_seconds())


def _late(job: Job, now: datetime, limits: Limits) -> bool:
    ran = runtime(job, now)
    return ran is not None and ran > limits.runtime_minutes * 60


def _state(health: JobsHealth | None, late: list[Job]) -> tuple[Tone, str]:
    said: Tone = "ok" if health is None or health.healthy else "warn"
    tone = grave(said, "bad" if late else "ok")
    if late:
        return tone, f"{len(late)} over limit"
    return tone, "ok" if tone == "ok" or health is None else health.status


def _head(health: JobsHealth | None, situation: Situation, now: datetime, width: int) -> tuple[Line, ...]:
    if health is None:
        counts = situation.value(JOBS_COUNTS)
        return (_counts(counts),) if counts else ()
    last = f"ok {since(health.last_success, now)} ago" if health.last_success else ""
    said = (Span(health.status, "ok" if health.healthy else "warn"),)
    return (
        fitting(
            (
                said,
                labelled("active", number(health.active)),
                labelled("pending", number(health.pending)),
                labelled("used", percent(health.utilisation)),
                (Span(last, "dim"),) if last else (),
            ),
            width,
        ),
    )


def _counts(counts: JobCounts) -> Line:
    return joined(
        (labelled("running", number(counts.running)), labelled("pending", number(counts.pending)),
         labelled("failed", number(counts.failed)))
    )  # fmt: skip


def _rows(running: JobList | None, now: datetime, limits: Limits, glyphs: Glyphs) -> list[Row]:
    if running is None:
        return []
    jobs = sorted(running.jobs, key=lambda job: runtime(job, now) or 0.0, reverse=True)
    return [_row(job, now, limits, glyphs) for job in jobs]


def _row(job: Job, now: datetime, limits: Limits, glyphs: Glyphs) -> Row:
    ran = runtime(job, now)
    allowed = limits.runtime_minutes * 60
    share = (ran or 0.0) / allowed
    tone = against(share, 1.0, margin=0.85)
    over = f"OVER {limits.runtime_minutes:g}m" if share > 1 else ""
    return Row(
        job.id,
        (
            Cell(job.strategy or glyphs.dash, "strong"),
            Cell(bar(share, BAR_CELLS, glyphs), tone, sort=share),
            Cell(span(ran), tone, sort=ran),
            Cell(over, "bad"),
            Cell(priority_word(job.priority), "strong" if job.priority is Priority.HIGH else "dim", job.priority.rank),
            Cell(job.label, "dim"),
        ),
    )


def priority_word(priority: Priority) -> str:
    """A priority in four cells."""
    words = {Priority.HIGH: "high", Priority.NORMAL: "norm", Priority.LOW: "low"}
    return words.get(priority, "?")


def _foot(situation: Situation) -> tuple[Line, ...]:
    pending = situation.value(JOBS_PENDING)
    if pending is None:
        return ()
    if not pending.jobs:
        return ((Span("queue  ", "dim"), Span("empty", "dim")),)
    counted = Counter(job.priority for job in pending.jobs)
    words = " · ".join(f"{counted[priority]} {priority.value}" for priority in Priority if counted[priority])
    return ((Span("queue  ", "dim"), Span(words)),)
