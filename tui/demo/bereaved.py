"""Jobs that lost their database session: whether somebody ended that, or the server as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.demo.layout import Layout
from tui.demo.postmaster import Postmaster
from tui.demo.processes import Process
from tui.demo.world.conditions import would_not_end_well
from tui.demo.world.judge import Judge
from tui.demo.world.outcome import SHUTDOWN
from tui.demo.world.world import World

MISSED_AFTER = 10.0
"""Seconds within which a session that ended is missed: so long it may have been one of the server before."""
FAREWELL = timedelta(seconds=3)
"""So long a server may take to end after its sessions; one that waits for the last of them may live much longer."""


@dataclass(frozen=True, slots=True)
class _Loss:
    """Which job's session was missed and when; `guilty` says that this job had better end."""

    job_id: str
    guilty: bool
    at: datetime


class Bereaved:
    """Tells the judge of each lost session that somebody ended, once it is known that it was not the server's end."""

    def __init__(self, world: World, layout: Layout, judge: Judge) -> None:
        self._world = world
        self._layout = layout
        self._judge = judge
        self._first: Process | None = None
        """The server that was there first."""
        self._losses: list[_Loss] = []

    def add(self, job_ids: Iterable[str]) -> None:
        """The sessions of these jobs were ended, and the jobs fail for that."""
        now = self._world.settle()
        running = {job.id: job for job in self._world.jobs.select("running")}
        for job_id in job_ids:
            guilty = job_id in running and would_not_end_well(running[job_id], now)
            self._losses.append(_Loss(job_id, guilty, now))
            self._world.lose_session(job_id, SHUTDOWN)
        self.look()

    def look(self) -> None:
        """Tell what is known by now. While a server ends it has sessions that are gone already, and is there itself."""
        if self._first is not None and not self._losses:
            return
        server = Postmaster.seen(self._layout)
        process = None if server is None else Process.of(server.pid)
        self._first = self._first or process
        if server is None or process is None or (process != self._first and process.age < MISSED_AFTER):
            self._losses.clear()
            return
        doubted = self._world.settle() - FAREWELL
        known = [loss for loss in self._losses if not server.ending or loss.at <= doubted]
        for loss in known:
            self._losses.remove(loss)
            self._judge.session_ended(f"backtest-{loss.job_id}", guilty=loss.guilty)
