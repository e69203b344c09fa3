"""The input in which the word of a high-risk plan is typed: by hand, letter by letter."""

from collections.abc import Callable

from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import Input

PASTED_AT = 3
"""Letters in one burst that no hand types; two come together where one key is hit before the last one is up."""


def pasted_at(word: str) -> int:
    """How many letters in one burst were pasted: of a short word more than a third, but never a single one."""
    return min(PASTED_AT, max(2, len(word) // 3 + 1))


class WordInput(Input):
    """Takes no key before the dialog could be read, and never takes pasted text: it says so.

    Also where the terminal does not tell that text is pasted: then its letters come in one burst, and what stands here
    is thrown away with them.
    """

    class Pasted(Message):
        """Somebody tried to paste."""

    def __init__(self, word: str, hears: Callable[[Key], bool], letters_together: Callable[[], int]) -> None:
        super().__init__(id="plan-word", select_on_focus=False)
        self.cursor_blink = False
        self._hears = hears
        self._letters_together = letters_together
        self._pasted_at = pasted_at(word)

    async def _on_key(self, event: Key) -> None:
        if not self._hears(event):
            _drop(event)
        elif self._letters_together() >= self._pasted_at:
            _drop(event)
            with self.prevent(Input.Changed):  # nobody mends what was wrong
                self.value = ""
            self.post_message(self.Pasted())
        else:
            await super()._on_key(event)

    def _on_paste(self, event: Paste) -> None:
        _drop(event)
        self.post_message(self.Pasted())

    def action_paste(self) -> None:
        """The program's own clipboard counts as pasted too."""
        self.post_message(self.Pasted())


def _drop(event: Key | Paste) -> None:
    event.stop()
    event.prevent_default()
