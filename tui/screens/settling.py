"""A question that does not hear what was typed before it could be read."""

import time
from typing import TypeVar

from textual.events import Key, Paste
from textual.screen import ModalScreen

from backend.clock import Clock

T = TypeVar("T")

SETTLE = 0.3
"""Seconds in which typed keys do not count: they were meant for what was there before."""


def typed_ago(event: Key) -> float:
    """Seconds since the key was read from the terminal; it waits where the program has no time for it."""
    return max(0.0, time.monotonic() - event.time)


class SettlingScreen(ModalScreen[T]):
    """Loses the first keys on purpose, and all that is pasted.

    A key counts by when it was typed, not by when there was time for it, and the first ones are counted from when the
    question was drawn.
    """

    AUTO_FOCUS = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._drawn_at: float | None = None

    def on_mount(self) -> None:
        """Count from when it can be seen."""
        self.call_after_refresh(self.drawn)

    def drawn(self) -> None:
        """It can be seen; from the first time on it is counted."""
        if self._drawn_at is None:
            self._drawn_at = self._clock.monotonic()

    def undrawn(self) -> None:
        """It asks something else now, which cannot be seen yet."""
        self._drawn_at = None

    @property
    def is_drawn(self) -> bool:
        """Whether it can be seen."""
        return self._drawn_at is not None

    @property
    def open_for(self) -> float:
        """Seconds for which it can be seen."""
        return 0.0 if self._drawn_at is None else self._clock.monotonic() - self._drawn_at

    def hears(self, event: Key) -> bool:
        """Whether this key is meant for it."""
        return self.open_for - typed_ago(event) >= self.deaf_to(event.key)

    def deaf_to(self, key: str) -> float:  # noqa: ARG002 - a question may need more thought for some keys
        """Seconds in which this key does not count."""
        return SETTLE

    def on_key(self, event: Key) -> None:
        """Keys typed before it could be read do nothing, neither here nor elsewhere."""
        if not self.hears(event):
            event.stop()
            event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Pasted text never answers anything."""
        event.stop()
        event.prevent_default()
