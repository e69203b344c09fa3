"""The terminal, which may be taken away at any moment."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

from backend.clock import Clock
from backend.config.model import Config
from tui.app import BacktopApp
from tui.themes import glyphs_for


def on_terminal(config: Config, clock: Clock | None = None) -> BacktopApp:
    """The application as it runs in a real terminal."""
    app = BacktopApp(config, clock, glyphs=glyphs_for())
    if app.driver_class is LinuxDriver:
        app.driver_class = TerminalDriver
    return app


class LastingScreen:
    """What the terminal is written to; once it is lost, writing goes nowhere, and nobody has to wait for it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lost = threading.Event()

    def write(self, text: str) -> None:
        """Write, as long as anybody reads."""
        self._while_there(lambda: self._file.write(text))

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
    """Textual's driver, but a lost terminal neither blocks the program for ever nor ends it with a traceback.

    The hang-up signal ends the program; nothing here may stand in its way. Textual's thread that writes would die with
    the terminal, and the program wait for ever at the full queue before it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self._file is not None:
            self._file = LastingScreen(self._file)  # type: ignore[assignment]

    def run_input_thread(self) -> None:
        """Read keys until the end, or until there is nothing to read from."""
        with suppress(OSError):
            super().run_input_thread()

    def _sigcont_application(self, *arguments: Any) -> None:
        # The kernel sends SIGCONT with every hang-up; only after a stop is there something to take up again.
        if self._must_signal_resume:
            super()._sigcont_application(*arguments)
