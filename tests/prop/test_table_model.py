from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backend.model.jobs import JobList
from tests.fakes import NOW, failed
from widgets.present import columns, failures
from widgets.table_columns import Column
from widgets.table_listing import MOST_FOLDS
from widgets.table_model import TableModel
from widgets.table_order import Sort
from widgets.table_rows import Cell, Group, Item, Row
from widgets.text import line

COLUMNS = (Column("name", "Name"), Column("size", "Size"), Column("age", "Age", quiet=True))
GROUPS = ("g0", "g1", "g2")
FILTERS = ("", "a", "B", "!b", "/^a", "!/a$/", "name:c", "!Size:1", "/[", "!", "x:y")

cells = st.builds(Cell, st.sampled_from(["a", "b", "ab", "C", "", "–"]), st.sampled_from(["plain", "plain", "bad"]))
numbers = st.builds(
    Cell, st.sampled_from(["1", "2", "x"]), st.just("plain"), st.sampled_from([None, 1, 2, 1.5, "1", float("nan")])
)
rows = st.builds(
    Row,
    st.integers(0, 14).map("r{}".format),
    st.tuples(cells, numbers, cells) | st.tuples(cells),
    st.sampled_from([None, None, *GROUPS, "nowhere"]),
)
groups = st.builds(
    Group,
    st.sampled_from([*GROUPS, "r0"]),
    st.sampled_from([line("a"), line("xyz", "b")]),
    st.just(()),
    st.booleans(),
    st.sampled_from(["a", "xyz b", ""]),
)
tables = st.lists(rows | rows | groups, max_size=24)


def first_of_each(items: list[Item]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item.key, item)
    return found


def parent(items: dict[str, Item], key: str) -> str | None:
    item = items[key]
    return item.parent if isinstance(item, Row) and isinstance(items.get(item.parent or ""), Group) else None


def value(row: Row, column: int) -> tuple[int, float | str] | None:
    if column >= len(row.cells):
        return None
    cell = row.cells[column]
    if cell.sort is None:
        return None if cell.text in ("", "–") else (1, cell.text.casefold())
    if isinstance(cell.sort, str):
        return 1, cell.sort.casefold()
    return None if cell.sort != cell.sort else (0, cell.sort)


class Reference:
    """The slow and obvious way to list a table."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.sort: Sort | None = None
        self.accept: Callable[[Row, Group | None], bool] = lambda row, group: True
        self.filtered = False
        self.folds: dict[str, bool] = {}
        """What the user opened or closed, and what was seen open."""

    def is_open(self, key: str) -> bool:
        group = self.items[key]
        assert isinstance(group, Group)
        return self.folds.get(key, group.open)

    def siblings(self, group: str | None) -> list[str]:
        keys = [key for key in self.items if parent(self.items, key) == group]
        if self.sort is None:
            return keys
        column = self.sort.column
        alone = [key for key in keys if isinstance(self.items[key], Group)]
        ranked = {key: rank for key in keys if isinstance(row := self.items[key], Row) and (rank := value(row, column))}
        bare = [key for key in keys if key not in ranked and key not in alone]
        return [*alone, *sorted(ranked, key=ranked.__getitem__, reverse=self.sort.descending), *bare]

    def accepts(self, key: str) -> bool:
        row = self.items[key]
        if not isinstance(row, Row):
            return True
        group = self.items.get(row.parent) if row.parent is not None else None
        return self.accept(row, group if isinstance(group, Group) else None)

    def listed(self) -> list[str]:
        keys: list[str] = []
        for key in self.siblings(None):
            item = self.items[key]
            if isinstance(item, Row):
                keys += [key] if self.accepts(key) else []
                continue
            inside = self.siblings(key)
            passing = [child for child in inside if self.accepts(child)]
            if passing or not self.filtered or (not inside and self.accept(Row(key, ()), item)):
                keys += [key, *(passing if self.is_open(key) else [])]
                if self.is_open(key):
                    self.folds.setdefault(key, True)
        return keys


def accept_by(text: str, names: list[str]) -> Callable[[Row, Group | None], bool]:
    """Read the few filters of this test in the most direct way."""
    import re

    def accept(row: Row, group: Group | None) -> bool:
        wanted, want = (text[1:], False) if text.startswith("!") else (text, True)
        texts = [cell.text for cell in row.cells]
        if group is not None:
            texts.append(group.name)
        if ":" in wanted and (name := wanted.split(":")[0].lower()) in names:
            column, wanted = names.index(name), wanted.split(":")[1]
            texts = [row.cells[column].text] if column < len(row.cells) else [""]
        if wanted.startswith("/"):
            found = any(re.search(wanted.strip("/"), each, re.IGNORECASE) for each in texts)
        else:
            found = any(wanted.lower() in each.lower() for each in texts)
        return found == want

    return accept


class Table(RuleBasedStateMachine):
    """Whatever happens, keys stay what they were, and the listing is the obvious one."""

    def __init__(self) -> None:
        super().__init__()
        self.model = TableModel(COLUMNS)
        self.reference = Reference()
        self.news: set[str] = set()
        self.folded: set[str] = set()
        """The groups that the user closed."""
        self.untouched = True
        self.noticed = True
        """Whether the user pressed a key since the cursor was moved by an update."""

    @initialize(height=st.integers(0, 6), items=tables)
    def start(self, height: int, items: list[Item]) -> None:
        self.model.resize(height)
        self.model.update(items)
        self.reference.items = first_of_each(items)

    @rule(items=tables)
    def update(self, items: list[Item]) -> None:
        before, cursor, strayed = list(self.model.keys), self.model.view.cursor, self.model.strayed
        marked = bool(self.model.marks.keys)
        top = before[self.model.view.top] if before else None
        old, new = self.reference.items, first_of_each(items)
        self.reference.items = new
        loud = {key for key, item in new.items() if key not in old or not alike(old[key], item)}
        self.news = {key for key in self.news | loud if key in new}
        self.news |= {group for key in loud if (group := parent(new, key)) is not None}
        if cursor in new and (group := parent(new, cursor or "")) is not None:
            self.reference.folds.setdefault(group, True)
        self.model.update(items)
        self.check_cursor(before, cursor)
        moved = cursor is not None and self.model.view.cursor != cursor
        now = (
            "marks"
            if marked and not self.model.marks.keys
            else strayed or (self.why_left(cursor or "") if moved else None)
        )
        assert self.model.strayed == now
        self.noticed &= not moved or now == "marks"
        self.check_top(top)

    def why_left(self, key: str) -> str:
        """Why the cursor left a row that the user had not moved it from."""
        if key not in self.reference.items:
            return "gone"
        if self.untouched and key in self.reference.listed():
            return "overtaken"
        if not isinstance(self.reference.items[key], Row) or not self.reference.accepts(key):
            return "sifted"
        assert parent(self.reference.items, key) in self.folded, "only a group that the user closed hides it"
        return "folded"

    @rule(data=st.data())
    def shift(self, data: st.DataObject) -> None:
        """Change, insert and take away a few, as a live list does."""
        items = list(self.reference.items.values())
        if items:
            del items[data.draw(st.integers(0, len(items) - 1))]
        items.insert(data.draw(st.integers(0, len(items))), data.draw(rows))
        self.update(items)

    @rule(column=st.none() | st.integers(0, 3), descending=st.booleans())
    def sort(self, column: int | None, descending: bool) -> None:
        before, cursor = list(self.model.keys), self.model.view.cursor
        self.reference.sort = None if column is None else Sort(column, descending)
        self.model.sort_by(self.reference.sort)
        self.check_cursor(before, cursor)

    @rule(text=st.sampled_from(FILTERS))
    def filter(self, text: str) -> None:
        before, cursor = list(self.model.keys), self.model.view.cursor
        sentence = self.model.filter(text)
        assert (sentence is not None) == (text == "/[")
        if sentence is None:
            self.reference.accept = accept_by(text if text != "!" else "", [column.id for column in COLUMNS])
            self.reference.filtered = text not in ("", "!")
        self.check_cursor(before, cursor)

    @rule(step=st.integers(-5, 5))
    def move(self, step: int) -> None:
        index, self.untouched = self.model.view.index, False
        self.model.move(step)
        assert self.model.view.index == max(0, min(index + step, len(self.model.keys) - 1))
        assert self.model.strayed is None

    @rule(opened=st.booleans())
    def fold(self, opened: bool) -> None:
        before, cursor, strayed = list(self.model.keys), self.model.view.cursor, self.model.strayed
        if cursor is not None:
            group = cursor if isinstance(self.reference.items[cursor], Group) else parent(self.reference.items, cursor)
            if group is not None and self.reference.is_open(group) != opened:
                self.reference.folds[group] = opened
                self.folded = self.folded - {group} if opened else self.folded | {group}
                strayed, self.untouched = None, False
        self.model.fold(opened=opened)
        assert self.model.strayed == strayed, "who folds a group knows where the cursor stands"
        self.check_cursor(before, cursor)

    @rule()
    def mark(self) -> None:
        cursor, marks = self.model.view.cursor, self.model.marks.keys
        if self.tells(self.model.mark) and cursor is not None and isinstance(self.reference.items[cursor], Row):
            assert self.model.marks.keys == marks ^ {cursor}

    @rule()
    def mark_group(self) -> None:
        marks = self.model.marks.keys
        self.tells(self.model.mark_group)
        assert all(self.reference.accepts(key) for key in self.model.marks.keys - marks)

    @rule(step=st.sampled_from([-1, 1]))
    def extend(self, step: int) -> None:
        cursor, marks = self.model.view.cursor, self.model.marks.keys
        ranging = self.model.marks.span(self.model.keys, self.model.view.index)
        if not self.tells(lambda: self.model.extend(step)):
            return
        if cursor is not None and not ranging:
            now = self.model.view.cursor
            assert now is not None
            assert self.model.marks.keys == marks.union(*map(self.stands_for, {cursor, now}))
        if cursor is not None and isinstance(self.reference.items[self.model.keys[self.model.view.index]], Row):
            assert self.model.view.cursor in self.model.marks.keys

    def tells(self, mark: Callable[[], object]) -> bool:
        """Mark, which first tells what strayed; whether it did mark."""
        model = self.model
        strayed, before = model.strayed, (model.view.cursor, model.marks.keys)
        assert mark() == (None if model.view.cursor is None else strayed)
        assert model.strayed == (strayed if model.view.cursor is None else None)
        self.untouched &= model.view.cursor is None
        if strayed is not None:
            assert (model.view.cursor, model.marks.keys) == before
        return strayed is None

    def stands_for(self, key: str) -> list[str]:
        if isinstance(self.reference.items[key], Row):
            return [key]
        inside = [] if self.reference.is_open(key) else self.reference.siblings(key)
        return [child for child in inside if self.reference.accepts(child)]

    @rule(lines=st.integers(-4, 4))
    def scroll(self, lines: int) -> None:
        cursor, strayed = self.model.view.cursor, self.model.strayed
        self.untouched = False
        self.model.scroll(lines)
        assert self.model.strayed == (strayed if self.model.view.cursor == cursor else None)

    @rule(height=st.integers(0, 8))
    def resize(self, height: int) -> None:
        cursor = self.model.view.cursor
        self.model.resize(height)
        assert self.model.view.cursor == cursor

    @rule()
    def acknowledge(self) -> None:
        strayed = self.model.strayed
        self.model.acknowledge()
        assert self.model.strayed == (None if strayed == "overtaken" and self.noticed else strayed)
        self.news, self.noticed = set(), True

    def check_cursor(self, before: list[str], cursor: str | None) -> None:
        after, now = self.model.keys, self.model.view.cursor
        assert list(after) == self.reference.listed()
        if cursor is None or self.untouched:
            assert now == (after[0] if after else None)
        elif cursor in after:
            assert now == cursor
        else:
            group = parent(self.reference.items, cursor) if cursor in self.reference.items else None
            if group is not None and group in after and not self.reference.is_open(group):
                assert now == group
            elif survivors := [key for key in before if key in after]:
                place = before.index(cursor)
                assert now in survivors
                assert abs(before.index(now) - place) == min(abs(before.index(key) - place) for key in survivors)
            else:
                assert now == (after[0] if after else None)

    def check_top(self, top: str | None) -> None:
        keys, view = self.model.keys, self.model.view
        if self.untouched:
            assert view.top == 0
        elif top in keys:
            place = keys.index(top)
            if place + view.height <= len(keys) and place <= view.index < place + view.height:
                assert view.top == place

    @invariant()
    def listing_is_the_obvious_one(self) -> None:
        assert list(self.model.keys) == self.reference.listed()

    @invariant()
    def groups_know_how_many_of_their_rows_pass(self) -> None:
        for key, item in self.reference.items.items():
            if isinstance(item, Group):
                inside = self.reference.siblings(key)
                told = sum(map(self.reference.accepts, inside)), len(inside)
                assert self.model.listing.passing(key) == (told if self.reference.filtered else None)

    @invariant()
    def cursor_is_listed_and_seen(self) -> None:
        view, keys = self.model.view, self.model.keys
        assert view.cursor == (keys[view.index] if keys else None)
        assert 0 <= view.top <= max(0, len(keys) - max(1, view.height))
        if keys and view.height:
            assert view.cursor in view.seen(keys)
            assert set(view.thumb(len(keys))) <= set(range(view.height))
            assert bool(view.thumb(len(keys))) == (len(keys) > view.height)

    @invariant()
    def marks_are_rows(self) -> None:
        assert all(isinstance(self.reference.items.get(key), Row) for key in self.model.marks.keys)
        for key, item in self.reference.items.items():
            inside = any(parent(self.reference.items, mark) == key for mark in self.model.marks.keys)
            assert self.model.is_marked(key) == (key in self.model.marks.keys or (isinstance(item, Group) and inside))

    @invariant()
    def only_rows_that_are_here_and_pass_are_meant(self) -> None:
        cursor, items = self.model.view.cursor, self.reference.items
        chosen = self.model.marks.keys or {key for key in items if key == cursor or parent(items, key) == cursor}
        passing = {key for key in items if isinstance(items[key], Row) and self.reference.accepts(key)}
        assert self.model.meant == (passing & chosen if cursor is not None or self.model.marks.keys else set())

    @invariant()
    def changes_are_known(self) -> None:
        assert self.model.changed == self.news


def alike(old: Item, new: Item) -> bool:
    """Say whether two items differ in nothing or in the quiet column only."""
    if not isinstance(old, Row) or not isinstance(new, Row):
        return old == new
    if old.parent != new.parent or len(old.cells) != len(new.cells) or old.cells[:2] != new.cells[:2]:
        return False
    return [cell.tone for cell in old.cells] == [cell.tone for cell in new.cells]


TestTable = Table.TestCase
TestTable.settings = settings(max_examples=100, stateful_step_count=25)


@given(tables, st.integers(0, 2), st.booleans())
def test_an_update_keeps_the_users_sort(items: list[Item], column: int, descending: bool) -> None:
    model = TableModel(COLUMNS)
    model.sort_by(Sort(column, descending))
    model.update(items)
    reference = Reference()
    reference.items, reference.sort = first_of_each(items), Sort(column, descending)
    assert list(model.keys) == reference.listed()


def test_sorts_are_gone_through_in_a_ring() -> None:
    model = TableModel(COLUMNS)
    ring = [Sort(0), Sort(0, True), Sort(2), Sort(2, True), None]
    for expected in ring:
        model.step_sort(1, [0, 2])
        assert model.listing.sort == expected
    for expected in [*ring[-2::-1], None]:
        model.step_sort(-1, [0, 2])
        assert model.listing.sort == expected
    model.sort_by(Sort(1))
    model.step_sort(1, [0, 2])
    assert model.listing.sort == Sort(1, True), "the column has its place also where it is seen no more"
    model.step_sort(1, [0, 2])
    assert model.listing.sort == Sort(2)
    model.sort_by(None)
    for expected in (Sort(1), Sort(1, True), None):
        model.turn_sort(1)
        assert model.listing.sort == expected


def test_a_range_over_a_folded_group_takes_no_row_that_comes_later() -> None:
    model = TableModel(COLUMNS)
    model.resize(10)
    items: list[Item] = [
        Group("g", line("g")),
        *(Row(key, (Cell("x"),), "g") for key in "ab"),
        *(Row(key, (Cell("x"),)) for key in "cd"),
    ]
    model.update(items)
    model.fold(opened=False)
    model.extend(1)
    assert model.marks.keys == {"a", "b", "c"}
    model.update([*items, Row("new", (Cell("x"),), "g")])
    model.extend(1)
    assert model.marks.keys == {"a", "b", "c", "d"}


SPANNED = [Row(key, (Cell(key), Cell("1", sort=size))) for key, size in zip("abcdef", (1, 9, 2, 8, 3, 7), strict=True)]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.sort_by(Sort(1)),
        lambda model: model.sort_by(Sort(0, descending=True)),
        lambda model: model.filter("!b"),
        lambda model: model.only(lambda row: row.key != "b"),
        lambda model: model.update([SPANNED[1], SPANNED[0], *SPANNED[2:]]),
    ],
    ids=["sort", "upside down", "filter", "only", "update"],
)
def test_a_range_unmarks_nothing_that_left_it(change: Callable[[TableModel], object]) -> None:
    model = TableModel(COLUMNS)
    model.resize(10)
    model.update(SPANNED)
    model.extend(1)
    model.extend(1)
    assert model.marks.keys == {"a", "b", "c"}
    change(model)
    below = model.keys[model.view.index + 1]
    model.extend(1)
    assert model.marks.keys == {"a", "b", "c", below}
    model.extend(-1)
    assert model.marks.keys == {"a", "b", "c"}, "it is a range again, from where it began anew"


def test_an_update_opens_the_group_that_the_row_under_the_cursor_moves_to_unless_the_user_closed_it() -> None:
    def given(parent: str) -> list[Item]:
        return [Group("g", line("g")), Group("h", line("h"), open=False), *(Row(key, (), parent) for key in "ab")]

    model = TableModel(COLUMNS)
    model.resize(10)
    model.update(given("g"))
    model.go(1)
    model.update(given("h"))
    assert (list(model.keys), model.view.cursor, model.strayed) == (["g", "h", "a", "b"], "a", None)
    model.fold(opened=False)
    model.update(given("g"))
    model.go(1)
    model.update(given("h"))
    assert (list(model.keys), model.view.cursor, model.strayed) == (["g", "h"], "h", "folded")


@pytest.mark.parametrize("seed", range(3))
def test_only_its_own_end_takes_a_failed_job_from_under_the_cursor(seed: int) -> None:
    chance = Random(seed)
    errors = ["No data for SAP.DE", "worker killed (signal 9)", "ZeroDivisionError", "timeout"]
    model = TableModel(columns.COLUMNS["failures"])
    model.resize(12)
    there = {name: errors[chance.randrange(4)] for name in map(str, range(30))}
    model.update(failures.rows(JobList(tuple(failed(name, error=error) for name, error in there.items())), NOW))
    model.move(1)
    for _ in range(1000):
        for name in chance.sample(range(60), chance.randrange(4)):
            if there.pop(str(name), None) is None or chance.random() < 0.2:
                there[str(name)] = errors[min(3, chance.randrange(6))]
        cursor = model.view.cursor
        model.update(failures.rows(JobList(tuple(failed(name, error=error) for name, error in there.items())), NOW))
        assert cursor in (None, model.view.cursor) or cursor not in model.rows.items
        if chance.random() < 0.3:
            model.move(chance.randrange(-9, 10))


def test_a_range_that_only_lost_rows_goes_on_and_gives_up_what_it_is_taken_back_over() -> None:
    model = TableModel(COLUMNS)
    model.resize(10)
    model.update(SPANNED)
    for _ in range(3):
        model.extend(1)
    model.update([row for row in SPANNED if row.key != "b"])
    model.extend(-1)
    assert model.marks.keys == {"a", "c"}
    model.extend(-1)
    assert model.marks.keys == {"a"}


def test_a_hundred_thousand_rows_are_passed_over_when_one_changes() -> None:
    model = TableModel(COLUMNS)
    items = [Row(f"k{n}", (Cell(f"n{n}"), Cell(str(n), sort=n % 97))) for n in range(100_000)]
    model.resize(20)
    model.update(items)
    model.sort_by(Sort(1))
    model.filter("n1")
    items[7] = Row("k7", (Cell("n17"), Cell("7", sort=-1)))
    model.update(items)
    assert model.keys[0] == "k7"
    assert model.changed == {"k7"}
    assert len(model.keys) == 11_111 + 1


def numbered(many: int) -> TableModel:
    model = TableModel(COLUMNS)
    model.resize(10)
    model.update([Row(str(n), (Cell(str(n), sort=n), Cell("x", sort=n * 37 % 101))) for n in range(many)])
    return model


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.sort_by(Sort(1)),
        lambda model: model.scroll(60),
        lambda model: model.only(lambda row: True),
        lambda model: model.update([*model.rows.items.values()][50:]),
    ],
    ids=["sort", "wheel", "only", "update"],
)
def test_a_range_never_marks_what_nobody_saw(change: Callable[[TableModel], None]) -> None:
    model = numbered(100)
    model.go(3)
    model.extend(1)
    change(model)
    model.extend(1)
    assert len(model.marks.keys) <= 4


def test_folds_of_groups_that_are_gone_are_not_kept_for_ever() -> None:
    def given(*names: str) -> list[Item]:
        return [item for name in names for item in (Group(name, line(name)), Row(f"of {name}", (), name))]

    model = TableModel(COLUMNS)
    model.resize(10)
    model.update(given("stays", "goes"))
    model.fold(opened=False)
    model.go(1)
    model.fold(opened=False)
    for number in range(MOST_FOLDS):
        model.update(given("stays", f"{number}"))
    model.update(given("stays", "goes"))
    assert not model.listing.is_open("stays")
    assert model.listing.is_open("goes"), "it came back after a thousand others"


def test_a_table_that_nobody_touched_shows_what_comes_first() -> None:
    def given(*keys: str) -> list[Item]:
        return [Row(key, ()) for key in keys]

    model = TableModel(COLUMNS)
    model.resize(2)
    model.update(given("a", "b", "c"))
    model.update(given("x", "y", "a", "b", "c"))
    assert list(model.view.seen(model.keys)) == ["x", "y"]
    assert (model.view.cursor, model.strayed) == ("x", "overtaken"), "who looked before may mean the other one"
    assert model.untold() == "overtaken"
    model.update(given("z", "x", "y", "a"))
    assert (model.view.cursor, model.strayed) == ("x", None), "now it was meant"


def test_who_pressed_a_key_since_knows_what_is_on_top() -> None:
    model = TableModel(COLUMNS)
    model.resize(2)
    model.update([Row("a", ())])
    model.update([Row("x", ()), Row("a", ())])
    model.acknowledge()
    assert model.strayed == "overtaken", "this very key may be the one that means it"
    model.acknowledge()
    assert model.strayed is None
