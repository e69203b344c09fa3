"""The line in which a filter is typed, in the place of the keys."""

from textual.events import Blur, Key
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

WAIT = 0.15
"""Seconds without a key after which what was typed is applied: a huge list is not filtered for every letter."""


PROMPT = "text  /regex/  !inverse  field:value   enter keeps   esc takes it away"
ENDS = ("enter", "escape", "tab", "shift+tab")
"""The keys that are not for the text; the last two go on to another pane."""


class FilterLine(Input):
    """Tells what is typed, and when it is done with. Escape takes the filter away, enter keeps it."""

    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { height: 1; padding: 0 1; border: none; background: $surface; }
    FilterLine { display: none; }
    FilterLine.-open { display: block; }
    """

    class Typed(Message):
        """A filter to apply now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The line is gone."""

    def __init__(self) -> None:
        super().__init__(placeholder=PROMPT, id="filter", select_on_focus=False)
        self.cursor_blink = False
        self._later: Timer | None = None
        self._back: Widget | None = None
        """Who had the keys before, and gets them back."""

    @property
    def is_open(self) -> bool:
        """Whether something can be typed."""
        return self.has_class("-open")

    def open(self, text: str) -> None:
        """Show the line with the filter that is in force."""
        self.value = text
        self.cursor_position = len(text)
        self._back = self.screen.focused
        self.add_class("-open")
        self.screen.set_focus(self, scroll_visible=False)  # at once: the next key may have been typed already

    def on_input_changed(self, event: Input.Changed) -> None:
        """Apply it when the typing pauses."""
        event.stop()
        if self._later is not None:
            self._later.stop()
        if self.is_open:
            self._later = self.set_timer(WAIT, self._tell)

    def on_key(self, event: Key) -> None:
        """Escape takes the filter away, the others keep it; the next key is for whoever had them before."""
        if event.key not in ENDS:
            return
        if event.key == "escape":
            self.value = ""
        self._tell()
        self._close()
        self.screen.set_focus(self._back, scroll_visible=False)
        if event.key in ("enter", "escape"):
            event.stop()

    def on_blur(self, event: Blur) -> None:
        """Whoever goes elsewhere keeps the filter."""
        if self.is_open:
            event.stop()
            self._close()

    def _tell(self) -> None:
        if self._later is not None:
            self._later.stop()
        self.post_message(self.Typed(self.value))

    def _close(self) -> None:
        self.remove_class("-open")
        self.post_message(self.Closed())
