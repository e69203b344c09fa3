"""The one live table of the program."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from widgets.paint import Painted, Picture
from widgets.table_columns import NARROW, Column
from widgets.table_lines import GUTTER, Lines
from widgets.table_model import Strayed, TableModel
from widgets.table_order import Sort
from widgets.table_rows import Group, Item, Row

WHEEL = 3
"""Lines that one step of the mouse wheel scrolls."""

_TURNS: dict[str, Callable[[TableModel, int], Strayed | None]] = {
    "move": TableModel.move,
    "page": lambda model, step: model.move(step * max(1, model.view.height - 1)),
    "end": lambda model, last: model.go(len(model.keys) * last),
    "mark": lambda model, _: model.mark(),
    "mark-group": lambda model, _: model.mark_group(),
    "extend": TableModel.extend,
    "fold": lambda model, opened: model.fold(opened=bool(opened)),
}
"""What the keys do to the table; what strayed is told, and then nothing is done."""


class TableMessage(Message):
    """Something that the user did to a table."""

    def __init__(self, table: Widget) -> None:
        super().__init__()
        self.set_sender(table)  # else it is whoever asked for the change, and nobody above that one would hear of it
        self.table = table

    @property
    def control(self) -> Widget:
        """The table."""
        return self.table


class LiveTable(Painted, can_focus=True):
    """Rows by key; an update sends only the cells that differ, and cursor, marks and window follow the keys.

    An empty table shows nothing at all; one whose filter lists no row says so. Texts are literal.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LiveTable { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, action, title, show=False, id=f"table.{title.lower().replace(' ', '-')}")
        for key, action, title in (
            ("up", "turn('move', -1)", "Up"),
            ("down", "turn('move', 1)", "Down"),
            ("pageup", "turn('page', -1)", "Page up"),
            ("pagedown", "turn('page', 1)", "Page down"),
            ("home", "turn('end', 0)", "First"),
            ("end", "turn('end', 1)", "Last"),
            ("space", "turn('mark', 1)", "Mark"),
            ("asterisk", "turn('mark-group', 1)", "Mark group"),
            ("shift+up", "turn('extend', -1)", "Mark up"),
            ("shift+down", "turn('extend', 1)", "Mark down"),
            ("left", "turn('fold', 0)", "Fold"),
            ("right", "turn('fold', 1)", "Unfold"),
            ("less_than_sign", "sort(-1)", "Sort back"),
            ("greater_than_sign", "sort(1)", "Sort on"),
            ("enter", "open", "Open"),
        )
    ]

    class CursorMoved(TableMessage):
        """The cursor is on another key now; None while nothing is listed."""

        def __init__(self, table: "LiveTable", key: str | None) -> None:
            super().__init__(table)
            self.key = key

    class MarksChanged(TableMessage):
        """Other rows are marked now."""

        def __init__(self, table: "LiveTable", keys: frozenset[str]) -> None:
            super().__init__(table)
            self.keys = keys

    class SortHidden(TableMessage):
        """Another column than before is sorted on without being seen, or none."""

    class Doubted(TableMessage):
        """Nothing was marked: first the user should hear what strayed."""

        def __init__(self, table: "LiveTable", strayed: Strayed) -> None:
            super().__init__(table)
            self.strayed = strayed

    class Opened(TableMessage):
        """The user wants to see more of a row."""

        def __init__(self, table: "LiveTable", key: str) -> None:
            super().__init__(table)
            self.key = key

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        titles: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.model = TableModel(columns)
        self._titles = titles
        self._head = 0
        self._lines: Lines | None = None
        self._told: tuple[str | None, frozenset[str], str] = (None, frozenset(), "")

    @property
    def cursor_key(self) -> str | None:
        """The key under the cursor: of a row or of a group."""
        return self.model.view.cursor

    @property
    def marked_keys(self) -> frozenset[str]:
        """The keys of the marked rows."""
        return self.model.marks.keys

    @property
    def hidden_sort(self) -> str:
        """The title of the column that is sorted on while there is no room for it."""
        sort, lines = self.model.listing.sort, self._lines
        if sort is None or lines is None or any(place.number == sort.column for place in lines.placed):
            return ""
        return self.model.columns[sort.column].title

    def update(self, rows: Sequence[Item]) -> None:
        """Show these rows and groups."""
        self._do(lambda: self.model.update(rows))

    def filter(self, text: str) -> str | None:
        """List only what this filter accepts; return a sentence if it cannot be understood, and change nothing then."""
        sentence = self.model.filter(text)
        self._show()
        return sentence

    def only(self, wanted: Callable[[Row], bool] | None) -> None:
        """List only the rows that are wanted, on top of the filter; None lifts it."""
        self._do(lambda: self.model.only(wanted))

    def sort_by(self, column: str | None, *, descending: bool = False) -> None:
        """Sort on the column of this id, or with None keep the owner's order."""
        numbers = {each.id: number for number, each in enumerate(self.model.columns)}
        self._do(lambda: self.model.sort_by(None if column is None else Sort(numbers[column], descending)))

    def acknowledge(self) -> None:
        """Take the signs away that say what changed."""
        self._do(self.model.acknowledge)

    def action_turn(self, turn: str, step: int) -> None:
        """Do what a key stands for."""
        strayed = _TURNS[turn](self.model, step)
        self._show()
        if strayed is not None:
            self.post_message(self.Doubted(self, strayed))

    def action_sort(self, step: int) -> None:
        """Go on to the next sort of the columns that are seen, or back."""
        placed = self._lines.placed if self._lines else ()
        self._do(lambda: self.model.step_sort(step, [place.number for place in placed]))

    def action_open(self) -> None:
        """Open the row under the cursor; a group folds or unfolds."""
        key = self.cursor_key
        if key is None:
            return
        if isinstance(self.model.rows.items[key], Group):
            self._do(lambda: self.model.fold(opened=not self.model.listing.is_open(key)))
        else:
            self.post_message(self.Opened(self, key))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._show()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor of a focused table, or that of another one."""
        super().watch_has_focus(has_focus)
        self._show()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor, fold a group by its arrow, sort by a title; a double click opens."""
        offset = event.get_content_offset(self)
        if offset is None or self._lines is None:
            return
        line = offset.y - self._head
        if line < 0:
            if (column := self._lines.column_at(offset.x)) is not None:
                self._do(lambda: self.model.turn_sort(column))
        elif (index := self.model.view.top + line) < len(self.model.keys):
            self._do(lambda: self.model.go(index))
            if event.chain == 2 or (offset.x < GUTTER and self.cursor_key in self.model.rows.children):
                self.action_open()

    @on(events.MouseScrollUp)
    @on(events.MouseScrollDown)
    def _wheel(self, event: events.MouseScrollUp | events.MouseScrollDown) -> None:
        """Scroll; at the end of the rows whatever is around the table may scroll."""
        top = self.model.view.top
        self._do(lambda: self.model.scroll(WHEEL if isinstance(event, events.MouseScrollDown) else -WHEEL))
        if self.model.view.top != top:
            event.stop()
            event.prevent_default()

    def _do(self, change: Callable[[], None]) -> None:
        """Change the model; show and tell what came of it."""
        change()
        self._show()

    def _show(self) -> None:
        self.repaint()
        if self.is_mounted and self.outer_size.width:
            self._tell()

    def draw(self) -> list[Picture]:
        """The titles, and the rows that there is room for."""
        width, height = self.outer_size
        lines = self._lines
        narrow = self.app.size.width < NARROW
        if lines is None or (lines.width, lines.narrow) != (width, narrow) or lines.glyphs is not self.glyphs:
            lines = self._lines = Lines(self.model.columns, width, self.glyphs, narrow=narrow)
        self._head = 1 if self._titles and self.model.rows.items and height > 1 else 0
        self.model.resize(height - self._head)
        titles = [lines.title(self.model.listing.sort)] if self._head else []
        rows = lines.window(self.model, focused=self.has_focus)
        if not self.model.keys and self.model.rows.items:
            rows = [lines.nothing(f"none of {self.model.rows.count} fits")]
        return [*titles, *rows][:height]

    def _tell(self) -> None:
        """Post what the owner does not know yet."""
        cursor, marks, sort = self._told
        self._told = self.cursor_key, self.marked_keys, self.hidden_sort
        if cursor != self.cursor_key:
            self.post_message(self.CursorMoved(self, self.cursor_key))
        if marks != self.marked_keys:
            self.post_message(self.MarksChanged(self, self.marked_keys))
        if sort != self.hidden_sort:
            self.post_message(self.SortHidden(self))
