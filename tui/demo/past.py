"""What the logs of the last hour hold when an instance begins: its jobs ran, ended and were killed before."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tui.demo.kernel import EXPENDABLE, greedy_lines, oom_lines
from tui.demo.world.scenario import Scenario, SeedJob

RECENT = timedelta(hours=1)
ERROR, INFO = 3, 6
"""Syslog's numbers."""
FIRST_PID = 2100
_KILLED = "(signal 9)"
_MIB = 1 << 20

Entry = tuple[datetime, int, str]
"""When, how grave, and what the engine said."""


def unit_log(scenario: Scenario) -> list[Entry]:
    """What the engine wrote of the jobs that began or ended within the last hour, oldest first."""
    entries = (entry for job in scenario.jobs for entry in _of_job(job))
    return sorted(entry for entry in entries if scenario.now - entry[0] < RECENT)


def _of_job(job: SeedJob) -> Iterator[Entry]:
    what = f"job {job.id} attempt {job.attempt}"
    if job.started_at is not None:
        yield job.started_at, INFO, f"INFO {what} ({job.strategy_name}) started, worker pid {_pid(job)}"
    if job.started_at is not None and job.finished_at is not None:
        seconds = (job.finished_at - job.started_at).total_seconds()
        if job.error_message is None:
            yield job.finished_at, INFO, f"INFO {what} completed in {seconds:.1f} s"
        else:
            yield job.finished_at, ERROR, f"ERROR {what} failed after {seconds:.1f} s: {job.error_message}"


def kernel_log(scenario: Scenario) -> Iterator[tuple[datetime, tuple[str, ...]]]:
    """What the kernel wrote of the workers that it killed within the last hour, oldest first."""
    killed = (job for job in scenario.with_status("failed") if _KILLED in (job.error_message or ""))
    ends = [(job.finished_at, job) for job in killed if job.finished_at is not None]
    for at, job in sorted(ends, key=lambda end: end[0]):
        if scenario.now - at < RECENT:
            yield at, _of_killed(job, scenario.memory_max_mb)


def _of_killed(job: SeedJob, limit_mb: int) -> tuple[str, ...]:
    """One that is killed whenever it runs took the memory itself; another was in the way of those that did."""
    if job.fate.signal:
        return greedy_lines(_pid(job), limit_mb)
    return oom_lines(_pid(job), job.fate.memory_mb * _MIB, limit_mb * _MIB, EXPENDABLE)


def _pid(job: SeedJob) -> int:
    return FIRST_PID + int(job.id) % 1000
