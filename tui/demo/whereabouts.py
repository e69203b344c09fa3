"""Notes in the temp folder of where instances live that were given a folder, so that any next start can sweep them."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tui.demo.layout import PREFIX, replace

SUFFIX = ".at"


@dataclass(frozen=True, slots=True)
class Note:
    """One note, in the file `path`: the instance with `token` lives in `root`."""

    path: Path
    root: Path
    token: str

    @classmethod
    def of(cls, place: Path, root: Path, token: str) -> "Note":
        """The note on `root` as it lies in `place`."""
        return cls(place / f"{PREFIX}{token}{SUFFIX}", root, token)

    def write(self) -> None:
        """Leave the note. Raises OSError."""
        replace(self.path, f"{self.root}\n")

    def drop(self) -> None:
        """Take it away; where that cannot be done the next start tries."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def notes(places: Iterable[Path]) -> Iterator[Note]:
    """Every note of ours in `places`."""
    for place in places:
        with suppress(OSError):
            for path in sorted(place.glob(f"{PREFIX}*{SUFFIX}")):
                root = _said(path)
                if root is not None:
                    yield Note(path, root, path.name[len(PREFIX) : -len(SUFFIX)])


def forget(places: Iterable[Path], root: Path) -> None:
    """Remove the notes on `root`."""
    for note in notes(places):
        if note.root == root:
            note.drop()


def ours(path: Path, kind: Callable[[int], bool]) -> bool:
    """Whether `path` itself, and not what it may link to, is of that `kind` and our own. Raises OSError."""
    status = path.lstat()
    return status.st_uid == os.geteuid() and kind(status.st_mode)


def _said(path: Path) -> Path | None:
    """Where the note says that an instance lives; None when it is none of ours, or not whole."""
    try:
        line = path.read_text("utf-8") if ours(path, stat.S_ISREG) else ""
    except (OSError, ValueError):
        return None
    return Path(line[:-1]) if line.startswith("/") and line.endswith("\n") else None
