"""Keys that arrive in one burst: each is acted on before the next is handed on, for it may change who has the keys.

Textual hands every key to whoever has the focus at that moment, and acts on none before the widgets had it: of `/sap`,
written at once, all four would go to the table.
"""

from collections import deque

from textual.events import Key
from textual.message import Message

from backend.clock import Clock

PATIENCE = 0.25
"""Seconds after which a key that is still on its way, or was lost on it, holds the next one up no longer."""


class Acted(Message):
    """Follows a key through the widgets: where it arrives, the key has been acted on."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self.turn = turn


class KeyTurns:
    """The keys in the order in which they were typed, one on its way at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._typed: deque[Key] = deque()
        self._turn = 0
        self._since: float | None = None

    def take(self, key: Key) -> None:
        """A key was typed."""
        self._typed.append(key)

    def next(self) -> Key | None:
        """The key whose turn it is now; None while another one is on its way, or where none was typed."""
        now = self._clock.monotonic()
        if not self._typed or (self._since is not None and now - self._since < PATIENCE):
            return None
        self._turn += 1
        self._since = now
        return self._typed.popleft()

    def follower(self) -> Acted:
        """What is to follow the key that is on its way."""
        return Acted(self._turn)

    def end(self, turn: int) -> None:
        """The key of this turn was acted on."""
        if turn == self._turn:
            self._since = None
