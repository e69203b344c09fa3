"""Workers that somebody stopped by a signal: they live and hold what they took, and do nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from tui.demo.processes import Process, is_stopped

PATIENCE = timedelta(seconds=3)
"""Whoever lets a worker go on before that has cost nobody anything."""


class Halted:
    """Which workers stand still, and since when."""

    def __init__(self) -> None:
        self._since: dict[Process, datetime] = {}
        self._told: set[Process] = set()

    def look(self, pids: Iterable[int], now: datetime) -> list[str]:
        """The jobs of those among `pids` that have stood still for too long; each standstill is told once."""
        still = {process for pid in pids if is_stopped(pid) and (process := Process.of(pid)) is not None}
        self._since = {process: self._since.get(process, now) for process in still}
        self._told &= still
        late = {process for process in still - self._told if now - self._since[process] >= PATIENCE}
        self._told |= late
        return sorted(job for process in late if (job := _job(process)) is not None)


def _job(worker: Process) -> str | None:
    words = worker.arguments
    for name, value in pairwise(words):
        if name == b"--job":
            return value.decode("utf-8", "replace")
    return None
