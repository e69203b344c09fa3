"""What the kernel does to the engine's unit: it enforces the memory limit, and writes its log."""

import asyncio
import os
import signal
from datetime import UTC, datetime

from tui.demo.layout import Layout
from tui.demo.processes import Process, end
from tui.demo.resident import reluctance, resident
from tui.demo.unit.unit import Unit

PACE = 0.25
"""Seconds between two looks at the unit's memory."""
EXPENDABLE = 500
"""What an ordinary worker adds to its points for the kernel's choice."""
OOM_KILLED = "A process of this unit has been killed by the OOM killer."
"""What the unit's manager says of it."""
STAMP = "%a %b %d %H:%M:%S %Y"


def oom_lines(pid: int, held: int, limit: int, adjusted: int) -> tuple[str, ...]:
    """What the kernel says when it kills `pid`, which holds `held` bytes, in a group with `limit` bytes."""
    kib, most = held // 1024, limit // 1024
    return (
        "python invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        f"memory: usage {most}kB, limit {most}kB, failcnt 1",
        f"Memory cgroup out of memory: Killed process {pid} (python) total-vm:{kib + 9216}kB, anon-rss:{kib}kB, "
        f"file-rss:0kB, shmem-rss:0kB, UID:{os.getuid()} pgtables:{kib // 200}kB oom_score_adj:{adjusted}",
    )


def greedy_lines(pid: int, limit_mb: int) -> tuple[str, ...]:
    """What the kernel says when it kills `pid`, which took most of the limit for itself."""
    limit = limit_mb << 20
    return oom_lines(pid, limit * 4 // 5, limit, EXPENDABLE)


def segfault_line(pid: int) -> str:
    """What the kernel says when the engine `pid` crashed."""
    where = "ip 00007f2b6c0e41d3 sp 00007ffd5a0c1b60 error 4 in libpricing.so.4.2.0[7f2b6c0d0000+31000]"
    return f"python[{pid}]: segfault at 0 {where}"


def write(layout: Layout, *sentences: str, at: datetime | None = None) -> None:
    """Append to the kernel log."""
    stamp = f"{at or datetime.now(UTC):{STAMP}}"
    with layout.kernel.open("a", encoding="utf-8") as log:
        log.write("".join(f"[{stamp}] {sentence}\n" for sentence in sentences))


class Kernel:
    """Watches one unit. As the real one it kills the process with the most points: its share of the limit, adjusted."""

    def __init__(self, layout: Layout, unit: Unit) -> None:
        self._layout = layout
        self._unit = unit
        self._limit = unit.definition.memory_max
        self._ended: datetime | None = None

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(PACE)

    def look(self) -> None:
        """Kill one process when the unit is over its limit; tell when its main process crashed."""
        state = self._unit.state
        if state.exec_exited != self._ended:
            self._ended = state.exec_exited
            if (state.code, state.status) == ("killed", signal.SIGSEGV):
                write(self._layout, segfault_line(state.last_pid))
        if self._limit is not None and state.main_pid:
            held = resident(state.main_pid)
            if sum(held.values()) > self._limit:
                self._kill(held, self._limit)

    def _kill(self, held: dict[int, int], limit: int) -> None:
        points = {pid: 1000.0 * size / limit + reluctance(pid) for pid, size in held.items()}
        pid = max(points, key=lambda each: points[each])
        victim = Process.of(pid)
        if victim is None:
            return
        write(self._layout, *oom_lines(pid, held[pid], limit, reluctance(pid)))
        end([victim], first=signal.SIGKILL)
        self._unit.remark(OOM_KILLED)
