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

    def __init__(self, why: str, clock: Clock) -> None:
        super().__init__(clock)
        self._why = why

    def compose(self) -> ComposeResult:
        """The reason, and the two keys."""
        with Vertical(id="leave"):
            yield Readout(
                ((Span(self._why),), (), (Span("[n] Stay", "strong"), Span("   [y] leave after the step that runs")))
            )

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        if self.hears:
            self.dismiss(answer)
