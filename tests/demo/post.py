"""A shift with its files on a real disk, and what somebody without a clue, or with the runbook, does to all of it."""

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from tests.demo.shift import START_LIMIT, Shift
from tui.demo.inventory import RESULT_AGE, TEMP_AGE, files_below
from tui.demo.layout import Layout
from tui.demo.tree import grow
from tui.demo.watchman import Watchman
from tui.demo.world.conditions import would_not_end_well
from tui.demo.world.refusal import UnavailableError


class Post(Shift):
    """The watchman looks over the files, the judge over everything, at every second."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(name)
        root.mkdir(exist_ok=True)
        self.layout = Layout(root)
        self.layout.make()
        grow(self.layout, self.story)
        self.layout.postgres.write_text(f'{{"pid": {os.getpid()}}}')  # a server that runs, as far as anybody can tell
        self.watchman = Watchman(self.world, self.layout, self.judge)
        self.watch(10)

    def watch(self, seconds: int, step: int = 1) -> None:
        """Time goes on; whoever did nothing right is never told that it is over."""
        for _ in range(0, seconds, step):
            self.now += timedelta(seconds=step - 1)
            self.work(1)
            self.watchman.look()
            self.seen_over = self.over() or self.seen_over

    seen_over = False

    # What heals nothing.

    def wait(self) -> None:
        """Nobody does anything for twice as long as the incident may last.

        Where no engine speaks, a world that is not asked for longer than its patience would blame itself for that.
        """
        self.watch(20)
        if self.crashes == START_LIMIT:
            self.watch(1800, step=2)
        else:
            self.watch(8 * 3600, step=60)

    def requeue_everything(self) -> None:
        for job in self.world.jobs.select("failed"):
            self.requeue(job.id)

    def retry_everything(self) -> None:
        """As the runbook's own line does."""
        for job in self.world.jobs.select("failed"):
            self.retry(job.id, reduce_timeframe=True, limit_symbols=10)

    def restart_everything(self) -> None:
        if self.crashes == START_LIMIT:
            self.judge.unit_asked("restart", 1, "failed")
        else:
            self.restart()

    def clear_the_failed_queue(self) -> None:
        self.judge.cleared(self.world.jobs.clear_failed())

    def end_every_worker(self) -> None:
        for job_id in self.at_work():
            self.terminate(job_id)

    def end_every_innocent_worker(self) -> None:
        guilty = set(self.guilty())
        for job_id in self.at_work():
            if job_id not in guilty:
                self.terminate(job_id)

    def kill_the_engine(self) -> None:
        if self.crashes < START_LIMIT:
            self.crash()
            self.judge.engine_ended(9)

    def delete_everything(self) -> None:
        self._delete(self.layout.files, 0.0)
        self._delete(self.layout.scratch, 0.0)

    def delete_what_is_new(self) -> None:
        for name, status in files_below(self.layout.files):
            if self.now.timestamp() - status.st_mtime < 25 * 86400:
                (self.layout.files / name).unlink()

    def end_every_innocent_session(self) -> None:
        for job in self.world.jobs.select("running"):
            if not would_not_end_well(job, self.now):
                self.watchman.sessions_ended([job.id], [])
                self._ends.pop(job.id, None)

    def cancel_every_session(self) -> None:
        self.watchman.sessions_ended([], [job.id for job in self.world.jobs.select("running")])

    def fail_over(self) -> None:
        self.switch(to_backup=True)

    def fail_back(self) -> None:
        self.switch(to_backup=False)

    def forget_failures_too_early(self) -> None:
        if self.crashes < START_LIMIT:
            self.crashes = 0
            self.judge.unit_asked("reset-failed", 0, "activating")

    # What heals.

    def guilty(self) -> list[str]:
        """The jobs that run and had better not."""
        return [job.id for job in self.world.jobs.select("running") if would_not_end_well(job, self.now)]

    def at_work(self) -> list[str]:
        """The jobs that have a worker."""
        return list(self._ends)

    def end_guilty_workers(self) -> None:
        for job_id in self.guilty():
            self.terminate(job_id)

    def retry_on_sample_data(self) -> None:
        for job_id in self.failed("ZeroDivisionError"):
            self.retry(job_id, use_sample_data=True)

    def repair_or_be_refused(self) -> None:
        try:
            self.world.data.need_source()
        except UnavailableError as error:
            self.judge.refused("data.repair", "AUTO_DETECT", str(error))
        else:
            self.repair()

    def end_the_holder(self) -> None:
        """The session that holds the lock; the second time there is none."""
        if self.world.ground.blocked:
            self.see(blocked=False)
            self.watchman.blockade_ended(4711)

    def clean_results(self) -> None:
        for folder in (self.layout.results, self.layout.completed):
            self._delete(folder, RESULT_AGE.total_seconds() + 86400)

    def clean_temp(self) -> None:
        self._delete(self.layout.temp, TEMP_AGE.total_seconds())
        self._delete(self.layout.scratch, 2 * 86400)

    def recover(self) -> None:
        """The runbook's recovery: stop, clear away, forget, start."""
        down = self.crashes == START_LIMIT
        if not down:
            self.world.leave(self._engine)
            self.crash()
        self.judge.unit_asked("stop", 0, "failed" if down else "active")
        self._delete(self.layout.scratch, 0.0)
        if down:
            self.judge.unit_asked("reset-failed", 0, "failed")
        self.crashes = 0
        self.judge.unit_asked("start", 0, "inactive")

    def reset_and_start(self) -> None:
        if self.crashes == START_LIMIT:
            self.start()
        else:
            for verb in ("reset-failed", "start"):
                self.judge.unit_asked(verb, 0, "active")

    def _delete(self, folder: Path, older: float) -> None:
        for name, status in files_below(folder):
            if self.now.timestamp() - status.st_mtime > older:
                (folder / name).unlink()

    def do(self, names: Iterable[str]) -> None:
        """One after the other, some seconds apart."""
        for name in names:
            getattr(self, name)()
            self.watch(6)
