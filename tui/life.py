"""How the program lives: it reads until it is told to end, and then lets what runs come to an end."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual.app import App

from actions.brake import ENDING
from backend.model.situation import Situation
from backend.threads import AbandonableThreads
from tui.caretaker import Caretaker
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
        self._dispatcher = dispatcher
        self._stage = stage
        self.caretaker = Caretaker(desk, stage, dispatcher)

    async def live(self, show: Callable[[Situation], None]) -> None:
        """Read and show until cancelled."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(AbandonableThreads())
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, RuntimeError):  # not in the main thread: a test
                loop.add_signal_handler(number, self.end)
        feed = await asyncio.to_thread(self._desk.open_feed)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed.run(show))
            tasks.create_task(self._follow_journal(tasks))

    async def _follow_journal(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._stage.reread()
            for care in await self.caretaker.due():
                tasks.create_task(care)
            await asyncio.sleep(LOOK_EVERY)

    def end(self) -> None:
        """TERM or hang-up: what runs finishes its step or stops before the next, and says so in the journal."""
        self._dispatcher.stop(ENDING, hurry=True)
        self._stage.ending = True
        if self._dispatcher.running:
            self._app.run_worker(self._end_when_quiet(), group="end")
        else:
            self._app.exit()

    async def _end_when_quiet(self) -> None:
        await self._dispatcher.quiet()
        self._app.exit()
