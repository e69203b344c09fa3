"""Files by what they are, whatever they are called: which of them are gone, cut short, or there again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from os import stat_result

BLOCK = 512
"""Bytes in what the system counts as one block of a file."""

SECOND = 1_000_000_000
"""Nanoseconds."""

Found = Mapping[str, stat_result]
Key = tuple[int, int]
"""Device and inode."""


def key_of(status: stat_result) -> Key:
    """Which file it is, whatever its name."""
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: the name it was `first` found under and the last one, and when it was `changed` last, in seconds.

    A time that is set back later does not make it older, and to lose of what it holds does not make it younger.
    """

    first: str
    name: str
    changed: float
    status: stat_result
    whole: stat_result
    """How it was found first: what it holds beyond that somebody may add, and take away again."""
    foreign: bool = False
    """Whether it is none of the platform's own."""
    number: int = 0
    """What no other file of its roll has: not the next one of its name, only what was copied into its place."""

    @property
    def room(self) -> int:
        """Bytes that it takes on the disk."""
        return self.status.st_blocks * BLOCK


Alike = Callable[[Kept], bool | None]
"""Whether what has the name of a file now holds what that file held when it was whole; None: that was never read."""


class Lost:
    """Files that are gone, to know them again when they are put back as they were."""

    def __init__(self) -> None:
        self._files: dict[str, Kept] = {}

    @property
    def names(self) -> set[str]:
        """Under which they were."""
        return set(self._files)

    @property
    def numbers(self) -> set[int]:
        """Which files they were; what is left of one that was cut is still that one."""
        return {kept.number for kept in self._files.values()}

    def add(self, gone: Iterable[Kept]) -> None:
        """These are gone, or hold no more what they held; to lose the rest of one is to lose nothing more."""
        known = self.numbers
        self._files.update({kept.name: kept for kept in gone if kept.number not in known})

    def forget(self, name: str) -> None:
        """What was under this name is gone for good."""
        self._files.pop(name, None)

    def put_back(self, found: Found, alike: Alike) -> dict[str, Kept]:
        """Which of those that were gone are among what was `found`, by the names that they have; each is told once.

        That is the last one, or the first: somebody may have moved a file before it went.
        """
        back: dict[str, Kept] = {}
        for kept in [*self._files.values()]:
            for name in dict.fromkeys((kept.name, kept.first)):
                if name in found and name not in back and _whole(replace(kept, name=name), found[name], alike):
                    back[name] = self._files.pop(kept.name)
                    break
        return back


def _whole(before: Kept, now: stat_result, alike: Alike) -> bool:
    """Whether all is there again that was there when the file was whole."""
    return not _cut(before.whole, now) and _copied(before, now, alike)


def _copied(before: Kept, now: stat_result, alike: Alike) -> bool:
    """Whether what has the name of a file now is a copy of it, whether or not it has its time."""
    same = alike(before)
    return _equal(before.status, now) or _equal(before.whole, now) if same is None else same


def _equal(before: stat_result, now: stat_result) -> bool:
    """What stays of a file that is moved, even to another file system: its size and when it was changed.

    Archives keep whole seconds of that.
    """
    times = (before.st_mtime_ns, before.st_mtime_ns // SECOND * SECOND)
    return before.st_size == now.st_size and now.st_mtime_ns in times


def _cut(before: stat_result, now: stat_result) -> bool:
    """Whether a file lost of what it held: at its end, or by a hole."""
    holes = now.st_blocks * BLOCK < min(now.st_size, before.st_blocks * BLOCK)
    return now.st_size < before.st_size or holes


@dataclass(slots=True)
class Roll:
    """Every file of a place, as of the last look."""

    alike: Alike = lambda _: None
    kept: dict[Key, Kept] = field(default_factory=dict)
    gone: list[Kept] = field(default_factory=list)
    """What the last look missed, as it was before."""
    cut: list[Kept] = field(default_factory=list)
    """What lost of what it held when it was whole between the last two looks, as it was before."""
    again: set[int] = field(default_factory=set)
    """Numbers of files that had lost something already before the last look."""
    back: list[str] = field(default_factory=list)
    """What was gone or cut, and at the last look was there again: under the names that it had before."""
    foreign: list[Kept] = field(default_factory=list)
    """What the last look missed of files that are none of the platform's own, as it was before."""
    _lost: Lost = field(default_factory=Lost)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def names(self) -> set[str]:
        """Every name under which a file is, or was until it went."""
        return {kept.name for kept in self.kept.values()} | self._lost.names

    @property
    def lost(self) -> set[int]:
        """The numbers of the files that are gone, or hold no more what they held, and are not back."""
        return self._lost.numbers

    def spoil(self, spoilt: Iterable[Kept]) -> None:
        """Something else was written over these, as they were before: they may be put back too."""
        self._lost.add(spoilt)

    def look(
        self, found: Found, hidden: Callable[[str], bool] = lambda _: False, own: Callable[[str], bool] = lambda _: True
    ) -> None:
        """Look again: `found` is what is there, and what is `hidden` may be; a new name is an `own` one, or foreign."""
        known, self.kept = self.kept, {}
        named = {kept.name: key for key, kept in known.items()}
        self.cut = []
        returned = self._lost.put_back(found, self.alike)
        self.back = sorted(kept.name for kept in returned.values())
        self.again = self.lost
        numbers = {kept.number for kept in returned.values()}
        met: set[Key] = set()
        overwritten: list[Kept] = []
        for key, name, status in _once(found, known):
            same = known.get(key)
            if same is not None and name not in returned and _untouched(same, name, status):
                # Most are, and this is asked for every second.
                self.kept[key] = self._apart(same) if same.number in numbers else same
                met.add(key)
                continue
            before = self._before(known, named, key, name, status, returned.get(name))
            if before is not None and name in returned and self._is_overwritten(known[before], name, returned[name]):
                met.add(before)
                overwritten.append(replace(known[before], name=known[before].first))
                self.kept[key] = _followed(returned[name], name, status)
                continue
            earlier = _earlier(before and known[before], returned.get(name))
            if earlier is not None and earlier.number in numbers and name not in returned:
                earlier = self._apart(earlier)
            self.kept[key] = _followed(earlier, name, status) if earlier else self._new(name, status, own)
            if before is not None:
                met.add(before)
                was = known[before]
                cut = _cut(was.status, status) and _cut(was.whole, status)
                self.cut += [was] if cut and not was.foreign and not self._is_spent(was) else []
        missing = {key: kept for key, kept in known.items() if key not in met}
        gone = [kept for kept in missing.values() if not hidden(kept.name) and not self._is_spent(kept)]
        gone = [kept for kept in gone if kept.foreign or not self._lives_on(kept, found)] + overwritten
        self.gone = [kept for kept in gone if not kept.foreign]
        self.foreign = [kept for kept in gone if kept.foreign]
        self.kept |= {key: kept for key, kept in missing.items() if hidden(kept.name) and key not in self.kept}
        self._lost.add((*self.gone, *self.cut))

    def forget(self, name: str) -> None:
        """What was lost under this name is gone for good."""
        self._lost.forget(name)

    @property
    def numbers(self) -> set[int]:
        """The numbers of all files that are there, or may be put back."""
        return {kept.number for kept in self.kept.values()} | self.lost

    def _is_overwritten(self, was: Kept, name: str, returned: Kept) -> bool:
        """Whether a file that had taken the name of another one lost all that it held when that one was put back."""
        other = not was.foreign and was.number != returned.number
        return other and self.alike(replace(was, name=name)) is False

    def _lives_on(self, kept: Kept, found: Found) -> bool:
        """Whether a file that was moved, and went then, had been copied before; under its first name that is it now."""
        if any(other.number == kept.number for other in self.kept.values()):
            return True
        status = found.get(kept.first)
        heir = None if status is None else self.kept.get(key_of(status))
        if status is None or heir is None or heir.first != kept.first:
            return False
        whole = _whole(replace(kept, name=kept.first), status, self.alike)
        if whole:
            self.kept[key_of(status)] = _followed(kept, kept.first, status)
        return whole

    def _is_spent(self, kept: Kept) -> bool:
        """Whether it had lost all that it held before."""
        return not kept.room and kept.number in self.lost

    def _before(
        self,
        known: Mapping[Key, Kept],
        named: Mapping[str, Key],
        key: Key,
        name: str,
        status: stat_result,
        returned: Kept | None,
    ) -> Key | None:
        """Which of the known files this is: itself, moved at most, or the one whose place it took and whose copy it is.

        That may be one of what was there before it was cut. The inode of a file that is gone is soon that of another
        one, with another name and of another time.
        """
        own = known.get(key)
        if own is not None and (own.name == name or _equal(own.status, status)):
            return key
        replaced = named.get(name)
        if replaced is None:
            return None
        copied = _is_left_of(known[replaced], returned) or _copied(known[replaced], status, self.alike)
        return replaced if copied else None

    def _new(self, name: str, status: stat_result, own: Callable[[str], bool]) -> Kept:
        return Kept(name, name, status.st_mtime, status, status, foreign=not own(name), number=next(self._numbers))

    def _apart(self, rest: Kept) -> Kept:
        """What somebody moved away of a file that is whole again is nothing that anybody needs."""
        return replace(rest, foreign=True, number=next(self._numbers))


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
        key = key_of(status)
        if key not in names or (key in known and known[key].name == name):
            names[key] = name
    for key, name in names.items():
        yield key, name, found[name]


def _is_left_of(kept: Kept, returned: Kept | None) -> bool:
    """Whether a file is what was left when the one that has `returned` was cut."""
    return returned is not None and kept.number == returned.number


def _earlier(before: Kept | None, returned: Kept | None) -> Kept | None:
    """What a file was: what is put back is what it was before it went, even if it took some looks to be whole."""
    over = before is None or before.foreign or _is_left_of(before, returned)
    return returned if returned is not None and over else before


def _followed(before: Kept, name: str, status: stat_result) -> Kept:
    same = status.st_mtime_ns == before.status.st_mtime_ns
    as_old = same or status.st_size == 0 or _cut(before.status, status)
    changed = before.changed if as_old else max(before.changed, status.st_mtime)
    return replace(before, name=name, changed=changed, status=status)
