"""What an action acts on, by identity, never by row."""

from dataclasses import dataclass
from datetime import datetime

from backend.model.jobs import Job


@dataclass(frozen=True, slots=True)
class JobTarget:
    """One attempt of one job. Without an attempt number: its id, start and error together."""

    id: str
    label: str
    attempt: int | None
    started_at: datetime | None
    error: str

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
        if self.attempt is not None or job.attempt is not None:
            return job.attempt == self.attempt
        return (job.started_at, job.error) == (self.started_at, self.error)


Target = JobTarget
