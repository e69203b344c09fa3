"""One job, and answers about all of them, folded from the names that servers use into ours."""

from datetime import datetime, timedelta
from types import MappingProxyType

from backend.clients.decode import Fields, count, identity, names
from backend.errors import BadAnswer
from backend.model.jobs import Job, JobCounts, JobsHealth, JobState, Priority
from backend.text import clean

STATES = MappingProxyType(
    {
        **dict.fromkeys(("pending", "queued", "waiting", "scheduled", "submitted", "created"), JobState.PENDING),
        **dict.fromkeys(("running", "active", "started", "in_progress", "processing"), JobState.RUNNING),
        **dict.fromkeys(("completed", "complete", "done", "finished", "succeeded", "success"), JobState.COMPLETED),
        **dict.fromkeys(("failed", "failure", "error", "errored", "crashed"), JobState.FAILED),
        **dict.fromkeys(("timeout", "timed_out", "timedout"), JobState.TIMEOUT),
        **dict.fromkeys(("cancelled", "canceled", "aborted"), JobState.CANCELLED),
    }
)
PRIORITIES = MappingProxyType(
    {
        **dict.fromkeys(("high", "urgent", "critical"), Priority.HIGH),
        **dict.fromkeys(("normal", "medium", "default"), Priority.NORMAL),
        "low": Priority.LOW,
    }
)


def state_of(word: object) -> JobState:
    """The state that a server's word means."""
    if not isinstance(word, str):
        return JobState.UNKNOWN
    return STATES.get(word.strip().casefold().replace("-", "_").replace(" ", "_"), JobState.UNKNOWN)


def decode_job(row: object, unsaid: JobState = JobState.UNKNOWN, known_id: str | None = None) -> Job | None:
    """One job; None when the row is no object or has no id that can be told.

    `unsaid` is the state of a row that says nothing of it, `known_id` the id of one that was asked for by it.
    """
    fields = Fields(row)
    id_ = identity(fields.get("id", "job_id", "backtest_id")) or known_id
    if id_ is None:
        return None
    word = fields.get("status", "state")
    state = unsaid if word is None else state_of(word)
    started = fields.when("started_at", "last_run_at")
    return Job(
        id=id_,
        label=clean(id_, 128),
        strategy=fields.text("strategy_name", "name", "strategy"),
        state=state,
        priority=PRIORITIES.get(fields.text("priority").casefold(), Priority.UNKNOWN),
        attempt=fields.count("attempt", "attempts"),
        error=fields.text("error_message", "error", "failure_reason", limit=2000),
        created_at=fields.when("created_at", "queued_at", "submitted_at"),
        started_at=started,
        finished_at=_finished(fields, started, state),
        symbols=names(fields.child("strategy_config", "config").get("symbols") or fields.get("symbols")),
    )


def unwrapped(body: object) -> object:
    """The job in an answer on one, which may lie under a name."""
    inner = Fields(body).get("backtest", "job", "data") if isinstance(body, dict) and "id" not in body else None
    return inner if isinstance(inner, dict) else body


def _finished(fields: Fields, started: datetime | None, state: JobState) -> datetime | None:
    finished = fields.when("finished_at", "completed_at", "failed_at", "ended_at")
    took = fields.number("duration_ms")
    if finished is not None or started is None or took is None or state in (JobState.RUNNING, JobState.PENDING):
        return finished
    try:
        return started + timedelta(milliseconds=max(0.0, took))
    except OverflowError:
        return None


def decode_counts(body: object) -> JobCounts:
    """How many jobs are in each state, from `counts` or the like, or from the top; synonyms are added up."""
    fields = Fields(body)
    counted: dict[JobState, int] = {}
    for name, value in (
        fields.child("counts", "by_status", "by_state", "summary") if _nested(fields) else fields
    ).items():
        state, many = state_of(name.removesuffix("_jobs").removesuffix("_count")), count(value)
        if state is not JobState.UNKNOWN and many is not None:
            counted[state] = counted.get(state, 0) + many
    if not counted:
        raise BadAnswer("the overview of jobs holds no counts")
    return JobCounts(
        failed=counted.get(JobState.FAILED),
        running=counted.get(JobState.RUNNING),
        pending=counted.get(JobState.PENDING),
        completed=counted.get(JobState.COMPLETED),
    )


def _nested(fields: Fields) -> bool:
    return any(name in fields for name in ("counts", "by_status", "by_state", "summary"))


def decode_health(body: object) -> JobsHealth:
    """The service's word on itself."""
    fields = Fields(body)
    return JobsHealth(
        status=said_status(fields, "the jobs' health"),
        active=fields.count("active_jobs", "active", "running_jobs"),
        pending=fields.count("pending_jobs", "pending", "queue_depth"),
        utilisation=fields.number("worker_utilization_percent", "worker_utilization", "worker_utilisation_percent"),
        last_success=fields.when("last_successful_completion", "last_success", "last_successful_job"),
    )


def said_status(fields: Fields, what: str) -> str:
    """The status word of a health answer; without one it is no such answer."""
    word = fields.get("status", "state", "health")
    if not isinstance(word, str) or not clean(word):
        raise BadAnswer(f"the answer on {what} has no status in it")
    return clean(word, 60)
