"""A question that does not hear what was typed before it could be read."""

from typing import TypeVar

from textual.events import Key, Paste
from textual.screen import ModalScreen

from backend.clock import Clock

T = TypeVar("T")

SETTLE = 0.3
"""Seconds in which typed keys do not count: they were meant for what was there before."""


class SettlingScreen(ModalScreen[T]):
    """Loses the first keys on purpose, and all that is pasted."""

    AUTO_FOCUS = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._opened = clock.monotonic()

    def on_mount(self) -> None:
        """Count from when it is there."""
        self._opened = self._clock.monotonic()

    @property
    def open_for(self) -> float:
        """Seconds for which it has been there."""
        return self._clock.monotonic() - self._opened

    @property
    def hears(self) -> bool:
        """Whether what is typed is meant for it."""
        return self.open_for >= SETTLE

    def on_key(self, event: Key) -> None:
        """Keys typed before it could be read do nothing, neither here nor elsewhere."""
        if not self.hears:
            event.stop()
            event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Pasted text never answers anything."""
        event.stop()
        event.prevent_default()
