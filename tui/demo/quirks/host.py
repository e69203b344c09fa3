"""Quirks of the host: its commands, its unit, its folders."""

import asyncio
import ctypes
import os
import shlex
import shutil
from pathlib import Path
from signal import SIGKILL

from tui.demo.aside import is_folder, merge
from tui.demo.layout import Layout, replace
from tui.demo.libc import LIBC
from tui.demo.processes import Process, end
from tui.demo.quirks.trouble import Trouble
from tui.demo.unit.unit import Unit

LOOK = 0.05
"""Seconds between two looks at the unit."""
NO_BUS = "#!/bin/sh\nprintf 'Failed to connect to bus: No such file or directory\\n' >&2\nexit 1\n"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


class BrokenCommand(Trouble):
    """One of the instance's commands is another one."""

    def __init__(self, command: Path, script: str) -> None:
        self._command = command
        self._script = script
        self._good = ""

    async def begin(self, seconds: float) -> None:  # noqa: ARG002 - as every trouble
        """Put the other one in its place."""
        self._good = self._good or self._command.read_text("utf-8")
        replace(self._command, self._script, mode=0o700)

    async def end(self) -> None:
        """Put the good one back."""
        if self._good:
            replace(self._command, self._good, mode=0o700)
            self._good = ""


def hanging_ping(layout: Layout) -> BrokenCommand:
    """A `ping` that never comes back: it waits for somebody to open the other end of a pipe."""
    never = layout.run / "never"
    if not never.exists():
        os.mkfifo(never, 0o600)
    return BrokenCommand(layout.bin / "ping", f"#!/bin/sh\nread -r _ <{shlex.quote(str(never))}\n")


class StartLimit(Trouble):
    """The engine is killed as often as it is started, until its unit starts it no more."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._killed: set[int] = set()
        self._told, unit.died = unit.died, self._died

    def _died(self, code: int) -> None:
        """Nobody is told of a run that ended here."""
        if self._unit.state.last_pid not in self._killed:
            self._told(code)

    async def begin(self, seconds: float) -> None:  # noqa: ARG002 - as every trouble
        """Kill it until the unit gives up; one that somebody stops meanwhile is left alone."""
        while self._unit.state.active not in ("failed", "inactive"):
            engine = Process.of(self._unit.state.main_pid) if self._unit.state.main_pid else None
            if engine is not None:
                self._killed.add(engine.pid)
                end([engine], first=SIGKILL)
            await asyncio.sleep(LOOK)

    async def end(self) -> None:
        """Let the unit forget its failures, and start it, unless somebody has stopped it by hand."""
        by_hand = self._unit.state.active == "inactive"
        await self._unit.reset_failed()
        if not by_hand:
            await self._unit.start()


class UnreadableFolders(Trouble):
    """Folders whose contents are out of reach.

    To root, whom no permission stops, a folder becomes a link to itself instead, which nobody can follow.
    """

    def __init__(self, layout: Layout) -> None:
        self._folders = (layout.temp, layout.results)
        self._layout = layout
        self._hidden = layout.hidden

    async def begin(self, seconds: float) -> None:  # noqa: ARG002 - as every trouble
        """Put them out of reach; what they hold is written down, if nobody can look, for `df` tells of that too."""
        if os.geteuid() != 0 and not self._hidden.exists():
            files = (path for folder in self._folders for path in folder.rglob("*") if path.is_file())
            replace(self._hidden, f"{sum(path.lstat().st_blocks for path in files) // 2}\n")
        self._shut(shut=True)

    async def end(self) -> None:
        """Give them back."""
        self._shut(shut=False)
        self._hidden.unlink(missing_ok=True)

    def _shut(self, *, shut: bool) -> None:
        for folder in self._folders:
            if os.geteuid() != 0:
                folder.chmod(0 if shut else 0o700)
            elif shut:
                self._put_aside(folder)
            else:
                self._bring_back(folder)

    def _put_aside(self, folder: Path) -> None:
        """A link that leads nowhere takes its place; whatever else is there instead of it stays."""
        aside = self._layout.aside(folder)
        if aside.exists() or not is_folder(folder):
            return
        aside.symlink_to(folder.name)
        _exchange(folder, aside)

    def _bring_back(self, folder: Path) -> None:
        """Whoever took the link away took nothing else, and what came in its place joins what was there."""
        aside = self._layout.aside(folder)
        if not is_folder(aside):
            return
        if not os.path.lexists(folder):
            aside.rename(folder)
            return
        if is_folder(folder):
            merge(folder, aside)
        _exchange(folder, aside)
        if is_folder(aside):
            merge(aside, folder)  # what came in the last moment
            shutil.rmtree(aside)
        else:
            aside.unlink()


def _exchange(one: Path, other: Path) -> None:
    """In one step, so that nobody finds neither. Raises OSError."""
    names = _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other)
    if LIBC.renameat2(*names, _RENAME_EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(one))
