"""The database sessions of the workers: `python -m tui.demo.sessions --root ROOT`.

One light process holds one session `backtest-<job id>` for each running job, lets it ask something now and then, and
tells the API what became of that. Where the scenario has a session that blocks others, it holds that one too; then jobs
on minute bars wait for it and for one another, and one of the rest takes the detour.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from tui.demo.address import ENGINE, dsn, installed
from tui.demo.blockade import Blockade, Connector
from tui.demo.checkup import Checkup
from tui.demo.detour import Detour
from tui.demo.layout import Layout, replace
from tui.demo.libpq import Connection, DatabaseError
from tui.demo.link import AwayError, Link, RefusedError
from tui.demo.postmaster import Postmaster
from tui.demo.processes import Process
from tui.demo.resident import children
from tui.demo.session import Event, Session
from tui.demo.statements import READS, TOUCH, TURNOVER, WRITE
from tui.demo.world.outcome import BLOCKED_TIMEFRAME

LIBRARY = "libpq.so.5"
RUNNING = "backtests?status=running&limit=500"

PACE = 3.0
BLOCKED_PACE = 1.0
"""Seconds between two looks at what runs; the second one while a blockade stands."""
IDLE_AT_MOST = 20.0
"""Seconds after which a session surely runs its next query."""
EAGERNESS = 0.3
"""How likely a session runs a query at each look."""
LOCK_PATIENCE = "4min"

Row = dict[str, Any]


class Sessions:
    """The sessions of the jobs that run, kept in step with what the API says."""

    def __init__(self, connect: Connector, server: Callable[[], int | None], rng: Random) -> None:
        self._connect = connect
        self._server = server
        self._rng = rng
        self._open: dict[str, Session] = {}
        self._detour: Detour | None = None
        self._checkup = Checkup(connect)
        self.blockade: Blockade | None = None
        self.events: dict[Event, list[str]] = {}
        """The jobs whose sessions met with something since the last report."""
        self._freed_by: int | None = None
        """The pid of the session that held up the others, if somebody ended it since."""

    def block(self, job_id: str, table: str) -> None:
        """Put up the blockade of the scenario, once."""
        if self.blockade is None:
            self._checkup.end()
            self.blockade = Blockade(self._connect, self._server, job_id, table)

    @property
    def blocked(self) -> bool:
        """Whether the blockade stands, or is still to come."""
        return self.blockade is None or not self.blockade.over

    @property
    def standing(self) -> bool:
        """Whether the blockade stands now."""
        return self.blockade is not None and self.blockade.stands

    def waiting(self) -> int:
        """How many sessions wait for a lock."""
        slow = None if self._detour is None else self._detour.job_id
        writers = (session for job_id, session in self._open.items() if job_id != slow)
        return sum(session.busy and session.idle_seconds > 0.5 for session in writers)

    def follow(self, running: Sequence[Row]) -> None:
        """Close what is over, let some of the others work, and open what is missing.

        Raises DatabaseError when the server takes no new session; those that are open were looked after by then.
        """
        jobs = {str(job["id"]): job["strategy_config"] for job in running}
        for job_id in self._open.keys() - jobs.keys():
            self._close(job_id)
        missing = [job_id for job_id in jobs if job_id not in self._open]
        for job_id, session in [*self._open.items()]:
            self._follow_one(job_id, session, jobs[job_id])
        for job_id in missing:
            self._open[job_id] = Session(self._connect(f"backtest-{job_id}"))
            self._follow_one(job_id, self._open[job_id], jobs[job_id])
        self._follow_detour(jobs)
        if self.blockade is None:
            self._checkup.look()
        elif self.blockade.look():
            self._freed_by = self.blockade.pid

    def _follow_one(self, job_id: str, session: Session, config: Row) -> None:
        if self._heard(session.look(), job_id) == "lost":
            self._close(job_id)
        elif not session.busy:
            self._work(job_id, session, config)

    def _heard(self, event: Event | None, job_id: str) -> Event | None:
        if event is not None:
            self.events.setdefault(event, []).append(job_id)
        return event

    def _work(self, job_id: str, session: Session, config: Row) -> None:
        if self.standing and _is_blocked(config):
            session.transact((TOUCH,), (WRITE, config["symbols"]))
        elif self._detour is not None and self._detour.job_id == job_id:
            session.ask(TURNOVER)
        elif session.idle_seconds > IDLE_AT_MOST or self._rng.random() < EAGERNESS:
            session.ask(self._rng.choice(READS), config["symbols"])

    def _follow_detour(self, jobs: Mapping[str, Row]) -> None:
        """One of those that do not write takes the detour, until the bars can be written again."""
        if self._detour is None and self.standing:
            taker = next((job_id for job_id in self._open if not _is_blocked(jobs[job_id])), None)
            self._detour = None if taker is None else Detour(self._connect, taker)
        elif self._detour is not None and (
            not self.standing or self._heard(self._detour.look(), self._detour.job_id) == "lost"
        ):
            self._end_detour()

    def _end_detour(self) -> None:
        if self._detour is not None:
            self._detour.close()
            self._detour = None

    def _close(self, job_id: str) -> None:
        if self._detour is not None and self._detour.job_id == job_id:
            self._end_detour()
        self._open.pop(job_id).close()

    def report(self) -> Row:
        """What happened since it was last told, and how the database is."""
        events = self.events
        return {
            "blocked": self.blocked,
            "waiting": self.waiting(),
            "latency_ms": self._checkup.took_ms if self.blockade is None else self.blockade.latency_ms,
            "lost": events.get("lost", []),
            "cancelled": events.get("cancelled", []),
            "timed_out": events.get("timed out", []),
            "freed_by_end_of": self._freed_by,
        }

    def forget(self) -> None:
        """The report was heard."""
        self.events = {}
        self._freed_by = None


def _is_blocked(config: Row) -> bool:
    return bool(config["timeframe"] == BLOCKED_TIMEFRAME)


def _where(described: Path) -> Row:
    while not described.exists():
        time.sleep(0.02)
    found: Row = json.loads(described.read_text("utf-8"))
    return found


def _checkpointer(server: int) -> int | None:
    """The server's process that is another one after each start, and after each crash of a session, which ends all."""
    with suppress(OSError):
        for pid in children(server):
            if b" ".join(Process(pid, 0).arguments).strip().endswith(b"checkpointer"):
                return pid
    return None


def serve(layout: Layout) -> None:
    """Keep the sessions in step with the API, for ever."""
    port = int(_where(layout.postgres)["port"])
    package = installed()
    if package is None:
        sys.exit("there is no library of PostgreSQL")
    library = package / "lib" / LIBRARY

    def connect(name: str) -> Connection:
        options = f"-c lock_timeout={LOCK_PATIENCE}"
        return Connection(library, dsn(port, layout.passfile, ENGINE, application_name=name, options=options))

    def server() -> int | None:
        seen = Postmaster.seen(layout)
        return None if seen is None or seen.dismissed else _checkpointer(seen.pid)

    sessions, link = Sessions(connect, server, Random(layout.token)), Link(layout)
    _where(layout.api)
    told = False
    while True:
        try:
            _turn(sessions, link)
        except (AwayError, RefusedError, DatabaseError) as error:
            _say(error)
        if not told:
            replace(layout.sessions, json.dumps({"pid": os.getpid()}) + "\n")
            told = True
        time.sleep(BLOCKED_PACE if sessions.blockade is not None else PACE)


def _turn(sessions: Sessions, link: Link) -> None:
    running = link.get(f"/inside/api/research/{RUNNING}")["backtests"]
    try:
        sessions.follow(running)
    except DatabaseError as error:
        _say(error)  # what became of the sessions that are open is told all the same
    wanted = link.post("/engine/database", sessions.report())["blockade"]
    sessions.forget()
    link.close()  # the server drops a connection that rests for as long as this one would
    if wanted is not None:
        sessions.block(wanted["job_id"], wanted["table"])


def _say(error: Exception) -> None:
    sys.stderr.write(f"sessions: {error}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until TERM."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo.sessions", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the instance")
    serve(Layout(parser.parse_args(arguments).root))


if __name__ == "__main__":
    main()
