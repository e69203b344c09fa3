"""What other backtops of this host act on, seen without taking a lock and without leaving anything behind."""

from collections.abc import Mapping, Sequence

from actions.means import Means
from actions.run import busy
from backend.errors import NotAllowed, SourceError
from backend.holding import PATIENCE
from backend.model.target import Target
from backend.threads import Errand

Aims = Mapping[str, tuple[Means, Sequence[Target]]]
"""For the id of each action what it would work with, and on what."""


class Neighbours:
    """Looks from an event loop; a folder for locks that hangs is given up."""

    def __init__(self) -> None:
        self._looking = Errand("the folder for locks", PATIENCE)

    async def acting(self, means: Means, targets: Sequence[Target]) -> tuple[str, ...]:
        """Who acts on any of these now, each a sentence that is told once."""
        try:
            return await self._looking.look(lambda: tuple(dict.fromkeys(_acting(means, targets))))
        except SourceError as error:
            return (_no_place(error),)

    async def keep_off(self, aims: Aims) -> Mapping[str, str]:
        """Who leaves an action nothing to act on, by its id: of several targets all must be taken."""
        try:
            found = await self._looking.look(lambda: {id_: _keeps_off(*aim) for id_, aim in aims.items()})
        except SourceError as error:
            return dict.fromkeys(aims, _no_place(error))
        return {id_: why for id_, why in found.items() if why is not None}


def _acting(means: Means, targets: Sequence[Target]) -> list[str]:
    return [why for target in targets if (why := _acts_on(means, target)) is not None]


def _keeps_off(means: Means, targets: Sequence[Target]) -> str | None:
    """Why none of them is free, told of the first; no more are looked at than it takes to find a free one."""
    first = None
    for target in targets:
        if (why := _acts_on(means, target)) is None:
            return None
        first = first or why
    return first


def _acts_on(means: Means, target: Target) -> str | None:
    try:
        holder = means.locks.target(means.executor.place, target).holder()
    except NotAllowed as error:
        return _no_place(error)
    return None if holder is None else busy(holder, f"acts on {target.label}").reason


def _no_place(error: SourceError) -> str:
    return f"Nobody could be kept off: {error.summary}."
