"""What the logs of the last hour hold when an instance begins: its jobs ran, ended and were killed before.

The engine of that time was stopped when the instance began; what ran goes on under the first engine of the instance.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tui.demo.kernel import EXPENDABLE, OOM_KILLED, greedy_lines, oom_lines, segfault_line
from tui.demo.unit.manager import EARLIER_PID
from tui.demo.world.outcome import LOST
from tui.demo.world.scenario import Scenario, SeedJob

RECENT = timedelta(hours=1)
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
"""Syslog's numbers."""
FIRST_PID = 2100
_KILLED = "(signal 9)"
_MIB = 1 << 20

Entry = tuple[datetime, int, str]
"""When, how grave, and what was said: by the manager where it begins with `unit`, by the engine else."""


def unit_log(scenario: Scenario, unit: str) -> list[Entry]:
    """What was written of the jobs that began or ended within the last hour, and of their engine, oldest first."""
    entries = [entry for at in crashes(scenario) for entry in _of_crash(at, unit)]
    entries += [entry for job in scenario.jobs for entry in (*_of_kill(job, unit), *_of_job(job))]
    recent = sorted((entry for entry in entries if scenario.now - entry[0] < RECENT), key=lambda entry: entry[0])
    return [*recent, *_of_stop(scenario, unit)]


def crashes(scenario: Scenario) -> list[datetime]:
    """When an earlier engine crashed within the last hour: jobs were lost with it."""
    ends = {job.finished_at for job in scenario.with_status("failed") if job.error_message == LOST}
    return sorted(at for at in ends if at is not None and scenario.now - at < RECENT)


def _of_crash(at: datetime, unit: str) -> Iterator[Entry]:
    yield at, NOTICE, f"{unit}: Main process exited, code=killed, status=11/SEGV"
    yield at, WARNING, f"{unit}: Failed with result 'signal'."
    yield at, INFO, f"{unit}: Scheduled restart job, restart counter is at 1."


def _of_stop(scenario: Scenario, unit: str) -> Iterator[Entry]:
    running = len(scenario.with_status("running"))
    yield scenario.now, INFO, f"INFO engine stops, {running} jobs will go on from their checkpoints"
    yield scenario.now, INFO, f"{unit}: Deactivated successfully."


def _of_kill(job: SeedJob, unit: str) -> Iterator[Entry]:
    """What the unit's manager says when the kernel killed a worker."""
    if job.finished_at is not None and _KILLED in (job.error_message or ""):
        yield job.finished_at, NOTICE, f"{unit}: {OOM_KILLED}"


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
    """What the kernel wrote of workers that it killed, and of engines that crashed, in the last hour, oldest first."""
    killed = (job for job in scenario.with_status("failed") if _KILLED in (job.error_message or ""))
    said = [(job.finished_at, _of_killed(job, scenario.memory_max_mb)) for job in killed if job.finished_at is not None]
    said += [(at, (segfault_line(EARLIER_PID - number),)) for number, at in enumerate(reversed(crashes(scenario)), 1)]
    yield from sorted((each for each in said if scenario.now - each[0] < RECENT), key=lambda each: each[0])


def _of_killed(job: SeedJob, limit_mb: int) -> tuple[str, ...]:
    """One that is killed whenever it runs took the memory itself; another was in the way of those that did."""
    if job.fate.signal:
        return greedy_lines(_pid(job), limit_mb)
    return oom_lines(_pid(job), job.fate.memory_mb * _MIB, limit_mb * _MIB, EXPENDABLE)


def _pid(job: SeedJob) -> int:
    return FIRST_PID + int(job.id) % 1000
