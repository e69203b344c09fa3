"""A shift with its files on a real disk, and what somebody without a clue, or with the runbook, does to all of it."""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from tests.demo.server import publish
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
        publish(self.layout, os.getpid())  # a server that runs, as far as anybody can tell
        self.watchman = Watchman(self.world, self.layout, self.judge)
        self.seen_over = False
        self.watch(10)

    def watch(self, seconds: int, step: int = 1) -> None:
        """Time goes on; whoever did nothing right is never told that it is over."""
        for _ in range(0, seconds, step):
            self.now += timedelta(seconds=step - 1)
            self.work(1)
            self.watchman.look()
            self.seen_over = self.over() or self.seen_over

    def guilty(self) -> list[str]:
        """The jobs that run and had better not."""
        return [job.id for job in self.world.jobs.select("running") if would_not_end_well(job, self.now)]

    def at_work(self) -> list[str]:
        """The jobs that have a worker."""
        return list(self._ends)

    def delete(self, folder: Path, older: float) -> None:
        for name, status in files_below(folder):
            if self.now.timestamp() - status.st_mtime > older:
                (folder / name).unlink()

    def lose_session(self, job_id: str) -> None:
        """Somebody ends the database session of a job, and its engine gives it up."""
        self.watchman.sessions_ended([job_id], [])
        del self._ends[job_id]

    def do(self, deeds: "Iterable[Deed]") -> None:
        """One after the other, some seconds apart."""
        for deed in deeds:
            deed(self)
            self.watch(6)


Deed = Callable[[Post], None]
"""Something that somebody does."""


def wait(post: Post) -> None:
    """Nobody does anything for twice as long as the incident may last.

    Where no engine speaks, a world that is not asked for longer than its patience would blame itself for that.
    """
    post.watch(20)
    if post.crashes == START_LIMIT:
        post.watch(1800, step=2)
    else:
        post.watch(8 * 3600, step=60)


def requeue_everything(post: Post) -> None:
    for job in post.world.jobs.select("failed"):
        post.requeue(job.id)


def retry_everything(post: Post) -> None:
    """As the runbook's own line does."""
    for job in post.world.jobs.select("failed"):
        post.retry(job.id, reduce_timeframe=True, limit_symbols=10)


def restart_everything(post: Post) -> None:
    if post.crashes == START_LIMIT:
        post.judge.unit_asked("restart", 1, "failed")
    else:
        post.restart()


def clear_the_failed_queue(post: Post) -> None:
    post.judge.cleared(post.world.jobs.clear_failed())


def end_every_worker(post: Post) -> None:
    for job_id in post.at_work():
        post.terminate(job_id)


def end_every_innocent_worker(post: Post) -> None:
    guilty = set(post.guilty())
    for job_id in post.at_work():
        if job_id not in guilty:
            post.terminate(job_id)


def kill_the_engine(post: Post) -> None:
    if post.crashes < START_LIMIT:
        post.crash()
        post.judge.engine_ended(9)


def delete_everything(post: Post) -> None:
    post.delete(post.layout.files, 0.0)
    post.delete(post.layout.scratch, 0.0)


def delete_what_is_new(post: Post) -> None:
    for name, status in files_below(post.layout.files):
        if post.now.timestamp() - status.st_mtime < 25 * 86400:
            (post.layout.files / name).unlink()


def end_every_innocent_session(post: Post) -> None:
    guilty = set(post.guilty())
    for job_id in post.at_work():
        if job_id not in guilty:
            post.lose_session(job_id)


def cancel_every_session(post: Post) -> None:
    post.watchman.sessions_ended([], [job.id for job in post.world.jobs.select("running")])


def fail_over(post: Post) -> None:
    post.switch(to_backup=True)


def fail_back(post: Post) -> None:
    post.switch(to_backup=False)


def forget_failures_too_early(post: Post) -> None:
    if post.crashes < START_LIMIT:
        post.crashes = 0
        post.judge.unit_asked("reset-failed", 0, "activating")


def end_guilty_workers(post: Post) -> None:
    for job_id in post.guilty():
        post.terminate(job_id)


def retry_on_sample_data(post: Post) -> None:
    for job_id in post.failed("ZeroDivisionError"):
        post.retry(job_id, use_sample_data=True)


def repair_or_be_refused(post: Post) -> None:
    try:
        post.world.data.need_source()
    except UnavailableError as error:
        post.judge.refused("data.repair", "AUTO_DETECT", str(error))
    else:
        post.repair()


def end_the_holder(post: Post) -> None:
    """The session that holds the lock; the second time there is none."""
    if post.world.ground.blocked:
        post.see(blocked=False)
        post.watchman.blockade_ended(4711)


def clean_results(post: Post) -> None:
    for folder in (post.layout.results, post.layout.completed):
        post.delete(folder, RESULT_AGE.total_seconds() + 86400)


def clean_temp(post: Post) -> None:
    post.delete(post.layout.temp, TEMP_AGE.total_seconds())
    post.delete(post.layout.scratch, 2 * 86400)


def recover(post: Post) -> None:
    """The runbook's recovery: stop, clear away, forget, start."""
    down = post.crashes == START_LIMIT
    if not down:
        post.leave()
    post.judge.unit_asked("stop", 0, "failed" if down else "active")
    post.delete(post.layout.scratch, 0.0)
    if down:
        post.judge.unit_asked("reset-failed", 0, "failed")
    post.crashes = 0
    post.judge.unit_asked("start", 0, "inactive")


def reset_and_start(post: Post) -> None:
    if post.crashes == START_LIMIT:
        post.start()
    else:
        for verb in ("reset-failed", "start"):
            post.judge.unit_asked(verb, 0, "active")
