"""What comes after a run: its last verdict, whether it goes on, or was broken off in the middle.

Every run stays open until its last verdict stands in the journal. Who acted may have ended meanwhile: then whoever
comes next looks at its targets, waits until they have ended, and writes what became of them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from actions.means import Means
from actions.plan import SETTLE
from actions.verdict import TargetVerdict, Verdict, Word
from actions.watch import FOLLOW_FOR, Watch, unseen
from backend.errors import JournalError, NotAllowed, SourceError
from backend.incident.identity import targets_of
from backend.incident.runs import RunRecord
from backend.incident.scribe import Scribe
from backend.model.target import Target

OTHERS_QUIET = timedelta(seconds=15)
"""So long after its first verdict others on this host follow a run that who acted does not follow."""
AWAY_QUIET = timedelta(seconds=FOLLOW_FOR) + timedelta(hours=1)
"""After so long a run on another host, whose locks cannot be seen from here, is not followed there any more."""

UNKNOWABLE = Verdict(Word.UNKNOWN, "this backtop cannot look at what it acted on", ())


def left_alone(run: RunRecord, now: datetime, host: str) -> bool:
    """Whether a run of somebody else may be taken up, if nobody holds its lock.

    On this host a run without any verdict has a lock for as long as it lives; one that goes on is left for a moment to
    who acted.
    """
    if run.host != host:
        return run.open and abs(now - run.last_at) >= AWAY_QUIET
    return run.open and (run.verdict is None or abs(now - run.last_at) >= OTHERS_QUIET)


def how_far(run: RunRecord) -> str:
    """How far a run came, by its steps: `after step 2 of 3`."""
    done, of = len(run.steps), len(run.intent.targets)
    return f"after step {done} of {of}" if done else f"before step 1 of {of}"


async def close(scribe: Scribe, run: RunRecord, verdict: Verdict) -> Verdict:
    """Write the last verdict of a run; it says so if the run was broken off, and if it could not be written."""
    if run.verdict is None:
        verdict = replace(verdict, text=f"{verdict.text}; broken off {how_far(run)}")
    keys = tuple(one.target.key for one in verdict.targets) or run.intent.targets
    data = verdict.as_data(final=True)
    try:
        await scribe.append("verdict", id=run.id, action=run.intent.action, targets=keys, data=data)
    except JournalError as error:
        return verdict.unrecorded(error)
    return verdict


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Brings the runs of one kind of action to their last verdict."""

    means: Means

    async def settle(self, id_: str) -> Verdict | None:
        """Look until all that this run touched has ended, and write the last verdict.

        None when somebody else does that, or has done it. Raises `JournalError` when the journal cannot be read.
        """
        try:
            with self.means.locks.run(id_) as holder:
                if holder is not None:
                    return None
                await self.means.scribe.catch_up()  # it may have ended between two looks
                run = self.means.scribe.ledger.run(id_)
                return await self._settle(run) if run is not None and run.open else None
        except NotAllowed:
            return None  # without a place for locks nobody can know that he is alone

    async def _settle(self, run: RunRecord) -> Verdict:
        if len(targets_of(run)) < len(run.intent.targets):
            return await close(self.means.scribe, run, UNKNOWABLE)
        seen = await asyncio.gather(*(self._ended(each, run) for each in _seeds(run)))
        found = [one for one in seen if one is not None]
        verdict = Verdict.over(found, skipped=len(run.intent.targets) - len(found))
        return await close(self.means.scribe, run, verdict)

    async def _ended(self, seed: TargetVerdict, run: RunRecord) -> TargetVerdict | None:
        """What became of one target; None if it was not touched, as far as can be seen."""
        watch = Watch(self.means)
        if run.verdict is not None:
            return await watch.ended(seed)
        settled = await watch.settled(seed.target, _settle_seconds(run))
        if seed.target.key not in run.sent and settled.word is Word.NO_EFFECT and await self._stands(seed.target):
            return None
        return await watch.ended(settled)

    async def _stands(self, target: Target) -> bool:
        try:
            return await self.means.executor.gone(target) is None
        except SourceError:
            return False


def _seeds(run: RunRecord) -> Sequence[TargetVerdict]:
    """The targets that were touched, as they were seen last; of a run that was broken off also the one that came next.

    Between sending a step and writing it down a program can end: what came next may have been sent.
    """
    targets = {target.key: target for target in targets_of(run)}
    if run.verdict is not None:
        told = run.verdict.data.get("targets")
        seen = [each for each in told if _is_told(each, targets)] if isinstance(told, list) else []
        return [_seen(each, targets[each["key"]]) for each in seen]
    touched = [target for key, target in targets.items() if key in run.sent]
    after = [target for key, target in targets.items() if not any(key in step.targets for step in run.steps)]
    return [unseen(target) for target in (*touched, *after[:1])]


def _is_told(each: object, targets: Mapping[str, Target]) -> bool:
    return isinstance(each, Mapping) and each.get("key") in targets and each.get("verdict") in list(Word)


def _seen(told: Mapping[str, Any], target: Target) -> TargetVerdict:
    return TargetVerdict(target, Word(told["verdict"]), str(told.get("text", "")), so_far=told.get("so_far") is True)


def _settle_seconds(run: RunRecord) -> float:
    told = run.intent.data.get("settle_s")
    return min(float(told), FOLLOW_FOR) if isinstance(told, int | float) else SETTLE
