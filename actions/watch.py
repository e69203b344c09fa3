"""Looks at targets afresh until each has come to its end."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from actions.means import Means
from actions.verdict import TargetVerdict, Word
from backend.errors import SourceError
from backend.model.target import Target

LOOK_EVERY = 1.0
"""Seconds between two looks while a step settles."""
SETTLE_LOOKS = 10.0
"""Looks a second, at all the targets of a run together, while its steps settle."""
LATE = 60.0
"""Seconds within which a server that gave no answer may still do what it was asked."""
FOLLOW_EVERY = 5.0
"""Seconds between two looks at a target that is followed after its first verdict."""
FOLLOW_LOOKS = 1.0
"""Looks a second at all that is followed of a run: of many targets each is looked at less often."""
FOLLOW_FOR = 24 * 3600.0
"""Seconds after which what still goes on is left to itself."""
LOST_AFTER = 60.0
"""Seconds for which a followed target may not be found before it counts as gone."""


def unseen(target: Target) -> TargetVerdict:
    """What is known of a target before the first look."""
    return TargetVerdict(target, Word.UNKNOWN, "not looked at yet", so_far=True)


@dataclass(slots=True)
class Watch:
    """Looks at the targets of one run with the eyes of its executor."""

    means: Means
    tell: Callable[[TargetVerdict], None] = lambda _: None
    hurries: Callable[[], bool] = lambda: False
    """Whether nobody can wait any longer."""
    _free_at: float = field(default=0.0, init=False)
    """When the next look may be."""

    async def settled(self, target: Target, seconds: float, longest: float = 0.0) -> TargetVerdict:
        """What a target is when it has ended, or when the time to settle is over; `longest` while something goes on.

        It stays open, to be looked at again, when it has worked until then and goes on, when it cannot be read, and
        when nobody could wait.
        """
        seen, read, began = unseen(target), False, self._now()
        while seen.so_far and self._now() - began < (max(seconds, longest) if seen.under_way else seconds):
            await self._turn(LOOK_EVERY, SETTLE_LOOKS)
            seen, read = await self._look(target)
            self.tell(seen)
            if self.hurries():
                break
        if not seen.so_far or seen.word is Word.WORKED or not read:
            return seen
        if self.hurries():
            return replace(seen, word=Word.UNKNOWN, text=f"{seen.text}; not settled")
        return replace(seen, so_far=False)

    async def ended(self, seen: TargetVerdict) -> TargetVerdict:
        """What became of a target that is still open, by a look at once; followed for a day at the most.

        While it cannot be read nothing is decided; when it is read and nobody can tell for a while, that is the end.
        """
        began = told_at = self._now()
        rest = 0.0
        while seen.so_far:
            await self._turn(rest, FOLLOW_LOOKS)
            rest = FOLLOW_EVERY
            found, read = await self._look(seen.target)
            now = self._now()
            if not read or found.word is not Word.UNKNOWN:
                told_at = now
            elif now - told_at >= LOST_AFTER or not found.so_far:
                return replace(found, so_far=False)
            if read and found.word is not Word.UNKNOWN:
                seen = _come_back(seen, found)
            if seen.so_far and now - began >= FOLLOW_FOR:
                return replace(seen, word=Word.UNKNOWN, text=f"{seen.text}, and has not ended in a day", so_far=False)
        return seen

    def _now(self) -> float:
        return self.means.clock.monotonic()

    async def _turn(self, seconds: float, a_second: float) -> None:
        """Wait so long, and then until it is this one's turn: all together look only so often."""
        await self.means.sleep(seconds)
        at = max(self._now(), self._free_at)
        self._free_at = at + 1 / a_second
        if at > self._now():
            await self.means.sleep(at - self._now())

    async def _look(self, target: Target) -> tuple[TargetVerdict, bool]:
        """What is seen, and whether it could be read at all."""
        try:
            return await self.means.executor.look(target), True
        except SourceError as error:
            return TargetVerdict(target, Word.UNKNOWN, f"cannot be read: {error.summary}", so_far=True), False


def _come_back(before: TargetVerdict, seen: TargetVerdict) -> TargetVerdict:
    """What stands as it stood at first has come to its end too, although it may have gone on meanwhile."""
    if seen.word is not Word.NO_EFFECT or not seen.so_far:
        return seen
    ran = "ran, and now " if before.word is Word.WORKED else ""
    return replace(seen, text=f"{ran}{seen.text}", so_far=False)
