"""How a confirmed plan runs: locks, the guard, a fresh look at the targets, the run itself, and what comes after."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from actions.execution import Executor, Outcome, Report, Run, Sleep, changed, unrecordable
from actions.guard import forbids_running
from actions.plan import Plan, Refusal
from actions.verdict import TargetVerdict, Verdict, Word
from backend.clock import Clock
from backend.errors import JournalError, NotAllowed, SourceError
from backend.incident.journal import Journal
from backend.locks import TargetLock
from backend.model.target import Target

FOLLOW_EVERY = 5.0
"""Seconds between two looks at a target that is followed after its first verdict."""
RECENT = 3000
"""Journal lines that are looked through for cool-downs and budgets: more than ten minutes of steps at their pace."""


class Runner:
    """Runs plans, one at a time for each target, and writes down what it does before it does it."""

    def __init__(
        self,
        executor: Executor,
        journal: Journal,
        lock_dir: Path,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        *,
        platform: str = "",
    ) -> None:
        self._executor = executor
        self._journal = journal
        self._lock_dir = lock_dir
        self._platform = platform
        self._clock = clock
        self._sleep = sleep
        self.stopping = asyncio.Event()
        """Set to stop before the next step; the journal says after which."""

    async def run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        """Run the plan, or say why not. Nothing is sent before the intent is on disk."""
        with ExitStack() as held:
            # In one order everywhere: of two who share a target, one gets all of its locks.
            for target in sorted(plan.targets, key=lambda target: target.key):
                if refusal := self._lock(target, held):
                    return refusal
            try:
                recent = await asyncio.to_thread(self._journal.tail, RECENT)
            except JournalError as error:
                return unrecordable(error)
            refusal = forbids_running(plan, recent, self._clock.now()) or await self._unfit(plan)
            if refusal:
                return refusal
            run = Run(plan, self._executor, self._journal, self._clock, self._sleep, report, self.stopping)
            return await run.go()

    async def follow(self, outcome: Outcome, plan: Plan) -> Verdict:
        """Wait until every target that is *so far* has ended, and write the second verdict."""
        ended = await asyncio.gather(*(self._until_ended(one) for one in outcome.verdict.targets))
        verdict = Verdict.over(ended, outcome.verdict.skipped)
        keys = tuple(one.target.key for one in ended)
        data = verdict.as_data(final=True)
        try:
            await asyncio.to_thread(
                self._journal.append,
                "verdict", id=outcome.run_id, action=plan.action, targets=keys, data=data, sync=True,
            )  # fmt: skip
        except JournalError as error:
            return verdict.unrecorded(error)
        return verdict

    def _lock(self, target: Target, held: ExitStack) -> Refusal | None:
        lock = target_lock(self._lock_dir, self._platform, target.key, self._clock)
        try:
            holder = lock.acquire()
        except NotAllowed as error:
            return Refusal(f"Nothing was sent: {error.summary}.")
        except OSError as error:
            return Refusal(
                f"Nothing was sent: the lock on {target.label} cannot be had ({error.strerror}); see lock_dir."
            )
        if holder is not None:
            since = f" since {holder.since:%H:%M:%S}" if holder.since else ""
            return Refusal(f"{holder.who} acts on {target.label}{since}; wait for what comes of it.")
        held.callback(lock.release)
        return None

    async def _unfit(self, plan: Plan) -> Refusal | None:
        for target in plan.targets:
            if reason := await changed(self._executor, target):
                return Refusal(f"{reason[0].upper()}{reason[1:]}; nothing was sent.")
        return Refusal("backtop is ending; nothing was sent.") if self.stopping.is_set() else None

    async def _until_ended(self, seen: TargetVerdict) -> TargetVerdict:
        while seen.so_far:
            await self._sleep(FOLLOW_EVERY)
            try:
                seen = await self._executor.look(seen.target)
            except SourceError:
                continue  # the pane tells of it; the next look decides
            if seen.word is Word.NO_EFFECT and seen.so_far:  # it ran meanwhile: to stand as before is an end too
                seen = replace(seen, text=f"ran, and now {seen.text}", so_far=False)
        return seen


def target_lock(lock_dir: Path, platform: str, key: str, clock: Clock) -> TargetLock:
    """The lock that a run holds on the target of this key; the same name on another platform is another target."""
    return TargetLock(lock_dir, f"{platform} {key}", clock=clock)
