"""The dashboard: header, the finding that matters most, five panes, the last journal lines, the keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen

from backend.config.model import Config
from backend.incident.entry import Entry
from backend.model.providers import ProviderAnswer
from backend.model.situation import Part, Situation
from widgets.filter import FilterLine
from widgets.pane import Pane
from widgets.present.panes import PANES
from widgets.present.timeline import timeline
from widgets.present.view import Look
from widgets.readout import Readout
from widgets.text import Line, Span

ROWS = (("jobs", "failures"), ("data",), ("resources", "database"))
"""The panes, as they stand."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The lines around the panes."""

    header: Line
    finding: tuple[Line, ...]
    footers: Mapping[str, Line]
    """The keys that work while a pane has them, by its name; by the empty name those of no pane."""
    entries: Sequence[Entry]
    actor: str
    now: datetime
    progress: Line | None = None


class Dashboard(Screen[None]):
    """Shows a situation. What it is made of is handed in; it reads and decides nothing itself."""

    AUTO_FOCUS = None
    SMALL: ClassVar[tuple[int, int]] = (72, 20)
    """Below this width or height one pane is shown whole and the others as a line each."""
    LOW: ClassVar[int] = 30
    """Below this height the journal has one line, and most of the rest goes to jobs and failures."""
    BROAD: ClassVar[int] = 140
    """From this width failures have more room than jobs: what they tell is longer."""
    WIDE: ClassVar[tuple[int, int]] = (190, 40)
    """From this width and height data stand beside resources and database, with a line for each fact."""

    class Resized(Message):
        """The lines around the panes are of another width now."""

    def __init__(self, config: Config, providers: tuple[Part[ProviderAnswer], ...]) -> None:
        super().__init__()
        self._limits = config.limits
        self._providers = providers
        self._header = Readout(id="header", classes=f"env-{config.environment.colour}")
        self._finding = Readout(id="finding")
        self._journal = Readout(id="journal")
        self._footer = Readout(id="footer")
        self._filter = FilterLine()
        self._filtered: Pane | None = None
        self._footers: Mapping[str, Line] = {}
        self.panes = {name: Pane(kind) for name, kind in PANES.items()}
        self.zoomed = False

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        yield self._finding
        yield self._row(0)
        with Container(id="lower"):
            yield self._row(1)
            yield self._row(2)
        yield self._journal
        yield self._footer
        yield self._filter

    def _row(self, number: int) -> Horizontal:
        return Horizontal(*(self.panes[name] for name in ROWS[number]), id=f"row-{number}", classes="row")

    def on_mount(self) -> None:
        """The failures have the keys first: they are why one looks."""
        self.go("failures")

    def show(self, situation: Situation, frame: Frame) -> None:
        """Show everything as of this situation."""
        self.show_frame(frame)
        for pane in self.panes.values():
            look = Look(situation, self._limits, pane.glyphs, *pane.room(), self._providers)
            pane.refresh_from(look)

    def show_frame(self, frame: Frame) -> None:
        """Show what goes on around the panes, also while these are held still."""
        self._header.show((frame.header,))
        self._finding.show(frame.finding)
        self._footers = frame.footers
        self._show_footer()
        self._journal.show(self._last_lines(frame))

    def _show_footer(self) -> None:
        current = self.current
        self._footer.show((self._footers.get(current.kind.id if current else "", ()),))

    def acknowledge(self) -> None:
        """Take away the marks that say what changed."""
        for pane in self.panes.values():
            pane.acknowledge()

    def _last_lines(self, frame: Frame) -> tuple[Line, ...]:
        room = self._journal.size.height or 2
        lines = timeline(frame.entries, frame.actor, room, frame.now)
        if frame.progress is not None:
            lines = (*lines, frame.progress)[-room:]
        return lines or ((Span(" nothing was done here yet", "dim"),),)

    @property
    def current(self) -> Pane | None:
        """The pane that has the keys."""
        return next((pane for pane in self.panes.values() if pane.has_keys), None)

    def go(self, name: str) -> None:
        """Give the keys to a pane."""
        pane = self.panes[name]
        (pane.table or pane).focus(scroll_visible=False)
        self._arrange(name)

    def ask_filter(self) -> None:
        """Open the line for a filter on the pane that has the keys."""
        pane = self.current
        if pane is not None and pane.table is not None:
            self._filtered = pane
            self._filter.open(pane.filter_text)

    def on_filter_line_typed(self, event: FilterLine.Typed) -> None:
        """Apply it, or say why it cannot be understood."""
        sentence = self._filtered.filter(event.text) if self._filtered else None
        if sentence is not None:
            self.app.notify(sentence, title="filter", severity="warning", markup=False)

    def on_filter_line_closed(self) -> None:
        """The keys go back to the table."""
        if self._filtered is not None:
            self.go(self._filtered.kind.id)

    def zoom(self) -> None:
        """Show the pane with the keys whole, or all of them again."""
        self.zoomed = not self.zoomed
        self._arrange()

    def on_resize(self, event: Resize) -> None:
        """Choose the layout for the new size, and ask for lines that fit it."""
        width, height = event.size
        self.set_class(width < self.SMALL[0] or height < self.SMALL[1], "-small")
        self.set_class(height < self.LOW, "-low")
        self.set_class(width >= self.BROAD, "-broad")
        self.set_class(width >= self.WIDE[0] and height >= self.WIDE[1], "-wide")
        self._arrange()
        self.post_message(self.Resized())

    def on_descendant_focus(self) -> None:
        """The footer follows; on a small screen the pane with the keys is the one shown whole."""
        self._show_footer()
        self._arrange()

    def _arrange(self, name: str | None = None) -> None:
        whole = name or (self.current.kind.id if self.current else "failures")
        single = self.zoomed or self.has_class("-small")
        self.set_class(single, "-single")
        for pane_name, pane in self.panes.items():
            pane.set_class(single and pane_name != whole, "-line")
        for number, row in enumerate(ROWS):
            self.query_one(f"#row-{number}").set_class(single and whole in row, "-whole")
        self.query_one("#lower").set_class(single and whole not in ROWS[0], "-whole")
