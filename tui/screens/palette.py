"""The palette: every command and every action by its name."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import Command, CommandList, CommandPalette


class Palette(CommandPalette):
    """Textual's, with words that every terminal can show, and left with the program's own key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "app.leave", show=False)]

    def __init__(self) -> None:
        super().__init__(placeholder="find a command", id="--command-palette")

    def _refresh_command_list(self, command_list: CommandList, commands: list[Command], clear_current: bool) -> None:
        """Show what was found, unless the program ends under the search: then the list may be gone before it."""
        if command_list.is_attached:
            super()._refresh_command_list(command_list, commands, clear_current)
