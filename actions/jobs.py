"""Requeueing failed jobs (runbook, Queue Management): the plan, and what a fresh read says of each job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from actions.means import Changed
from actions.plan import HttpRequest, Plan, Refusal, Risk, Step
from actions.spec import Ask
from actions.verdict import TargetVerdict, Word
from backend.errors import MissingObject, MissingRoute
from backend.model.jobs import Job, JobState
from backend.model.situation import Situation
from backend.model.target import JobTarget, Target, of_kind
from backend.parts import ENGINE_UNIT, JOBS_FAILED, JOBS_HEALTH
from backend.spans import ago
from backend.text import counted, listed

if TYPE_CHECKING:  # the registry is read before the first picture, which must not wait for a network library
    from backend.clients.api import ApiClient

RUNS_AGAIN = frozenset({JobState.PENDING, JobState.RUNNING, JobState.COMPLETED})
"""What a requeue is to make of a failed job."""
SHARES = "shares its id with another job, and nobody knows which one a request would reach"
ENOUGH_NAMES = 3
"""How many ids a refusal lists before it says how many more there are."""


def plan_requeue(ask: Ask) -> Plan | Refusal:
    """Run these failed jobs again as they were configured; several of them behind a canary."""
    situation, asked = ask.situation, jobs_among(ask.targets)
    if ask.options:
        return Refusal(f"job.requeue has no option {sorted(ask.options)[0]!r}; it runs the job as it was configured.")
    if not asked:
        return Refusal("No failed job is chosen: put the cursor on one, or mark some with space.")
    known = situation.value(JOBS_FAILED)
    failed = {job.id: job for job in known.jobs} if known else {}
    unfit = {target: _why_not(job) for target in asked if (job := failed.get(target.id)) and not job.actionable}
    targets = tuple(target for target in asked if target not in unfit)
    jobs = [failed.get(target.id) for target in targets]
    if refusal := _unfit(targets, jobs, unfit):
        return refusal
    now = situation.server_now(JOBS_FAILED)
    return Plan(
        action="job.requeue",
        title="requeue",
        what="1 job" if len(targets) == 1 else f"{len(targets)} jobs",
        risk=Risk.LOW if len(targets) == 1 else Risk.MEDIUM,
        targets=targets,
        about=tuple(_about(job, now) for job in jobs if job),
        steps=tuple(Step(HttpRequest("POST", ("backtests", target.id, "requeue")), target) for target in targets),
        preconditions=("each job is still failed, in the attempt shown here",),
        effects=(*_left_out(unfit), *_effects(situation, len(targets))),
        checks=_checks(len(targets)),
        facts_age_s=situation[JOBS_FAILED].age(situation.at) or 0.0,
    )


def jobs_among(targets: Sequence[Target]) -> tuple[JobTarget, ...]:
    """The jobs among some targets, each once."""
    return tuple(target for target in dict.fromkeys(targets) if isinstance(target, JobTarget))


def failed_jobs(situation: Situation) -> tuple[Target, ...]:
    """Every failed job that is listed."""
    known = situation.value(JOBS_FAILED)
    return tuple(JobTarget.of(job) for job in known.jobs) if known else ()


def _unfit(targets: Sequence[JobTarget], jobs: Sequence[Job | None], unfit: Mapping[JobTarget, str]) -> Refusal | None:
    paired = list(zip(targets, jobs, strict=True))
    if not paired:
        return Refusal(f"{'. '.join(_told(unfit))}.")
    if gone := [target.label for target, job in paired if job is None]:
        return Refusal(f"{_jobs(gone)} is not among the failed jobs any more; look again before acting.")
    if moved := [target.label for target, job in paired if job and not target.same(job)]:
        return Refusal(f"{_jobs(moved)} has moved on to another attempt; look again before acting.")
    return None


def _why_not(job: Job) -> str:
    """Why this job is never acted on, as the end of a sentence about one or several."""
    if not job.has_safe_id:
        return "has an id that cannot be put into a request safely; repair it on the server"
    return f"{SHARES}; repair it on the server"


def _told(unfit: Mapping[JobTarget, str]) -> list[str]:
    """For each reason a sentence on the jobs that it keeps from being acted on."""
    labels: dict[str, list[str]] = {}
    for target, why in unfit.items():
        labels.setdefault(why, []).append(target.label)
    return [f"{_jobs(which)} {why}" for why, which in labels.items()]


def _left_out(unfit: Mapping[JobTarget, str]) -> tuple[str, ...]:
    """One id that is no id must not keep a whole group from being repaired."""
    return tuple(f"leaves out: {sentence}" for sentence in _told(unfit))


def _jobs(labels: Sequence[str]) -> str:
    return f"Job {listed(labels, ENOUGH_NAMES)}"


def _about(job: Job, now: datetime) -> str:
    attempt = "" if job.attempt is None else f"attempt {job.attempt}"
    age = "" if job.broke_at is None else f"failed {ago((now - job.broke_at).total_seconds())}"
    return "  ".join(word for word in (job.label, job.strategy, job.priority.value, attempt, age, job.error) if word)


def _effects(situation: Situation, count: int) -> tuple[str, ...]:
    health = situation.fresh(JOBS_HEALTH)
    unit = situation.fresh(ENGINE_UNIT)
    takes = f"takes {counted(count, 'place')} in the queue"
    if health and health.pending is not None:
        takes += f", behind {health.pending} that wait"
    lines = [takes, "harms no other job; can be repeated; what a job has computed so far is not kept"]
    if unit and not unit.running:
        lines.insert(0, f"the engine is {unit.active}: a requeued job waits until it runs")
    return tuple(lines)


def _checks(count: int) -> tuple[str, ...]:
    look = "a fresh read of the job: completed in a new attempt is worked, failed again is no effect"
    if count == 1:
        return (look,)
    return (look, "the first goes alone; the rest follow at 2 a second, and stop when one fails again")


class JobExecutor:
    """Acts on jobs through the API, and looks at them afresh."""

    def __init__(self, api: "ApiClient") -> None:
        self._api = api

    @property
    def place(self) -> str:
        """The API that has the jobs."""
        return self._api.place

    async def barred(self) -> str | None:
        """Nothing is known to bar it before it is tried: the API says so then."""
        return None

    async def gone(self, target: Target) -> Changed | None:
        """How the target is no longer what was confirmed, None when it still is. Raises SourceError."""
        wanted = of_kind(target, JobTarget)
        job = await self._find(wanted)
        if job is None:
            return Changed(f"job {target.label} cannot be found any more")
        if job.ambiguous:
            return Changed(f"job {target.label} {SHARES}")
        if not job.state.broken:
            return Changed(f"job {target.label} is {job.state.value} now", needless=job.state in RUNS_AGAIN)
        return None if wanted.same(job) else Changed(f"job {target.label} has failed again since, in another attempt")

    async def perform(self, step: Step) -> str:
        """Send the step's request, once; returns the server's word. Raises SourceError."""
        request = of_kind(step.request, HttpRequest)
        sent = await self._api.send(request.method, request.segments, request.body, thing=f"job {step.target.label}")
        return f"{sent.status} {sent.word}"

    async def look(self, target: Target) -> TargetVerdict:
        """What a fresh read shows of the target after its step. Raises SourceError."""
        wanted = of_kind(target, JobTarget)
        job = await self._find(wanted)
        if job is None:
            return TargetVerdict(target, Word.UNKNOWN, "cannot be found in any list", so_far=True)
        if job.ambiguous:
            return TargetVerdict(target, Word.UNKNOWN, SHARES, so_far=True)
        return judge(wanted, job)

    async def _find(self, target: JobTarget) -> Job | None:
        try:
            return await self._api.job(target.id)
        except (MissingRoute, MissingObject):
            return await self._find_in_lists(target)

    async def _find_in_lists(self, target: JobTarget) -> Job | None:
        """Some servers list jobs that they cannot look up one by one."""
        for state in (JobState.RUNNING, JobState.PENDING, JobState.FAILED, JobState.COMPLETED, JobState.CANCELLED):
            known = await self._api.jobs(state)
            for job in known.jobs:
                if job.id == target.id:
                    return job
        return None


def judge(target: JobTarget, job: Job) -> TargetVerdict:
    """The verdict on one requeued job from how it stands now. A later attempt than the next is somebody else's."""
    attempt = "" if job.attempt is None else f" in attempt {job.attempt}"
    if job.attempt is not None and target.attempt is not None and job.attempt > target.attempt + 1:
        return TargetVerdict(target, Word.UNKNOWN, f"{job.state.value}{attempt}, which somebody else began")
    match job.state:
        case JobState.COMPLETED:
            return TargetVerdict(target, Word.WORKED, f"completed{attempt}")
        case JobState.PENDING | JobState.RUNNING:
            return TargetVerdict(target, Word.WORKED, f"{job.state.value}{attempt}", so_far=True)
        case JobState.FAILED | JobState.TIMEOUT if target.same(job):
            return TargetVerdict(target, Word.NO_EFFECT, f"still {job.state.value}{attempt}, unchanged", so_far=True)
        case JobState.FAILED | JobState.TIMEOUT:
            how = "same error" if job.error == target.error else f"another error: {job.error}"
            return TargetVerdict(target, Word.NO_EFFECT, f"failed again{attempt}, {how}")
        case JobState.CANCELLED:
            return TargetVerdict(target, Word.NO_EFFECT, f"was cancelled{attempt}")
        case _:
            return TargetVerdict(
                target, Word.UNKNOWN, f"is in a state that backtop does not know{attempt}", so_far=True
            )
