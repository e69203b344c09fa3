"""What a table is made of: cells, rows, groups, and the store that finds out what an update changed."""

import math
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import compress, filterfalse
from operator import is_not, itemgetter
from typing import NamedTuple, TypeVar

from widgets.text import Line, Tone

_NO_VALUE = frozenset({"", "-", "–", "—", "?"})


class Cell(NamedTuple):
    """One cell of a row.

    `sort` is the raw value behind the text. Without one the text itself is sorted on; an empty text, a dash or a
    question mark then means that there is no value.
    """

    text: str
    tone: Tone = "plain"
    sort: float | str | None = None


class Row(NamedTuple):
    """One thing, known by its key; `cells` stand in the order of the columns, `parent` is the key of its group."""

    key: str
    cells: tuple[Cell, ...]
    parent: str | None = None


class Group(NamedTuple):
    """A line over the whole width that its rows follow; `open` says whether they show when it is first seen.

    A filter finds it by its `name`, not by counts and shares that stand beside it.
    """

    key: str
    lead: Line
    tail: Line = ()
    open: bool = True
    name: str = ""


_STRETCH = 512
"""So many items are compared at once; Python passes over those that are the same objects."""

Item = Row | Group
_Old = TypeVar("_Old", bound=Item | None)
Rank = tuple[int, float | str]


def rank(cell: Cell) -> Rank | None:
    """Return what a cell is sorted on: numbers come before texts; None means that there is no value."""
    value: object = cell.sort
    if value is None:
        text = cell.text.strip()
        return None if text in _NO_VALUE else (1, text.casefold())
    if isinstance(value, int | float):
        return None if math.isnan(value) else (0, value)
    return 1, str(value).casefold()


class Delta(NamedTuple):
    """What an update did: the keys that are new or differ, and those that are gone.

    `news` are the changed ones of which more than quiet columns differ. `moved` says whether anything came, went or
    moved, `shuffled` whether what stayed stands in another order or group, `regrouped` whether groups came or went.
    """

    changed: AbstractSet[str] = frozenset()
    news: Collection[str] = ()
    gone: Collection[str] = ()
    moved: bool = False
    shuffled: bool = False
    regrouped: bool = False


class Rows:
    """The rows of a table by key, in the owner's order. Of several items with one key the first counts.

    With 100,000 rows every step that Python takes for each of them costs as much as a picture. So what is the same
    object as before is passed over inside the interpreter, and only the stretch from the first to the last other one
    is looked at.
    """

    def __init__(self, quiet: Collection[int] = ()) -> None:
        self._quiet = frozenset(quiet)
        self._sequence: tuple[Item, ...] = ()
        self._keys: list[str] = []
        self.items: dict[str, Item] = {}
        self.top: list[str] = []
        self.children: dict[str, list[str]] = {}

    def replace(self, items: Sequence[Item]) -> Delta:
        """Take these items instead of the present ones and return what that changed."""
        old, new = self._sequence, tuple(items)
        start = _alike(old, new)
        rest = _alike(old[start:][::-1], new[start:][::-1])
        before, after = old[start : len(old) - rest], new[start : len(new) - rest]
        was, now = self._keys[start : len(old) - rest], [*map(itemgetter(0), after)]
        if was == now:
            self._sequence = new
            return self._patch(_unlike(before, after))
        here, there = frozenset(was), frozenset(now)
        if len(there) != len(now) or not self.items.keys().isdisjoint(there - here):
            return self.replace([*_first_of_each(new)])
        self._sequence = new
        self._keys = [*self._keys[:start], *now, *self._keys[len(old) - rest :]]
        gone = [*filterfalse(there.__contains__, was)]
        found: list[Item | None] = [*map(self.items.get, now)]
        pairs = _unlike(found, after)
        self.items.update((item.key, item) for _, item in pairs)
        for key in gone:
            del self.items[key]
        stayed = [*filter(here.__contains__, now)] == [*filter(there.__contains__, was)]
        return self._delta(pairs, gone, moved=True, shuffled=not stayed)

    @property
    def count(self) -> int:
        """How many rows there are, their groups not counted."""
        return len(self.items) - len(self.children)

    def parent(self, key: str) -> str | None:
        """Return the key of the group that a row belongs to."""
        item = self.items.get(key)
        if isinstance(item, Row) and item.parent in self.children:
            return item.parent
        return None

    def group_of(self, key: str | None) -> str | None:
        """Return the key of the group that something is or belongs to."""
        return key if key in self.children else None if key is None else self.parent(key)

    def is_row(self, key: str) -> bool:
        """Say whether this is the key of a row."""
        return isinstance(self.items.get(key), Row)

    def _patch(self, pairs: Sequence[tuple[Item, Item]]) -> Delta:
        """Take items that differ in the places of those before."""
        self.items.update((item.key, item) for _, item in pairs)
        return self._delta(pairs, (), moved=False, shuffled=False)

    def _delta(
        self, pairs: Sequence[tuple[Item | None, Item]], gone: Collection[str], *, moved: bool, shuffled: bool
    ) -> Delta:
        """Arrange the rows anew if any moved, and say what changed."""
        shuffled = shuffled or not all(before is None or _same_place(before, after) for before, after in pairs)
        groups = self.children.keys()
        if moved or shuffled:
            self._arrange()
        news = [after.key for before, after in pairs if not (self._quiet and self._is_quiet(before, after))]
        changed = {after.key for _, after in pairs}
        return Delta(changed, news, gone, moved or shuffled, shuffled, groups != self.children.keys())

    def _arrange(self) -> None:
        self.children = {item.key: [] for item in self._sequence if type(item) is Group}
        if not self.children:
            self.top = self._keys
            return
        top: list[str] = []
        self.top = top
        find = self.children.get
        for key, item in zip(self._keys, self._sequence, strict=True):
            siblings = find(item[2]) if type(item) is Row and item[2] is not None else None
            (top if siblings is None else siblings).append(key)

    def _is_quiet(self, before: Item | None, after: Item) -> bool:
        """Say whether two items differ in quiet columns only; what turns good or bad there is no less news."""
        if not isinstance(before, Row) or not isinstance(after, Row):
            return False
        if before.parent != after.parent or len(before.cells) != len(after.cells):
            return False
        cells = enumerate(zip(before.cells, after.cells, strict=True))
        return all(was == cell or (number in self._quiet and was.tone == cell.tone) for number, (was, cell) in cells)


def _first_of_each(items: Sequence[Item]) -> Iterator[Item]:
    """Pass over items whose key was there before."""
    met: set[str] = set()
    for item in items:
        if item.key not in met:
            met.add(item.key)
            yield item


def _alike(old: Sequence[Item], new: Sequence[Item]) -> int:
    """Return how many items two sequences share from their start; compares stretches of them at once."""
    most, place = min(len(old), len(new)), 0
    while place < most and old[place : place + _STRETCH] == new[place : place + _STRETCH]:
        place += _STRETCH
    while place < most and old[place] == new[place]:
        place += 1
    return min(place, most)


def _unlike(old: Sequence[_Old], new: Sequence[Item]) -> list[tuple[_Old, Item]]:
    """Return the pairs of different items at the same places of two sequences."""
    others = compress(zip(old, new, strict=True), map(is_not, old, new))
    return [(before, after) for before, after in others if before != after]


def _same_place(before: Item, after: Item) -> bool:
    """Say whether an item is of the same kind and in the same group as another one of its key."""
    return type(before) is type(after) and (type(before) is Group or before[2] == after[2])
