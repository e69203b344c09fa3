"""One look at a process: its command line, the job that it names, and whether it is the engine's."""

import re
from collections.abc import Sequence
from pathlib import Path

import psutil

from backend.frozen import dataclass
from backend.text import clean

LONGEST = 16_384
"""Characters of a command line that patterns look at."""

_JOB = re.compile(r"--job(?:[-_]id)?[= ]([A-Za-z0-9._:-]{1,128})(?!\S)|\bjob(?:[-_]id)?=([A-Za-z0-9._:-]{1,128})")
_JOB_IN_NAME = re.compile(r"\bjob[-_](\d[A-Za-z0-9._:]{0,127})")


@dataclass(frozen=True, slots=True)
class Sight:
    """What does not change while a process lives. `command` is raw, for patterns; `shown` is cleaned."""

    handle: psutil.Process
    command: str
    shown: str
    job: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """What makes a process the unit's: its present run, or its control group. Empty texts hold nobody."""

    invocation: str
    control_group: str
    known: bool = True
    """Whether the unit said so when it was asked last; else it may have others by now."""

    def holds(self, sight: Sight) -> bool:
        """Whether the process is the unit's, as far as we may look."""
        pid = sight.handle.pid
        return self._by_group(pid) or self._by_invocation(sight.handle)

    def tells(self, sight: Sight) -> bool | None:
        """Whether the process is the unit's; None where nobody can say that it is not."""
        return self.holds(sight) or (False if self.known else None)

    def _by_group(self, pid: int) -> bool:
        group = self.control_group.rstrip("/")
        if not group:
            return False
        try:
            lines = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace").splitlines()
        except OSError:
            return False
        own = (line.split(":", 2)[-1] for line in lines)
        return any(path == group or path.startswith(f"{group}/") for path in own)

    def _by_invocation(self, handle: psutil.Process) -> bool:
        if not self.invocation:
            return False
        try:
            return handle.environ().get("INVOCATION_ID") == self.invocation
        except (psutil.AccessDenied, OSError):  # of another user: then it is not the engine's for all we know
            return False


def look(handle: psutil.Process) -> Sight:
    """A full look at a process; raises psutil's errors when it is gone or not ours to see."""
    command = " ".join(handle.cmdline())[:LONGEST]
    return Sight(handle, command, clean(command, 500), job_of(command))


def matches(command: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether a raw command line fits one of the patterns; kernel threads have none and fit nothing."""
    return bool(command) and any(pattern.search(command) for pattern in patterns)


def job_of(command: str) -> str | None:
    """The job that a command line names: `--job 8850`, `--job-id=8850`, `job=8850`, `job-8850`."""
    found = _JOB.search(command) or _JOB_IN_NAME.search(command)
    return None if found is None else next(group for group in found.groups() if group)
