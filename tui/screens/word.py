"""The input in which the word of a high-risk plan is typed: by hand, letter by letter."""

from collections.abc import Callable

from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import Input


class WordInput(Input):
    """Takes no key before the dialog could be read, and never takes pasted text: it says so."""

    class Pasted(Message):
        """Somebody tried to paste."""

    def __init__(self, hears: Callable[[Key], bool]) -> None:
        super().__init__(id="plan-word", select_on_focus=False)
        self.cursor_blink = False
        self._hears = hears

    async def _on_key(self, event: Key) -> None:
        if self._hears(event):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Pasted())

    def action_paste(self) -> None:
        """The program's own clipboard counts as pasted too."""
        self.post_message(self.Pasted())
