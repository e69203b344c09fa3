"""What is measured, and the budget that it is held against."""

import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.pty_run import PtyRun

KEYS = (b"\x1b[B", b"\x1b[A")
"""Down and up: each moves the cursor, so each must be seen."""
FIRST_PICTURE = b"Failures"
FIRST_DATA = b"active "
SETTLE = 6.0
"""Seconds until start-up is no longer seen in the figures."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number beside its budget; both None where there is none."""

    name: str
    value: float
    unit: str
    budget: float | None

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept."""
        return None if self.budget is None else self.value <= self.budget


def backtop(config: Path) -> list[str]:
    """The real program on a running platform."""
    return [sys.executable, "-m", "tui", "--config", str(config)]


def startup(config: Path, size: tuple[int, int], rounds: int) -> list[Figure]:
    """First picture against an empty Textual application, in turns, and first data after it."""
    empty, picture, data = [], [], []
    for _ in range(rounds):
        empty.append(_until([sys.executable, "-m", "tests.bench.empty_app"], size, b"yardstick"))
        run = PtyRun(backtop(config), size)
        try:
            picture.append(run.until(FIRST_PICTURE))
            data.append(run.until(FIRST_DATA) - picture[-1])
        finally:
            run.close()
    ratios = [ours / theirs for ours, theirs in zip(picture, empty, strict=True)]
    return [
        Figure("empty Textual app, first picture", statistics.median(empty), "s", None),
        Figure("first picture", statistics.median(picture), "s", None),
        Figure("first picture against the empty app", statistics.median(ratios), "x", 1.25),
        Figure("first data after the picture", statistics.median(data), "s", 0.5),
    ]


def _until(argv: list[str], size: tuple[int, int], text: bytes) -> float:
    run = PtyRun(argv, size)
    try:
        return run.until(text)
    finally:
        run.close()


def steady(config: Path, size: tuple[int, int], seconds: float) -> list[Figure]:
    """Processor, bytes and memory while nobody presses a key; then the same with the picture held."""
    run = PtyRun(backtop(config), size)
    try:
        run.until(FIRST_DATA)
        run.drain(SETTLE)
        cpu, sent = _spent(run, seconds)
        rss, uss = run.resident()
        run.send(b"h")
        run.drain(8.0)  # the notice comes and goes
        reading, held = _spent(run, seconds)
    finally:
        run.close()
    return [
        Figure("CPU", 100 * cpu, "%", 2.0),
        Figure("CPU of reading (picture held)", 100 * reading, "%", None),
        Figure("CPU of drawing", 100 * max(0.0, cpu - reading), "%", None),
        Figure("to the terminal", sent / 1000, "kB/s", 5.0),
        Figure("to the terminal while held", held / 1000, "kB/s", None),
        Figure("memory (resident)", rss, "MB", None),
        Figure("memory (unique)", uss, "MB", 60.0),
    ]


def _spent(run: PtyRun, seconds: float) -> tuple[float, float]:
    """CPU seconds and bytes for each second of the clock."""
    cpu, began = run.cpu_seconds(), time.perf_counter()
    sent = run.drain(seconds)
    took = time.perf_counter() - began
    return (run.cpu_seconds() - cpu) / took, sent / took


def keys(config: Path, size: tuple[int, int], presses: int, label: str, api_pid: int | None = None) -> list[Figure]:
    """From a key press to what it changes on the screen; with `api_pid` while that server hangs."""
    run = PtyRun(backtop(config), size)
    try:
        run.until(FIRST_DATA)
        run.drain(SETTLE)
        with _stopped(api_pid):
            run.drain(3.0 if api_pid else 0.0)
            took = []
            for number in range(presses):
                took.append(1000 * run.press(KEYS[number % 2]))
                run.drain(0.03)
    finally:
        run.close()
    ordered = sorted(took)
    return [
        Figure(f"key, median, {label}", statistics.median(ordered), "ms", None),
        Figure(f"key, 99th percentile, {label}", ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], "ms", 50.0),
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
