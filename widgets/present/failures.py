"""The failures pane: failed jobs grouped by the signature of their error (runbook, Quick Actions)."""

from collections import Counter, defaultdict
from datetime import datetime
from functools import lru_cache

from backend.failures import failures_of
from backend.model.jobs import Job, JobList, Priority
from backend.model.situation import Situation
from backend.parts import JOBS_COUNTS, JOBS_FAILED
from backend.same import Same
from backend.text import percent, signature
from widgets.present.elsewhere import elsewhere, of_failures
from widgets.present.faces import old, standing, state_line
from widgets.present.jobs import priority_word
from widgets.present.view import Look, PaneView
from widgets.present.words import name_as_number, number, remarked, since
from widgets.table_rows import Cell, Group, Row
from widgets.text import Line, Span

PARTS = (JOBS_FAILED,)
NO_ERROR = "no error was given"
GROUP = "\0group:"
"""Begins the key of a group; no id that can be acted on has that character."""


def view(look: Look) -> PaneView:
    """Everything the failures pane shows."""
    situation, glyphs = look.situation, look.glyphs
    stand = standing(look, PARTS)
    failed = situation.value(JOBS_FAILED)
    count = _count(situation)
    remarks = _remarks(failed, count)
    listed = tuple(rows(failed, situation.server_now(JOBS_FAILED))) if failed else ()
    return PaneView(
        face=stand.face,
        state=state_line(stand, "bad" if count else "ok", number(count) if count else "none", glyphs),
        head=(remarks,) if remarks else (),
        rows=listed,
        notices=stand.notices,
        why=stand.why,
        elsewhere=elsewhere(look, JOBS_FAILED, of_failures(situation)),
        brief=tuple(item.lead for item in listed[:1] if isinstance(item, Group)),
        rows_stale=old(look, JOBS_FAILED),
        complete=not remarks,
    )


def _count(situation: Situation) -> int:
    failed, counts = situation.fresh(JOBS_FAILED), situation.fresh(JOBS_COUNTS)
    listed = len(failed.jobs) if failed else 0
    if failed and failed.total == listed:  # the list is whole, and younger than what was counted
        return listed
    return max(listed, (counts.failed or 0) if counts else 0)


def _remarks(failed: JobList | None, count: int) -> Line:
    if failed is None:
        return ()
    remarks = list(failed.remarks)
    if count > len(failed.jobs) + failed.bad_rows + failed.duplicates:
        remarks.insert(0, f"the newest {len(failed.jobs)} of {count:,} are listed")
    return remarked(remarks)


def group_key(error: str) -> str:
    """The key of the group that an error belongs to."""
    return f"{GROUP}{signature(error) or NO_ERROR}"


def rows(failed: JobList, now: datetime) -> list[Row | Group]:
    """Groups of equal signature, their jobs newest first.

    The one with the most failures of the incident that goes on comes first, then the largest: what nobody cleared for
    weeks hides no incident.
    """
    drawn: list[Row | Group] = []
    of_incident = failures_of(failed).of_incident(now)
    for place, (key, members) in enumerate(_grouped(Same(failed.jobs), Same(of_incident))):
        drawn.append(_group(key, members, len(failed.jobs), opened=place == 0))
        drawn.extend(_row(job, key, since(job.broke_at, now)) for job in members)
    return drawn


@lru_cache(maxsize=2)
def _grouped(jobs: Same[tuple[Job, ...]], of_incident: Same[tuple[Job, ...]]) -> list[tuple[str, list[Job]]]:
    """The jobs by the group that they belong to; the list is the same for several pictures."""
    groups: dict[str, list[Job]] = defaultdict(list)
    for job in sorted(jobs.value, key=_newest):
        groups[group_key(job.error)].append(job)
    now = Counter(group_key(job.error) for job in of_incident.value)
    return sorted(groups.items(), key=lambda item: (-now[item[0]], -len(item[1]), item[0]))


def _newest(job: Job) -> tuple[float, str]:
    return (-job.broke_at.timestamp() if job.broke_at else 0.0, job.id)


def _group(key: str, members: list[Job], of: int, *, opened: bool) -> Group:
    name = key.removeprefix(GROUP)
    lead = (Span(f"{len(members)} x  ", "strong"), Span(name))
    return Group(key, lead, (Span(percent(100 * len(members) / of), "dim"),), opened, name)


@lru_cache(maxsize=4096)
def _row(job: Job, parent: str, age: str) -> Row:
    """The line of a job; the same object as long as it looks the same, so that nobody has to compare it."""
    broke = job.broke_at
    high = job.priority is Priority.HIGH
    return Row(
        job.id,
        (
            Cell(job.label, "strong" if job.actionable else "warn", name_as_number(job.label)),
            Cell(job.strategy),
            Cell(priority_word(job.priority), "strong" if high else "dim", job.priority.rank),
            Cell(age, "dim", -broke.timestamp() if broke else None),
            Cell("" if job.attempt is None else str(job.attempt), "dim", job.attempt),
            Cell(job.error or NO_ERROR),
        ),
        parent,
    )
