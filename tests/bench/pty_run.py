"""A program in a pseudo-terminal whose output is counted, timed and thrown away."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType

import psutil

Size = tuple[int, int]
"""Columns and lines."""
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class PtyRun:
    """Starts `argv` at a size; every byte that it draws passes through here."""

    def __init__(self, argv: Sequence[str], size: Size, environ: Mapping[str, str] | None = None) -> None:
        width, height = size
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.began = time.perf_counter()
        inherited = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**inherited, **TERMINAL, **(environ or {})},
        )  # fmt: skip
        os.close(slave)
        self.bytes = 0
        self.drawn = b""
        """Everything so far; only for finding the first picture."""

    def __enter__(self) -> "PtyRun":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def read(self, seconds: float) -> int:
        """Take what is drawn within the time, return at once when something was; the number of bytes."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return 0
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return 0
        self.bytes += len(data)
        if len(self.drawn) < 1 << 20:
            self.drawn += data
        return len(data)

    def until(self, *texts: bytes, seconds: float = 30.0) -> float:
        """Seconds from the start until all these texts were drawn. Raises TimeoutError."""
        while missing := [text for text in texts if text not in self.drawn]:
            if time.perf_counter() - self.began > seconds:
                raise TimeoutError(f"{missing} was not drawn within {seconds:g} s")
            self.read(0.05)
        return time.perf_counter() - self.began

    def drain(self, seconds: float) -> int:
        """Take everything for so long; the number of bytes."""
        before, until = self.bytes, time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.read(left)
        return self.bytes - before

    def press(self, key: bytes, patience: float = 2.0) -> float:
        """Seconds from a key press to the first thing drawn after it; `patience` when nothing is."""
        while self.read(0.0):
            pass
        pressed = time.perf_counter()
        os.write(self._master, key)
        while time.perf_counter() - pressed < patience:
            if self.read(0.05):
                return time.perf_counter() - pressed
        return patience

    def send(self, key: bytes) -> None:
        """Press a key without waiting."""
        os.write(self._master, key)

    def cpu_seconds(self) -> float:
        """Processor time of the program so far, without its children."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def resident(self) -> tuple[float, float]:
        """Resident and unique memory in MB."""
        memory = psutil.Process(self.process.pid).memory_full_info()
        return memory.rss / 1e6, memory.uss / 1e6

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        deadline = time.perf_counter() + 5
        while self.process.poll() is None and time.perf_counter() < deadline:
            self.read(0.05)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with suppress(OSError):
            os.close(self._master)
