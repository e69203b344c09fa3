"""The menu of all actions."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen

from widgets.present.menu import COLUMNS, MenuEntry, rows
from widgets.readout import Readout
from widgets.table import LiveTable
from widgets.text import Span, Tone, wrapped

AROUND = 10
"""Lines of the screen that the list leaves to its heading, the reason, and what lies around."""


class MenuScreen(ModalScreen[str | None]):
    """Dismisses with the id of the action that was chosen."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,a", "dismiss", "close"),
        Binding("ctrl+q", "app.leave", show=False),
    ]

    def __init__(self, entries: Sequence[MenuEntry]) -> None:
        super().__init__()
        self._entries = {entry.id: entry for entry in entries}
        self._table = LiveTable(COLUMNS, id="menu-table")
        self._reason = Readout(id="menu-reason")
        self._reason.styles.height = "auto"  # a reason is told whole, on as many lines as it takes

    def compose(self) -> ComposeResult:
        """The table, and the whole reason of the action under the cursor."""
        with Vertical(id="menu"):
            yield Readout(((Span("actions", "strong"), Span("   enter runs   esc closes", "dim")),), id="menu-heading")
            yield self._table
            yield self._reason

    def on_mount(self) -> None:
        """List everything."""
        self._table.update(rows(tuple(self._entries.values())))
        self._table.acknowledge()
        self._table.focus()

    def on_resize(self, event: Resize) -> None:
        """As high as the list, as far as the screen allows; then it scrolls."""
        self._table.styles.height = max(2, min(len(self._entries) + 1, event.size.height - AROUND))
        self.call_after_refresh(self._tell)

    def on_live_table_cursor_moved(self) -> None:
        """Tell of the action under the cursor in full, for its row may be cropped."""
        self._tell()

    def _tell(self) -> None:
        entry = self._entries.get(self._table.cursor_key or "")
        if entry is not None:
            tone: Tone = "warn" if entry.reason else "plain"
            room = max(8, self._reason.size.width)
            lines = [line for told in (entry.reason or entry.help).split("\n") for line in wrapped(told, room)]
            self._reason.show(tuple((Span(line, tone),) for line in lines))

    def on_live_table_opened(self, event: LiveTable.Opened) -> None:
        """Run it if it can run now."""
        if self._entries[event.key].reason is None:
            self.dismiss(event.key)
