"""The palette: every command and every action by its name."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import CommandPalette


class Palette(CommandPalette):
    """Textual's, with words that every terminal can show, and left with the program's own key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "app.leave", show=False)]

    def __init__(self) -> None:
        super().__init__(placeholder="find a command", id="--command-palette")
