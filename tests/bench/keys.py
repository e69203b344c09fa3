"""How long it takes from a key press to what it changes on the screen."""

import os
import signal
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.figure import Figure, percentile
from tests.bench.pty_run import PtyRun, Size
from tests.bench.startup import FIRST_DATA, backtop
from tests.bench.steady import SETTLE

KEYS = (b"\x1b[B", b"\x1b[A")
"""Down and up: each moves the cursor, so each must be seen."""
REST = 0.03
"""Seconds between two presses."""


def keys(config: Path, size: Size, presses: int, label: str, api_pid: int | None = None) -> list[Figure]:
    """Median and 99th percentile; with `api_pid` while that server hangs."""
    with PtyRun(backtop(config), size) as run:
        run.until(FIRST_DATA)
        run.drain(SETTLE)
        with _stopped(api_pid):
            run.drain(3.0 if api_pid else 0.0)
            took = []
            for number in range(presses):
                took.append(1000 * run.press(KEYS[number % 2]))
                run.drain(REST)
    return [
        Figure(f"key, median, {label}", statistics.median(took), "ms"),
        Figure(f"key, 99th percentile, {label}", percentile(took, 0.99), "ms", 50.0),
    ]


@contextmanager
def _stopped(pid: int | None) -> Iterator[None]:
    """Hold a process of the platform still, as a server that accepts and never answers."""
    if pid is None:
        yield
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
