"""Runs argv lists with a deadline; never a shell."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from backend.errors import CutOff, NotAllowed, Refused, TimedOut
from backend.frozen import dataclass
from backend.text import clean

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes that are kept of each of the two outputs; the rest is read and dropped."""
DRAIN_SECONDS = 0.3
"""How long an ended command's output is awaited when something that it left behind still holds it open."""
READ_SIZE = 65536
_ADVICE = re.compile(r"\s*(?:See |Hint: |Try [`'\"]|To force a start use |followed by \")")
"""How a line begins that tells where to look or what to do, as `systemctl` adds it below the reason."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `code` is negative when a signal ended it; `took` is in seconds."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    took: float

    @property
    def word(self) -> str:
        """The last line of its complaint that says something, or of its output, or its code: for a sentence."""
        for output in (self.stderr, self.stdout):
            lines = [line for line in output.splitlines() if line.strip()]
            telling = [line for line in lines if not _ADVICE.match(line)]
            if lines:
                return clean((telling or lines)[-1], 200)
        return f"exit code {self.code}"


class CommandRunner(Protocol):
    """What runs commands."""

    async def run(self, argv: Sequence[str], *, timeout: float) -> CommandResult:  # noqa: ASYNC109 - part of the answer
        """Run it to its end.

        Raises `NotAllowed` or `Refused` when it cannot be started, `TimedOut` at the deadline, and `CutOff` when it was
        started but nothing can wait for its end.
        """


class SystemRunner:
    """Runs commands on this host, in plain English and UTC, without input; the deadline kills all of their group."""

    async def run(self, argv: Sequence[str], *, timeout: float) -> CommandResult:  # noqa: ASYNC109
        """See `CommandRunner.run`. What it printed is decoded leniently and not yet cleaned."""
        began = time.monotonic()
        with _Pipe() as output, _Pipe() as complaint:
            process = await _start(argv, output, complaint)
            try:
                async with asyncio.timeout(timeout), asyncio.TaskGroup() as group:
                    reading = [group.create_task(pipe.read_all()) for pipe in (output, complaint)]
                    code = await process.wait()
                    _, held_open = await asyncio.wait(reading, timeout=DRAIN_SECONDS)
                    for task in held_open:
                        task.cancel()
            except TimeoutError as error:
                raise TimedOut(f"{clean(argv[0])} gave no answer within {timeout:g} s and was ended") from error
            finally:
                await _end(process)
            return CommandResult(tuple(argv), code, output.text, complaint.text, time.monotonic() - began)


@contextmanager
def pointing_at(setting: str) -> Iterator[None]:
    """Lets a command that cannot be run name the setting that says which command it is."""
    try:
        yield
    except NotAllowed as error:
        raise NotAllowed(f"{error.summary}; the setting is {setting}", error.detail) from error


class _Pipe:
    """One output of a command. A pipe of our own, so that its end and the command's end do not wait for each other."""

    def __init__(self) -> None:
        self._reading_end, self.writing_end = os.pipe()
        self._kept = bytearray()

    def __enter__(self) -> "_Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        self.close_writing_end()
        os.close(self._reading_end)

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")

    def close_writing_end(self) -> None:
        if self.writing_end >= 0:
            os.close(self.writing_end)
        self.writing_end = -1

    async def read_all(self) -> None:
        """Read until nobody holds the writing end; what is over the limit is dropped."""
        os.set_blocking(self._reading_end, False)
        loop = asyncio.get_running_loop()
        while True:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(self._reading_end, _wake, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self._reading_end)
            chunk = os.read(self._reading_end, READ_SIZE)
            if not chunk:
                return
            self._kept += chunk[: OUTPUT_LIMIT - len(self._kept)]


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


async def _start(argv: Sequence[str], output: _Pipe, complaint: _Pipe) -> asyncio.subprocess.Process:
    if not argv:
        raise NotAllowed("no command is set")
    name = clean(argv[0], 200)
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output.writing_end,
            stderr=complaint.writing_end,
            start_new_session=True,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        )
    except FileNotFoundError as error:
        raise NotAllowed(f"the command {name} is not on this host") from error
    except PermissionError as error:
        raise NotAllowed(f"the command {name} may not be executed by this user") from error
    except ValueError as error:
        raise NotAllowed(f"the command {name} holds a NUL character and cannot be run") from error
    except OSError as error:
        if error.errno in {8, 13, 20}:  # ENOEXEC, EACCES, ENOTDIR: it is no program
            raise NotAllowed(f"the command {name} cannot be executed: {error.strerror}") from error
        raise Refused(f"the command {name} could not be started: {error.strerror}") from error
    except RuntimeError as error:  # asyncio waits for a command in a thread, which it starts after the command
        raise CutOff(f"the command {name} was started, but this host starts no thread to wait for its end") from error
    finally:
        output.close_writing_end()
        complaint.close_writing_end()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the group of a command that still runs; one that has ended may leave daemons behind, as `start` does."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):  # sudo's child is not ours to kill
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await process.wait()
