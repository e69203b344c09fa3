"""Reading a journal, which may be damaged, huge or hostile: only `JournalError` is ever raised."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from backend.errors import JournalError
from backend.frozen import dataclass
from backend.incident.entry import LARGEST_LINE, NOTHING_BEFORE, BadLine, Entry, decode, digest
from backend.locks import flock_within

BLOCK = 65_536
RUNS = frozenset({"step", "verdict"})
"""Kinds of entries that belong to an intent before them."""
FAR_BACK = 200_000
"""Lines that are gone back at most to find the intent of a long run."""
LOCK_S = 2.0
"""Seconds to wait for another backtop that is writing."""
_REASONS = {
    errno.ENOSPC: "no space left on its disk; make some there, or set another state_dir",
    errno.EDQUOT: "the disk quota is used up; make room there, or set another state_dir",
    errno.EFBIG: "it may not grow any more",
    errno.EROFS: "its file system is read-only; set another state_dir",
    errno.EACCES: "we have no right to it",
    errno.EPERM: "we have no right to it",
    errno.ELOOP: "it is a link; put a file in its place, or set another state_dir",
    errno.ENOTDIR: "something on its path is not a folder",
    errno.EISDIR: "it is a folder",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the chain of a journal holds, and where it breaks first."""

    ok: bool
    count: int
    """Lines that are in order, from the start."""
    line: int | None = None
    """The first line that is not, counted from 1."""
    seq: int | None = None
    """The number that entry has, or should have."""
    why: str = ""
    set_aside: tuple[str, ...] = ()
    """Files with torn last lines of earlier crashes, beside the journal."""


class JournalReader:
    """The journal for those who only look."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries_from(self, file: BinaryIO, start: int) -> Iterator[tuple[int, Entry | None]]:
        """Where each whole line of an opened journal ends, from this byte on, and its entry, if it is a good one."""
        with told(self.path, "read"):
            file.seek(start)
            for line in _lines(file):
                yield file.tell(), _entry(line)

    def tail(self, count: int) -> tuple[Entry, ...]:
        """The last good entries, oldest first, read from the end of the file."""
        with self._newest_first() as entries:
            return tuple(reversed([*islice(entries, max(0, count))]))

    def since(self, moment: datetime, at_least: int) -> tuple[Entry, ...]:
        """All good entries from the first of this moment on, and at least so many, with all of each run among them.

        Oldest first, and read from the end of the file: backwards until a run of entries as long as that is older, and
        then on to the intents of which only steps were met.
        """
        found: list[Entry] = []
        with self._newest_first() as entries:
            old = 0
            for entry in entries:
                old = old + 1 if entry.at < moment else 0
                found.append(entry)
                if old >= at_least:
                    break
            headless = {entry.id for entry in found if entry.kind in RUNS} - _begun(found)
            for entry in islice(entries, FAR_BACK) if headless else ():
                if entry.id in headless:
                    found.append(entry)
                    headless -= _begun([entry])
                if not headless:
                    break
        return tuple(reversed(found))

    @contextmanager
    def _newest_first(self) -> Iterator[Iterator[Entry]]:
        with self.opened() as file:
            yield good_entries(lines_backwards(file.fileno(), os.fstat(file.fileno()).st_size))

    def verify(self) -> Verification:
        """Follows the chain from the first line to the last."""
        with self.opened() as file:
            return _followed(file, _size_between_lines(file), self._set_aside())

    def _set_aside(self) -> tuple[str, ...]:
        prefix = f"{self.path.stem}.torn-"
        try:
            return tuple(sorted(found.name for found in self.path.parent.iterdir() if found.name.startswith(prefix)))
        except OSError:
            return ()

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file for reading, or an empty one when there is none yet."""
        with told(self.path, "read"):
            try:
                fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                fd = os.open(os.devnull, os.O_RDONLY)
            else:
                _expect_file(fd, self.path)
            with _file(fd) as file:
                yield file


def _expect_file(fd: int, path: Path) -> None:
    """A pipe or a device has no lines that could be followed, and would pass for an empty journal."""
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        os.close(fd)
        raise JournalError(f"the journal {path} is not a plain file")


def _file(fd: int) -> BinaryIO:
    try:
        return os.fdopen(fd, "rb")
    except OSError:  # a folder is opened, but is no file
        os.close(fd)
        raise


@contextmanager
def told(path: Path, verb: str) -> Iterator[None]:
    """Turns an error of the system into a sentence about the journal."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
        raise JournalError(
            f"the journal {path} cannot be {'read' if verb == 'read' else 'written'}: {reason}"
        ) from None


def lines_backwards(fd: int, end: int) -> Iterator[bytes]:
    """The whole lines of a file, last first, without their newlines; what follows the last newline is no line."""
    rest, torn = b"", True
    while end > 0:
        start = max(0, end - BLOCK)
        *lines, last = (os.pread(fd, end - start, start) + rest).split(b"\n")
        rest, whole = (lines[0], [*lines[1:], last]) if lines else (last, [])
        if torn and whole:
            whole.pop()
            torn = False
        yield from reversed(whole)
        rest = rest[: LARGEST_LINE + 1]
        end = start
    if not torn:
        yield rest


def good_entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of these lines, without the lines that are none."""
    for line in lines:
        if (entry := _entry(line)) is not None:
            yield entry


def _begun(entries: Iterable[Entry]) -> set[str]:
    return {entry.id for entry in entries if entry.kind == "intent"}


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The whole lines, first to last; of one that is too long only the beginning."""
    while line := file.readline(LARGEST_LINE + 2):
        if line.endswith(b"\n"):
            yield line[:-1]
            continue
        beginning = line
        while line and not line.endswith(b"\n"):
            line = file.readline(BLOCK)
        if line:
            yield beginning


def _entry(line: bytes) -> Entry | None:
    try:
        return decode(line)
    except BadLine:
        return None


def _size_between_lines(file: BinaryIO) -> int:
    """The size while nobody writes. The lock is given back at once: a long journal takes longer than writers wait."""
    flock_within(file.fileno(), LOCK_S, shared=True)
    try:
        return os.fstat(file.fileno()).st_size
    finally:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def _followed(file: BinaryIO, size: int, set_aside: tuple[str, ...]) -> Verification:
    previous, count, length = NOTHING_BEFORE, 0, 0
    for line in _lines(file):
        if length >= size:
            break
        why = _broken(line, previous, count + 1)
        if why:
            return Verification(False, count, count + 1, count + 1, why, set_aside)
        previous = digest(line)
        count += 1
        length += len(line) + 1
    if size > length:
        return Verification(False, count, count + 1, count + 1, "the last line is torn", set_aside)
    return Verification(True, count, set_aside=set_aside)


def _broken(line: bytes, previous: str, seq: int) -> str:
    try:
        entry = decode(line)
    except BadLine as bad:
        return str(bad)
    if entry.seq != seq:
        return f"number {seq} expected, not {entry.seq}"
    return "" if entry.prev == previous else "does not follow from the line before"
