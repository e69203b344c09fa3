"""From keys of rows to the targets of an action: what is marked, else the row or the group under the cursor."""

from collections.abc import Collection

from actions.spec import ActionSpec
from backend.model.situation import Situation
from backend.model.target import JobTarget, Target
from backend.parts import JOBS_FAILED
from widgets.present.failures import group_key


def targets_of(
    spec: ActionSpec, situation: Situation, marked: Collection[str], cursor: str | None
) -> tuple[Target, ...]:
    """What an action means now."""
    return jobs_of(situation, marked, cursor) if spec.chosen else spec.candidates(situation)


def jobs_of(situation: Situation, marked: Collection[str], cursor: str | None) -> tuple[JobTarget, ...]:
    """The failed jobs that are meant, in the order of the list."""
    failed = situation.value(JOBS_FAILED)
    if failed is None:
        return ()
    if marked:
        return tuple(JobTarget.of(job) for job in failed.jobs if job.id in marked)
    return tuple(JobTarget.of(job) for job in failed.jobs if cursor in (job.id, group_key(job.error)))
