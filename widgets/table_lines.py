"""How the lines of a table look: pure functions from rows to toned text of one width."""

from collections.abc import Sequence
from typing import NamedTuple

from widgets.paint import Ground, Picture, merged
from widgets.table_columns import GAP, Column, Placed, arrange
from widgets.table_model import TableModel
from widgets.table_order import Sort
from widgets.table_rows import Cell, Group, Item, Row
from widgets.text import Glyphs, Line, Span, both_ends, crop, crop_front, fit, fit_line

GUTTER = 2
"""Cells at the left: the mark or the arrow of a group; then what changed or, of a group, whether a row is marked."""
RAIL = 1
"""Cells at the right, for the scroll bar."""


class State(NamedTuple):
    """What there is to see about a row beside its cells."""

    marked: bool = False
    changed: bool = False
    opened: bool = False
    passing: tuple[int, int] | None = None
    """Under a filter: how many rows of a group pass it, and how many it has."""
    ground: Ground = "row"
    thumb: bool = False
    """Whether the thumb of the scroll bar stands at its end."""


class Lines:
    """Draws the lines of one table for one width and one set of signs; remembers the rows that it drew last."""

    def __init__(self, columns: Sequence[Column], width: int, glyphs: Glyphs, *, narrow: bool = False) -> None:
        self.width = width
        self.narrow = narrow
        self.glyphs = glyphs
        self._body = max(0, width - GUTTER - RAIL)
        self.placed: tuple[Placed, ...] = arrange(columns, self._body, narrow=narrow)
        self._drawn: dict[str, tuple[Item, State, Picture]] = {}
        self._fresh: dict[str, tuple[Item, State, Picture]] = {}
        self._titles: tuple[Sort | None, Picture] | None = None

    def window(self, model: TableModel, *, focused: bool) -> list[Picture]:
        """Return the lines of the rows that are seen."""
        thumb = model.view.thumb(len(model.keys))
        self._drawn, self._fresh = self._fresh, {}
        pictures = []
        for line, key in enumerate(model.view.seen(model.keys)):
            listing = model.listing
            ground: Ground = "row" if key != model.view.cursor else "cursor" if focused else "blurred"
            state = State(
                model.is_marked(key), key in model.changed, listing.is_open(key), listing.passing(key),
                ground, line in thumb,
            )  # fmt: skip
            pictures.append(self._item(model.rows.items[key], state))
        return pictures

    def _item(self, item: Item, state: State) -> Picture:
        """Return the line of a row or a group."""
        drawn = self._drawn.get(item.key)
        if drawn is None or drawn[1] != state or drawn[0] != item:
            body = self._group(item, state) if isinstance(item, Group) else self._row(item, state)
            drawn = item, state, self._finish(state.ground, self._fit(body), thumb=state.thumb)
        self._fresh[item.key] = drawn
        return drawn[2]

    def title(self, sort: Sort | None) -> Picture:
        """Return the line of the column titles."""
        if self._titles is None or self._titles[0] != sort:
            spans = [Span(" " * GUTTER)]
            for place in self.placed:
                spans += [Span(self._title(place, sort), "dim"), Span(" " * GAP)]
            self._titles = sort, self._finish("row", self._fit(spans[:-1]), thumb=False)
        return self._titles[1]

    def nothing(self, words: str) -> Picture:
        """Return the line that stands where no row is listed though there are some."""
        return self._finish("row", self._fit((Span(" " * GUTTER), Span(words, "dim"))), thumb=False)

    def column_at(self, x: int) -> int | None:
        """Return the number of the column that a cell of the line belongs to."""
        for place in self.placed:
            if place.x <= x - GUTTER < place.x + place.width:
                return place.number
        return None

    def _title(self, place: Placed, sort: Sort | None) -> str:
        column, width = place.column, place.width
        if sort is None or sort.column != place.number:
            return fit(column.title, width, column.align, self.glyphs.more)
        arrow = self.glyphs.descending if sort.descending else self.glyphs.ascending
        return fit(crop(column.title, width - 1, self.glyphs.more) + arrow, width, column.align)

    def _row(self, row: Row, state: State) -> Line:
        more = self.glyphs.more
        spans = [Span(self.glyphs.mark if state.marked else " ", "accent"), self._news(state)]
        for place in self.placed:
            cell = row.cells[place.number] if place.number < len(row.cells) else Cell("")
            text = crop_front(cell.text, place.width, more) if place.column.keeps_end else cell.text
            spans += [Span(fit(text, place.width, place.column.align, more), cell.tone), Span(" " * GAP)]
        return tuple(spans[:-1])

    def _group(self, group: Group, state: State) -> Line:
        arrow = self.glyphs.opened if state.opened else self.glyphs.closed
        sign = Span(self.glyphs.mark, "accent") if state.marked else self._news(state)
        tail = group.tail if state.passing is None else (Span("{} of {}".format(*state.passing), "warn"),)
        return (Span(arrow), sign, *both_ends(group.lead, tail, self._body, self.glyphs.more))

    def _fit(self, spans: Sequence[Span]) -> Line:
        """Give a line its exact width, without the scroll bar."""
        return merged(fit_line(spans, self.width - RAIL if self.width > RAIL else self.width, self.glyphs.more))

    def _news(self, state: State) -> Span:
        return Span(self.glyphs.changed if state.changed else " ", "changed")

    def _finish(self, ground: Ground, body: Line, *, thumb: bool) -> Picture:
        """Give a line its part of the scroll bar."""
        if self.width <= RAIL:
            return Picture(ground, body)
        return Picture(ground, merged((*body, Span(self.glyphs.thumb if thumb else " ", "dim"))))
