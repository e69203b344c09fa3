"""Files by what they are, whatever they are called: which of them are gone, cut short, or there again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from os import stat_result

BLOCK = 512
"""Bytes in what the system counts as one block of a file."""

Found = Mapping[str, stat_result]
Key = tuple[int, int]
"""Device and inode."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: the name it was `first` found under and the last one, and when it was `changed` last, in seconds.

    A time that is set back later does not make it older.
    """

    first: str
    name: str
    changed: float
    status: stat_result
    foreign: bool = False
    """Whether it is none of the platform's own."""
    number: int = 0
    """What no other file of its roll has: not the next one of its name, only what was copied into its place."""

    @property
    def room(self) -> int:
        """Bytes that it takes on the disk."""
        return self.status.st_blocks * BLOCK


class Lost:
    """Files that are gone, to know them again when they are put back as they were."""

    def __init__(self) -> None:
        self._files: dict[str, Kept] = {}

    @property
    def names(self) -> set[str]:
        """Under which they were."""
        return set(self._files)

    def add(self, gone: Iterable[Kept]) -> None:
        """These are gone, or cut short."""
        self._files.update({kept.name: kept for kept in gone})

    def put_back(self, found: Found) -> dict[str, Kept]:
        """Which of those that were gone are among what was `found`, by name; each is told once."""
        back = {name: kept for name, kept in self._files.items() if name in found and _whole(kept.status, found[name])}
        for name in back:
            del self._files[name]
        return back


def _whole(before: stat_result, now: stat_result) -> bool:
    """Whether this is what was there before, without a hole that it did not have."""
    return _equal(before, now) and now.st_blocks >= before.st_blocks


def _equal(one: stat_result, other: stat_result) -> bool:
    """What stays of a file that is moved, even to another file system: its size and when it was changed."""
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _cut(before: stat_result, now: stat_result) -> bool:
    """Whether a file lost of what it held: at its end, or by a hole."""
    holes = now.st_blocks * BLOCK < min(now.st_size, before.st_blocks * BLOCK)
    return now.st_size < before.st_size or holes


@dataclass(slots=True)
class Roll:
    """Every file of a place, as of the last look."""

    kept: dict[Key, Kept] = field(default_factory=dict)
    gone: list[Kept] = field(default_factory=list)
    """What the last look missed, as it was before."""
    cut: list[Kept] = field(default_factory=list)
    """What lost of what it held between the last two looks, as it was before."""
    back: list[str] = field(default_factory=list)
    """What was gone or cut, and at the last look was there again."""
    foreign: list[Kept] = field(default_factory=list)
    """What the last look missed of files that are none of the platform's own, as it was before."""
    _lost: Lost = field(default_factory=Lost)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def names(self) -> set[str]:
        """Every name under which a file is, or was until it went."""
        return {kept.name for kept in self.kept.values()} | self._lost.names

    def look(
        self, found: Found, hidden: Callable[[str], bool] = lambda _: False, own: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Look again: `found` is what is there, and what is `hidden` may be; a new name is an `own` one, or foreign."""
        known, self.kept = self.kept, {}
        named = {kept.name: key for key, kept in known.items()}
        self.cut = []
        returned = self._lost.put_back(found)
        self.back = sorted(returned)
        met: set[Key] = set()
        for key, name, status in _once(found, known):
            same = known.get(key)
            if same is not None and name not in returned and _untouched(same, name, status):
                self.kept[key] = same  # most are, and this is asked for every second
                met.add(key)
                continue
            before = _before(known, named, key, name, status, returned.get(name))
            earlier = _earlier(before and known[before], returned.get(name))
            self.kept[key] = _followed(earlier, name, status) if earlier else self._new(name, status, own)
            if before is not None:
                met.add(before)
                cut = _cut(known[before].status, status) and not known[before].foreign
                self.cut += [known[before]] if cut else []
        missing = {key: kept for key, kept in known.items() if key not in met}
        gone = [kept for kept in missing.values() if not hidden(kept.name)]
        self.gone = [kept for kept in gone if not kept.foreign]
        self.foreign = [kept for kept in gone if kept.foreign]
        self.kept |= {key: kept for key, kept in missing.items() if hidden(kept.name) and key not in self.kept}
        self._lost.add((*self.gone, *self.cut))

    def _new(self, name: str, status: stat_result, own: Callable[[str], bool]) -> Kept:
        return Kept(name, name, status.st_mtime, status, foreign=not own(name), number=next(self._numbers))


def _untouched(before: Kept, name: str, now: stat_result) -> bool:
    """Whether nothing at all has happened to a file; two changes at one moment leave the same times."""
    was = before.status
    return before.name == name and (was.st_ctime_ns, was.st_mtime_ns, was.st_size, was.st_blocks) == (
        now.st_ctime_ns, now.st_mtime_ns, now.st_size, now.st_blocks
    )  # fmt: skip


def _once(found: Found, known: Mapping[Key, Kept]) -> Iterator[tuple[Key, str, stat_result]]:
    """Every file once, under the name that it had before if it still has that, whatever other names it has."""
    names: dict[Key, str] = {}
    for name, status in found.items():
        key = (status.st_dev, status.st_ino)
        if key not in names or (key in known and known[key].name == name):
            names[key] = name
    for key, name in names.items():
        yield key, name, found[name]


def _before(
    known: Mapping[Key, Kept],
    named: Mapping[str, Key],
    key: Key,
    name: str,
    status: stat_result,
    returned: Kept | None,
) -> Key | None:
    """Which of the known files this is: itself, moved at most, or the one that it took the place of and is a copy of.

    That may be one of what was there before it was cut. The inode of a file that is gone is soon that of another one,
    with another name and of another time.
    """
    own = known.get(key)
    if own is not None and (own.name == name or _equal(own.status, status)):
        return key
    replaced = named.get(name)
    if replaced is None:
        return None
    copied = _equal(known[replaced].status, status) or _is_left_of(known[replaced], returned)
    return replaced if copied else None


def _is_left_of(kept: Kept, returned: Kept | None) -> bool:
    """Whether a file is what was left when the one that has `returned` was cut."""
    return returned is not None and kept.number == returned.number


def _earlier(before: Kept | None, returned: Kept | None) -> Kept | None:
    """What a file was: what is put back is what it was before it went, even if it took some looks to be whole."""
    over = before is None or before.foreign or _is_left_of(before, returned)
    return returned if returned is not None and over else before


def _followed(before: Kept, name: str, status: stat_result) -> Kept:
    return replace(before, name=name, changed=max(before.changed, status.st_mtime), status=status)
