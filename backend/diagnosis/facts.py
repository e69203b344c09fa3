"""What rules ask of a situation. Only what may pass for live is ever used as evidence."""

from typing import Any

from backend.failures import failures_of
from backend.model.finding import Evidence
from backend.model.jobs import Job
from backend.model.situation import Part, Situation
from backend.parts import JOBS_FAILED


def failures_now(situation: Situation) -> tuple[Job, ...]:
    """The failed jobs of the incident that goes on, oldest first; none when the list is not live."""
    listed = situation.fresh(JOBS_FAILED)
    return failures_of(listed).of_incident(situation.server_now(JOBS_FAILED)) if listed else ()


def evidence(
    situation: Situation, part: Part[Any], name: str, value: float | str, unit: str = "", limit: float | None = None
) -> Evidence:
    """A fact with the part that it was read from, and how old it is."""
    return Evidence(name, value, unit, limit, part.key, situation[part].age(situation.at))
