"""The dashboard: header, the finding that matters most, five panes, the last journal lines, the keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from socket import gethostname
from typing import TYPE_CHECKING, NamedTuple

from textual.geometry import Region, Size
from textual.layout import Layout
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tui.screens.places import Wish, places
from widgets.pane import Pane
from widgets.placed import NOWHERE, PlacedLayout
from widgets.present.panes import PANES
from widgets.present.view import Look
from widgets.present.where import where
from widgets.readout import Readout
from widgets.text import Line, Span, line_width

if TYPE_CHECKING:
    from backend.config.model import Config
    from backend.incident.entry import Entry
    from backend.model.providers import ProviderAnswer
    from backend.model.situation import Part, Situation
    from widgets.filter import FilterLine


ENVIRONMENTS = {
    "red": "#e5484d 38%",
    "orange": "#f5822f 34%",
    "yellow": "#e2c044 30%",
    "green": "#46a758 30%",
    "blue": "#3b82c4 32%",
    "magenta": "#b05cc9 32%",
    "cyan": "#2fa8a8 30%",
}
"""The header has the colour of the environment, so that a glance tells production from the rest."""


class Frame(NamedTuple):
    """The lines around the panes."""

    header: Line
    finding: tuple[Line, ...]
    footers: Mapping[str, Line]
    """The keys that work while a pane has them, by its name; by the empty name those of no pane."""
    entries: Sequence[Entry]
    actor: str
    now: datetime
    unread: str = ""
    """Why the journal cannot be read."""
    progress: Line | None = None
    is_read: bool = True
    """Whether the journal was read to its end by now: before nobody knows whether anything was done."""


class Dashboard(Screen[None]):
    """Shows a situation. What it is made of is handed in; it reads and decides nothing itself."""

    AUTO_FOCUS = None

    class Resized(Message):
        """The lines around the panes are of another width now."""

    class Said(Message):
        """Something that the person should hear."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, config: Config, providers: tuple[Part[ProviderAnswer], ...]) -> None:
        super().__init__()
        self._environment = config.environment
        self._limits = config.limits
        self._providers = providers
        self._header = Readout(id="header")
        self._coloured = False
        self._finding = Readout(((),), id="finding")
        self._journal = Readout(id="journal")
        self._footer = Readout(id="footer")
        self._filter: FilterLine | None = None
        self._wrong = Readout(((),), id="filter-wrong")
        """Beside the filter, why what is typed so far cannot be understood."""
        self._filtered: Pane | None = None
        self._footers: Mapping[str, Line] = {}
        self.panes = {name: Pane(kind) for name, kind in PANES.items()}
        self.zoomed = False
        self._whole = "failures"
        self._layout = PlacedLayout(self._places)

    def compose(self) -> Iterator[Widget]:
        """From top to bottom."""
        yield self._header
        yield self._finding
        yield from self.panes.values()
        yield self._journal
        yield self._footer

    @property
    def layout(self) -> Layout:
        """Everything in its place."""
        return self._layout

    def _places(self, size: Size) -> Mapping[Widget, Region]:
        """Where everything is; what asks for more or fewer lines has said so by now."""
        wish = Wish(len(self._finding.lines), self.panes["data"].wanted, self._whole, self.zoomed)
        found = places(size, wish)
        around = (self._header, self._finding, self._journal, self._footer)
        standing: dict[Widget, Region] = {widget: found[widget.id or ""] for widget in (*around, *self.panes.values())}
        if self._filter is not None:
            standing |= self._filter_places(self._filter, standing[self._footer])
        return standing

    def _filter_places(self, line: FilterLine, place: Region) -> Mapping[Widget, Region]:
        """Where the filter is typed: in the place of the keys, which are letters while it is open."""
        if not line.is_open:
            return {line: NOWHERE, self._wrong: NOWHERE}
        told = min(line_width(self._wrong.lines[0]), place.width * 2 // 3)
        typed, wrong = place.split_vertical(place.width - told)
        return {line: typed, self._wrong: wrong if told else NOWHERE, self._footer: NOWHERE}

    def on_mount(self) -> None:
        """Tell where one is: that is known before anything is read."""
        self._colour_header()
        self._header.show((where(self._environment.name, gethostname(), self._header.glyphs),))

    def show(self, situation: Situation, frame: Frame) -> None:
        """Show everything as of this situation."""
        first = self._filter is None
        if first:
            self._complete()
        self.show_frame(frame)
        for pane in self.panes.values():
            look = Look(situation, self._limits, pane.glyphs, *pane.room(), self._providers)
            pane.refresh_from(look)
        if first:
            self.go("failures")  # they have the keys first: they are why one looks

    def _complete(self) -> None:
        """Mount what the first picture does without."""
        from widgets.filter import FilterLine

        self._filter = FilterLine()
        self.mount(self._filter, self._wrong)

    def show_frame(self, frame: Frame) -> None:
        """Show what goes on around the panes, also while these are held still."""
        self._colour_header()
        self._header.show((frame.header,))
        self._finding.show(frame.finding)
        self._footers = frame.footers
        self._show_footer()
        self._journal.show(self._last_lines(frame))

    def _colour_header(self) -> None:
        """In the colour of the environment; not where the terminal's own colours are used, which cannot be mixed."""
        mixes = not (self.app.native_ansi_color or self.app.no_color)
        if mixes != self._coloured:
            self._coloured = mixes
            self._header.styles.background = ENVIRONMENTS[self._environment.colour] if mixes else None

    def _show_footer(self) -> None:
        current = self.current
        self._footer.show((self._footers.get(current.kind.id if current else "", ()),))

    def acknowledge(self) -> None:
        """Take away the marks that say what changed."""
        for pane in self.panes.values():
            pane.acknowledge()

    def _last_lines(self, frame: Frame) -> tuple[Line, ...]:
        from widgets.present.timeline import timeline

        room = self._journal.size.height or 2
        lines = timeline(frame.entries, frame.actor, room, frame.now)
        unread: Line | None = (Span(f" {frame.unread}", "warn"),) if frame.unread else None
        lines = (*lines, *filter(None, (unread, frame.progress)))[-room:]
        nothing = "nothing was done here yet" if frame.is_read else "the journal is not read yet"
        return lines or ((Span(f" {nothing}", "dim"),),)

    @property
    def current(self) -> Pane | None:
        """The pane that has the keys, or will have had them by the next one: widgets hear of it a moment later."""
        focused = self.focused
        return next(
            (pane for pane in self.panes.values() if focused is not None and focused in (pane, pane.table)), None
        )

    def go(self, name: str) -> None:
        """Give the keys to a pane."""
        pane = self.panes[name]
        self.set_focus(pane.table or pane, scroll_visible=False)
        self._show_whole(name)

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        """A click on a pane without rows, on its frame, or on its line gives it the keys like its number."""
        self.go(event.pane)

    @property
    def is_typed_in(self) -> bool:
        """Whether the keys are letters of a filter now."""
        return self._filter is not None and self._filter.is_open

    def ask_filter(self) -> None:
        """Open the line for a filter on the pane that has the keys."""
        pane = self.current
        if pane is not None and self._filter is not None and self._has_list(pane):
            self._filtered = pane
            self._filter.open(pane.filter_text)
            self._arrange()

    def toggle_broken(self) -> None:
        """List only what is broken in the pane that has the keys, or everything again."""
        pane = self.current
        if pane is not None and self._has_list(pane):
            pane.toggle_broken()

    def _has_list(self, pane: Pane) -> bool:
        if pane.no_list is not None:
            self.post_message(self.Said(pane.no_list))
        return pane.no_list is None

    def on_filter_line_typed(self, event: FilterLine.Typed) -> None:
        """Apply it, or say why it cannot be understood: beside it, as long as it can be mended there."""
        sentence = self._filtered.filter(event.text) if self._filtered else None
        mended_here = self.is_typed_in
        self._tell_wrong(sentence if mended_here else None)
        if sentence is not None and not mended_here:
            self.post_message(self.Said(f"{sentence}; the list stays as it was"))

    def on_filter_line_closed(self) -> None:
        """The keys of the pane are told again."""
        self._tell_wrong(None)
        self._arrange()

    def _tell_wrong(self, sentence: str | None) -> None:
        before = self._wrong.lines
        self._wrong.show(((Span(f" {sentence} ", "warn"),) if sentence else (),))
        if self._wrong.lines != before:
            self._arrange()

    def zoom(self) -> None:
        """Show the pane with the keys whole, or all of them again."""
        self.zoomed = not self.zoomed
        self._whole = self.current.kind.id if self.current else "failures"
        self._arrange()

    def on_resize(self) -> None:
        """Ask for lines that fit the new size."""
        self.post_message(self.Resized())

    def on_descendant_focus(self) -> None:
        """The footer follows; on a small screen the pane with the keys is the one shown whole."""
        self._show_footer()
        if self.current is not None:
            self._show_whole(self.current.kind.id)

    def _show_whole(self, name: str) -> None:
        if name != self._whole:
            self._whole = name
            self._arrange()

    def _arrange(self) -> None:
        """Give everything its place anew. A child asks for it: to its own wish a screen answers what it knew before."""
        self._header.refresh(repaint=False, layout=True)
