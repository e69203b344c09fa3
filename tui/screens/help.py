"""Where what is watched is found, and all keys and actions, from their tables."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from actions.registry import REGISTRY
from backend.config.model import Config
from backend.text import clean
from tui.keys import KEYS
from widgets.present.help import help_lines
from widgets.readout import Readout

WATCHED = "what is watched"


class HelpScreen(ModalScreen[None]):
    """Closes with escape, `q`, `?` or enter."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,question_mark,q", "dismiss", "close"),
        Binding("ctrl+q", "app.leave", show=False),
    ]

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._watched = [(WATCHED, "api", config.api.url)]
        if config.path is not None:
            self._watched.append((WATCHED, "config", clean(str(config.path))))
        self._text = Readout()

    def compose(self) -> ComposeResult:
        """One scrolling block."""
        with VerticalScroll(id="help"):
            yield self._text

    def on_resize(self) -> None:
        """Wrap everything to the new width."""
        self.call_after_refresh(self._wrap)

    def _wrap(self) -> None:
        keys = self._watched + [(key.on, key.shown, key.help) for key in sorted(KEYS, key=lambda key: key.on)]
        actions = [(spec.pane, spec.key, f"{spec.title} ({spec.risk.value})", spec.help) for spec in REGISTRY.values()]
        self._text.show(help_lines(keys, actions, self._text.size.width))
