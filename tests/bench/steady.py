"""What it costs while nobody presses a key: processor, bytes, memory, requests."""

import time
from pathlib import Path

from tests.bench.figure import Figure, percentile
from tests.bench.gate import Gate
from tests.bench.pty_run import PtyRun, Size
from tests.bench.startup import FIRST_DATA, backtop

SETTLE = 8.0
"""Seconds until start-up is no longer seen in the figures."""
NOTICE = 8.0
"""Seconds after which the notice that the picture is held has come and gone."""


def steady(config: Path, size: Size, seconds: float) -> list[Figure]:
    """With the picture going on, then with it held: what is left then is reading. The API stands behind a gate."""
    with Gate(config) as gate, PtyRun(backtop(gate.config), size) as run:
        run.until(FIRST_DATA)
        run.drain(SETTLE)
        gate.forget()
        cpu, sent = _spent(run, seconds)
        asked, took = gate.requests, gate.took
        rss, uss = run.resident()
        run.send(b"h")
        run.drain(NOTICE)
        reading, held = _spent(run, seconds)
    return [
        Figure("CPU", 100 * cpu, "%", 2.0),
        Figure("CPU of reading (picture held)", 100 * reading, "%"),
        Figure("CPU of drawing", 100 * max(0.0, cpu - reading), "%"),
        Figure("to the terminal", sent / 1000, "kB/s", 5.0),
        Figure("to the terminal while held", held / 1000, "kB/s"),
        Figure("memory (resident)", rss, "MB"),
        Figure("memory (unique)", uss, "MB", 60.0),
        Figure("requests to the API", asked / seconds, "1/s", 2.0),
        Figure("the API's answer, 99th percentile", 1000 * percentile(took, 0.99), "ms", 50.0),
    ]


def memory(config: Path, size: Size, jobs: int) -> list[Figure]:
    """With so many failed jobs."""
    with PtyRun(backtop(config), size) as run:
        run.until(FIRST_DATA)
        run.drain(2 * SETTLE)
        rss, uss = run.resident()
    return [
        Figure(f"memory (resident), {jobs:,} failed jobs", rss, "MB"),
        Figure(f"memory (unique), {jobs:,} failed jobs", uss, "MB", 120.0),
    ]


def _spent(run: PtyRun, seconds: float) -> tuple[float, float]:
    """CPU seconds and bytes for each second of the clock."""
    cpu, began = run.cpu_seconds(), time.perf_counter()
    sent = run.drain(seconds)
    took = time.perf_counter() - began
    return (run.cpu_seconds() - cpu) / took, sent / took
