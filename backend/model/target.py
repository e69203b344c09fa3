"""What an action acts on, by identity, never by row."""

from dataclasses import field
from datetime import datetime
from typing import ClassVar, TypeVar

from backend.frozen import dataclass
from backend.model.engine import Unit
from backend.model.jobs import Job


@dataclass(frozen=True, slots=True)
class JobTarget:
    """One attempt of one job, by id, attempt and start. Without an attempt number: by id, start and error."""

    id: str
    label: str
    attempt: int | None
    started_at: datetime | None
    error: str
    restless: ClassVar[bool] = False
    """A job runs again when somebody asks for it."""

    @classmethod
    def of(cls, job: Job) -> "JobTarget":
        """The identity of this job as it stands now."""
        return cls(job.id, job.label, job.attempt, job.started_at, job.error)

    @property
    def key(self) -> str:
        """Names the target for locks and cool-downs: the job, whatever its attempt."""
        return f"job:{self.id}"

    def same(self, job: Job) -> bool:
        """Whether this job is still the attempt that was targeted."""
        if job.id != self.id:
            return False
        if self.attempt is not None and job.attempt is not None:
            started = {self.started_at, job.started_at} - {None}
            return job.attempt == self.attempt and len(started) <= 1
        return (job.started_at, job.error) == (self.started_at, self.error)


@dataclass(frozen=True, slots=True)
class UnitTarget:
    """One run of one unit: its invocation. A unit that its manager starts again and again is meant in whichever run."""

    id: str
    """The unit's name."""
    invocation: str
    active: str
    restless: bool = False
    """Whether its manager starts it again and again: each look finds another run and another state then."""
    restarts: int | None = field(default=None, compare=False)
    """How often its manager had started it by itself; to compare with afterwards, no part of what it is."""

    @classmethod
    def of(cls, unit: Unit, at: datetime | None = None) -> "UnitTarget":
        """The identity of the unit as it was read at this moment."""
        return cls(unit.name, unit.invocation, unit.active, unit.restless(at), unit.restarts)

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.id

    @property
    def key(self) -> str:
        """Names the target for locks and cool-downs."""
        return f"unit:{self.id}"

    def same(self, unit: Unit, at: datetime | None = None) -> bool:
        """Whether the unit, as it was read at this moment, still is in the run and the state that were targeted.

        One that was restless is the same while it still is; not once it holds, and not once it has failed or was
        stopped: nothing tells a manager that gave up from a person who wants it down.
        """
        if self.restless:
            return unit.name == self.id and unit.restless(at)
        return (unit.name, unit.invocation, unit.active) == (self.id, self.invocation, self.active)


Target = JobTarget | UnitTarget
T = TypeVar("T")


def of_kind(thing: object, kind: type[T]) -> T:
    """The thing itself where it is of this kind. Raises TypeError: one family was handed another's target or step."""
    if not isinstance(thing, kind):
        raise TypeError(f"{type(thing).__name__} where {kind.__name__} belongs")
    return thing
