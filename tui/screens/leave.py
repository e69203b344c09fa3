"""Asks before leaving while an action is open or runs."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from actions.brake import MEANT_TWICE
from backend.clock import Clock
from tui.dispatch import Leaving
from tui.screens.settling import IN_A_BURST, SettlingScreen
from widgets.readout import Readout
from widgets.text import Line, Span

WORDS: Mapping[Leaving, tuple[tuple[str, ...], str]] = {
    Leaving.FREE: (("{title} has ended.",), "leave"),
    Leaving.OPEN: (("{title} is open; nothing was sent.",), "leave"),
    Leaving.RUNS: (("{title} runs.",), "stop after this step, and leave"),
    Leaving.ENDS: (
        ("{title} still runs; backtop leaves then.", "What is cut short may have been done all the same."),
        "cut it short; its result is unknown",
    ),
}
"""For each state why it asks, and what `y` does in it."""
LOOK_EVERY = 0.25
"""Seconds between two looks at what `y` would do."""


class LeaveScreen(SettlingScreen[bool]):
    """Dismisses with whether the person wants to leave all the same.

    What goes on below may end, or be told to end, while it asks: then it asks anew, and hears no key before that could
    be read.
    """

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "answer(False)", "stay"),
        Binding("y", "answer(True)", "leave"),
    ]

    def __init__(self, title: str, clock: Clock, leaving: Callable[[], Leaving]) -> None:
        super().__init__(clock)
        self._title = title
        self._leaving = leaving
        self._asked = leaving()
        self._note = ""
        """Why what was typed last does not count."""
        self._text = Readout(self._lines())

    def compose(self) -> ComposeResult:
        """The reason, and the two keys."""
        with Vertical(id="leave"):
            yield self._text

    def on_mount(self) -> None:
        """Ask on, for as long as it is open."""
        self.set_interval(LOOK_EVERY, self._ask)

    def deaf_to(self, key: str) -> float:
        """What cuts short takes longer to read, and counts as said twice only then."""
        return MEANT_TWICE if key == "y" and self._asked is Leaving.ENDS else super().deaf_to(key)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer, if it is one to what is asked by now."""
        if not answer:
            self.dismiss(False)
        elif not self._ask():
            self.if_alone("y", self._leave, self._remark)

    def _leave(self) -> None:
        if not self._ask():
            self.dismiss(True)

    def _remark(self) -> None:
        self._note = f"{IN_A_BURST}; press y again"
        self._text.show(self._lines())

    def _ask(self) -> bool:
        """Show what `y` does; whether that is another thing than before."""
        before, self._asked = self._asked, self._leaving()
        if self._asked is before:
            return False
        self._note = ""
        self._text.show(self._lines())
        self.undrawn()
        self.call_after_refresh(self.drawn)
        return True

    def _lines(self) -> tuple[Line, ...]:
        why, leave = WORDS[self._asked]
        reasons = tuple((Span(line.replace("{title}", self._title)),) for line in why)
        note = ((Span(self._note, "warn"),),) if self._note else ()
        return (*reasons, (), *note, (Span("[n] Stay", "strong"), Span(f"   [y] {leave}")))
