"""How the program lives: it reads until it is told to end, and then lets what runs come to an end."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual.app import App

from backend.model.situation import Situation
from tui.desk import Desk
from tui.dispatch import Dispatcher
from tui.stage import AppStage


class Life:
    """The part of the application that has a beginning and an end."""

    def __init__(self, app: App[Any], desk: Desk, stage: AppStage, dispatcher: Dispatcher) -> None:
        self._app = app
        self._desk = desk
        self._stage = stage
        self._dispatcher = dispatcher

    async def live(self, show: Callable[[Situation], None]) -> None:
        """Read and show until cancelled."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, RuntimeError):  # not in the main thread: a test
                loop.add_signal_handler(number, self.end)
        feed = await asyncio.to_thread(self._desk.open_feed)
        await self._desk.read_journal()
        for entry in await self._desk.unfinished():
            self._stage.tell_unfinished(entry)
        await feed.run(show)

    def end(self) -> None:
        """TERM or hang-up: what runs finishes its step or stops before the next, and says so in the journal."""
        self._desk.stopping()
        if self._dispatcher.running:
            self._app.run_worker(self._end_when_quiet(), group="end")
        else:
            self._app.exit()

    async def _end_when_quiet(self) -> None:
        await self._dispatcher.quiet()
        self._app.exit()
