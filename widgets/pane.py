"""One pane: a frame with its title, its state and its age, and inside it lines, a table, or the reason for neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.events import DescendantBlur, DescendantFocus
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.message import Message
from textual.widget import Widget

from backend.model.part import Face
from widgets.paint import Painted, Picture, fitted, merged
from widgets.placed import NOWHERE, PlacedLayout
from widgets.present.panes import PaneKind
from widgets.present.view import Look, PaneView
from widgets.text import Line, Span, Tone, both_ends, crop, crop_line, line_width

if TYPE_CHECKING:
    from widgets.table import LiveTable
    from widgets.table_rows import Row

EDGES = 4
"""Cells of a pane's width that frame and margin take."""
LEAST = 3
"""Lines inside a pane that is as high as what it has to tell, however little that is."""
LEAST_STATE = 5
"""Cells of a state in a title: its sign, two letters, and that there is more."""
LEAST_FILTER = 3
"""Cells of a filter in a title: its sign, one letter, and that there is more."""
ALL_BROKEN = ("failures",)
"""Panes of which every row is broken, whatever its tone."""
WAITING: Line = (Span("waiting for the first answer", "dim"),)
UNKNOWN: Line = (Span("not known", "dim"),)


class Pane(Painted):
    """Shows one `PaneView`. Frame and lines are drawn here, line by line; the table has its place between them."""

    class Chosen(Message):
        """The person pointed at a pane; `pane` is its id."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, kind: PaneKind) -> None:
        super().__init__(id=kind.id)
        self.kind = kind
        self._view = PaneView(Face.WAITING, ())
        self._look: Look | None = None
        self._told = False
        """Whether the rows were there once, be it that there were none: what comes later is news."""
        self.table: LiveTable | None = None
        """There from the first view on, in a pane of a kind that has one."""
        self.can_focus = not kind.nothing
        self.filter_text = ""
        self.only_broken = False
        self._layout = PlacedLayout(self._places)

    def show(self, view: PaneView) -> None:
        """Show this view; only what differs is drawn anew."""
        around = self._around
        self._view = view
        if self.table is None and self.kind.nothing:
            self.table = self._new_table()
        if self.table is not None:
            self.table.stale = view.rows_stale
            self.table.update(view.rows)
            if not self._told:
                self.table.acknowledge()  # what is there at the start is no news
        self._told |= view.face in (Face.OK, Face.STALE)
        if self._around != around:
            (self.table or self).refresh(repaint=False, layout=True)
        self.repaint()

    def _new_table(self) -> LiveTable:
        from widgets.table import LiveTable

        table = LiveTable(self.kind.columns, id=f"{self.kind.id}-table")
        self.mount(table)
        return table

    @property
    def wanted(self) -> int:
        """Lines that this pane would take to tell everything around a table, its frame included."""
        above, below = self._around
        return 2 + max(LEAST, above + below)

    @property
    def _around(self) -> tuple[int, int]:
        """How many lines stand above the table, and below it."""
        return len(self._above(self._view)), len(self._view.foot)

    def _above(self, view: PaneView) -> tuple[Line, ...]:
        others = (view.elsewhere,) if view.elsewhere else ()
        return (*view.head, *view.notices, *others, *self._emptiness(view))

    @property
    def layout(self) -> Layout:
        """Everything in its place."""
        return self._layout

    def _places(self, size: Size) -> Mapping[Widget, Region]:
        """Where the table is; one without rows shows nothing, but has the keys of the pane all the same."""
        if self.table is None:
            return {}
        above, below = self._around
        width, height = size.width - EDGES, size.height - 2 - above - below
        if width <= 0 or height <= 0:
            return {self.table: NOWHERE}
        return {self.table: Region(EDGES // 2, 1 + above, width, height)}

    def room(self) -> tuple[int, int]:
        """Cells of a line inside the frame, and how many lines there are."""
        return max(0, self.outer_size.width - EDGES), max(0, self.outer_size.height - 2)

    def refresh_from(self, look: Look) -> None:
        """Show what this pane's view makes of a look, in the room that there is."""
        self._look = look = look.within(*self.room())
        view = self.kind.view(look)
        if self.kind.nothing and look.height:
            view = view.within(look.height)  # a pane without a table is as high as what it has to tell
        self.show(view)

    @property
    def no_list(self) -> str | None:
        """Why nothing can be left out here; None where there is a list."""
        return f"{self.kind.title} has no list to filter" if self.table is None else None

    def filter(self, text: str) -> str | None:
        """List only what this filter accepts; a sentence when it cannot be understood."""
        sentence = self.no_list if self.table is None else self.table.filter(text)
        if sentence is None:
            self.filter_text = text
            self.repaint()
        return sentence

    def toggle_broken(self) -> None:
        """List only what is broken, or everything again."""
        self.only_broken = self.table is not None and not self.only_broken
        if self.table is not None:
            sifts = self.only_broken and self.kind.id not in ALL_BROKEN
            self.table.only(_is_broken if sifts else None)
        self.repaint()

    def acknowledge(self) -> None:
        """The person looks: what changed until now is known."""
        if self.table is not None:
            self.table.acknowledge()

    def _emptiness(self, view: PaneView) -> tuple[Line, ...]:
        if view.rows or view.notices or (view.head and not self.kind.nothing):
            return ()
        if view.face is Face.WAITING:
            return (WAITING,)
        if view.face is Face.OK and self.kind.nothing and view.complete:
            return ((Span(self.kind.nothing, "dim"),),)
        return () if view.head else (UNKNOWN,)

    def on_click(self) -> None:
        """Whoever points at a pane, or at the line that stands for it, wants it to have the keys."""
        self.post_message(self.Chosen(self.kind.id))

    def on_resize(self) -> None:
        """Show what the new size has room for."""
        if self._look is not None:
            self.refresh_from(self._look)

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        """The frame of the pane that has the keys is coloured."""
        self.repaint()

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """The frame goes back to grey."""
        self.repaint()

    def on_live_table_marks_changed(self) -> None:
        """The title counts them: some may stand where nobody sees them."""
        self.repaint()

    def on_live_table_sort_hidden(self) -> None:
        """The title tells of a sort that cannot be seen."""
        self.repaint()

    def on_focus(self) -> None:
        """A pane without a table takes the keys itself."""
        self.repaint()

    def on_blur(self) -> None:
        """And gives them away."""
        self.repaint()

    @property
    def has_keys(self) -> bool:
        """Whether action keys of this pane work now."""
        return self.has_focus or self.has_focus_within

    def draw(self) -> list[Picture]:
        """The frame around the lines; or, where there is no room for it, one line that stands for the pane."""
        width, height = self.outer_size
        if width <= EDGES or not height:
            return []
        if height == 1:
            return [Picture("row", merged(self._as_line(width)))]
        glyphs, tone = self.glyphs, self._tone()
        left, right = (Span(glyphs.upright, tone), Span(" ")), (Span(" "), Span(glyphs.upright, tone))
        lower = Picture("row", (Span(glyphs.corners[2] + glyphs.rule * (width - 2) + glyphs.corners[3], tone),))
        inside = [fitted(line, width - EDGES, glyphs.more, left, right) for line in self._inside(height - 2)]
        return [self._upper(width), *inside, lower]

    def _inside(self, height: int) -> Sequence[Line]:
        """So many lines: what stands above the table, room for it, and what stands below."""
        view = self._view.within(height) if self.table is None else self._view
        above, below = self._above(view), view.foot
        spare = max(0, height - len(above) - len(below))
        gap: tuple[Line, ...] = ((),) * spare
        stretches = self.table is not None and (view.rows or self._emptiness(view))
        lines = (*above, *gap, *below) if stretches else (*above, *below, *gap)
        return lines[:height]

    def _tone(self) -> Tone:
        return "accent" if self.has_keys else "dim"

    def _heading(self, room: int) -> Line:
        """Key and title; then, in as many cells as are left of the room, what is left out of the list."""
        title = (Span(f"{self.kind.key} ", "accent"), Span(f"{self.kind.title} ", "strong"))
        return (*title, *self._limits(room - line_width(title)))

    def _limits(self, room: int) -> Line:
        """What is chosen of the list or left out of it, so that nobody takes it for all; a long filter is cropped."""
        table = self.table
        if table is None:
            return ()
        marked = (Span(f"{len(table.marked_keys)} marked ", "accent"),) if table.marked_keys else ()
        words = (
            "too slow, all shown" if table.model.listing.gave_up else "",
            "only broken" if self.only_broken else "",
            f"by {table.hidden_sort}" if table.hidden_sort else "",
        )
        others = tuple(Span(f"{word} ", "warn") for word in words if word)
        left = max(LEAST_FILTER, room - line_width((*marked, *others)) - 1)
        text = crop(f"/{self.filter_text}", left, self.glyphs.more) if self.filter_text else ""
        fits = (Span(f"{text} ", "warn"),) if text else ()
        return crop_line((*marked, *fits, *others), room, self.glyphs.more)

    def _upper(self, width: int) -> Picture:
        """The title; state and age at its right are never cropped for what is left out of the list."""
        glyphs, tone = self.glyphs, self._tone()
        lead = Span(f"{glyphs.corners[0]}{glyphs.rule} ", tone)
        heading = (lead, *self._heading(width - line_width(self._view.state) - line_width((lead,)) - EDGES))
        corner = Span(glyphs.corners[1], tone)
        state = self._state(width - line_width(heading) - EDGES)
        tail = (Span(" "), *state, Span(" "), corner) if state else (corner,)
        rule = Span(glyphs.rule * width, tone)
        return fitted((*heading, rule), width - line_width(tail), glyphs.rule, (), tail)

    def _state(self, room: int) -> Line:
        """Sign, word and age; where they find no room a long word is cropped, and not the age behind it."""
        word, *age = self._view.state or (Span(""),)
        left = room - line_width(age)
        if left >= LEAST_STATE:
            return (*crop_line((word,), left, self.glyphs.more), *age)
        return crop_line(self._view.state, room, self.glyphs.more)

    def _as_line(self, width: int) -> Line:
        from widgets.present.words import weightiest

        view, more = self._view, self.glyphs.more
        # What is left out may take two thirds of what the state leaves: the rest tells how things are.
        heading = (Span(" "), *self._heading((width - line_width(view.state)) * 2 // 3), Span(" "))
        told = (view.why,) if view.why else view.brief or view.notices or view.head
        room = width - line_width(heading) - line_width(view.state) - 2
        lead = (*heading, *crop_line(weightiest(told, room), room, more))
        return both_ends(lead, (*view.state, Span(" ")), width, more)


def _is_broken(row: Row) -> bool:
    return any(cell.text and cell.tone in ("bad", "warn") for cell in row.cells)
