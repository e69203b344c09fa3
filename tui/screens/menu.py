"""The menu of all actions."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen

from widgets.present.menu import COLUMNS, MenuEntry, rows
from widgets.readout import Readout
from widgets.table import LiveTable
from widgets.text import Line, Span, Tone, wrapped

AROUND = 10
"""Lines of the screen that the list leaves to its heading, the reason, and what lies around."""


class MenuScreen(ModalScreen[str | None]):
    """Dismisses with the id of the action that was chosen."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,a", "dismiss", "close"),
        Binding("ctrl+q", "app.leave", show=False),
    ]

    def __init__(self, entries: Callable[[], Sequence[MenuEntry]], told: Callable[[str], None]) -> None:
        super().__init__()
        self._known = entries
        self._was_told = told
        self._entries = _by_id(entries())
        self._wanted: str | None = None
        """The action under the cursor, once it was asked for and could not run."""
        self._heading = Readout(id="menu-heading")
        self._table = LiveTable(COLUMNS, id="menu-table")
        self._reason = Readout(id="menu-reason")
        self._reason.styles.height = "auto"  # a reason is told whole, on as many lines as it takes

    def compose(self) -> ComposeResult:
        """The table, and the whole reason of the action under the cursor."""
        with Vertical(id="menu"):
            yield self._heading
            yield self._table
            yield self._reason

    def on_mount(self) -> None:
        """List everything."""
        self.follow()
        self._table.focus()

    def follow(self) -> None:
        """List what is known now; the cursor stays on its action."""
        if not self._table.is_attached:
            return
        self._entries = _by_id(self._known())
        self._table.update(rows(tuple(self._entries.values())))
        self._table.acknowledge()  # a reason that counts seconds is no news
        self._tell()

    def on_resize(self, event: Resize) -> None:
        """As high as the list, as far as the screen allows; then it scrolls."""
        self._table.styles.height = max(2, min(len(self._entries) + 1, event.size.height - AROUND))
        self._reason.styles.min_height = 0
        self.call_after_refresh(self._tell)

    def on_live_table_cursor_moved(self) -> None:
        """Tell of the action under the cursor in full, for its row may be cropped."""
        self._wanted = None
        self._tell()

    def _tell(self) -> None:
        entry = self._entries.get(self._table.cursor_key or "")
        if entry is None:
            return
        if entry.reason is None:
            self._wanted = None
        told = _told(entry, wanted=entry.id == self._wanted)
        tone: Tone = "plain" if entry.reason is None else "bad" if self._wanted else "warn"
        self._heading.show((_heading(runs=entry.reason is None),))
        if self._reason.size.width:  # else it has no place yet
            self._make_room()
        self._reason.show(tuple((Span(line, tone),) for line in self._lines(told)))

    def _make_room(self) -> None:
        """For the longest that any action tells, and has told: else the list would jump at each reason."""
        styles = self._reason.styles
        tallest = max(len(self._lines(_told(entry, wanted=True))) for entry in self._entries.values())
        if styles.min_height is None or tallest > styles.min_height.value:
            styles.min_height = tallest

    def _lines(self, told: str) -> list[str]:
        room = max(8, self._reason.size.width)
        return [line for part in told.split("\n") for line in wrapped(part, room)]

    def on_live_table_opened(self, event: LiveTable.Opened) -> None:
        """Run it if it can run now, else say where the person looks why not."""
        self.follow()
        if self._entries[event.key].reason is None:
            self.dismiss(event.key)
        else:
            self._wanted = event.key
            self._tell()
            self._was_told(event.key)


def _told(entry: MenuEntry, *, wanted: bool) -> str:
    """What an action does, or why not now; said outright to who asked for it all the same."""
    if entry.reason is None:
        return entry.help
    return f"Cannot run now: {entry.reason}" if wanted else entry.reason


def _by_id(entries: Sequence[MenuEntry]) -> Mapping[str, MenuEntry]:
    return {entry.id: entry for entry in entries}


def _heading(*, runs: bool) -> Line:
    """What the keys do to the action under the cursor."""
    return (Span("actions", "strong"), Span(f"   {'enter runs   ' if runs else ''}esc closes", "dim"))
