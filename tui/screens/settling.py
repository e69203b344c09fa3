"""A question that does not hear what was typed before it could be read."""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from textual.events import Key, Paste
from textual.screen import ModalScreen

from backend.clock import Clock

T = TypeVar("T")

SETTLE = 0.3
"""Seconds in which typed keys do not count: they were meant for what was there before."""
TOGETHER = 0.03
"""Seconds: keys that come closer than this to each other were not typed by a hand. So comes what is pasted where the
terminal does not tell that it is."""
OF_A_TEXT = 1.0
"""Seconds: a letter so soon after another one may be part of a text that somebody types for something else."""
IN_A_BURST = "not taken: it came with other keys"
"""What is told of a key that would have said yes, had it been typed by itself."""
REMEMBERED = 64
"""Keys that are kept, and looked through at each new one. One that so many have pushed out confirms nothing."""


def typed_ago(event: Key) -> float:
    """Seconds since the key was read from the terminal; it waits where the program has no time for it."""
    return max(0.0, time.monotonic() - event.time)


class Typed(NamedTuple):
    """A key, which knows when it was read from the terminal."""

    key: Key
    at: float
    """The same in seconds of the screen's clock."""


class SettlingScreen(ModalScreen[T]):
    """Loses the first keys on purpose, and all that is pasted.

    A key counts by when it was typed, not by when there was time for it, and the first ones are counted from when the
    question was drawn. The key that says yes counts only where it was typed by itself: see `if_alone`. So it is never
    said by who writes on while the question opens.
    """

    AUTO_FOCUS = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._drawn_at: float | None = None
        self._typed: deque[Typed] = deque(maxlen=REMEMBERED)
        """The last keys."""

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
    def open_for(self) -> float:
        """Seconds for which it can be seen."""
        return 0.0 if self._drawn_at is None else self._clock.monotonic() - self._drawn_at

    def hears(self, event: Key) -> bool:
        """Whether this key is meant for it."""
        ago = typed_ago(event)
        if not any(event is before.key for before in self._typed):  # each that may take the key asks for it once
            self._typed.append(Typed(event, self._clock.monotonic() - ago))
        return self.open_for - ago >= self.deaf_to(event.key)

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
        for key, _ in reversed(self._typed):
            if later is not None and later - key.time >= TOGETHER:
                break
            count, later = count + key.is_printable, key.time
        return count

    def if_alone(self, key: str, yes: Callable[[], object], no: Callable[[], object]) -> None:
        """Say yes once it is clear that this key, which was typed last, came by itself, else no.

        That takes a moment, for what follows in one burst with it comes a little later.
        """
        typed = max((each for each in self._typed if each.key.key == key), key=lambda each: each.key.time, default=None)

        def answer() -> None:
            if self.is_current:
                (yes if self._is_alone(typed) else no)()

        def when_handed_on() -> None:  # behind the keys that wait in the program by now
            self.app.call_later(self.call_later, answer)

        if self._is_alone(typed):
            self.set_timer(TOGETHER, when_handed_on)
        else:
            no()

    def _is_alone(self, typed: Typed | None) -> bool:
        if typed is None or typed not in self._typed:
            return False
        bursts = any(each is not typed and abs(each.key.time - typed.key.time) < TOGETHER for each in self._typed)
        return not bursts and not self._is_of_a_text(typed)

    def _is_of_a_text(self, typed: Typed) -> bool:
        """Whether it is a letter, and another one came shortly before, or has come since."""
        letters = [each for each in self._typed if each.key.is_printable and each.key.key != typed.key.key]
        return typed.key.is_printable and any(typed.at - each.at < OF_A_TEXT for each in letters)

    def on_paste(self, event: Paste) -> None:
        """Pasted text never answers anything."""
        event.stop()
        event.prevent_default()
