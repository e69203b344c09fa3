"""How the program lives: it reads until it is told to end, and then lets what runs come to an end."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.app import App

from backend.model.situation import Situation
from tui.desk import Desk
from tui.dispatch import Dispatcher
from tui.stage import AppStage

LOOK_EVERY = 2.0
"""Seconds between two looks whether somebody wrote to the journal."""


class Life:
    """The part of the application that has a beginning and an end."""

    def __init__(self, app: App[Any], desk: Desk, stage: AppStage, dispatcher: Dispatcher) -> None:
        self._app = app
        self._desk = desk
        self._stage = stage
        self._dispatcher = dispatcher
        self._written: tuple[int, ...] | None = None
        """What told the journal's state apart when it was read last."""

    async def live(self, show: Callable[[Situation], None]) -> None:
        """Read and show until cancelled."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, RuntimeError):  # not in the main thread: a test
                loop.add_signal_handler(number, self.end)
        feed = await asyncio.to_thread(self._desk.open_feed)
        await self.look_at_journal()
        for entry in await self._desk.unfinished():
            self._stage.tell_unfinished(entry)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed.run(show))
            tasks.create_task(self._follow_journal())

    async def look_at_journal(self) -> None:
        """Read and show the journal if anybody, also another backtop, wrote to it since the last look."""
        written = await asyncio.to_thread(_state_of, self._desk.journal.path)
        if written != self._written:
            self._written = written
            await self._stage.reread()

    async def _follow_journal(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self.look_at_journal()

    def end(self) -> None:
        """TERM or hang-up: what runs finishes its step or stops before the next, and says so in the journal."""
        self._desk.stopping()
        self._stage.ending = True
        if self._dispatcher.running:
            self._app.run_worker(self._end_when_quiet(), group="end")
        else:
            self._app.exit()

    async def _end_when_quiet(self) -> None:
        await self._dispatcher.quiet()
        self._app.exit()


def _state_of(journal: Path) -> tuple[int, ...] | None:
    """Another one after every write, and when another file took its place; None where there is none."""
    try:
        found = journal.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
