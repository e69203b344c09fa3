"""A real program in a pseudo-terminal, with eyes and fingers."""

import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import pyte

LOGIN = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.login_tty(0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the controlling one, so that losing it hangs the program up, also where the tests may not be."""
ENVIRONMENT = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TEXTUAL_ANIMATIONS": "none"}
DEADLINE = 30.0
"""Seconds after which what is waited for does not come any more."""
KEYS = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "home": "\x1b[H", "end": "\x1b[F",
        "right": "\x1b[C", "left": "\x1b[D", "ctrl+q": "\x11"}  # fmt: skip


class Terminal:
    """Runs `argv` on a screen of its own. Everything it shows is read while something is waited for."""

    def __init__(
        self, *argv: str, columns: int = 120, lines: int = 40, environment: Mapping[str, str] | None = None
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.heard = b""
        """All that came, as it came: what a screen has shown and shows no more too."""
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        try:
            self.process = subprocess.Popen(
                (sys.executable, "-c", LOGIN, *argv), stdin=terminal, stdout=terminal, stderr=terminal,
                env={**inherited, **ENVIRONMENT, **(environment or {})},
            )  # fmt: skip
        finally:
            os.close(terminal)

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def line_with(self, text: str) -> str:
        """The first line that shows this text; empty when none does."""
        return next((line for line in self._screen.display if text in line), "")

    def press(self, *keys: str) -> None:
        """Type keys, by name or as they are."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def until(self, reached: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
        """Read what the program draws until this is so."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"{what} did not come within {seconds:g} s; the screen:\n{self.text}"
            if not self._read(0.1) and not reached():
                raise AssertionError(f"the program ended before {what}; the screen:\n{self.text}")

    def shows(self, *texts: str, seconds: float = DEADLINE) -> None:
        """Wait until all these texts are on the screen at once."""
        self.until(lambda: all(text in self.text for text in texts), f"{texts}", seconds)

    def hides(self, text: str, seconds: float = DEADLINE) -> None:
        """Wait until this text is not on the screen any more."""
        self.until(lambda: text not in self.text, f"the end of {text!r}", seconds)

    def insist(self, key: str, reached: Callable[[], bool], times: int = 20) -> None:
        """Press a key again and again, for a dialog does not take the first one, until this is so."""
        for _ in range(times):
            self.press(key)
            patience = time.monotonic() + 0.5
            self.until(lambda patience=patience: reached() or time.monotonic() > patience, key)  # type: ignore[misc]
            if reached():
                return
        raise AssertionError(f"{key} is of no use; the screen:\n{self.text}")

    def ends(self, seconds: float = DEADLINE) -> int:
        """Wait until the program has ended; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.1):
            assert time.monotonic() < deadline, f"it does not end; the screen:\n{self.text}"
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    def hang_up(self) -> None:
        """Take the terminal away, as a lost connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def close(self) -> None:
        """End the program if it still runs."""
        self.hang_up()
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _read(self, seconds: float) -> bool:
        """Draw what came within so many seconds; whether there can be more."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # Linux says so when the last one closed the other end
                raise
            return False
        self._stream.feed(data)
        self.heard += data
        return bool(data)
