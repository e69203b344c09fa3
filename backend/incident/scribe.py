"""The journal from an event loop: reads and writes in threads, which are given up when its disk does not answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from backend.errors import JournalError
from backend.incident.entry import Entry, Kind
from backend.incident.journal import NO_DATA, Journal
from backend.incident.ledger import Ledger

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that a read or write may take; a lock that another program holds is waited for less."""


class Scribe:
    """Reads and writes one journal. All methods raise `JournalError`, also when the disk hangs.

    What was begun cannot be taken back, so its end is awaited also by one who is cancelled meanwhile. While one hangs
    nothing else is begun.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.ledger = Ledger(journal)
        self._hangs: asyncio.Future[Any] | None = None
        self._catching_up = asyncio.Lock()
        """Two who read from the same place would take what was added twice."""

    async def append(
        self,
        kind: Kind,
        *,
        id: str,  # noqa: A002 - the name that it has in the file
        action: str = "",
        targets: Sequence[str] = (),
        data: Mapping[str, Any] = NO_DATA,
    ) -> Entry:
        """Adds an entry, which is on disk when this returns."""
        return await self._do(
            partial(self.journal.append, kind, id=id, action=action, targets=targets, data=data, sync=True)
        )

    async def tail(self, count: int) -> Sequence[Entry]:
        """The last good entries, oldest first."""
        return await self._do(partial(self.journal.tail, count))

    async def catch_up(self) -> bool:
        """Let the ledger know what was added; whether anything was."""
        async with self._catching_up:
            grown = False
            while True:
                known = await self._do(self.ledger.read)
                grown = self.ledger.take(known) or grown
                if not known.more:
                    return grown

    async def _do(self, work: Callable[[], T]) -> T:
        if self._hangs is not None and not self._hangs.done():
            raise JournalError(f"the journal {self.journal.path} does not answer: is its disk there?")
        doing = asyncio.get_running_loop().run_in_executor(None, work)
        await until_done(doing, PATIENCE)
        if not doing.done():
            self._hangs = doing
            doing.add_done_callback(_seen)
            raise JournalError(f"the journal {self.journal.path} gave no answer within {PATIENCE:.0f} s")
        return doing.result()


async def until_done(begun: "asyncio.Future[Any]", seconds: float | None = None) -> None:
    """Wait for what cannot be taken back, also when cancelled meanwhile; only then be cancelled.

    With `seconds` it is given up after so many.
    """
    cancelled: asyncio.CancelledError | None = None
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
    while not begun.done():
        left = None if deadline is None else deadline - asyncio.get_running_loop().time()
        if left is not None and left <= 0:
            break
        try:
            await asyncio.wait({begun}, timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _seen(given_up: "asyncio.Future[Any]") -> None:
    """Take what became of it, so that nobody is told that it was never asked for."""
    if not given_up.cancelled():
        given_up.exception()
