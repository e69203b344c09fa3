"""The state of a table, without a screen: rows by key, sort, filter, folds, marks, cursor, window."""

from collections.abc import Callable, Sequence
from typing import Literal

from widgets.expression import FilterError
from widgets.table_columns import Column
from widgets.table_filter import parse_filter
from widgets.table_listing import Listing
from widgets.table_marks import Marks
from widgets.table_order import Sort
from widgets.table_rows import Item, Row, Rows
from widgets.table_view import View

Strayed = Literal["gone", "sifted", "folded", "overtaken", "marks"]
"""What an update took from the user: the row under the cursor, which is gone, or which the filter hides now, or which
went into a folded group, or before which another one came to the top; or all that was marked."""


class TableModel:
    """A table whose cursor, marks and window follow the keys of its rows, never their places.

    The cursor leaves its key only when the user moves it, when the user's own fold or filter hides it, or when an
    update takes the row away; the last is told by `strayed`. Until the user has moved it or meant something by it, it
    stands on the first row, whichever that is: what comes first matters most. An update closes no group that was seen
    open.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.rows = Rows(quiet=[number for number, column in enumerate(self.columns) if column.quiet])
        self.listing = Listing(self.rows)
        self.marks = Marks()
        self.view = View()
        self.changed: set[str] = set()
        self.strayed: Strayed | None = None
        """Why the user may mean something else than the table does; until it is told, or until the next move."""
        self._untouched = True
        """Whether the user has left the cursor alone until now."""
        self._noticed = True
        """Whether a key was pressed since an update moved the cursor: who pressed it has seen where it stands."""
        self._loaded = False
        self._marked_groups: tuple[frozenset[str] | None, frozenset[str | None]] = (None, frozenset())

    @property
    def keys(self) -> Sequence[str]:
        """The keys that are listed, top down."""
        return self.listing.keys

    @property
    def meant(self) -> frozenset[str]:
        """The rows that the user means: the marked ones, else what is under the cursor, of a group all its rows.

        Only rows that are here and pass the filter; what came since they were given is not among them.
        """
        if self.marks.keys:
            return frozenset(filter(self.listing.accepted, self.marks.keys))
        cursor = self.view.cursor
        keys = () if cursor is None else (cursor,) if self.rows.is_row(cursor) else self.listing.siblings(cursor)
        return frozenset(filter(self.listing.accepted, keys))

    def is_marked(self, key: str) -> bool:
        """Say whether a row is marked, or any row of a group."""
        marks = self.marks.keys
        if self._marked_groups[0] is not marks:
            self._marked_groups = marks, frozenset(map(self.rows.parent, marks))
        return key in marks or key in self._marked_groups[1]

    def update(self, items: Sequence[Item]) -> None:
        """Take these rows and groups instead of the present ones.

        Rows follow their group wherever they stand; one whose group is missing stands at the top. The first update is
        where the user starts from: nothing in it counts as changed. Later a changed row makes its group changed too.
        """
        cursor, marked, within = self.view.cursor, bool(self.marks.keys), self._within_range()
        delta = self.rows.replace(items)
        if self._loaded:
            self.changed.update(delta.news)
            self.changed.update(filter(None, map(self.rows.parent, delta.news)))
        self.changed.difference_update(delta.gone)
        self._loaded = True
        if delta.moved:
            self.marks.keep(self.rows)
            self._marked_groups = None, frozenset()
        if cursor is not None and (group := self.rows.parent(cursor)) is not None:
            self.listing.hold_open(group)
        self._relist(lambda: self.listing.follow(delta), within)
        if marked and not self.marks.keys:
            self.strayed = "marks"
        elif cursor is not None and cursor != self.view.cursor:
            self._noticed = False
            self.strayed = self.strayed or self._why_left(cursor)

    def acknowledge(self) -> None:
        """Take note of all that changed, for a key was pressed; what came to the top before the last one is known."""
        self.changed.clear()
        if self.strayed == "overtaken" and self._noticed:
            self.strayed = None
        self._noticed = True

    def settle(self) -> None:
        """The user knows what is marked and where the cursor stands."""
        self.strayed = None
        self._untouched = False

    def untold(self) -> Strayed | None:
        """Return what strayed, once; nothing as long as no row is listed that could be meant instead."""
        if self.view.cursor is None:
            return None
        strayed = self.strayed
        self.settle()
        return strayed

    def sort_by(self, sort: Sort | None) -> None:
        """Sort on a column, or with None keep the owner's order."""
        self._relist(lambda: self.listing.sort_by(sort))

    def turn_sort(self, column: int) -> None:
        """Sort on a column: up, next time down, then not at all."""
        sort = self.listing.sort
        if sort is None or sort.column != column:
            self.sort_by(Sort(column))
        else:
            self.sort_by(None if sort.descending else Sort(column, descending=True))

    def step_sort(self, step: int, columns: Sequence[int]) -> None:
        """Go on to the next sort, or back: the owner's order, then each of these columns up and down.

        The column that is sorted on has its place among them, also where it is seen no more.
        """
        sort = self.listing.sort
        numbers = sorted({*columns, *([] if sort is None else [sort.column])})
        ring = [None, *(Sort(number, down) for number in numbers for down in (False, True))]
        self.sort_by(ring[(ring.index(sort) + step) % len(ring)])

    def filter(self, text: str) -> str | None:
        """List only what this filter accepts; return a sentence if it cannot be used, and change nothing then."""
        try:
            wanted = parse_filter(text, self.columns)
            self._relist(lambda: self.listing.filter(wanted))
        except FilterError as error:
            return str(error)
        return None

    def only(self, wanted: Callable[[Row], bool] | None) -> None:
        """List only the rows that are wanted, on top of the filter; None lifts it."""
        self._relist(lambda: self.listing.only(wanted))

    def fold(self, *, opened: bool) -> None:
        """Open or close the group under the cursor, or the one that the row under the cursor belongs to."""
        if (group := self.rows.group_of(self.view.cursor)) is not None and opened != self.listing.is_open(group):
            self._relist(lambda: self.listing.fold(group, opened=opened))
            self.settle()

    def go(self, index: int) -> None:
        """Move the cursor to a place in the listing, or the nearest there is."""
        self.settle()
        self.marks.release()
        self.view.go(self.keys, index)

    def move(self, lines: int) -> None:
        """Move the cursor up or down."""
        self.go(self.view.index + lines)

    def scroll(self, lines: int) -> None:
        """Move the window up or down; the cursor stays within it."""
        self.marks.release()
        self._untouched = False
        cursor = self.view.cursor
        self.view.scroll(self.keys, lines)
        if self.view.cursor != cursor:
            self.settle()

    def resize(self, height: int) -> None:
        """Take another height of the window, in lines."""
        self.view.resize(height, len(self.keys))

    def mark(self) -> Strayed | None:
        """Mark the row under the cursor, or unmark it; on a group's line all its rows.

        What strayed since is returned to be told, and then nothing is marked; so it is with all that marks.
        """
        cursor = self.view.cursor
        if cursor is None or not self.rows.is_row(cursor):
            return self.mark_group()
        strayed = self.untold()
        if strayed is None:
            self.marks.toggle([cursor])
        return strayed

    def mark_group(self) -> Strayed | None:
        """Mark all rows of the group under the cursor that pass the filter, or unmark them; without groups all rows."""
        strayed = self.untold()
        if strayed is None and self.view.cursor is not None:
            group = self.rows.group_of(self.view.cursor)
            self.marks.toggle([*filter(self.rows.is_row, self.listing.siblings(group))])
        return strayed

    def extend(self, lines: int) -> Strayed | None:
        """Move the cursor and mark all rows from where the range began; a folded group stands for its rows."""
        strayed = self.untold()
        if strayed is None and self.keys:
            start = self.view.index
            self.view.go(self.keys, start + lines)
            self.marks.extend(self.keys, start, self.view.index, self._stands_for)
        return strayed

    def _stands_for(self, key: str) -> Sequence[str]:
        """Return the rows that are marked with a line: the row itself, or what a folded group hides."""
        if self.rows.is_row(key):
            return (key,)
        return () if self.listing.is_open(key) else [*filter(self.rows.is_row, self.listing.siblings(key))]

    def _relist(self, change: Callable[[], None], within: Sequence[str] | None = None) -> None:
        """Change the listing; cursor and window follow.

        A range had these rows `within`. It goes on when nothing happened but that some of them are no rows any more;
        with others, or in another order, its next step would unmark what nobody gave up.
        """
        before, within = self.keys, self._within_range() if within is None else within
        change()
        group = self.rows.parent(self.view.cursor) if self.view.cursor is not None else None
        folded = group is not None and not self.listing.is_open(group)
        self.view.follow(before, self.keys, refuge=group if folded else None)
        if self._untouched:
            self.view.go(self.keys, 0)
        if [key for key in within if self.rows.is_row(key)] != self._within_range():
            self.marks.release()

    def _why_left(self, key: str) -> Strayed:
        """Return what an update did to the row that the cursor left."""
        if key not in self.rows.items:
            return "gone"
        if self._untouched and self.listing.lists(key):
            return "overtaken"
        return "folded" if self.listing.accepted(key) else "sifted"

    def _within_range(self) -> Sequence[str]:
        """The rows that the range stands for, those in folded groups too; none where none is being drawn."""
        return [row for key in self.marks.span(self.keys, self.view.index) for row in self._stands_for(key)]
