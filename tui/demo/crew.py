"""The workers of the engine: real processes, one per running job."""

import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic, time
from typing import Any

from tui.demo import worker
from tui.demo.layout import CHECKPOINT, TRADES, Layout

TASK = ("seconds", "memory_mb", "signal", "exit_code", "growth_mb", "guarded", "quota")
"""What of an order a worker has to know, as numbers in this order."""
JOB_FILES = (worker.OUTPUT, CHECKPOINT, TRADES)
"""What lies in the folder of a job."""
GRACE = 2.0
"""Seconds that workers have to end when they are told to."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and the job it runs; `began` is in seconds of the monotonic clock, and may lie before its start.

    That is so for a job which ran already when the platform began.
    """

    job_id: str
    attempt: int
    process: subprocess.Popen[bytes]
    began: float

    def seconds(self) -> float:
        """How long it has run."""
        return monotonic() - self.began


class Crew:
    """Starts, collects and ends workers.

    Their command line begins with `ROOT/engine/adaf-backtest-TOKEN/python`, a link to the interpreter: so they are
    told from every other process of the host.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._home = layout.root / "engine" / f"adaf-backtest-{layout.token}"
        self._python = self._home / "python"
        self.workers: dict[str, Worker] = {}

    def prepare(self) -> None:
        """Put the worker's program where its command line says it is."""
        package = self._home / "backtest"
        package.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(worker.__file__, package / "worker.py")
        if not self._python.is_symlink():
            self._python.symlink_to(Path(sys.executable).resolve())

    def clear(self, kept: Collection[str]) -> None:
        """Remove what jobs left when their engine ended before them, all but that of the jobs `kept`.

        A folder stays that has a name like theirs and holds something else: that is somebody's own.
        """
        for folder in self._layout.active.glob("*"):
            if folder.name.isdecimal() and folder.name not in kept and folder.name not in self.workers:
                with suppress(OSError):
                    for name in JOB_FILES:
                        (folder / name).unlink(missing_ok=True)
                    folder.rmdir()

    def start(self, order: Mapping[str, Any]) -> Worker:
        """A worker for the job of `order`, as `/engine/claim` tells it."""
        job_id = str(order["id"])
        process = subprocess.Popen(
            [
                str(self._python), "-E", "-s", "-S", "-m", "backtest.worker",
                "--job", job_id, "--strategy", str(order["strategy_name"]), "--output", str(self.output(job_id)),
            ],
            cwd=self._home,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            bufsize=0,
        )  # fmt: skip
        task = " ".join(str(order[name]) for name in TASK)
        self._tell(process, task)
        ran = time() - datetime.fromisoformat(str(order["started_at"])).timestamp()
        self.workers[job_id] = Worker(job_id, int(order["attempt"]), process, monotonic() - max(0.0, ran))
        return self.workers[job_id]

    def _tell(self, process: subprocess.Popen[bytes], task: str) -> None:
        if process.stdin is None:
            raise ValueError("a worker needs a pipe")
        try:
            process.stdin.write(task.encode())
        except BrokenPipeError:
            return  # it ended already; collecting it tells how

    def output(self, job_id: str) -> Path:
        """The folder that the worker of a job writes to."""
        return self._layout.active / job_id

    def collect(self) -> list[tuple[Worker, int]]:
        """The workers that ended since, with their exit codes (negative: the signal); their folders go."""
        ended = [(each, code) for each in self.workers.values() if (code := each.process.poll()) is not None]
        for each, _ in ended:
            self._forget(each)
        return ended

    def _forget(self, ended: Worker) -> None:
        del self.workers[ended.job_id]
        if ended.process.stdin is not None:
            ended.process.stdin.close()
        shutil.rmtree(self.output(ended.job_id), ignore_errors=True)

    def end(self, job_id: str) -> None:
        """End one worker, and do not tell of it."""
        each = self.workers.get(job_id)
        if each is not None:
            each.process.kill()
            each.process.wait()
            self._forget(each)

    def end_all(self) -> list[Worker]:
        """End every worker: TERM, and KILL for those that take too long."""
        ended = list(self.workers.values())
        for each in ended:
            each.process.terminate()
        deadline = monotonic() + GRACE
        for each in ended:
            try:
                each.process.wait(max(0.0, deadline - monotonic()))
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
            self._forget(each)
        return ended
