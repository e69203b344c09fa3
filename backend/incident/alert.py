"""The alert `ResearchBacktestFailed` (runbook, Quick Reference), computed from the jobs alone.

It fires while a running job is over the limit, or while one that failed within the last 60 minutes is still failed.
Since when follows from the jobs' own times, so that one look is enough to know. Where these do not tell when a job
failed, nobody can give the all-clear: then it fires for what failed within the 60 minutes for certain, and is unknown
for what may have.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from backend.config.model import Limits
from backend.failures import Failures, failures_of, overdue, recently_known
from backend.frozen import dataclass
from backend.model.jobs import Job, JobList
from backend.model.situation import Part, Situation
from backend.parts import JOBS_COUNTS, JOBS_FAILED, JOBS_RUNNING

NAME = "ResearchBacktestFailed"
RTO = timedelta(hours=4)


class AlertState(StrEnum):
    """Whether the alert fires. `UNKNOWN`: nothing known makes it fire, but not all jobs or their times are known."""

    FIRING = "firing"
    OK = "ok"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Alert:
    """The alert at one moment, by the clock of the server that tells of the jobs."""

    state: AlertState
    since: datetime | None
    """Since when it has been firing without a pause; None when no job has a time.

    A job of which only the beginning is told counts as if it had failed then.
    """
    reasons: tuple[str, ...]
    at: datetime
    """When this was judged."""
    doubt: str = ""
    """Why it is unknown although both lists of jobs were read; empty where they were not."""
    fired_at: datetime | None = None
    """Of one that is unknown because jobs are read no more, when they were last, if it was firing then."""

    @property
    def firing(self) -> bool:
        """Whether it fires."""
        return self.state is AlertState.FIRING

    @property
    def lasted(self) -> timedelta | None:
        """How long it has been firing, or will have been if it has not stopped since nobody knows."""
        return None if self.since is None else self.at - self.since

    @property
    def rto_left(self) -> timedelta | None:
        """What is left of the recovery time objective; negative when it is missed."""
        return None if self.lasted is None else RTO - self.lasted


def alert(situation: Situation, limits: Limits) -> Alert:
    """The alert in this situation."""
    failed, running = _known(situation, JOBS_FAILED), _known(situation, JOBS_RUNNING)
    now = situation.server_now(JOBS_RUNNING if failed is None else JOBS_FAILED)
    if failed is None and running is None:
        return Alert(AlertState.UNKNOWN, None, (), now)
    limit = timedelta(minutes=limits.runtime_minutes)
    failures = failures_of(failed or JobList())
    fresh = failures.recent(now)
    late = overdue(running.jobs, situation.server_now(JOBS_RUNNING), limit) if running else ()
    if not fresh and not late:  # one list alone can prove that it fires, never that it does not
        if failed is None or running is None:
            return Alert(AlertState.UNKNOWN, None, (), now)
        doubt = _doubt(situation, failed, running, may_be_recent=failures.may_be_recent(now, limit))
        return Alert(AlertState.UNKNOWN if doubt else AlertState.OK, None, (), now, doubt)
    reasons = (*_of_failures(len(fresh), timed=bool(failures.timed)), *_of_overruns(late, limit, now))
    return Alert(AlertState.FIRING, _since(failures, late, limit, now), reasons, now)


def alert_watched(situation: Situation, limits: Limits) -> Alert:
    """The alert as who goes on watching knows it: that it fired is not forgotten when jobs are read no more."""
    now = alert(situation, limits)
    if now.state is not AlertState.UNKNOWN or now.doubt:
        return now
    read = sorted(at for part in (JOBS_FAILED, JOBS_RUNNING) if (at := situation[part].value_at) is not None)
    for read_at in reversed(read):
        before = alert(situation.seen_at(read_at), limits)
        if before.firing:
            return replace(now, since=before.since, fired_at=read_at)
    return now


def _known(situation: Situation, part: Part[JobList]) -> JobList | None:
    state = situation[part]
    return state.value if recently_known(state, situation.at) else None


def _doubt(situation: Situation, failed: JobList, running: JobList, *, may_be_recent: bool) -> str:
    """What may make it fire that nobody can see; empty when there is no such thing."""
    counts = situation.fresh(JOBS_COUNTS)
    if failed.bad_rows or running.bad_rows:
        return f"bad rows among failed jobs: {failed.bad_rows}, among running ones: {running.bad_rows}"
    if counts and counts.failed and not failed.jobs:
        return "the server counts failed jobs and lists none"
    return "nobody tells when some of the failed jobs failed" if may_be_recent else ""


def _since(failures: Failures, late: Sequence[Job], limit: timedelta, now: datetime) -> datetime | None:
    """The start of the time without a pause that ends now.

    A job fires the alert for an hour after it failed: one that failed while an earlier failure still counted did not
    start the alert but carried it on.
    """
    passed = [job.started_at + limit for job in late if job.started_at is not None]
    if not passed and not failures.timed:
        return None
    return failures.unbroken_since(min((*passed, now)))


def _of_failures(count: int, *, timed: bool) -> tuple[str, ...]:
    if not count:
        return ()
    one = count == 1
    if not timed:
        return (f"{'1 job is' if one else f'{count} jobs are'} failed, and nobody tells since when",)
    return (
        "1 job failed in the last hour and still is" if one else f"{count} jobs failed in the last hour and still are",
    )


def _of_overruns(late: Sequence[Job], limit: timedelta, now: datetime) -> tuple[str, ...]:
    return tuple(
        f"job {job.label} runs for {_minutes(now - job.started_at)} min, over its limit of {_minutes(limit)}"
        for job in late
        if job.started_at is not None
    )


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
