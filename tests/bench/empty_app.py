"""The yardstick: the smallest Textual application that draws something."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """One word."""

    def compose(self) -> ComposeResult:
        """Nothing else."""
        yield Static("yardstick")


if __name__ == "__main__":
    EmptyApp().run()
