"""The order of siblings in a table: sorted on a column, stably, and kept so at the cost of what changed."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Mapping, Sequence
from itertools import filterfalse
from typing import NamedTuple

from widgets.table_rows import Delta, Item, Rank, Row, rank

_FEW = 64
"""Up to so many rows are put into place one by one; for more all are sorted anew."""


class Sort(NamedTuple):
    """By which column, by its index, and which way."""

    column: int
    descending: bool = False


class Order:
    """Siblings in sorted order: groups first, as the owner gave them; rows without a value last, either way."""

    def __init__(self, sort: Sort) -> None:
        self._sort = sort
        self._ranks: dict[str, Rank] = {}
        self._ranked: list[str] = []  # ascending; rows of one rank in the owner's order, or against it if descending
        self.keys: list[str] = []

    def follow(self, given: Sequence[str], items: Mapping[str, Item], changed: Collection[str], delta: Delta) -> None:
        """Bring the order up to date.

        `given` are all siblings in the owner's order, which decides between equal rows; `changed` those of them that
        are new or differ; `delta` what happened to the whole table.
        """
        for key in delta.gone:
            self._ranks.pop(key, None)
        fresh = {key for key in changed if self._rerank(key, items[key])}
        if not (delta.moved or fresh):
            return
        if delta.shuffled or len(fresh) + len(delta.gone) > _FEW:
            there, backwards = frozenset(given), self._sort.descending
            self._ranks = {key: value for key, value in self._ranks.items() if key in there}
            self._ranked = [*filter(self._ranks.__contains__, reversed(given) if backwards else given)]
            self._ranked.sort(key=self._ranks.__getitem__)
        else:
            self._ranked = [*filterfalse(fresh.union(delta.gone).__contains__, self._ranked)]
            self._place([*filter(self._ranks.__contains__, fresh)], given)
        self._assemble(given, items)

    def _rerank(self, key: str, item: Item) -> bool:
        """Look again at the cell of a row; say whether its place may be another one now."""
        column, value = self._sort.column, None
        if isinstance(item, Row) and column < len(item.cells):
            value = rank(item.cells[column])
        if value is None:
            return self._ranks.pop(key, None) is not None
        if self._ranks.get(key) == value:
            return False
        self._ranks[key] = value
        return True

    def _place(self, fresh: Sequence[str], given: Sequence[str]) -> None:
        """Put single rows where they belong, among equal ones as the owner has them."""
        rank_of, ranked, equal = self._ranks.__getitem__, self._ranked, set(fresh)
        for key in fresh:
            start = bisect_left(ranked, rank_of(key), key=rank_of)
            equal.update(ranked[start : bisect_right(ranked, rank_of(key), lo=start, key=rank_of)])
        sign = -1 if self._sort.descending else 1
        places = {key: sign * place for place, key in enumerate(filter(equal.__contains__, given))}
        for key in fresh:
            insort(ranked, key, key=lambda other: (rank_of(other), places.get(other, 0)))

    def _assemble(self, given: Sequence[str], items: Mapping[str, Item]) -> None:
        self.keys = self._ranked[::-1] if self._sort.descending else self._ranked
        if len(self._ranks) != len(given):
            bare = [*filterfalse(self._ranks.__contains__, given)]
            groups = [key for key in bare if type(items[key]) is not Row]
            rest = [key for key in bare if type(items[key]) is Row]
            self.keys = [*groups, *self.keys, *rest]
