"""A terminal for tests: what an app writes is kept, counted, and drawn on a screen of its own."""

import pyte
from textual.app import App
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot


class Terminal(HeadlessDriver):
    """Takes what would go to the terminal."""

    written: str = ""

    @property
    def is_headless(self) -> bool:
        """Let the app write."""
        return False

    def write(self, data: str) -> None:
        self.written += data


class TerminalApp(App[None]):
    """An app whose output can be looked at; `screen_text` is what a terminal would show after all of it."""

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        self.terminal = Terminal(self, debug=False, mouse=mouse, size=size)
        self._driver = self.terminal
        columns, lines = size or (80, 24)
        self._pyte = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._pyte)
        return self.terminal

    def take(self) -> str:
        """Return what was written since the last time, and draw it."""
        data, self.terminal.written = self.terminal.written, ""
        self._stream.feed(data)
        return data

    def screen_text(self) -> list[str]:
        """Return the lines of the terminal."""
        self.take()
        # A wide character stands in the first of its two cells; the second one is empty.
        return [
            "".join(self._pyte.buffer[y][x].data for x in range(self._pyte.columns)) for y in range(self._pyte.lines)
        ]


async def settle(pilot: Pilot[None]) -> None:
    """Wait until the app has nothing left to draw."""
    await pilot.pause()
    screen = pilot.app.screen
    while (
        screen._dirty_widgets
        or screen._layout_required
        or screen._repaint_required
        or screen._compositor._dirty_regions
    ):
        await pilot.pause()
