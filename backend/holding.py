"""The locks that the backtops of one host share, from an event loop: a folder that hangs holds up nobody for long."""

import resource
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from backend.clock import Clock
from backend.errors import NotAllowed, Refused, TimedOut
from backend.frozen import dataclass
from backend.locks import Held, TargetLock
from backend.model.target import Target
from backend.text import clean
from backend.threads import Errand

PATIENCE = 5.0
"""Seconds that taking, looking at or giving back locks may take."""
OTHER_FILES = 256
"""Descriptors that a program needs beside those of its locks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A lock that is not to be had."""

    number: int
    """Which of those that were wanted."""
    by: Held


class Locks:
    """The locks of one host, as its backtops make them."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._what = f"the folder for locks {clean(folder, 120)}"
        self._taking = Errand(self._what, PATIENCE)
        self._looking = Errand(self._what, PATIENCE)

    def target(self, place: str, target: Target) -> TargetLock:
        """The right to act on a target."""
        return self._of(f"{place} {target.key}")

    def run(self, id_: str) -> TargetLock:
        """The right to bring a run to its end; held from before its intent until after its first verdict."""
        return self._of(f"run:{id_}")

    def grip(self, locks: Sequence[TargetLock]) -> "Grip":
        """What takes these together."""
        return Grip(locks, self._taking, self._what)

    async def unheld(self, ids: Sequence[str]) -> Collection[str]:
        """The runs that nobody on this host brings to their end right now; who cannot be seen is left alone."""
        try:
            return await self._looking.look(lambda: [id_ for id_ in ids if not self.runs(id_)])
        except (TimedOut, Refused):
            return ()

    def runs(self, id_: str) -> bool:
        """Whether somebody on this host is bringing this run to its end right now, as far as that can be seen.

        It may hang: not for an event loop.
        """
        try:
            return self.run(id_).holder() is not None
        except NotAllowed:
            return True

    def _of(self, key: str) -> TargetLock:
        return TargetLock(self._folder, key, clock=self._clock)


class Grip:
    """Several locks that are had together, or not at all."""

    def __init__(self, locks: Sequence[TargetLock], taking: Errand, what: str) -> None:
        self._locks = tuple(locks)
        self._taking = taking
        self._keeping = Errand(what, PATIENCE)
        self._releasing = Errand(what, PATIENCE)
        self._one_at_a_time = threading.Lock()
        self._fate = threading.Lock()
        """Held for a moment by who decides that the taking has ended, or that nobody waits for it any more."""
        self._took = False
        self._over = False

    async def take(self) -> Taken | None:
        """None when all are ours now. Raises `NotAllowed`, `Refused` and `TimedOut`; to be released also then."""
        return await self._taking.finish(self._take)

    async def keep(self) -> bool:
        """Whether all are still ours for all to see; what cannot be seen is not lost. Who is cancelled leaves."""
        with suppress(TimedOut, Refused):
            return await self._keeping.look(self._keep)
        return True

    async def have(self) -> bool:
        """The same, seen from now on: not by a look that began before."""
        with suppress(TimedOut, Refused):
            return await self._keeping.finish(self._keep)
        return True

    async def release(self) -> None:
        """Give all back; what hangs goes back as soon as it comes to life, and is not waited for once more."""
        with self._fate:
            self._over = True
            if not self._took:  # whoever takes them yet gives them back
                return
        try:
            await self._releasing.finish(self._release)
        except TimedOut:
            pass
        except Refused:
            self._release_here()

    def _take(self) -> Taken | None:
        try:
            return self._take_all()
        finally:
            with self._fate:
                self._took = True
                over = self._over
            if over:
                self._release()

    def _take_all(self) -> Taken | None:
        with self._one_at_a_time:
            _make_room(2 * len(self._locks) + OTHER_FILES)
            for number, lock in enumerate(self._locks):
                if self._over:  # given up meanwhile
                    break
                if (held := lock.acquire()) is not None:
                    return Taken(number, held)
        return None

    def _keep(self) -> bool:
        with self._one_at_a_time:
            return self._over or not [lock for lock in self._locks if not lock.keep()]

    def _release_here(self) -> None:
        """Without a thread; kept, they would shut everybody out for as long as this program lives."""
        if not self._one_at_a_time.acquire(blocking=False):
            return  # a thread that hangs with them
        try:
            self._give_back()
        finally:
            self._one_at_a_time.release()

    def _release(self) -> None:
        with self._one_at_a_time:
            self._give_back()

    def _give_back(self) -> None:
        for lock in reversed(self._locks):
            lock.release()


def _make_room(descriptors: int) -> None:
    """Let this process have so many files open, as far as the system allows: each lock takes two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        most = descriptors if hard == resource.RLIM_INFINITY else min(descriptors, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
