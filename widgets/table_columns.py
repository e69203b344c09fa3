"""The columns of a table, and how they share the width."""

from collections.abc import Sequence
from typing import NamedTuple

from widgets.text import Align

NARROW = 118
"""Cells of a terminal below which it is narrow: lesser columns give way early to what matters most."""
GAP = 1
"""Cells between two columns."""


class Flex(NamedTuple):
    """A width that grows from `least` to `most` cells, in proportion to `weight`.

    On a narrow terminal it has `ample` cells before any column that is not essential has a place; 0 asks for no more
    than `least`.
    """

    least: int = 8
    most: int | None = None
    weight: int = 1
    ample: int = 0


class Column(NamedTuple):
    """One column.

    Where the width does not suffice columns are left out, the one of lowest `priority` first and those that are
    `essential` last. A change in a `quiet` column (an age, a rate) is no news that would mark its row as changed.
    """

    id: str
    title: str = ""
    width: int | Flex = 8
    align: Align = "left"
    priority: int = 50
    essential: bool = False
    quiet: bool = False
    keeps_end: bool = False
    """Whether of a text without room the end is kept: names that are counted on differ there."""

    @property
    def least(self) -> int:
        """The smallest width, in cells."""
        return self.width.least if isinstance(self.width, Flex) else self.width

    @property
    def ample(self) -> int:
        """The width from which columns that are not essential stand beside it on a narrow terminal, in cells."""
        return max(self.least, self.width.ample) if isinstance(self.width, Flex) else self.width


class Placed(NamedTuple):
    """A column in its place: its number among all columns, its first cell and its width."""

    number: int
    column: Column
    x: int
    width: int


def arrange(columns: Sequence[Column], width: int, *, narrow: bool = False) -> tuple[Placed, ...]:
    """Return the columns that find room in `width` cells, left to right, with one free cell between two.

    On a `narrow` terminal they give way early to those that ask for ample room.
    """
    chosen = _choose(columns, width, narrow=narrow)
    if not chosen:
        return ()
    widths = {index: columns[index].least for index in chosen}
    spare = width - sum(widths.values()) - GAP * (len(chosen) - 1)
    if spare < 0:
        widths[chosen[0]] += spare
    else:
        _grow(widths, [(index, flex) for index in chosen if isinstance(flex := columns[index].width, Flex)], spare)
    placed, x = [], 0
    for index in chosen:
        placed.append(Placed(index, columns[index], x, widths[index]))
        x += widths[index] + GAP
    return tuple(placed)


def _choose(columns: Sequence[Column], width: int, *, narrow: bool) -> list[int]:
    """Return the indexes of the columns that stay; one stays always, however narrow."""
    if width <= 0:
        return []
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _needed([columns[index] for index in chosen], narrow=narrow) > width:
        chosen.remove(min(chosen, key=lambda index: (columns[index].essential, columns[index].priority, -index)))
    return chosen


def _needed(columns: Sequence[Column], *, narrow: bool) -> int:
    """Return the cells without which one of these columns has to go."""
    early = narrow and not all(column.essential for column in columns)
    return sum((column.ample if early else column.least) + GAP for column in columns) - GAP


def _grow(widths: dict[int, int], flexible: list[tuple[int, Flex]], spare: int) -> None:
    """Give the spare cells to the flexible columns by weight, none more than its most."""
    while spare > 0 and flexible:
        weights = sum(flex.weight for _, flex in flexible)
        share, rest = divmod(spare, weights) if weights else (0, 0)
        still = []
        for index, flex in flexible:
            wanted = min(spare, share * flex.weight + min(rest, flex.weight))
            rest -= min(rest, flex.weight)
            room = wanted if flex.most is None else max(0, min(wanted, flex.most - widths[index]))
            widths[index] += room
            spare -= room
            if flex.weight and (flex.most is None or widths[index] < flex.most):
                still.append((index, flex))
        flexible = still
