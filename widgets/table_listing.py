"""Which rows of a table are listed, and in which order: sorted, filtered, folded."""

from collections.abc import Callable, Collection
from itertools import filterfalse

from widgets.expression import TooSlow
from widgets.table_filter import Filter, Search
from widgets.table_order import Order, Sort
from widgets.table_rows import Delta, Group, Row, Rows

MOST_FOLDS = 1000
"""Folds that are remembered: beyond them those of groups go that are not there any more."""


class Listing:
    """The keys to show, top down, kept up to date with the rows; the user's sort, filter and folds outlive updates."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._orders: dict[str | None, Order] = {}
        self._rejected: set[str] = set()
        self._fitting_groups: set[str] = set()
        """The groups whose own line passes the filter."""
        self._folds: dict[str, bool] = {}
        """Groups that were folded or unfolded, and those that were listed open: no update closes them any more."""
        self._filter: Filter | None = None
        self._search = Search()
        self._only: Callable[[Row], bool] | None = None
        self._passing: dict[str, int] = {}
        self.gave_up = False
        """Whether the filter was lifted because new rows made it too slow."""
        self.sort: Sort | None = None
        self.keys: list[str] = []

    def follow(self, delta: Delta) -> None:
        """Take in what an update changed."""
        if self.sort is not None and delta.regrouped:
            self._sort_anew(self.sort)
        elif self.sort is not None:
            self._sort_again(self.sort, delta)
        self._search.forget(delta.changed)
        self._search.forget(delta.gone)
        if self._sifts:
            self._rejected.difference_update(delta.gone)
            self._sift_in_time(self._rows.items if delta.regrouped else self._with_children(delta.changed))
        if delta.moved or delta.changed:
            self._list()
        if len(self._folds) > MOST_FOLDS:
            self._folds = {key: opened for key, opened in self._folds.items() if key in self._rows.children}

    def sort_by(self, sort: Sort | None) -> None:
        """Sort on a column from now on, or keep the owner's order."""
        self.sort = sort
        if sort is not None:
            self._sort_anew(sort)
        self._list()

    def filter(self, wanted: Filter | None) -> None:
        """List only the rows that this filter accepts; raises `TooSlow`, and then all is as before."""
        before = self._filter, self._rejected
        self._filter, self._rejected = wanted, set()
        try:
            self._sift(self._rows.items)
        except TooSlow:
            self._filter, self._rejected = before
            raise
        self.gave_up = False
        self._list()

    def only(self, wanted: Callable[[Row], bool] | None) -> None:
        """List only the rows that are wanted, on top of the filter."""
        self._only = wanted
        self._rejected = set()
        self._sift_in_time(self._rows.items)
        self._list()

    def is_open(self, key: str) -> bool:
        """Say whether a group shows its rows."""
        group = self._rows.items.get(key)
        return isinstance(group, Group) and self._folds.get(key, group.open)

    def fold(self, key: str, *, opened: bool) -> None:
        """Open or close a group; it stays so, also while it is gone for a time."""
        if isinstance(self._rows.items.get(key), Group) and opened != self.is_open(key):
            self._folds[key] = opened
            self._list()

    def hold_open(self, group: str) -> None:
        """Let an update leave this group open, or open it, unless somebody folded it."""
        self._folds.setdefault(group, True)

    def lists(self, key: str) -> bool:
        """Say whether a row or a group is among the keys."""
        parent = self._rows.parent(key)
        return key in self.keys if parent is None else self.is_open(parent) and self.accepted(key)

    def accepted(self, key: str) -> bool:
        """Say whether this is a row that passes the filter, folded or not."""
        return self._rows.is_row(key) and key not in self._rejected

    def passing(self, group: str) -> tuple[int, int] | None:
        """Return how many rows of a group pass the filter, and how many it has; None where nothing is filtered."""
        return (self._passing[group], len(self._rows.children[group])) if group in self._passing else None

    def siblings(self, group: str | None) -> list[str]:
        """Return the rows of a group, or with None those at the top, in order and filtered."""
        order = self._orders[group].keys if self.sort is not None else self._given(group)
        return [*filterfalse(self._rejected.__contains__, order)] if self._rejected else order

    @property
    def _sifts(self) -> bool:
        return self._filter is not None or self._only is not None

    def _given(self, group: str | None) -> list[str]:
        return self._rows.top if group is None else self._rows.children[group]

    def _sort_anew(self, sort: Sort) -> None:
        self._orders = {}
        self._sort_again(sort, Delta(self._rows.items.keys(), moved=True, shuffled=True))

    def _sort_again(self, sort: Sort, delta: Delta) -> None:
        """Bring the orders of all siblings up to date."""
        orders = self._orders
        changed: dict[str | None, set[str]] = {}
        if not self._rows.children:
            changed[None] = set(delta.changed)
        else:
            for key in delta.changed:
                changed.setdefault(self._rows.parent(key), set()).add(key)
        self._orders = {}
        for group in (None, *self._rows.children):
            self._orders[group] = order = orders.get(group) or Order(sort)
            order.follow(self._given(group), self._rows.items, changed.get(group, set()), delta)

    def _with_children(self, keys: Collection[str]) -> Collection[str]:
        """Return the keys, and those of all rows that are searched together with one of them."""
        children = self._rows.children
        return {*keys, *(child for key in keys if key in children for child in children[key])} if children else keys

    def _sift_in_time(self, keys: Collection[str]) -> None:
        """Find out anew which of these rows are rejected; a filter that is too slow for them is lifted for good."""
        try:
            self._sift(keys)
        except TooSlow:
            self._filter, self.gave_up = None, True
            self._rejected = set()
            self._sift(self._rows.items)

    def _sift(self, keys: Collection[str]) -> None:
        """Find out anew which of these rows are rejected."""
        items = self._rows.items
        rows = [item for key in keys if type(item := items[key]) is Row]
        self._rejected.difference_update(keys)
        if self._filter is not None:
            sifted = self._search.rejected(self._filter, rows, self._groups())
            self._rejected |= sifted.rejected
            self._fitting_groups = sifted.groups
        if self._only is not None:
            wanted = self._only
            self._rejected.update(row.key for row in rows if not wanted(row))

    def _groups(self) -> dict[str, Group]:
        return {key: group for key in self._rows.children if isinstance(group := self._rows.items[key], Group)}

    def _list(self) -> None:
        top = self.siblings(None)
        self._passing = {}
        if not self._rows.children:
            self.keys = top
            return
        self.keys = keys = []
        for key in top:
            if type(self._rows.items[key]) is Row:
                keys.append(key)
                continue
            rows = self.siblings(key)
            if self._sifts:
                self._passing[key] = len(rows)
            if rows or not self._sifts or self._matches_alone(key):
                keys.append(key)
                if self.is_open(key):
                    self.hold_open(key)
                    keys.extend(rows)

    def _matches_alone(self, key: str) -> bool:
        """Say whether a group without any row at all passes the filter by its own line."""
        return not self._rows.children[key] and self._only is None and key in self._fitting_groups
