"""The append-only record of what was meant, done and seen; several backtops may write to the same one."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from errno import EACCES
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from backend.clock import Clock
from backend.errors import JournalError
from backend.frozen import dataclass
from backend.incident.anchor import Anchor
from backend.incident.entry import (
    LARGEST_LINE,
    NOTHING_BEFORE,
    BadLine,
    Entry,
    Kind,
    decode,
    digest,
    encode,
    harmless_table,
)
from backend.incident.reading import BLOCK, LOCK_S, JournalReader, good_entries, lines_backwards, told
from backend.locks import flock_within
from backend.text import clean

FAR_ENOUGH = 1000
"""Bad lines at the end after which their numbers are given up and the lines counted."""
FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
NO_DATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _End:
    """Where a journal ends: what the next entry follows."""

    size: int
    seq: int
    prev: str


class Journal(JournalReader):
    """The journal for the one who acts. Without a writable journal nothing may be changed on the platform."""

    def __init__(self, path: Path, actor: str, clock: Clock) -> None:
        super().__init__(path)
        self.actor = clean(actor, 200)
        self._clock = clock

    def append(
        self,
        kind: Kind,
        *,
        id: str,  # noqa: A002 - the name that it has in the file
        action: str = "",
        targets: Sequence[str] = (),
        data: Mapping[str, Any] = NO_DATA,
        sync: bool = False,
        anchor: Anchor | None = None,
    ) -> Entry:
        """Adds an entry; an intent, or any with `sync`, is on disk when this returns.

        `id` and `targets` are kept raw, the texts in `data` cleaned. All that has one `anchor` comes into one file.
        Raises `JournalError`; then nothing was added.
        """
        anchor = anchor or Anchor()
        sync = sync or kind == "intent"
        with told(self.path, "write"):
            if anchor.laid and not self.path.exists():  # or a new file would be begun
                raise anchor.gone(self.path)
            with self._locked() as fd:
                anchor.hold(fd, self.path)
                self._set_torn_line_aside(fd)
                return self._added(fd, kind, id, clean(action), tuple(targets), data, sync=sync, anchor=anchor)

    def look_writable(self) -> None:
        """Raises `JournalError` when nothing could be added now, as far as can be told without writing anything."""
        with told(self.path, "write"):
            try:
                os.close(_regular(os.open(self.path, FLAGS), self.path))
            except FileNotFoundError:
                folder = next(each for each in self.path.parents if each.exists())
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise PermissionError(EACCES, os.strerror(EACCES)) from None

    def append_if(
        self,
        wanted: Callable[[Iterator[Entry]], bool],
        kind: Kind,
        *,
        id: str,  # noqa: A002
        action: str = "",
        data: Mapping[str, Any] = NO_DATA,
    ) -> Entry | None:
        """Adds an entry if it is wanted by the good entries, the newest first: of several who see the same, one does.

        Nobody else writes meanwhile. Raises `JournalError`; then nothing was added.
        """
        with told(self.path, "write"), self._locked() as fd:
            self._set_torn_line_aside(fd)
            if not wanted(good_entries(lines_backwards(fd, os.fstat(fd).st_size))):
                return None
            return self._added(fd, kind, id, clean(action), (), data, sync=True)

    def _added(
        self,
        fd: int,
        kind: Kind,
        id_: str,
        action: str,
        targets: tuple[str, ...],
        data: Mapping[str, Any],
        *,
        sync: bool,
        anchor: Anchor | None = None,
    ) -> Entry:
        end = _end(fd, self.path)
        now = self._clock.now().astimezone(UTC)
        entry = Entry(end.seq + 1, now, end.prev, kind, id_, self.actor, action, targets, harmless_table(data))
        line = encode(entry)
        _write(fd, line + b"\n", end.size, sync=sync)
        if anchor is not None:
            anchor.lay(line, end.size)
        return entry

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, open for appending, while nobody else writes to it."""
        _make_folder(self.path.parent)
        while True:
            fd = _open(self.path)
            try:
                if not flock_within(fd, LOCK_S):
                    raise JournalError(f"the journal {self.path} is held by another program")
                if _is(self.path, fd):
                    yield fd
                    return
            finally:
                os.close(fd)

    def _set_torn_line_aside(self, fd: int) -> None:
        """Moves what a crash left of a last line into a file of its own, so that the chain can go on."""
        size = os.fstat(fd).st_size
        start = _after_last_newline(fd, size)
        if start == size:
            return
        copy = _new_file(self.path, self._clock)
        try:
            for position in range(start, size, BLOCK):
                _write_all(copy, os.pread(fd, min(BLOCK, size - position), position))
            os.fsync(copy)
        finally:
            os.close(copy)
        _sync_folder(self.path.parent)
        os.ftruncate(fd, start)
        os.fsync(fd)


def _end(fd: int, path: Path) -> _End:
    size = os.fstat(fd).st_size
    prev = NOTHING_BEFORE
    for distance, line in enumerate(lines_backwards(fd, size)):
        if distance == 0:
            if len(line) > LARGEST_LINE:
                raise JournalError(
                    f"the last line of the journal {path} is too long to be an entry; move the file away"
                )
            prev = digest(line)
        if distance == FAR_ENOUGH:
            break
        with suppress(BadLine):
            return _End(size, decode(line).seq + distance, prev)
    return _End(size, _count_lines(fd, size), prev)


def _count_lines(fd: int, size: int) -> int:
    return sum(os.pread(fd, BLOCK, position).count(b"\n") for position in range(0, size, BLOCK))


def _write(fd: int, line: bytes, size: int, *, sync: bool) -> None:
    """One write, all of it or nothing."""
    if len(line) > LARGEST_LINE:
        raise JournalError("this entry is too large for the journal")
    try:
        _write_all(fd, line)
        if sync:
            os.fsync(fd)
    except OSError:
        with suppress(OSError):  # else the torn line is set aside before the next entry
            os.ftruncate(fd, size)
        raise


def _write_all(fd: int, content: bytes) -> None:
    """In one write as a rule; a short one is followed by another, which says why it was short."""
    while content:
        content = content[os.write(fd, content) :]


def _after_last_newline(fd: int, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - BLOCK)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _make_folder(folder: Path) -> None:
    """The folder and what is missing above it, for us alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
            _sync_folder(each.parent)


def _open(path: Path) -> int:
    try:
        fd = os.open(path, FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fd = os.open(path, FLAGS)
    else:
        _sync_folder(path.parent)
    return _regular(fd, path)


def _regular(fd: int, path: Path) -> int:
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise JournalError(f"the journal {path} is not a plain file")
    return fd


def _is(path: Path, fd: int) -> bool:
    """Whether the file that we locked is still the one of that name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _new_file(journal: Path, clock: Clock) -> int:
    """A file beside the journal for a torn line; an older one is never overwritten."""
    stem = f"{journal.stem}.torn-{clock.now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for number in count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        with suppress(FileExistsError):
            return os.open(journal.parent / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    raise AssertionError


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
