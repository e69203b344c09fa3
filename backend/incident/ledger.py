"""What the journal says, kept up to date by reading only what was added since the last look."""

import os
from collections import deque
from collections.abc import Sequence

from backend.incident.entry import Entry
from backend.incident.reading import JournalReader
from backend.incident.runs import RunRecord, gathered

KEPT = 200
"""So many of the last entries are kept."""
KEPT_RUNS = 2000
"""So many of the last runs; open ones are kept however old."""


class Ledger:
    """The last entries and the runs of one journal. Only `catch_up` reads, and is to be called off the event loop."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._runs: dict[str, RunRecord] = {}
        self._file: tuple[int, int] | None = None
        self._read_to = 0

    @property
    def entries(self) -> Sequence[Entry]:
        """The last entries, oldest first."""
        return tuple(self._entries)

    @property
    def runs(self) -> Sequence[RunRecord]:
        """The last runs, oldest first."""
        return tuple(self._runs.values())

    @property
    def open_runs(self) -> Sequence[RunRecord]:
        """Those whose last word is still to come."""
        return tuple(run for run in self._runs.values() if run.open)

    def run(self, id_: str) -> RunRecord | None:
        """The run of this id."""
        return self._runs.get(id_)

    def catch_up(self) -> bool:
        """Read what was added; whether anything was. Another file in its place is read anew. Raises `JournalError`."""
        with self._reader.opened() as file:
            found = os.fstat(file.fileno())
            if self._file != (found.st_dev, found.st_ino) or found.st_size < self._read_to:
                self._forget((found.st_dev, found.st_ino))
            before = self._read_to
            added, self._read_to = self._reader.entries_from(file, self._read_to)
        self.take(added)
        return self._read_to != before

    def take(self, added: Sequence[Entry]) -> None:
        """Go on with these entries."""
        if added:
            self._entries.extend(added)
            self._runs = _bounded(gathered(added, self._runs))

    def _forget(self, file: tuple[int, int]) -> None:
        self._file, self._read_to = file, 0
        self._entries.clear()
        self._runs = {}


def _bounded(runs: dict[str, RunRecord]) -> dict[str, RunRecord]:
    if len(runs) <= KEPT_RUNS:
        return runs
    young = frozenset(list(runs)[-KEPT_RUNS:])
    return {id_: run for id_, run in runs.items() if run.open or id_ in young}
