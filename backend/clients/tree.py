"""Walks folders by handles: no links followed, no other file system entered, what cannot be read is counted."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

from backend.frozen import dataclass

DEEPEST = 40
BREATH_EVERY = 1000
"""Files after which others get the interpreter for a moment."""
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file below the folder that is walked. `path` is relative to it and raw."""

    path: str
    status: os.stat_result


class Walk:
    """One walk through folders of one file system; counts what it may not look into."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._files = 0
        self.unreadable = 0

    @contextmanager
    def opened(self, name: str, parent: int | None = None) -> Iterator[int | None]:
        """The handle of a folder; None when it is absent, no folder, a link, elsewhere or unreadable."""
        try:
            handle = os.open(name, _FLAGS, dir_fd=parent)
        except FileNotFoundError:
            yield None
            return
        except OSError:
            self.unreadable += 1
            yield None
            return
        try:
            if os.fstat(handle).st_dev == self._device:
                yield handle
            else:
                self.unreadable += 1
                yield None
        finally:
            os.close(handle)

    def files(self, folder: int, prefix: str = "", depth: int = 0) -> Iterator[Entry]:
        """All regular files below a folder."""
        for name, status in self.entries(folder):
            if stat.S_ISREG(status.st_mode):
                yield Entry(prefix + name, status)
            elif stat.S_ISDIR(status.st_mode):
                if depth >= DEEPEST:
                    self.unreadable += 1
                    continue
                with self.opened(name, folder) as inner:
                    if inner is not None:
                        yield from self.files(inner, f"{prefix}{name}/", depth + 1)

    def entries(self, folder: int) -> Iterator[tuple[str, os.stat_result]]:
        """What lies directly in a folder, links as links; what vanishes meanwhile is left out."""
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    self._breathe()
                    try:
                        yield entry.name, entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    except OSError:
                        self.unreadable += 1
        except OSError:
            self.unreadable += 1

    def _breathe(self) -> None:
        self._files += 1
        if self._files % BREATH_EVERY == 0:
            time.sleep(0.0005)
