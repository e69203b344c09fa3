"""How a confirmed plan runs: locks, the guard, a fresh look at the targets, then the run itself."""

from collections.abc import Sequence
from contextlib import suppress

from actions.brake import Brake
from actions.execution import Run, new_id, unrecordable
from actions.guard import BUDGET_WINDOW, forbids_running
from actions.keeping import held
from actions.means import Means, changed
from actions.outcome import Outcome, Progress, Report
from actions.plan import Plan, Refusal
from backend.errors import JournalError, SourceError
from backend.holding import Taken
from backend.incident.entry import told_as_data
from backend.locks import Held
from backend.text import add

NEVER_ENDS = "If it never ends, kill -9 that process, for a stopped one hears nothing else; its lock goes with it."
"""The way out where the holder of a lock hangs."""


class Runner:
    """Runs plans, one at a time for each target, and writes down what it does before it does it."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self.brake = Brake()
        """Pulled to stop before the next step; the journal says after which."""

    async def run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        """Run the plan, or say why not, and write down also that. Nothing is sent before the intent is on disk."""
        outcome = await self._run(plan, report)
        return outcome if isinstance(outcome, Outcome) else await self.refused(plan, outcome)

    async def refused(self, plan: Plan, refusal: Refusal) -> Refusal:
        """Write down that a confirmed plan was refused; it is told also when that cannot be written."""
        keys = tuple(target.key for target in plan.targets)
        with suppress(JournalError):
            await self.means.scribe.append(
                "refusal", id=new_id(), action=plan.action, targets=keys, data=told_as_data(refusal.reason)
            )
        return refusal

    async def _run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        id_ = new_id()
        place = self.means.executor.place
        # One order everywhere: of two who share a target, one gets all of its locks.
        targets = sorted(plan.targets, key=lambda target: target.key)
        locks = [*(self.means.locks.target(place, target) for target in targets), self.means.locks.run(id_)]
        grip = self.means.locks.grip(locks)
        async with held(grip, self.brake.pull, self.means.sleep) as why:
            match why:
                case Taken():
                    return _others_have([*(f"acts on {target.label}" for target in targets), "has this run"], why)
                case SourceError():
                    return Refusal(f"Nothing was sent: {why.summary}.")
            run = Run(id_, plan, self.means, report, self.brake, grip)
            return await self.forbidden(plan) or await self._unfit(plan, report) or await run.go()

    async def forbidden(self, plan: Plan) -> Refusal | None:
        """Why this plan must not run now, by the journal and by who we are; asked before it is confirmed, and again."""
        try:
            await self.means.scribe.look_writable()
            recent = await self.means.scribe.since(self.means.clock.now() - BUDGET_WINDOW)
        except JournalError as error:
            return unrecordable(error)
        return forbids_running(plan, recent, self.means.clock.now()) or await self._barred()

    async def _barred(self) -> Refusal | None:
        try:
            why = await self.means.executor.barred()
        except SourceError as error:
            why = add(f"Whether this may be asked for cannot be seen: {error.summary}", ".")
        return None if why is None else Refusal(why)

    async def _unfit(self, plan: Plan, report: Report) -> Refusal | None:
        for number, target in enumerate(plan.targets):
            if self.brake.pulled:
                break
            report(Progress(number, len(plan.targets), f"{target.label}: is it still what was confirmed?"))
            if found := await changed(self.means.executor, target):
                return Refusal(add(f"Nothing was sent: {found.why}", "."))
        return Refusal(f"{self.brake.why}; nothing was sent.") if self.brake.pulled else None


def busy(holder: Held, does: str) -> Refusal:
    """Somebody has a lock, and does something with it."""
    since = f" since {holder.since:%H:%M:%S}" if holder.since else ""
    return Refusal(f"{holder.who} {does}{since}; wait for what comes of it. {NEVER_ENDS}")


def _others_have(does: Sequence[str], taken: Taken) -> Refusal:
    """Who has a lock that is needed, and what he does."""
    return busy(taken.by, does[taken.number])
