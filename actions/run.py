"""How a confirmed plan runs: locks, the guard, a fresh look at the targets, then the run itself."""

from collections.abc import Iterator
from contextlib import ExitStack

from actions.brake import Brake
from actions.execution import Run, unrecordable
from actions.guard import forbids_running
from actions.keeping import kept
from actions.means import Means, changed
from actions.outcome import Outcome, Progress, Report
from actions.plan import Plan, Refusal
from backend.errors import JournalError, NotAllowed
from backend.locks import Held, TargetLock

RECENT = 3000
"""Journal lines that are looked through for cool-downs and budgets: more than ten minutes of steps at their pace."""


class Runner:
    """Runs plans, one at a time for each target, and writes down what it does before it does it."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.brake = Brake()
        """Pulled to stop before the next step; the journal says after which."""

    async def run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        """Run the plan, or say why not. Nothing is sent before the intent is on disk."""
        run = Run(plan, self.means, report, self.brake)
        with ExitStack() as held:
            locks = []
            for lock, does in self._locks(plan, run.id):
                if refusal := _taken(lock, held, does):
                    return refusal
                locks.append(lock)
            async with kept(locks, self.brake.pull, self.means.sleep):
                return await self.forbidden(plan) or await self._unfit(plan, report) or await run.go()

    def _locks(self, plan: Plan, run_id: str) -> Iterator[tuple[TargetLock, str]]:
        """All that has to be had, in one order everywhere: of two who share a target, one gets all of its locks."""
        place = self.means.executor.place
        for target in sorted(plan.targets, key=lambda target: target.key):
            yield self.means.locks.target(place, target), f"acts on {target.label}"
        yield self.means.locks.run(run_id), "has this run"

    async def forbidden(self, plan: Plan) -> Refusal | None:
        """Why this plan must not run now, by what the journal says; asked before it is confirmed, and again after."""
        try:
            recent = await self.means.scribe.tail(RECENT)
        except JournalError as error:
            return unrecordable(error)
        return forbids_running(plan, recent, self.means.clock.now())

    async def _unfit(self, plan: Plan, report: Report) -> Refusal | None:
        for number, target in enumerate(plan.targets):
            if self.brake.pulled:
                break
            report(Progress(number, len(plan.targets), f"{target.label}: is it still what was confirmed?"))
            if found := await changed(self.means.executor, target):
                return Refusal(f"{found.why[0].upper()}{found.why[1:]}; nothing was sent.")
        return Refusal(f"{self.brake.why}; nothing was sent.") if self.brake.pulled else None


def busy(holder: Held, does: str) -> Refusal:
    """Somebody has a lock, and does something with it."""
    since = f" since {holder.since:%H:%M:%S}" if holder.since else ""
    return Refusal(f"{holder.who} {does}{since}; wait for what comes of it.")


def _taken(lock: TargetLock, held: ExitStack, does: str) -> Refusal | None:
    """Take a lock for as long as `held` lasts, or say who has it and what he does."""
    try:
        holder = lock.acquire()
    except NotAllowed as error:
        return Refusal(f"Nothing was sent: {error.summary}.")
    if holder is not None:
        return busy(holder, does)
    held.callback(lock.release)
    return None
