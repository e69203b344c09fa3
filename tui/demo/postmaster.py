"""What PostgreSQL's server is and does, by its process and by the file that it keeps in its data folder."""

import json
from dataclasses import dataclass
from pathlib import Path

from tui.demo.layout import Layout
from tui.demo.processes import Process, is_stopped

READY, STOPPING = "ready", "stopping"
"""What the server writes down while it takes new connections, and from when on it takes none any more."""
LOCK = "postmaster.pid"
"""The file in its data folder in which a server says so, and who it is."""
_PID, _PORT, _STATUS = 0, 3, 7
"""Which lines of its file say that, and where it listens."""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server as one look found it.

    One that was told to end when its last session does (TERM) takes no more connections, and one that was stopped by a
    signal never answers: for whoever comes both are as good as ended, whatever those do who came before.
    """

    pid: int
    dismissed: bool
    """Whether the platform itself stopped it."""
    instead: bool
    """Whether somebody started it in the place of one that the platform had not stopped."""
    ending: bool
    """Whether it was told to end, and is still there."""
    takes: bool
    """Whether it takes new connections where it is told to listen: elsewhere nobody finds it."""
    host: str
    port: int
    """Where the platform's server listens, and is looked for."""

    @classmethod
    def seen(cls, layout: Layout) -> "Postmaster | None":
        """Look at the one that was told last where it listens, or at one that somebody else started in its place.

        None while it is still to come. One that only starts is none yet.
        """
        try:
            told = json.loads(layout.postgres.read_text("utf-8"))
            pid, data, dismissed, instead = int(told["pid"]), Path(told["data"]), bool(told["stopped"]), False
            other = running(data)
            if other is not None and other.pid != pid and status(data, other.pid) in (READY, STOPPING):
                pid, dismissed, instead = other.pid, False, not dismissed
            host, port = str(told["host"]), int(told["port"])
            said, alive = _said(data, pid, _STATUS, _PORT), Process.of(pid) is not None
            takes = said == [READY, f"{port}"] and alive and not is_stopped(pid)
            return cls(pid, dismissed, instead, alive and said[:1] == [STOPPING], takes, host, port)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def running(data: Path) -> Process | None:
    """The server that runs on the folder `data`, whoever started it."""
    try:
        pid = int((data / LOCK).read_text("ascii", "replace").splitlines()[_PID])
        place = Path(f"/proc/{pid}")
        known = (place / "comm").read_text("ascii", "replace") == "postgres\n" and (place / "cwd").samefile(data)
        return Process.of(pid) if known else None
    except (OSError, ValueError, IndexError):
        return None


def status(data: Path, pid: int) -> str:
    """What the server `pid` says of itself in its data folder: `starting`, `ready` or `stopping`; empty: nothing."""
    return next(iter(_said(data, pid, _STATUS)), "")


def _said(data: Path, pid: int, *which: int) -> list[str]:
    """Some lines of what the server `pid` says of itself; none where that is of another one, or of nobody."""
    try:
        lines = (data / LOCK).read_text("ascii", "replace").splitlines()
        return [lines[number].strip() for number in which] if int(lines[_PID]) == pid else []
    except (OSError, ValueError, IndexError):
        return []
