"""What other backtops of this host act on, seen without taking a lock and without leaving anything behind."""

from collections.abc import Iterable, Mapping, Sequence

from actions.means import Means
from actions.run import busy
from backend.errors import NotAllowed, SourceError
from backend.holding import PATIENCE
from backend.model.target import Target
from backend.threads import Errand

Aims = Iterable[tuple[Means, Sequence[Target]]]
"""What several actions would work with, and each on what."""


class Neighbours:
    """Looks from an event loop; a folder for locks that hangs is given up."""

    def __init__(self) -> None:
        self._looking = Errand("the folder for locks", PATIENCE)

    async def acting(self, means: Means, targets: Sequence[Target]) -> tuple[str, ...]:
        """Who acts on any of these now, each a sentence that is told once."""
        taken = await self.taken([(means, targets)])
        return tuple(dict.fromkeys(taken.values()))

    async def taken(self, aims: Aims) -> Mapping[str, str]:
        """Who acts on a target now, as a sentence by the key of each that is not free."""
        wanted = [(means, target) for means, targets in aims for target in targets]
        try:
            found = await self._looking.look(lambda: [(target, _acts_on(means, target)) for means, target in wanted])
        except SourceError as error:
            return {target.key: _no_place(error) for _, target in wanted}
        return {target.key: why for target, why in found if why is not None}


def _acts_on(means: Means, target: Target) -> str | None:
    try:
        holder = means.locks.target(means.executor.place, target).holder()
    except NotAllowed as error:
        return _no_place(error)
    return None if holder is None else busy(holder, f"acts on {target.label}").reason


def _no_place(error: SourceError) -> str:
    return f"Nobody could be kept off: {error.summary}."
