"""Keeps all that is written of one run in the file that has its intent."""

import os
from dataclasses import dataclass
from pathlib import Path

from backend.errors import JournalError
from backend.incident.entry import digest


@dataclass(slots=True)
class Anchor:
    """The first line of a run, and where in the file it stands.

    A file that was moved away or emptied meanwhile has another one there, or none, whatever the number of the new file.
    """

    _place: int = 0
    _size: int = 0
    _digest: str = ""

    @property
    def laid(self) -> bool:
        """Whether there is such a line, and so a file."""
        return bool(self._digest)

    def gone(self, path: Path) -> JournalError:
        """What is said where it stands there no more."""
        return JournalError(f"the journal {path} is no longer the one that has the intent of this run")

    def hold(self, fd: int, path: Path) -> None:
        """Raise `JournalError` unless the line still stands there; before there is one everything is right."""
        if self._digest and digest(os.pread(fd, self._size, self._place)) != self._digest:
            raise self.gone(path)

    def lay(self, line: bytes, place: int) -> None:
        """Take note of where a line was written; the first one counts."""
        if not self._digest:
            self._place, self._size, self._digest = place, len(line), digest(line)
