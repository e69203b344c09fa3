"""Looks at targets afresh until each has come to its end."""

from collections.abc import Callable
from dataclasses import replace

from actions.means import Means
from actions.verdict import TargetVerdict, Word
from backend.errors import SourceError
from backend.model.target import Target

LOOK_EVERY = 1.0
"""Seconds between two looks while a step settles."""
FOLLOW_EVERY = 5.0
"""Seconds between two looks at a target that is followed after its first verdict."""
FOLLOW_FOR = 24 * 3600.0
"""Seconds after which what still goes on is left to itself."""
LOST_AFTER = 60.0
"""Seconds for which a followed target may not be found before it counts as gone."""
Tell = Callable[[TargetVerdict], None]


def unseen(target: Target) -> TargetVerdict:
    """What is known of a target before the first look."""
    return TargetVerdict(target, Word.UNKNOWN, "not looked at yet", so_far=True)


class Watch:
    """Looks with the eyes of one executor."""

    def __init__(self, means: Means, tell: Tell = lambda _: None, stops: Callable[[], bool] = lambda: False) -> None:
        self._means = means
        self._tell = tell
        self._stops = stops
        """Whether nobody wants to wait any longer."""

    async def settled(self, target: Target, seconds: float) -> TargetVerdict:
        """What a target is when it has ended, or when the time to settle is over.

        *So far* remains only what has worked until now and goes on.
        """
        seen, until = unseen(target), self._now() + seconds
        while seen.so_far and self._now() < until:
            await self._means.sleep(LOOK_EVERY)
            seen = await self._look(target)
            self._tell(seen)
            if self._stops():
                break
        if seen.word is Word.WORKED or not seen.so_far:
            return seen
        if self._stops():
            return replace(seen, word=Word.UNKNOWN, text=f"{seen.text}; not settled", so_far=False)
        return replace(seen, so_far=False)

    async def ended(self, seen: TargetVerdict) -> TargetVerdict:
        """What became of a target that had worked so far; followed for a day at the most.

        While it cannot be read nothing is decided; when it is read and nobody can tell for a while, that is the end.
        """
        began = told_at = self._now()
        while seen.so_far:
            await self._means.sleep(FOLLOW_EVERY)
            found = await self._found(seen.target)
            now = self._now()
            if found is not None and found.word is not Word.UNKNOWN:
                seen, told_at = _come_back(found), now
            elif found is not None and (now - told_at >= LOST_AFTER or not found.so_far):
                return replace(found, so_far=False)
            if seen.so_far and now - began >= FOLLOW_FOR:
                return replace(seen, word=Word.UNKNOWN, text=f"{seen.text}, and has not ended in a day", so_far=False)
        return seen

    def _now(self) -> float:
        return self._means.clock.monotonic()

    async def _look(self, target: Target) -> TargetVerdict:
        try:
            return await self._means.executor.look(target)
        except SourceError as error:
            return TargetVerdict(target, Word.UNKNOWN, f"cannot be read: {error.summary}", so_far=True)

    async def _found(self, target: Target) -> TargetVerdict | None:
        try:
            return await self._means.executor.look(target)
        except SourceError:
            return None


def _come_back(seen: TargetVerdict) -> TargetVerdict:
    """What stands again as it stood before, although it had gone on meanwhile, has come to its end too."""
    if seen.word is Word.NO_EFFECT and seen.so_far:
        return replace(seen, text=f"ran, and now {seen.text}", so_far=False)
    return seen
