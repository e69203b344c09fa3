"""What is told of runs whose last verdict is still to come, to one who is about to act."""

from actions.outcome import broken_off
from backend.incident.entry import verdict_word
from backend.incident.runs import RunRecord
from backend.text import clean, listed

MOST_NAMES = 4
"""Targets of such a run that are told by name."""
MOST_TOLD = 3
"""So many such runs are told one by one."""


def told_broken_off(run: RunRecord) -> str:
    """When, by whom, how far, the last step; then what it was about, of many targets the first few."""
    of = len(run.intent.targets)
    last = f" ({run.steps[-1].data.get('text')} gave {run.steps[-1].data.get('result')})" if run.steps else ""
    return (
        f"{_begun(run)} and broken off {broken_off(len(run.steps), of)}{last}: {targets_of(run)}; look before you act"
    )


def told_going_on(run: RunRecord) -> str:
    """When, by whom, what is known until now; then what it is about, of many targets the first few."""
    if run.verdict is None:
        return f"{_begun(run)} and has no verdict yet: {targets_of(run)}"
    return f"{_begun(run)}, {verdict_word(run.verdict)}, and has no last verdict yet: {targets_of(run)}"


def targets_of(run: RunRecord) -> str:
    """What it is about, of many targets the first few."""
    return listed([clean(key, 80) for key in run.intent.targets], MOST_NAMES)


def _begun(run: RunRecord) -> str:
    return f"{run.intent.action} was begun at {run.intent.at:%H:%M:%S} by {run.intent.actor}"
