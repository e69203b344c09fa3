"""What comes after a run: its last verdict, whether it goes on, or was broken off in the middle.

Every run stays open until its last verdict stands in the journal. Who acted may have ended meanwhile: then whoever
comes next looks at its targets, waits until they have ended, and writes what became of them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from actions.credit import credited
from actions.keeping import held
from actions.means import Means
from actions.outcome import broken_off
from actions.verdict import TargetVerdict, Verdict, Word
from actions.watch import FOLLOW_FOR, LATE, LOOK_EVERY, Watch, unseen
from backend.errors import JournalError, SourceError
from backend.frozen import dataclass
from backend.holding import Grip, Taken
from backend.incident.identity import Meant, Told, meant_by, told_by
from backend.incident.runs import RunRecord
from backend.model.target import Target
from backend.text import add, clean

OTHERS_QUIET = timedelta(seconds=15)
"""So long after its first verdict others on this host follow a run that who acted does not follow."""
AWAY_QUIET = timedelta(seconds=FOLLOW_FOR) + timedelta(hours=1)
"""After so long a run that cannot be followed from here is not followed elsewhere any more either."""
KEEP_EVERY = 30.0
"""Seconds between two looks at the lock of a run that is followed, which may take a day."""
UNKNOWABLE = Verdict(Word.UNKNOWN, "nobody here can tell what it acted on", ())
ELSEWHERE = Verdict(Word.UNKNOWN, "what it acted on cannot be seen from here", ())


def left_alone(run: RunRecord, now: datetime, host: str) -> bool:
    """Whether a run of somebody else may be taken up, if nobody holds its lock.

    On this host a run without any verdict has a lock for as long as it lives; one that goes on is left for a moment to
    who acted. The locks of another host cannot be seen.
    """
    if run.host != host:
        return run.open and _quiet(run, now) >= AWAY_QUIET
    return run.open and (run.verdict is None or _quiet(run, now) >= OTHERS_QUIET)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Brings the runs of one kind of action to their last verdict."""

    means: Means
    acts_on: type[Target]
    """The kind of target that such an action has."""

    async def settle(self, id_: str, known: Verdict | None = None) -> Verdict | None:
        """Look until all that this run touched has ended, and write the last verdict; it says if it is not written.

        `known` is what was found out before, and could not be written. None when somebody else does all this, or has
        done it. Raises `JournalError` when the journal cannot be read, `SourceError` when there is no
        place for locks: then nobody can know that he is alone.
        """
        grip = self.means.locks.grip([self.means.locks.run(id_)])
        async with held(grip, lambda _: None, self.means.sleep, KEEP_EVERY) as why:
            match why:
                case Taken():
                    return None
                case SourceError():
                    raise why
            return await self._settle(id_, known, grip)

    async def last_verdict(self, id_: str) -> Verdict | None:
        """The last verdict of a run, whoever finds it out: this program, or another that was faster.

        None if there is no such run. Raises as `settle` does.
        """
        while True:
            if (verdict := await self.settle(id_)) is not None:
                return verdict
            await self.means.scribe.catch_up()
            run = self.means.scribe.ledger.run(id_)
            if run is None:
                return None
            if run.verdict is not None and not run.open:
                return _as_told(run.verdict.data)
            await self.means.sleep(LOOK_EVERY)

    async def _settle(self, id_: str, known: Verdict | None, grip: Grip) -> Verdict | None:
        await self.means.scribe.catch_up()  # it may have ended between two looks
        run = self.means.scribe.ledger.run(id_)
        if run is None or not run.open:
            return None
        verdict = known if known is not None and not known.so_far else await self._found_out(run, known)
        if verdict is None or not await grip.have():  # somebody else has it by now
            return None
        return await self._close(run, verdict)

    async def _found_out(self, run: RunRecord, known: Verdict | None) -> Verdict | None:
        """What became of its targets; None when somebody elsewhere may still find that out."""
        meant = meant_by(run, self.acts_on)
        if meant is not None and meant.place != self.means.executor.place:
            return _complete(ELSEWHERE, run) if _quiet(run, self.means.clock.now()) >= AWAY_QUIET else None
        seeds = None if meant is None else known.targets if known is not None else _seeds(run, meant)
        if meant is None or seeds is None:
            return _complete(UNKNOWABLE, run)
        watch = Watch(self.means)
        seen = await asyncio.gather(*(self._ended(watch, each, run, meant) for each in seeds))
        found = [one for one in seen if one is not None]
        needless = len(run.needless)
        none = "nothing was done" if run.verdict is not None else "nothing has changed"
        return _complete(Verdict.over(found, len(meant.targets) - len(found) - needless, needless, none=none), run)

    async def _ended(self, watch: Watch, seed: TargetVerdict, run: RunRecord, meant: Meant) -> TargetVerdict | None:
        """What became of one target; None if it was not touched, as far as can be seen."""
        seen = await watch.settled(seed.target, self._seconds(run, seed.target, meant)) if seed.unsettled else seed
        key = seed.target.key
        if key in run.sent or not seed.unsettled:
            ended = await watch.ended(seen)
            return credited(ended, undone=key in run.undone, doubtful=key in run.doubtful)
        return await self._perhaps(await watch.ended(seen) if seen.unsettled else seen)

    def _seconds(self, run: RunRecord, target: Target, meant: Meant) -> float:
        """What it has to settle: what got no answer may be done later than usual, also while nobody looked."""
        at = run.lost.get(target.key) if target.key in run.sent else run.last_at
        if at is None:
            return meant.settle
        return max(meant.settle, LATE - abs(self.means.clock.now() - at).total_seconds())

    async def _perhaps(self, seen: TargetVerdict) -> TargetVerdict | None:
        """Of a target to which something may have been sent: whether it has changed can be seen, but not by whom."""
        try:
            untouched = await self.means.executor.gone(seen.target) is None
        except SourceError:
            untouched = False
        if untouched:
            return None
        text = f"{seen.text}; whether this run did that is not known"
        return TargetVerdict(seen.target, Word.UNKNOWN, text)

    async def _close(self, run: RunRecord, verdict: Verdict) -> Verdict:
        keys = tuple(one.target.key for one in verdict.targets) or run.intent.targets
        data = verdict.as_data(final=True)
        try:
            await self.means.scribe.append("verdict", id=run.id, action=run.intent.action, targets=keys, data=data)
        except JournalError as error:
            return verdict.unrecorded(error) if verdict.recorded else verdict
        return replace(verdict, recorded=True)


def _quiet(run: RunRecord, now: datetime) -> timedelta:
    return abs(now - run.last_at)


def _complete(verdict: Verdict, run: RunRecord) -> Verdict:
    """The verdict of a run that was broken off says so, one that was stopped before all was done what stopped it."""
    if run.verdict is not None:
        stopped = clean(run.verdict.data.get("stopped"), 200)
        return verdict.stopped_by(stopped) if stopped and verdict.skipped else verdict
    how_far = broken_off(len(run.steps), len(run.intent.targets))
    return replace(verdict, text=add(verdict.text, f"; broken off {how_far}"))


def _seeds(run: RunRecord, meant: Meant) -> Sequence[TargetVerdict] | None:
    """The targets that were touched, as they were seen last; of a run that was broken off also the one that came next.

    Between sending a step and writing it down a program can end: what came next may have been sent. None where the
    last verdict cannot be understood.
    """
    if run.verdict is not None:
        told = told_by(run, meant.targets)
        return None if told is None or not all(_is_word(each.word) for each in told) else [_seen(each) for each in told]
    touched = [target for target in meant.targets if target.key in run.sent]
    done = {key for step in run.steps for key in step.targets}
    after = [target for target in meant.targets if target.key not in done]
    return [unseen(target) for target in (*touched, *after[:1])]


def _as_told(data: Mapping[str, Any]) -> Verdict:
    """A last verdict as the journal tells it, which may be damaged."""
    word, text = data.get("verdict"), clean(data.get("text"))
    if not _is_word(word):
        return Verdict(Word.UNKNOWN, "its last verdict in the journal cannot be understood", ())
    return Verdict(Word(word), text, ())


def _is_word(word: object) -> TypeGuard[str]:
    return word in list(Word)


def _seen(told: Told) -> TargetVerdict:
    return TargetVerdict(told.target, Word(told.word), told.text, told.so_far)
