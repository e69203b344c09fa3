"""Processes by identity: started so that they end with us, ended by pid and start time, never by name."""

import asyncio
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tui.demo.libc import LIBC

_PR_SET_PDEATHSIG = 1
_TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks in a second."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its pid and its start, in clock ticks since boot. A pid used again is another process."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """The process that has `pid` now; None when there is none or it is only waiting to be collected."""
        fields = _status(pid)
        return None if fields[0] in {b"Z", b"X"} else cls(pid, int(fields[19]))

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Process.of(self.pid) == self

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.started / _TICKS

    @property
    def arguments(self) -> list[bytes]:
        """Its command line, raw; empty when it is gone or not ours to read."""
        return _proc_list(self.pid, "cmdline")

    @property
    def environment(self) -> list[bytes]:
        """Its environment at start, raw `NAME=value`; empty when it is gone or not ours to read."""
        return _proc_list(self.pid, "environ")


def is_stopped(pid: int) -> bool:
    """Whether the process `pid` is there, but was stopped by a signal."""
    return _status(pid)[0] == b"T"


def _status(pid: int) -> list[bytes]:
    """The numbers of `/proc/PID/stat` after the name; those of a process that is gone when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return [b"X"]


def _proc_list(pid: int, name: str) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []


def everyone() -> Iterator[Process]:
    """All processes there are, except this one."""
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            process = Process.of(int(entry.name))
            if process is not None:
                yield process


def end(processes: Iterable[Process], patience: float = 3.0, first: signal.Signals = signal.SIGTERM) -> None:
    """End the processes: `first`, then KILL after `patience` seconds. Blocks until they are gone, or 2 s longer."""
    handles = dict(_open(processes))
    try:
        _tell(handles, first)
        _gone(handles, patience)
        _tell(handles, signal.SIGKILL)
        _gone(handles, 2.0)
    finally:
        for handle in handles.values():
            os.close(handle)


def tell(processes: Iterable[Process], number: int) -> None:
    """Send all of the processes that are still there the signal, in this order."""
    for process, handle in _open(processes):
        try:
            _tell({process: handle}, number)
        finally:
            os.close(handle)


def end_children(children: Iterable["Child"], patience: float = 3.0, first: signal.Signals = signal.SIGTERM) -> None:
    """End our own children as `end` does, and collect them."""
    mine = tuple(children)
    end((child.process for child in mine), patience, first)
    for child in mine:
        child.popen.wait()


def _open(processes: Iterable[Process]) -> Iterator[tuple[Process, int]]:
    for process in processes:
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        if process.alive:
            yield process, handle
        else:
            os.close(handle)


def _tell(handles: dict[Process, int], number: int) -> None:
    for process, handle in handles.items():
        if process.alive:
            try:
                signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:
                continue


def _gone(handles: dict[Process, int], patience: float) -> None:
    deadline = time.monotonic() + patience
    waiting = select.poll()
    left = set(handles.values())
    for handle in left:
        waiting.register(handle, select.POLLIN)
    while left and (rest := deadline - time.monotonic()) > 0:
        for handle, _ in waiting.poll(rest * 1000):
            waiting.unregister(handle)
            left.discard(handle)


def dying_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child calls before it becomes another program, so that the kernel sends it `number` when we are gone."""
    parent = os.getpid()

    def prepare() -> None:
        LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


@dataclass(eq=False, slots=True)
class Child:
    """A process of ours that ends with us; waiting for it takes neither a thread nor a loop that looks."""

    popen: subprocess.Popen[bytes]
    process: Process
    dismissed: bool = False
    """Whether it was told to end: then its end is no news."""
    _exit: "asyncio.Future[int] | None" = field(default=None, repr=False)

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        output: int | IO[bytes],
        user: int | None = None,
        death: signal.Signals = signal.SIGKILL,
    ) -> "Child":
        """Start `argv` in a session of its own, both outputs to `output`. Raises OSError when it cannot be started."""
        popen = subprocess.Popen(
            argv,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=None if user is None else _group_of(user),
            extra_groups=None if user is None else [],
            start_new_session=True,
            preexec_fn=dying_with_parent(death),  # noqa: PLW1509 - nobody here starts children from a thread
        )
        return cls(popen, Process.of(popen.pid) or Process(popen.pid, -1))

    @property
    def pid(self) -> int:
        """Its pid."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    async def wait(self) -> int:
        """Its exit code when it has ended, negative for a signal. Several may wait."""
        if self.popen.returncode is not None:
            return self.popen.returncode
        if self._exit is None:
            loop = asyncio.get_running_loop()
            self._exit = loop.create_future()
            handle = os.pidfd_open(self.pid)
            loop.add_reader(handle, self._ended, loop, handle)
        return await asyncio.shield(self._exit)

    def _ended(self, loop: asyncio.AbstractEventLoop, handle: int) -> None:
        loop.remove_reader(handle)
        os.close(handle)
        if self._exit is not None and not self._exit.done():
            self._exit.set_result(self.popen.wait())


def _group_of(user: int) -> int:
    import pwd

    return pwd.getpwuid(user).pw_gid
