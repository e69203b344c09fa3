"""The backtest engine of the embedded platform: `python -m tui.demo.engine --root ROOT`.

It asks the API for jobs, runs each in a worker of its own and reports how it ended. What it writes to standard output
is the unit log. TERM and INT end it in good order.
"""

import argparse
import os
import pickle
import resource
import select
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui.demo.crew import Crew, Worker
from tui.demo.layout import Layout, replace
from tui.demo.link import AwayError, Link, RefusedError

BEAT = 1.0
"""Seconds between two signs of life."""


PRIORITIES = {"ERROR": 3, "WARNING": 4, "INFO": 6}
"""Syslog's numbers for the levels."""
SHORT = 3
"""So many times in a row the API may be away before the unit log tells."""


def log(level: str, sentence: str) -> None:
    """One line of the unit log, its priority in front as sd-daemon(3) has it."""
    sys.stdout.write(f"<{PRIORITIES[level]}>{level} {sentence}\n")
    sys.stdout.flush()


def crash(what: str) -> None:
    """Die as a process dies whose native code reads what is not there, over the job that `what` names."""
    log("ERROR", f"{what}: the pricing kernel met a damaged input block, 0 of 4096 rows are readable")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), signal.SIGSEGV)


class Bell:
    """Wakes the loop when a signal comes; `stopping` once TERM or INT did."""

    def __init__(self) -> None:
        self.stopping = False
        self._ear, self._mouth = socket.socketpair()
        for end in (self._ear, self._mouth):
            end.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def wait(self, seconds: float) -> None:
        """Until a signal comes, at most so long."""
        if select.select([self._ear], [], [], seconds)[0]:
            self._ear.recv(4096)


class Engine:
    """Claims jobs while it has free workers; what it could not report is reported once the API answers again."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._link = Link(layout)
        self._crew = Crew(layout)
        self._name = f"{os.getpid()}-{os.environ.get('INVOCATION_ID', 'none')}"
        self._unreported: list[tuple[Worker, int]] = []
        self._away = 0
        self._cleared = False

    def begin(self) -> None:
        """Write the pid file and get the workers' program ready."""
        self._crew.prepare()
        self._layout.run.mkdir(parents=True, exist_ok=True)
        replace(self._layout.engine_pid, f"{os.getpid()}\n", 0o644)
        log("INFO", f"engine started, pid {os.getpid()}")

    def turn(self) -> None:
        """Collect, report, give a sign of life, and take new jobs."""
        self._unreported += self._crew.collect()
        try:
            self._report()
            self._claim(self._beat())
        except AwayError as error:
            self._note_away(str(error))
        else:
            self._note_back()

    def _note_away(self, why: str) -> None:
        self._away += 1
        if self._away == SHORT:
            log("WARNING", f"the research API does not answer: {why}")

    def _note_back(self) -> None:
        if self._away >= SHORT:
            log("INFO", "the research API answers again")
        self._away = 0

    def _report(self) -> None:
        while self._unreported:
            worker, exit_code = self._unreported[0]
            try:
                became = self._ask("finish", id=worker.job_id, exit_code=exit_code, pid=worker.process.pid)
            except RefusedError as error:
                log("WARNING", f"job {worker.job_id} ended in vain: {error}")
            else:
                self._conclude(worker, became)
            del self._unreported[0]

    def _conclude(self, worker: Worker, became: dict[str, Any]) -> None:
        what = f"job {worker.job_id} attempt {worker.attempt}"
        if became["status"] != "completed":
            log("ERROR", f"{what} failed after {worker.seconds():.1f} s: {became['error_message']}")
            return
        outcome = {"job": worker.job_id, "attempt": worker.attempt, "seconds": round(worker.seconds(), 1)}
        self._layout.completed.mkdir(parents=True, exist_ok=True)
        (self._layout.completed / f"{worker.job_id}-{worker.attempt}.pkl").write_bytes(pickle.dumps(outcome))
        log("INFO", f"{what} completed in {worker.seconds():.1f} s")

    def _beat(self) -> int:
        """Say what runs, end what shall not; gives back how many jobs to ask for."""
        answer = self._ask("progress", running=list(self._crew.workers))
        if not self._cleared:
            self._crew.clear(answer["unclaimed"])
            self._cleared = True
        for job_id in answer["abandoned"]:
            log("WARNING", f"job {job_id} is no longer ours: its worker is ended")
            self._crew.end(job_id)
        for job in answer["lost"]:
            what = f"job {job['id']} attempt {job['attempt']}"
            log("ERROR", f"{what} failed after {job['seconds']:.1f} s: {job['error_message']}")
        free = int(answer["workers"]) - len(self._crew.workers)
        return min(free, int(answer["waiting"]))

    def _claim(self, wanted: int) -> None:
        if wanted <= 0:
            return
        for order in self._ask("claim", free=wanted)["jobs"]:
            what = f"job {order['id']} attempt {order['attempt']}"
            if order["poison"]:
                log("INFO", f"{what} ({order['strategy_name']}) started, its input is read")
                crash(what)
            worker = self._crew.start(order)
            began = f"goes on from its checkpoint of {order['started_at']}" if order["resumed"] else "started"
            log("INFO", f"{what} ({order['strategy_name']}) {began}, worker pid {worker.process.pid}")

    def _ask(self, route: str, **body: object) -> dict[str, Any]:
        return self._link.post(f"/engine/{route}", {"engine": self._name, **body})

    def stop(self) -> None:
        """End the workers, give their jobs back to the queue and take leave."""
        log("INFO", f"engine stops, {len(self._crew.workers)} jobs go back to the queue")
        self._crew.end_all()
        try:
            self._report()
            self._ask("leave")
        except (AwayError, RefusedError) as error:
            log("WARNING", f"the research API was not told: {error}")
        self._link.close()
        self._layout.engine_pid.unlink(missing_ok=True)
        log("INFO", "engine stopped")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until TERM or INT."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo.engine", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the instance")
    options = parser.parse_args(arguments)
    bell = Bell()
    engine = Engine(Layout(options.root))
    engine.begin()
    while not bell.stopping:
        engine.turn()
        bell.wait(BEAT)
    engine.stop()


if __name__ == "__main__":
    main()
