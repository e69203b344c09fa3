"""How the program lives: it reads until it is told to end, and then lets what runs come to an end."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App

from actions.caretaker import Caretaker, OpenRuns
from actions.spec import ActionSpec
from actions.unfinished import targets_of
from actions.verdict import Verdict
from backend.incident.alert_record import AlertKeeper
from backend.incident.runs import RunRecord
from backend.model.situation import Situation
from backend.threads import AbandonableThreads
from tui.desk import Desk
from tui.dispatch import Dispatcher
from tui.reasons import Reasons
from tui.signals import when_told_to_end
from tui.stage import AppStage

LOOK_EVERY = 2.0
"""Seconds between two looks whether somebody wrote to the journal."""


class Voice:
    """Tells the person what the caretaker finds."""

    def __init__(self, stage: AppStage, dispatcher: Dispatcher) -> None:
        self._stage = stage
        self._dispatcher = dispatcher

    def broken_off(self, runs: Sequence[RunRecord]) -> None:
        """Some runs were begun, and never ended."""
        self._stage.tell_broken_off(runs)

    async def ended(self, run: RunRecord, spec: ActionSpec, verdict: Verdict) -> None:
        """A run has its last verdict; by then the person may think of another one."""
        self._stage.recorded(spec)
        await self._dispatcher.report(spec, verdict, about=targets_of(run))


class Life:
    """The part of the application that has a beginning and an end."""

    def __init__(self, app: App[Any], desk: Desk, stage: AppStage, dispatcher: Dispatcher, reasons: Reasons) -> None:
        self._app = app
        self._desk = desk
        self._dispatcher = dispatcher
        self._stage = stage
        self._reasons = reasons
        self._alerts = AlertKeeper(desk.scribe, desk.clock)
        self.caretaker = Caretaker(
            OpenRuns(desk.scribe, desk.locks, desk.clock, desk.host),
            desk.means,
            Voice(stage, dispatcher),
            dispatcher.open_runs,
            only_looks=lambda: desk.posture.read_only,
        )

    async def live(self, show: Callable[[Situation], None]) -> None:
        """Read and show until cancelled."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(AbandonableThreads())
        when_told_to_end(self.end, signal.SIGTERM)
        when_told_to_end(self.hang_up, signal.SIGHUP)
        feed = await asyncio.to_thread(self._desk.open_feed)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed.run(show))
            tasks.create_task(self._follow_journal(tasks))

    async def _follow_journal(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            with self._desk.reads_journal():
                for care in self.caretaker.take_up(await self.caretaker.look()):
                    tasks.create_task(care)
                self._desk.recall_incident()
                await self._tell_alert()
            self._stage.draw_journal()
            await self._reasons.look()
            await asyncio.sleep(LOOK_EVERY)

    async def _tell_alert(self) -> None:
        """Write down when the alert begins and ends; who only looks writes nothing."""
        if not self._desk.posture.read_only:
            await self._alerts.tell(self._desk.alert(self._desk.situation()))

    def end(self, *, again: bool = True) -> None:
        """TERM, or who leaves: what runs finishes its step or stops before the next, and says so in the journal.

        Told once more, it cuts short what it waits for.
        """
        waits = self._dispatcher.end(self._desk.clock.monotonic(), again=again)
        first = not self._stage.ending
        self._stage.leave(waits)
        if not self._dispatcher.running:
            self._app.exit()
        elif first:
            self._app.run_worker(self._end_when_quiet(), group="end")

    def hang_up(self) -> None:
        """A lost terminal ends it as TERM does, but is noticed in several ways and means it once."""
        self.end(again=False)

    async def _end_when_quiet(self) -> None:
        await self._dispatcher.quiet()
        self._app.exit()
