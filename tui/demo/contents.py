"""What files hold, in samples: whether somebody wrote something else over a file, whatever its size and time say."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tui.demo.roll import Kept, Key, key_of

PIECES, PIECE = 8, 4096
"""So many samples of so many bytes are taken of a file; what is written between them is not seen."""


def sampled(size: int) -> Iterator[int]:
    """Where in a file of `size` bytes the samples begin."""
    for number in range(PIECES):
        yield max(0, size - PIECE) * number // (PIECES - 1)


@dataclass(frozen=True, slots=True)
class _Read:
    kept: Kept
    stamp: tuple[Key, int]
    """Which file it was, and when anything about it changed last: nobody can set that time."""
    sample: bytes


class Contents:
    """The files below `root`, as they were read last: at first, and whenever something about them has changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[int, _Read] = {}
        """By the numbers of the files: two may have been found under one name, one after the other."""

    def alike(self, kept: Kept) -> bool:
        """Whether what has the name of a file now holds what that file held; False where it was never read."""
        read = self._read.get(kept.number)
        if read is None or read.kept.status.st_size != kept.status.st_size:
            return False
        return self._sample(kept, kept.status.st_size) == read.sample

    def look(self, files: Iterable[Kept], lost: Collection[int]) -> list[Kept]:
        """Which of `files` hold something else than before, as they were then.

        Of those whose numbers are among the `lost` ones that is known, and what they held is kept in mind.
        """
        spoilt: list[Kept] = []
        for kept in files:
            if kept.number in lost:
                continue
            before = self._read.get(kept.number)
            if before is not None and (before.kept is kept or before.stamp == _stamp(kept)):
                continue
            now = self._sample(kept, kept.status.st_size)
            if now is None:
                continue  # it is asked for again at the next look
            if before is not None:
                size = before.kept.status.st_size
                held = now if size == kept.status.st_size else self._sample(kept, size)
                if held not in (before.sample, None):
                    spoilt.append(replace(before.kept, name=kept.name))
            self._read[kept.number] = _Read(kept, _stamp(kept), now)
        return spoilt

    def _sample(self, kept: Kept, size: int) -> bytes | None:
        """Of the first `size` bytes; None when it cannot be read now, as while somebody holds a lease of it."""
        digest = hashlib.blake2b(digest_size=16)
        try:
            handle = os.open(self._root / kept.name, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            for place in sampled(size):
                digest.update(os.pread(handle, min(PIECE, size - place), place))
        except OSError:
            return None
        finally:
            os.close(handle)
        return digest.digest()


def _stamp(kept: Kept) -> tuple[Key, int]:
    return key_of(kept.status), kept.status.st_ctime_ns
