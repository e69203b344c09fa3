"""The journal from an event loop: reads and writes in threads, which are given up when its disk does not answer."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from backend.errors import GivenUp, JournalError, JournalHangs, Refused, TimedOut
from backend.incident.anchor import Anchor
from backend.incident.entry import Entry, Kind
from backend.incident.journal import NO_DATA, Journal
from backend.incident.ledger import Ledger
from backend.threads import Errand

T = TypeVar("T")

OLDER = 1000
"""So many entries in a row are older where nothing newer is looked for: clocks may differ."""
PATIENCE = 10.0
"""Seconds that a read or write may take; a lock that another program holds is waited for less."""


class Scribe:
    """Reads and writes one journal. All methods raise `JournalError`; when the disk hangs, `JournalHangs`.

    What was begun cannot be taken back, so its end is awaited also by one who is cancelled meanwhile. While one hangs
    nothing else is begun.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.ledger = Ledger(journal)
        self._errand = Errand(f"the journal {journal.path}", PATIENCE)
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
        anchor: Anchor | None = None,
    ) -> Entry:
        """Adds an entry, which is on disk when this returns; all that has the same `anchor` comes into one file."""
        return await self._do(
            partial(
                self.journal.append, kind, id=id, action=action, targets=targets, data=data, sync=True, anchor=anchor
            )
        )

    async def append_if(
        self,
        wanted: Callable[[Iterator[Entry]], bool],
        kind: Kind,
        *,
        id: str,  # noqa: A002
        action: str = "",
        data: Mapping[str, Any] = NO_DATA,
    ) -> Entry | None:
        """Adds an entry if it is wanted by the good ones, the newest first, while nobody else writes."""
        return await self._do(partial(self.journal.append_if, wanted, kind, id=id, action=action, data=data))

    async def look_writable(self) -> None:
        """Raises when nothing could be added now, or what was read of the journal is gone: a new one knows nothing."""
        if self.ledger.entries:
            await self.catch_up()
        await self._do(self.journal.look_writable)

    async def since(self, moment: datetime) -> Sequence[Entry]:
        """The good entries from this moment on and somewhat older ones, oldest first, with the intents of all steps."""
        return await self._do(partial(self.journal.since, moment, OLDER))

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
        try:
            return await self._errand.finish(work)
        except GivenUp as error:
            raise JournalHangs(f"{error.summary}: is its disk there?") from error
        except TimedOut as error:
            raise JournalError(f"{error.summary}: is its disk there?") from error
        except Refused as error:
            raise JournalError(error.summary) from error
