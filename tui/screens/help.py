"""All keys and actions, from their tables."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from actions.registry import REGISTRY
from tui.keys import KEYS
from widgets.present.help import help_lines
from widgets.readout import Readout


class HelpScreen(ModalScreen[None]):
    """Closes with escape, `q`, `?` or enter."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,question_mark,q", "dismiss", "close"),
        Binding("ctrl+q", "app.leave", show=False),
    ]

    def compose(self) -> ComposeResult:
        """One scrolling block."""
        keys = [(key.on, key.shown, key.help) for key in sorted(KEYS, key=lambda key: key.on)]
        actions = [(spec.pane, spec.key, f"{spec.title} ({spec.risk.value})", spec.help) for spec in REGISTRY.values()]
        with VerticalScroll(id="help"):
            yield Readout(help_lines(keys, actions))
