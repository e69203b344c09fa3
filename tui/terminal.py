"""The terminal, which may be taken away at any moment."""

import asyncio
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

from backend.clock import Clock
from backend.config.model import Config
from tui.app import BacktopApp
from tui.themes import glyphs_for
from widgets.text import ASCII, in_ascii


def on_terminal(config: Config, clock: Clock | None = None) -> BacktopApp:
    """The application as it runs in a real terminal."""
    app = BacktopApp(config, clock, glyphs=glyphs_for())
    if app.driver_class is LinuxDriver:
        app.driver_class = TerminalDriver
    return app


LOOK_EVERY = 0.5
"""Seconds between two looks whether anybody still holds the other end of the terminal."""


class LastingScreen:
    """What the terminal is written to; once it is lost, writing goes nowhere, and nobody has to wait for it.

    All that is drawn comes by here, whoever drew it: a `plain` terminal gets no byte that is not ASCII.
    """

    def __init__(self, file: IO[str], *, plain: bool = False) -> None:
        self._file = file
        self._plain = plain
        self._lost = threading.Event()

    def write(self, text: str) -> None:
        """Write, as long as anybody reads."""
        drawn = in_ascii(text) if self._plain else text
        self._while_there(lambda: self._file.write(drawn))

    def flush(self) -> None:
        """Write what is held back."""
        self._while_there(self._file.flush)

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is one."""
        return self._file.isatty()

    def _while_there(self, write: Callable[[], object]) -> None:
        if not self._lost.is_set():
            try:
                write()
            except OSError:
                self._lost.set()


class TerminalDriver(LinuxDriver):
    """Textual's driver, but a lost terminal ends the program: in order, without a traceback and without waiting.

    A hang-up signal ends it too, but does not always come; nothing here may stand in its way. Textual's thread that
    writes would die with the terminal, and the program wait for ever at the full queue before it; the one that reads
    would go round and round at the end of the file.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            plain = isinstance(self._app, BacktopApp) and self._app.glyphs is ASCII
            self._file = LastingScreen(self._file, plain=plain)  # type: ignore[assignment]
        self._next_look: asyncio.TimerHandle | None = None

    def start_application_mode(self) -> None:
        """Take the terminal, and look from now on whether it is still there."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._look()

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self._look_no_more()
        super().stop_application_mode()

    def run_input_thread(self) -> None:
        """Read keys until the end, or until there is nothing to read from."""
        with suppress(OSError):
            super().run_input_thread()
        if not self.exit_event.is_set():
            self._loop.call_soon_threadsafe(self._lost)

    def _look(self) -> None:
        self._look_no_more()
        if is_lost(self.fileno):
            self._lost()
        else:
            self._next_look = self._loop.call_later(LOOK_EVERY, self._look)

    def _look_no_more(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()

    def _lost(self) -> None:
        self._look_no_more()
        self.exit_event.set()  # what runs may take its time to end; nothing is read meanwhile
        if isinstance(self._app, BacktopApp):
            self._app.life.hang_up()

    def _sigcont_application(self, *arguments: Any) -> None:
        # The kernel sends SIGCONT with every hang-up; only after a stop is there something to take up again.
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)


def is_lost(terminal: int) -> bool:
    """Whether nobody holds the other end of this descriptor any more. Keys that wait to be read do not matter."""
    looking = select.poll()
    looking.register(terminal, 0)  # what is lost is told unasked
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in looking.poll(0))
