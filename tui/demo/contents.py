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
    size: int
    sample: bytes
    """Of what it held when it was read first, in as many bytes: then it was whole."""


class Contents:
    """The files below `root`: what they held at first, and whether they still do when something about them changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[int, _Read] = {}
        """By the numbers of the files: two may have been found under one name, one after the other."""

    def alike(self, kept: Kept) -> bool | None:
        """Whether what has the name of a file now holds what that file held when it was whole, whatever follows.

        None where it was never read, or held nothing.
        """
        read = self._read.get(kept.number)
        return self._sample(kept, read.size) == read.sample if read is not None and read.size else None

    def look(self, files: Iterable[Kept], lost: Collection[int]) -> list[Kept]:
        """Which of `files` hold no more what they held when they were whole, as they were before.

        Of those whose numbers are among the `lost` ones that is known.
        """
        spoilt: list[Kept] = []
        for kept in files:
            if kept.number in lost:
                continue
            before = self._read.get(kept.number)
            if before is not None and (before.kept is kept or before.stamp == _stamp(kept)):
                continue
            size = kept.status.st_size if before is None else before.size
            now = self._sample(kept, size)
            if now is None:
                continue  # it is asked for again at the next look
            if before is not None and now != before.sample:
                spoilt.append(replace(before.kept, name=kept.name))
            else:
                self._read[kept.number] = _Read(kept, _stamp(kept), size, now)
        return spoilt

    def keep(self, numbers: Collection[int]) -> None:
        """Forget what all other files held."""
        self._read = {number: read for number, read in self._read.items() if number in numbers}

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
