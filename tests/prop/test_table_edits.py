"""A table that was edited bit by bit is the same as a fresh one of what came out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from widgets.table_columns import Column
from widgets.table_model import TableModel
from widgets.table_order import Sort
from widgets.table_rows import Cell, Group, Item, Row
from widgets.text import line

COLUMNS = (Column("name", "Name"), Column("size", "Size"))
SORTS = (None, Sort(0), Sort(0, descending=True), Sort(1), Sort(1, descending=True))
FILTERS = ("", "1", "!1", "x", "size:2", "/[12]/")
SIZES = (1, 2, 2, 3, None, float("nan"))

Kind = Literal["insert", "remove", "change", "move"]
Wanted = Callable[[Row], bool] | None


class Edit(NamedTuple):
    """One change of a list of items: what is done, at which place, to which other one, and with which item.

    Places are counted round and round.
    """

    kind: Kind
    place: int
    to: int
    item: Item

    def apply(self, items: list[Item]) -> None:
        """Do it; a row that is changed keeps its key and its group."""
        if self.kind == "insert":
            items.insert(self.place % (len(items) + 1), self.item)
        elif items:
            place = self.place % len(items)
            before = items.pop(place)
            if self.kind == "move":
                items.insert(self.to % (len(items) + 1), before)
            elif self.kind == "change" and isinstance(before, Row) and isinstance(self.item, Row):
                items.insert(place, before._replace(cells=self.item.cells))


def not_one(row: Row) -> bool:
    """Whether a row is wanted on top of the filter."""
    return row.cells[0].text != "1"


names = st.sampled_from(["1", "2", "2", "3", "x", ""]).map(Cell)
sizes = st.sampled_from(SIZES).map(lambda size: Cell("2" if size == 2 else "t", sort=size))
rows = st.builds(
    Row,
    st.integers(0, 11).map("r{}".format),
    st.tuples(names, sizes),
    st.sampled_from([None, None, "g0", "g1", "none"]),
)
groups = st.builds(Group, st.sampled_from(["g0", "g1"]), st.just(line("group")), st.just(()), st.booleans())
edits = st.builds(
    Edit,
    st.sampled_from(["insert", "remove", "change", "change", "move"]),
    st.integers(0, 30),
    st.integers(0, 30),
    rows | rows | groups,
)


def fresh(items: list[Item], sort: Sort | None, text: str, wanted: Wanted, folds: dict[str, bool]) -> TableModel:
    """A table that was given all of this at once."""
    model = TableModel(COLUMNS)
    model.update(items)
    for group, opened in folds.items():
        model.listing.fold(group, opened=opened)
    model.sort_by(sort)
    model.filter(text)
    model.only(wanted)
    return model


class EditedTable(RuleBasedStateMachine):
    """Whatever was done to it, it lists what a fresh one does; cursor and marks stay with their keys."""

    def __init__(self) -> None:
        super().__init__()
        self.model = TableModel(COLUMNS)
        self.items: list[Item] = []
        self.sort: Sort | None = None
        self.text = ""
        self.wanted: Wanted = None
        self.folds: dict[str, bool] = {}
        self.marks: frozenset[str] = frozenset()
        self.anchor: str | None = None
        self.before: frozenset[str] = frozenset()
        """What was marked when the range began."""

    @initialize(items=st.lists(rows | rows | rows | groups, min_size=3, max_size=14), sort=st.sampled_from(SORTS))
    def start(self, items: list[Item], sort: Sort | None) -> None:
        self.items = items
        self.model.resize(5)
        self.model.update(items)
        self.model.move(0)  # from now on the cursor is where the user put it
        self.sort_by(sort)

    @rule(single=edits)
    def edit(self, single: Edit) -> None:
        self.edit_several([single])

    @rule(several=st.lists(edits, min_size=2, max_size=4))
    def edit_several(self, several: list[Edit]) -> None:
        cursor = self.model.view.cursor
        for each in several:
            each.apply(self.items)
        with self.relisting():
            self.model.update(list(self.items))
        if cursor is not None and (group := self.model.rows.parent(cursor)) is not None:
            self.folds.setdefault(group, True)
        there = {item.key for item in self.items if self.model.rows.is_row(item.key)}
        self.marks, self.before = self.marks & there, self.before & there
        if cursor in self.model.keys:
            assert self.model.view.cursor == cursor

    @rule(sort=st.sampled_from(SORTS))
    def sort_by(self, sort: Sort | None) -> None:
        self.sort = sort
        with self.relisting():
            self.model.sort_by(sort)

    @rule(text=st.sampled_from(FILTERS))
    def filter(self, text: str) -> None:
        self.text = text
        with self.relisting():
            assert self.model.filter(text) is None

    @rule(wanted=st.sampled_from([None, not_one]))
    def only(self, wanted: Wanted) -> None:
        self.wanted = wanted
        with self.relisting():
            self.model.only(wanted)

    @rule(opened=st.booleans())
    def fold(self, opened: bool) -> None:
        group = self.model.rows.group_of(self.model.view.cursor)
        if group is not None and self.model.listing.is_open(group) != opened:
            self.folds[group] = opened
        with self.relisting():
            self.model.fold(opened=opened)

    def within(self) -> list[str]:
        """The rows from the anchor to the cursor."""
        listed = list(self.model.keys)
        if self.anchor not in listed or self.model.view.cursor is None:
            return []
        first, last = sorted((listed.index(self.anchor or ""), listed.index(self.model.view.cursor)))
        return [row for key in listed[first : last + 1] for row in self.stands_for(key)]

    @contextmanager
    def relisting(self) -> Iterator[None]:
        """A range ends when rows stand within it that did not, or stand otherwise; what was seen open stays so."""
        seen = self.within()
        yield
        if self.within() != [key for key in seen if self.model.rows.is_row(key)]:
            self.anchor = None
        for key in self.model.keys:
            if self.model.listing.is_open(key):
                self.folds.setdefault(key, True)

    @rule(place=st.integers(0, 12))
    def go(self, place: int) -> None:
        self.model.go(place)
        self.anchor = None

    @rule(place=st.integers(0, 12))
    def mark(self, place: int) -> None:
        self.go(place)
        cursor = self.model.view.cursor
        if cursor is not None and self.model.rows.is_row(cursor):
            self.model.mark()
            self.marks ^= {cursor}

    @rule(lines=st.sampled_from([-1, 1, 2]))
    def extend(self, lines: int) -> None:
        cursor, listed = self.model.view.cursor, list(self.model.keys)
        if self.model.extend(lines) is None and cursor is not None:
            if self.anchor not in listed:
                self.anchor, self.before = cursor, self.marks
            ends = sorted(listed.index(key) for key in (self.anchor, self.model.view.cursor) if key is not None)
            span = listed[ends[0] : ends[-1] + 1]
            self.marks = self.before.union(*map(self.stands_for, span))

    def stands_for(self, key: str) -> list[str]:
        """The row itself, or what a folded group hides."""
        if self.model.rows.is_row(key):
            return [key]
        if self.model.listing.is_open(key):
            return []
        return [child for child in self.model.listing.siblings(key) if self.model.rows.is_row(child)]

    @invariant()
    def it_is_as_if_it_were_fresh(self) -> None:
        other = fresh(self.items, self.sort, self.text, self.wanted, self.folds)
        assert list(self.model.keys) == list(other.keys)
        assert self.model.rows.items == other.rows.items
        for key in self.model.rows.children:
            assert self.model.listing.passing(key) == other.listing.passing(key)

    @invariant()
    def cursor_and_marks_are_keys(self) -> None:
        assert self.model.marks.keys == self.marks
        view = self.model.view
        assert view.cursor == (self.model.keys[view.index] if self.model.keys else None)


TestEditedTable = EditedTable.TestCase
TestEditedTable.settings = settings(max_examples=150, stateful_step_count=25)


@pytest.mark.parametrize("sort", SORTS[1:])
@pytest.mark.parametrize("many", [1, 63, 64, 65, 150])
def test_many_edits_at_once_are_the_same_as_few(sort: Sort, many: int) -> None:
    items: list[Item] = [Row(f"r{n}", (Cell(str(n % 7)), Cell("t", sort=n % 5))) for n in range(200)]
    model = TableModel(COLUMNS)
    model.update(items)
    model.sort_by(sort)
    for step in range(4):
        for number in range(many):
            place = (number * 3 + step) % 200
            items[place] = Row(items[place].key, (Cell(str((number + step) % 6)), Cell("t", sort=(number + step) % 4)))
        del items[step]
        items.insert(100, Row(f"new{step}", (Cell("3"), Cell("t", sort=2))))
        model.update(items)
        assert list(model.keys) == list(fresh(items, sort, "", None, {}).keys)


@pytest.mark.parametrize("sort", SORTS)
@given(st.permutations(range(6)))
def test_equal_rows_follow_their_owner_to_another_order(sort: Sort | None, order: list[int]) -> None:
    items: list[Item] = [Row(f"r{n}", (Cell(str(n % 2)), Cell("t", sort=n % 3))) for n in range(6)]
    model = TableModel(COLUMNS)
    model.update(items)
    model.sort_by(sort)
    moved = [items[number] for number in order]
    model.update(moved)
    assert list(model.keys) == list(fresh(moved, sort, "", None, {}).keys)


def test_a_range_does_not_bring_back_the_mark_of_a_row_that_went() -> None:
    items: list[Item] = [Row(f"r{n}", (Cell("1"), Cell("1"))) for n in range(5)]
    model = TableModel(COLUMNS)
    model.update(items)
    model.mark()
    model.move(2)
    model.extend(1)
    assert model.marks.keys == {"r0", "r2", "r3"}
    model.update(items[1:])
    model.extend(1)
    assert model.marks.keys == {"r2", "r3", "r4"}
    model.update(items)
    model.extend(-1)
    assert model.marks.keys == {"r2", "r3"}, "it is back, and nobody marked it since"
