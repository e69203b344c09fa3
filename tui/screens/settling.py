"""A question that does not hear what was typed before it could be read."""

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from textual.events import Key, Paste
from textual.screen import ModalScreen

from backend.clock import Clock

T = TypeVar("T")

SETTLE = 0.3
"""Seconds in which typed keys do not count: they were meant for what was there before."""
TOGETHER = 0.03
"""Seconds: keys that come closer than this to each other were not typed by a hand. So comes what is pasted where the
terminal does not tell that it is."""
REMEMBERED = 64
"""Keys that are kept, and looked through at each new one. One that so many have pushed out confirms nothing."""


def typed_ago(event: Key) -> float:
    """Seconds since the key was read from the terminal; it waits where the program has no time for it."""
    return max(0.0, time.monotonic() - event.time)


class SettlingScreen(ModalScreen[T]):
    """Loses the first keys on purpose, and all that is pasted.

    A key counts by when it was typed, not by when there was time for it, and the first ones are counted from when the
    question was drawn. The key that says yes counts only where it was typed by itself: see `if_alone`.
    """

    AUTO_FOCUS = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._drawn_at: float | None = None
        self._typed: deque[Key] = deque(maxlen=REMEMBERED)
        """The last keys; each knows when it was read from the terminal."""

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
        if not any(event is before for before in self._typed):  # it is asked for once by each that may take the key
            self._typed.append(event)
        return self.open_for - typed_ago(event) >= self.deaf_to(event.key)

    def deaf_to(self, key: str) -> float:  # noqa: ARG002 - a question may need more thought for some keys
        """Seconds in which this key does not count."""
        return SETTLE

    def on_key(self, event: Key) -> None:
        """Keys typed before it could be read do nothing, neither here nor elsewhere."""
        if not self.hears(event):
            event.stop()
            event.prevent_default()

    @property
    def letters_together(self) -> int:
        """Letters among the last keys that came in one burst, each closer to the one before than a hand types."""
        count, later = 0, None
        for key in reversed(self._typed):
            if later is not None and later - key.time >= TOGETHER:
                break
            count, later = count + key.is_printable, key.time
        return count

    def if_alone(self, key: str, yes: Callable[[], object], no: Callable[[], object]) -> None:
        """Say yes once it is clear that this key, which was typed last, came by itself, else no.

        That takes a moment, for what follows in one burst with it comes a little later.
        """
        typed = max((each for each in self._typed if each.key == key), key=lambda each: each.time, default=None)

        def answer() -> None:
            if self.is_current:
                (yes if self._is_alone(typed) else no)()

        def when_handed_on() -> None:  # behind the keys that wait in the program by now
            self.app.call_later(self.call_later, answer)

        if self._is_alone(typed):
            self.set_timer(TOGETHER, when_handed_on)
        else:
            no()

    def _is_alone(self, typed: Key | None) -> bool:
        if typed is None or typed not in self._typed:
            return False
        return all(each is typed or abs(each.time - typed.time) >= TOGETHER for each in self._typed)

    def on_paste(self, event: Paste) -> None:
        """Pasted text never answers anything."""
        event.stop()
        event.prevent_default()
