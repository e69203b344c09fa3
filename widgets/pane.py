"""One pane: a frame with its title, its state and its age, and inside it lines, a table, or the reason for neither."""

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus

from backend.model.situation import Face
from widgets.paint import Painted, Picture, merged
from widgets.present.panes import PaneKind
from widgets.present.view import Look, PaneView
from widgets.present.words import fitting
from widgets.readout import Readout
from widgets.table import LiveTable
from widgets.table_rows import Row
from widgets.text import Line, Span, Tone, both_ends, crop_line, fit_line, line_width

EDGES = 4
"""Cells of a pane's width that frame and margin take."""
ALL_BROKEN = ("failures",)
"""Panes of which every row is broken, whatever its tone."""
WAITING: Line = (Span("waiting for the first answer", "dim"),)
UNKNOWN: Line = (Span("not known", "dim"),)


class Pane(Painted):
    """Shows one `PaneView`. The frame is drawn here, line by line, so that a new age sends a few cells only."""

    DEFAULT_CSS = """
    Pane { layout: vertical; }
    Pane > .body { margin: 1 2; height: 1fr; }
    Pane > .body > LiveTable, Pane > .body > .empty { height: 1fr; }
    Pane.-line > .body { display: none; }
    """

    def __init__(self, kind: PaneKind) -> None:
        super().__init__(id=kind.id)
        self.kind = kind
        self._view = PaneView(Face.WAITING, ())
        self._look: Look | None = None
        self._head = Readout(classes="head")
        self._notices = Readout(classes="notices")
        self._foot = Readout(classes="foot")
        self._empty = Readout(classes="empty")
        self.table = LiveTable(kind.columns, id=f"{kind.id}-table") if kind.columns else None
        self.can_focus = not kind.columns
        self.filter_text = ""
        self.only_broken = False

    def compose(self) -> ComposeResult:
        """Lines above, the table, lines below."""
        with Vertical(classes="body"):
            yield self._head
            yield self._notices
            yield self._empty
            if self.table is not None:
                yield self.table
            yield self._foot

    def show(self, view: PaneView) -> None:
        """Show this view; only what differs is drawn anew."""
        self._view = view
        self._head.show(view.head)
        self._notices.show(view.notices)
        self._foot.show(view.foot)
        emptiness = self._emptiness(view)
        self._empty.show(emptiness)
        self._empty.display = bool(emptiness)
        if self.table is not None:
            first = not self.table.model.keys
            self.table.stale = view.rows_stale
            self.table.update(view.rows)
            if first:
                self.table.acknowledge()  # what is there at the start is no news
            self.table.display = bool(view.rows)
        self._frame()

    def room(self) -> tuple[int, int]:
        """Cells of a line inside the frame, and how many lines there are."""
        return max(0, self.size.width - EDGES), max(0, self.size.height - 2)

    def refresh_from(self, look: Look) -> None:
        """Show what this pane's view makes of a look, in the room that there is."""
        self._look = look = replace(look, width=self.room()[0], height=self.room()[1])
        view = self.kind.view(look)
        if self.kind.columns and look.height:
            view = view.within(look.height)  # a pane without a table is as high as what it has to tell
        self.show(view)

    def filter(self, text: str) -> str | None:
        """List only what this filter accepts; a sentence when it cannot be understood."""
        if self.table is None:
            return "this pane has no list to filter"
        sentence = self.table.filter(text)
        if sentence is None:
            self.filter_text = text
            self._frame()
        return sentence

    def toggle_broken(self) -> bool:
        """List only what is broken, or everything again; whether it is the former now."""
        self.only_broken = self.table is not None and not self.only_broken
        if self.table is not None:
            sifts = self.only_broken and self.kind.id not in ALL_BROKEN
            self.table.only(_is_broken if sifts else None)
        self._frame()
        return self.only_broken

    def acknowledge(self) -> None:
        """The person looks: what changed until now is known."""
        if self.table is not None:
            self.table.acknowledge()

    def _emptiness(self, view: PaneView) -> tuple[Line, ...]:
        if view.rows or view.notices or (view.head and not self.kind.nothing):
            return ()
        if view.face is Face.WAITING:
            return (WAITING,)
        if view.face is Face.OK and self.kind.nothing:
            return ((Span(self.kind.nothing, "dim"),),)
        return () if view.head else (UNKNOWN,)

    def on_resize(self) -> None:
        """Show the same at the new size."""
        if self._look is not None:
            self.refresh_from(self._look)
        else:
            self._frame()

    def on_descendant_focus(self, _event: DescendantFocus) -> None:
        """The frame of the pane that has the keys is coloured."""
        self._frame()

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """The frame goes back to grey."""
        self._frame()

    def on_focus(self) -> None:
        """A pane without a table takes the keys itself."""
        self._frame()

    def on_blur(self) -> None:
        """And gives them away."""
        self._frame()

    @property
    def has_keys(self) -> bool:
        """Whether action keys of this pane work now."""
        return self.has_focus or self.has_focus_within

    def _frame(self) -> None:
        width, height = self.size
        if width <= EDGES or not height:
            return
        if height == 1:
            self.paint([Picture("row", merged(self._as_line(width)))])
            return
        glyphs, tone = self.glyphs, self._tone()
        side = Span(glyphs.upright, tone)
        middle = Picture("row", merged((side, Span(" " * (width - 2)), side)))
        lower = Span(glyphs.corners[2] + glyphs.rule * (width - 2) + glyphs.corners[3], tone)
        self.paint([Picture("row", merged(self._upper(width))), *[middle] * (height - 2), Picture("row", (lower,))])

    def _tone(self) -> Tone:
        return "accent" if self.has_keys else "dim"

    def _heading(self) -> Line:
        return (Span(f"{self.kind.key} ", "accent"), Span(f"{self.kind.title} ", "strong"), *self._limits())

    def _limits(self) -> Line:
        """What is left out of the list, so that nobody takes it for all there is."""
        words = [f"/{self.filter_text}"] if self.filter_text else []
        if self.table is not None and self.table.model.listing.gave_up:
            words.append("too slow, all shown")
        if self.only_broken:
            words.append("only broken")
        return tuple(Span(f"{word} ", "warn") for word in words)

    def _upper(self, width: int) -> Line:
        glyphs, tone = self.glyphs, self._tone()
        heading = (Span(f"{glyphs.corners[0]}{glyphs.rule} ", tone), *self._heading())
        corner = Span(glyphs.corners[1], tone)
        state = crop_line(self._view.state, width - line_width(heading) - EDGES, glyphs.more)
        tail = (Span(" "), *state, Span(" "), corner) if state else (corner,)
        rule = Span(glyphs.rule * width, tone)
        return (*fit_line((*heading, rule), width - line_width(tail), glyphs.rule), *tail)

    def _as_line(self, width: int) -> Line:
        view, heading, more = self._view, (Span(" "), *self._heading(), Span(" ")), self.glyphs.more
        told = view.notices[:1] if view.face is Face.FAILED else view.brief or view.notices or view.head
        room = width - line_width(heading) - line_width(view.state) - 2
        return both_ends((*heading, *crop_line(fitting(told, room), room, more)), (*view.state, Span(" ")), width, more)


def _is_broken(row: Row) -> bool:
    return any(cell.text and cell.tone in ("bad", "warn") for cell in row.cells)
