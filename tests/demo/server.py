"""A server of PostgreSQL as it looks from outside: who it is, and what it says of itself."""

import json
import os
import subprocess
from collections.abc import Sequence

from tui.demo.layout import Layout


def publish(
    layout: Layout, pid: int, status: str = "ready", *, stopped: bool = False, listens: int = 0, **where: str | int
) -> None:
    """The process `pid` is the server from now on, and writes `status` into its file as PostgreSQL does.

    It `listens` where it is told to, if nothing else is said.
    """
    data = layout.root / "pg" / "data"
    data.mkdir(parents=True, exist_ok=True)
    port = where.get("port", 0)
    lines = (pid, data, 1795000000, listens or port, "", "127.0.0.1", "  5432001    196608", f"{status:<8}")
    (data / "postmaster.pid").write_text("".join(f"{line}\n" for line in lines))
    layout.postgres.parent.mkdir(exist_ok=True)
    told = {"host": "", "port": 0, **where, "pid": pid, "data": str(data), "stopped": stopped}
    layout.postgres.write_text(json.dumps(told))


def started(argv: Sequence[bytes], owner: int | None) -> "subprocess.Popen[bytes]":
    """A server that somebody starts with the words of another one, for that one's owner; None: our own."""
    user = None if owner == os.geteuid() else owner
    groups: list[int] | None = None if user is None else []
    return subprocess.Popen(argv, user=user, extra_groups=groups, cwd="/", stderr=subprocess.DEVNULL)
