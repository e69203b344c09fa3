"""From keys of rows to the targets of an action: what is marked, else the row or the group under the cursor."""

from collections.abc import Callable, Collection

from actions.spec import ActionSpec
from backend.model.situation import Situation
from backend.model.target import JobTarget, Target
from backend.parts import JOBS_FAILED
from widgets.present.failures import group_key
from widgets.table_model import TableModel

Listed = Callable[[str], bool]
"""Whether the row of this key passes what the person filters by."""


def everything(_key: str) -> bool:
    """No filter."""
    return True


STRAYED = {
    "cursor": "the row under the cursor went away; press again to mean the one that it stands on now",
    "marks": "what was marked went away; press again to mean the row under the cursor",
}


def doubtful(model: TableModel) -> str | None:
    """Why it is not clear what the person means; told once, as long as nothing else goes away."""
    if model.strayed is not None and model.view.cursor is not None:
        sentence = STRAYED[model.strayed]
        model.settle()
        return sentence
    marked = model.marks.keys
    if marked and not any(map(model.listing.accepted, marked)):
        return "what is marked is hidden by the filter; / and esc show it"
    return None


def targets_of(
    spec: ActionSpec, situation: Situation, marked: Collection[str], cursor: str | None, listed: Listed = everything
) -> tuple[Target, ...]:
    """What an action means now."""
    return jobs_of(situation, marked, cursor, listed) if spec.chosen else spec.candidates(situation)


def jobs_of(
    situation: Situation, marked: Collection[str], cursor: str | None, listed: Listed = everything
) -> tuple[JobTarget, ...]:
    """The failed jobs that are meant, in the order of the list; never one that a filter hides from the person."""
    failed = situation.value(JOBS_FAILED)
    if failed is None:
        return ()
    shown = [job for job in failed.jobs if listed(job.id)]
    if marked:
        return tuple(JobTarget.of(job) for job in shown if job.id in marked)
    return tuple(JobTarget.of(job) for job in shown if cursor in (job.id, group_key(job.error)))
