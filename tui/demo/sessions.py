"""The database sessions of the workers: `python -m tui.demo.sessions --root ROOT`.

One light process holds one session `backtest-<job id>` for each running job and runs a short query there now and then.
"""

import argparse
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, LiteralString

import psycopg

from tui.demo.layout import Layout, replace
from tui.demo.postgres import ENGINE, dsn

PACE = 3.0
"""Seconds between two looks at what runs."""
IDLE_AT_MOST = 60.0
"""Seconds after which a session surely runs its next query."""
EAGERNESS = 0.3
"""How likely a session runs a query at each look."""

_QUERIES: tuple[LiteralString, ...] = (
    "SELECT symbol, avg(close), max(high) FROM market_data.daily_prices WHERE symbol = ANY(%s) GROUP BY symbol",
    "SELECT date_trunc('day', bar_time), sum(volume) FROM market_data.minute_bars WHERE symbol = ANY(%s) GROUP BY 1",
    "SELECT count(*) FROM market_data.minute_bars WHERE symbol = ANY(%s) AND close > open",
)

Row = dict[str, Any]
Connection = psycopg.Connection[tuple[Any, ...]]


Connector = Callable[[str], Connection]


class Sessions:
    """The sessions of the jobs that run, kept in step with what the API says."""

    def __init__(self, connect: Connector, rng: Random) -> None:
        self._connect = connect
        self._rng = rng
        self._open: dict[str, tuple[Connection, float]] = {}

    def follow(self, running: Sequence[Row]) -> None:
        """Open what is missing, close what is over, and let some of the others work.

        A session that somebody ended, or that cannot be had, is tried anew at the next look.
        """
        jobs = {str(job["id"]): job for job in running}
        for job_id in self._open.keys() - jobs.keys():
            self._close(job_id)
        for job_id, job in jobs.items():
            try:
                self._work(job_id, job["strategy_config"]["symbols"])
            except psycopg.Error:
                self._close(job_id)

    def _work(self, job_id: str, symbols: list[str]) -> None:
        connection, last = self._open.get(job_id) or (self._connect(f"backtest-{job_id}"), 0.0)
        self._open[job_id] = connection, last
        now = time.monotonic()
        if now - last > IDLE_AT_MOST or self._rng.random() < EAGERNESS:
            connection.execute(self._rng.choice(_QUERIES), [symbols]).fetchall()
            self._open[job_id] = connection, now

    def _close(self, job_id: str) -> None:
        connection, _ = self._open.pop(job_id, (None, 0.0))
        if connection is not None:
            connection.close()


def _ask(api: str, path: str) -> Row:
    with urllib.request.urlopen(f"{api}/api/research/{path}", timeout=5.0) as answer:  # noqa: S310 - our own API
        found: Row = json.load(answer)
        return found


def _where(described: Path) -> Row:
    while not described.exists():
        time.sleep(0.02)
    found: Row = json.loads(described.read_text("utf-8"))
    return found


def serve(layout: Layout) -> None:
    """Keep the sessions in step with the API, for ever."""
    port = int(_where(layout.postgres)["port"])
    api = f"http://127.0.0.1:{_where(layout.api)['port']}"

    def connect(name: str) -> Connection:
        return psycopg.connect(dsn(port, layout.passfile, ENGINE, application_name=name), autocommit=True)

    sessions = Sessions(connect, Random(layout.token))
    while True:
        try:
            sessions.follow(_ask(api, "backtests?status=running&limit=500")["backtests"])
        except (OSError, ValueError, psycopg.Error) as error:
            sys.stderr.write(f"sessions: {error}\n")
        if not layout.sessions.exists():
            replace(layout.sessions, json.dumps({"pid": os.getpid()}) + "\n")
        time.sleep(PACE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until TERM."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo.sessions", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the instance")
    serve(Layout(parser.parse_args(arguments).root))


if __name__ == "__main__":
    main()
