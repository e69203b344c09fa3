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

    def __init__(self) -> None:
        super().__init__()
        self._text = Readout()

    def compose(self) -> ComposeResult:
        """One scrolling block."""
        with VerticalScroll(id="help"):
            yield self._text

    def on_resize(self) -> None:
        """Wrap everything to the new width."""
        self.call_after_refresh(self._wrap)

    def _wrap(self) -> None:
        keys = [(key.on, key.shown, key.help) for key in sorted(KEYS, key=lambda key: key.on)]
        actions = [(spec.pane, spec.key, f"{spec.title} ({spec.risk.value})", spec.help) for spec in REGISTRY.values()]
        self._text.show(help_lines(keys, actions, self._text.size.width))
