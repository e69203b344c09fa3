"""Keeps the world in step with the real parts of the platform: files, memory, unit, hosts, database sessions."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tui.demo import outside
from tui.demo.bereaved import Bereaved
from tui.demo.halted import Halted
from tui.demo.inventory import Inventory, Turn
from tui.demo.kernel import STAMP, greedy_lines, write
from tui.demo.layout import Layout
from tui.demo.postmaster import Postmaster
from tui.demo.processes import Process, is_stopped
from tui.demo.resident import resident
from tui.demo.scratch import Scratch
from tui.demo.worker import OUTPUT_GONE
from tui.demo.world.ground import DISK_HIGH
from tui.demo.world.job import Job
from tui.demo.world.judge import Judge
from tui.demo.world.world import World

PACE = 1.0
"""Seconds between two looks."""
KILL, CRASH, STOP = 9, 11, 19
"""Signals: what the kernel sends when memory is short, what a process dies of that reads what is not there, and what
lets it live but do nothing."""


class Watchman:
    """Looks at the real parts, and tells world and judge what it saw."""

    def __init__(self, world: World, layout: Layout, judge: Judge) -> None:
        self.judge = judge
        self._world = world
        self._layout = layout
        self._inventory = Inventory(layout)
        self._making_room: set[str] = set()
        self._scratch = Scratch(layout)
        self._read = 0
        self._bereaved = Bereaved(world, layout, judge)
        self._server = 0
        """Which server took connections last."""
        self._missed = False
        """Whether it was told that no server takes connections; until one does again."""
        self._engine: Process | None = None
        self._main = 0
        self._crashes = 0
        self._halted = Halted()
        self._stopped: tuple[Process, datetime] | None = None
        """Which engine was seen stopped by a signal last, and when."""
        self._silence: tuple[datetime, Process] | None = None
        """Which engine somebody stopped until it was missed, as was told last, and when it had been heard before."""
        self._hung: Process | None = None
        """The engine that somebody stopped by a signal, and that is missed."""

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(PACE)

    def look(self) -> None:
        """Look once at everything."""
        self._look_at_files()
        self._look_at_memory()
        self._look_at_engine()
        self._look_at_hosts()
        self._look_at_server()
        self._bereaved.look()
        self.look_at_requests()
        self.judge.look()

    def _look_at_files(self) -> None:
        said = self._world.said
        running = {job.id: Turn(job.claimed_at, said.get(job.id)) for job in self._world.jobs.select("running")}
        before = self._world.ground.disk_used
        gone = self._inventory.look(self._world.settle(), running)
        if self._inventory.known:
            self._world.ground = replace(self._world.ground, disk_used=self._inventory.used)
        # A cleaning that goes on from one look to the next is one: what made room first made room for the rest.
        room = before > DISK_HIGH and self._inventory.made_room
        self._making_room = {action for action, wanted in gone if not wanted and (room or action in self._making_room)}
        for (action, wanted), names in gone.items():
            self.judge.files_gone(action, names, wanted=wanted, helped=action in self._making_room)
        for (action, wanted), names in self._scratch.look(self._world.settle(), self._engine).items():
            self.judge.files_gone(action, names, wanted=wanted, helped=False)
        for place in (self._inventory, self._scratch):
            for (action, _), names in place.foreign.items():
                self.judge.foreign_gone(action, names)
            place.complete = place.complete or self._engine is not None
        self.judge.files_back([*self._inventory.back, *self._scratch.back])

    def _look_at_memory(self) -> None:
        """The unit holds what its main process and all below it do, also when somebody took the pid file away."""
        try:
            self._main = int(self._layout.engine_pid.read_text("ascii")) or self._main
            self._engine = Process.of(self._main) or self._engine
        except (OSError, ValueError):
            pass
        alive = self._engine is not None and self._engine.alive
        held = resident(self._engine.pid) if self._engine is not None and alive else {}
        share = sum(held.values()) / (self._world.scenario.memory_max_mb << 20)
        self._world.ground = replace(self._world.ground, memory_used=share)
        self._look_at_workers(held.keys() - {self._main})

    def _look_at_workers(self, pids: Iterable[int]) -> None:
        """A worker that was stopped by a signal keeps its job from ending."""
        for job_id in self._halted.look(pids, self._world.settle()):
            for job in self._world.jobs.select("running"):
                if job.id == job_id:
                    self.judge.worker_halted(job, STOP)

    def _look_at_engine(self) -> None:
        """An engine that was missed because somebody stopped it by a signal is told of once, even if it goes on by now.

        What it ran is lost with the first question that somebody asks after its time, between two looks.
        """
        if self._engine is not None and is_stopped(self._engine.pid):
            self._stopped = self._engine, self._world.settle()
        if self._world.engine_status() != "down":
            self._hung = None
        if self._world.missed is None or self._stopped is None:
            return
        (heard, until), (engine, seen) = self._world.missed, self._stopped
        if engine.alive and heard <= seen <= until and self._silence != (heard, engine):
            self.judge.engine_ended(STOP, idle=not self._world.lost_since(heard))
            self._silence = heard, engine
            self._hung = engine if self._world.engine_status() == "down" else None

    def _look_at_hosts(self) -> None:
        """A provider's hosts answer exactly while its feed is well."""
        if self._layout.hosts.exists():
            wanted = outside.hosts_of(self._world.data.sources)
            if outside.hosts(self._layout) != wanted:
                outside.set_hosts(self._layout, wanted)

    def _look_at_server(self) -> None:
        """A server that ended though the platform did not end it was ended by somebody; that is told once.

        It was there when it was told where it listens, even if it ended before anybody looked, or if another one was
        started in its place so soon that nobody missed it. One that takes no more connections is as good as ended,
        until it does; what is started meanwhile and takes none either changes nothing.
        """
        server = Postmaster.seen(self._layout)
        if server is None:
            return
        restarted = server.takes and server.instead and server.pid != self._server
        if not self._missed and (restarted or not (server.takes or server.dismissed)):
            self.judge.server_ended()
        if server.takes:
            self._server = server.pid
        self._missed = not server.takes and (self._missed or not server.dismissed)
        self._world.ground = replace(self._world.ground, database_down=not server.takes)

    def look_at_requests(self) -> None:
        """Tell what the unit was asked, or did, since the last time."""
        if not self._layout.requests.exists():
            return
        lines = self._layout.requests.read_text("ascii").splitlines()
        for line in lines[self._read :]:
            verb, code, was, asked = line.split()
            if verb == "died":
                self._engine_died(int(code))
            elif verb == "gave-up":
                self.judge.unit_gave_up()
            else:
                self.judge.unit_asked(verb, int(code), was, datetime.fromtimestamp(float(asked), UTC))
                self._hung = self._hung if self._hung is not None and self._hung.alive else None
        self._read = len(lines)

    def _engine_died(self, code: int) -> None:
        """Each job that crashes engines explains one crash; whatever else ends the engine is somebody's deed."""
        if code == -CRASH and self._crashes < len(self._world.poisoned):
            self._crashes += 1
        elif not (code == -KILL and self._killed_by_kernel(self._main)):
            hung, self._hung = self._hung, None
            self.judge.engine_ended(max(0, -code), hung=hung is not None and not hung.alive)

    def worker_ended(self, ran: Job, exit_code: int, pid: int) -> None:
        """The worker `pid` of a job that ran is gone; a signal that neither job nor kernel sent is somebody's deed.

        A job that is killed whenever it runs is one for which there is not enough memory, and the kernel says so.
        """
        if exit_code == OUTPUT_GONE:
            self.judge.output_gone(ran)
        if exit_code >= 0:
            return
        if ran.fate.signal == -exit_code:
            if exit_code == -KILL and self._layout.kernel.exists():
                write(self._layout, *greedy_lines(pid, self._world.scenario.memory_max_mb))
        elif exit_code != -KILL or not self._killed_by_kernel(pid):
            self.judge.worker_ended(ran, -exit_code)

    def _killed_by_kernel(self, pid: int) -> bool:
        """Whether the kernel's log says so; what it tells of before this instance was another process."""
        try:
            lines = self._layout.kernel.read_text("utf-8").splitlines()
        except OSError:
            return False
        ends = [line[1:].partition("]")[0] for line in lines if f": Killed process {pid} (" in line]
        times = (datetime.strptime(end, STAMP).replace(tzinfo=UTC) for end in ends)
        return any(at >= self._world.scenario.now for at in times)

    def sessions_ended(self, lost: Sequence[str], cancelled: Sequence[str]) -> None:
        """Database sessions of these jobs were ended, or what they ran was cancelled.

        That was somebody's deed, unless the server ended as a whole.
        """
        self._bereaved.add(lost)
        for job_id in cancelled:
            self.judge.session_cancelled(f"backtest-{job_id}")

    def blockade_ended(self, pid: int) -> None:
        """Somebody ended the session that held up the others, served by the process `pid`, and no other of its name."""
        blockade = self._world.scenario.blockade
        if blockade is not None:
            self.judge.blockade_ended(f"backtest-{blockade.job_id} (pid {pid})")
