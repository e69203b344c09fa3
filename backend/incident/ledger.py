"""What the journal says, kept up to date by reading only what was added since the last look."""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType

from backend.errors import JournalError
from backend.incident.entry import Entry
from backend.incident.reading import JournalReader
from backend.incident.runs import RunRecord, gathered

KEPT = 200
"""So many of the last entries are kept, and of the steps of each run only the last one."""
KEPT_STEPS = 5000
"""So many steps of the last runs, each counted as one more; open runs are kept however old."""
SLICE = 5000
"""Lines that are read at once: a long journal takes several turns."""
SEAL = 64
"""Bytes before the place where reading goes on, by which a file that was written anew is told from one that grew."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read until now, and where reading goes on."""

    file: tuple[int, int] | None = None
    read_to: int = 0
    seal: bytes = b""
    entries: tuple[Entry, ...] = ()
    runs: Mapping[str, RunRecord] = field(default_factory=lambda: MappingProxyType({}))
    alert: Entry | None = None
    """The last of its kind."""
    more: bool = False
    """Whether the file goes on."""


class Ledger:
    """The last entries and the runs of one journal.

    `read` may take long and is to be called off the event loop; nothing else looks at the file. What it finds counts
    once it is taken in.
    """

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._known = _Known()

    @property
    def entries(self) -> Sequence[Entry]:
        """The last entries, oldest first; of each run's steps the last one only, which tells that it lives."""
        return self._known.entries

    @property
    def is_read(self) -> bool:
        """Whether the journal was read to its end by now, be it that there is none."""
        return self._known.file is not None and not self._known.more

    @property
    def runs(self) -> Sequence[RunRecord]:
        """The last runs, oldest first."""
        return tuple(self._known.runs.values())

    @property
    def open_runs(self) -> Sequence[RunRecord]:
        """Those whose last word is still to come."""
        return tuple(run for run in self._known.runs.values() if run.open)

    @property
    def alert(self) -> Entry | None:
        """The last entry that tells of the alert, however old."""
        return self._known.alert

    def run(self, id_: str) -> RunRecord | None:
        """The run of this id."""
        return self._known.runs.get(id_)

    def read(self) -> _Known:
        """What is known together with the next lines of the file, as many as take little time. Raises `JournalError`.

        Another file in its place, or one that was written anew, is read from its start. That no file is there any more
        is an error: what it told is kept, and read on when it is back.
        """
        known = self._known
        with self._reader.opened() as file:
            number = file.fileno()
            found = os.fstat(number)
            if known.read_to and not stat.S_ISREG(found.st_mode):
                way_out = "bring it back, or start backtop anew to begin another"
                raise JournalError(f"the journal is gone from {self._reader.path}: {way_out}")
            seal = os.pread(number, len(known.seal), max(0, known.read_to - len(known.seal)))
            if known.file != (found.st_dev, found.st_ino) or seal != known.seal:
                known = _Known((found.st_dev, found.st_ino))
            part = list(islice(self._reader.entries_from(file, known.read_to), SLICE))
            if part:
                known = _grown(known, [entry for _, entry in part if entry is not None], part[-1][0])
            start = max(0, known.read_to - SEAL)
            sealed = os.pread(number, known.read_to - start, start)
        return replace(known, seal=sealed, more=len(part) == SLICE)

    def take(self, known: _Known) -> bool:
        """Go on with this; whether it is anything new."""
        before, self._known = self._known, known
        return (before.read_to, before.seal) != (known.read_to, known.seal)


def _grown(known: _Known, added: Sequence[Entry], read_to: int) -> _Known:
    entries = _last((*known.entries, *added))
    alert = next((entry for entry in reversed(added) if entry.kind == "alert"), known.alert)
    return replace(known, read_to=read_to, entries=entries, runs=_bounded(gathered(added, known.runs)), alert=alert)


def _last(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The last of these: however many steps a run has, they drive out neither its intent nor what came before it."""
    last_step = {entry.id: entry for entry in entries if entry.kind == "step"}
    kept = [entry for entry in entries if entry.kind != "step" or entry is last_step[entry.id]]
    return tuple(kept[-KEPT:])


def _bounded(runs: dict[str, RunRecord]) -> Mapping[str, RunRecord]:
    """Without the oldest that have ended, as soon as there are too many steps in all."""
    weights = [1 + len(run.steps) for run in runs.values()]
    if (spare := sum(weights) - KEPT_STEPS) <= 0:
        return MappingProxyType(runs)
    kept = {}
    for (id_, run), weight in zip(runs.items(), weights, strict=True):
        if run.open or spare <= 0:
            kept[id_] = run
        else:
            spare -= weight
    return MappingProxyType(kept)
