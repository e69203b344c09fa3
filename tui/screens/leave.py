"""Asks before leaving while an action is open or runs."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from backend.clock import Clock
from tui.screens.settling import SettlingScreen
from widgets.readout import Readout
from widgets.text import Span


class LeaveScreen(SettlingScreen[bool]):
    """Dismisses with whether the person wants to leave all the same."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "answer(False)", "stay"),
        Binding("y", "answer(True)", "leave"),
    ]

    def __init__(self, title: str, clock: Clock, *, runs: bool) -> None:
        super().__init__(clock)
        self._why = f"{title} runs." if runs else f"{title} is open; nothing was sent."
        self._leave = "leave after the step that runs" if runs else "leave"

    def compose(self) -> ComposeResult:
        """The reason, and the two keys."""
        with Vertical(id="leave"):
            yield Readout(((Span(self._why),), (), (Span("[n] Stay", "strong"), Span(f"   [y] {self._leave}"))))

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
