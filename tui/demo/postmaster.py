"""What PostgreSQL's server is and does, by its process and by the file that it keeps in its data folder."""

import json
from dataclasses import dataclass
from pathlib import Path

from tui.demo.layout import Layout
from tui.demo.processes import Process, is_stopped

READY = "ready"
"""What the server writes down while it takes new connections."""
_PID, _STATUS = 0, 7
"""Which lines of its file say that."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server as one look found it.

    One that was told to end when its last session does (TERM) takes no more connections, and one that was stopped by a
    signal never answers: for whoever comes both are as good as ended, whatever those do who came before.
    """

    pid: int
    dismissed: bool
    """Whether the platform itself stopped it."""
    takes: bool
    """Whether it takes new connections."""

    @classmethod
    def seen(cls, layout: Layout) -> "Postmaster | None":
        """Look at the one that was told last where it listens; None while it is still to come."""
        try:
            told = json.loads(layout.postgres.read_text("utf-8"))
            pid, data, dismissed = int(told["pid"]), Path(told["data"]), bool(told["stopped"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        takes = Process.of(pid) is not None and not is_stopped(pid) and status(data, pid) == READY
        return cls(pid, dismissed, takes)


def status(data: Path, pid: int) -> str:
    """What the server `pid` says of itself in its data folder: `starting`, `ready` or `stopping`; empty: nothing."""
    try:
        lines = (data / "postmaster.pid").read_text("ascii", "replace").splitlines()
        return lines[_STATUS].strip() if int(lines[_PID]) == pid else ""
    except (OSError, ValueError, IndexError):
        return ""
