"""What a run tells while it goes on, and what came of it."""

from collections.abc import Callable

from actions.plan import Step
from actions.verdict import Verdict
from backend.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, for showing."""

    done: int
    of: int
    text: str
    stops: bool = False
    """Whether nothing more is sent after this."""


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step gave."""

    step: Step
    result: str
    took_ms: float


def how_far(done: int, of: int) -> str:
    """How far a run came: `after step 2 of 3`."""
    return f"after step {done} of {of}" if done else f"before step 1 of {of}"


def broken_off(done: int, of: int) -> str:
    """How far a run came whose program ended in the middle: a step may have been sent that is not on record."""
    if done >= of:
        return how_far(done, of)
    return f"{how_far(done, of)}, {f'and step {done + 1}' if done else 'which'} may have been sent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    run_id: str
    verdict: Verdict
    steps: tuple[StepResult, ...]
