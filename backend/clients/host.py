"""The machine's counters and the processes on it (runbook, Diagnostics 2)."""

import asyncio
import os
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import psutil

from backend.clients.processes import Membership, Sight, look, matches
from backend.model.host import HostCounters, Process, ProcessTable
from backend.threads import Errand

SECONDS = 4.0
FIRST_SPAN = 0.1
"""Seconds over which the very first CPU percentage is measured."""
SETTLED = 10.0
"""Age in seconds from which a process is what it will be: before, it may still become another program."""


class HostClient:
    """Reads counters and processes of this host; the latter in a thread that can be given up.

    `kill_patterns` and `look_pattern` are regular expressions over the raw command line.
    """

    def __init__(self, kill_patterns: Sequence[str], look_pattern: str) -> None:
        self._kill = tuple(re.compile(pattern) for pattern in kill_patterns)
        self._look = re.compile(look_pattern)
        self._listing = Errand("the process table", SECONDS)
        self._cpu_before: tuple[float, float] | None = None
        self._seen: dict[psutil.Process, Sight | None] = {}
        """What a look at a process gave; None for those that are none of ours, which are not looked at again."""

    async def counters(self) -> HostCounters:
        """Use of CPU, memory and swap, and the load: what the kernel tells at once, for which no thread is worth it."""
        if self._cpu_before is None:
            self._cpu_before = _cpu_times()
            await asyncio.sleep(FIRST_SPAN)
        return self._count(self._cpu_before)

    async def processes(self, invocation_id: str, control_group: str, *, known: bool = True) -> ProcessTable:
        """Processes that look like backtests, and which of them are the engine's.

        A worker's command line matches a kill pattern, and it belongs to the unit: by its control group, or by carrying
        the unit's `INVOCATION_ID`. Empty texts belong to nobody. Where the unit is not `known` now, what does not
        belong to it as it was may still be its own. This program and its ancestors are never listed, and of its
        children only workers are.
        """
        return await self._listing.look(lambda: self._list(Membership(invocation_id, control_group, known)))

    def _count(self, before: tuple[float, float]) -> HostCounters:
        now = _cpu_times()
        total = now[1] - before[1]
        if total > 0:
            self._cpu_before = now
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        return HostCounters(
            cpu_percent=min(100.0, max(0.0, 100 * (now[0] - before[0]) / total)) if total > 0 else 0.0,
            cores=os.cpu_count() or 1,
            load=os.getloadavg(),
            memory_total=memory.total,
            memory_available=memory.available,
            swap_total=swap.total,
            swap_used=swap.used,
        )

    def _list(self, unit: Membership) -> ProcessTable:
        listed, others, hidden = [], 0, 0
        seen: dict[psutil.Process, Sight | None] = {}
        untouchable = {1, *_own_line()}
        for pid in psutil.pids():
            try:
                sight = self._sight(pid, seen) if pid not in untouchable else None
                process = sight and self._described(sight, unit)
            except psutil.AccessDenied:
                hidden += 1
            except psutil.NoSuchProcess:  # also zombies: they hold nothing any more
                continue
            else:
                others += process is None
                listed += [process] if process else []
        self._seen = seen
        ordered = tuple(sorted(listed, key=lambda process: process.started_at))
        return ProcessTable(ordered, others, hidden, unit.known)

    def _sight(self, pid: int, seen: dict[psutil.Process, Sight | None]) -> Sight | None:
        """A look at a process, unless it is known to be none of ours; `seen` collects what is still there."""
        handle = psutil.Process(pid)
        known = self._seen.get(handle)
        if known is None and handle in self._seen:
            seen[handle] = None
            return None
        # The handle of the last look is kept: it knows the CPU time of then.
        sight = look(handle if known is None else known.handle)
        found = sight if matches(sight.command, (self._look, *self._kill)) else None
        if found is not None or time.time() - handle.create_time() > SETTLED:
            seen[handle] = found
        return found

    def _described(self, sight: Sight, unit: Membership) -> Process | None:
        handle = sight.handle
        with handle.oneshot():
            worker = matches(sight.command, self._kill) and unit.tells(sight)
            if not worker and handle.ppid() == os.getpid():
                return None  # a command that we run ourselves may well name the engine
            return Process(
                pid=handle.pid,
                started_at=datetime.fromtimestamp(handle.create_time(), UTC),
                command=sight.shown,
                uid=handle.uids().real,
                cpu_percent=handle.cpu_percent(),
                rss=handle.memory_info().rss,
                job=sight.job,
                worker=worker,
            )


def _cpu_times() -> tuple[float, float]:
    """Seconds that all cores worked, and that passed on them."""
    times = psutil.cpu_times()
    # Guests are counted within user and nice already.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _own_line() -> set[int]:
    """Our own process and its ancestors."""
    try:
        return {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    except psutil.Error:
        return {os.getpid(), os.getppid()}
