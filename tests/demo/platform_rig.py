"""A whole platform as a program, and what an on-call without a dashboard would use on it."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from tests.demo.api_rig import RESEARCH, wait_until
from tui.demo.address import WATCHER, dsn
from tui.demo.layout import Layout

UNIT = "adaf-backtest-engine"
SECONDS_TO_RISE = 40.0


@dataclass
class Site:
    """One running platform: its API, commands, processes and database."""

    said: dict[str, Any]
    client: httpx.Client
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        self.layout = Layout(Path(self.said["root"]))

    def get(self, route: str) -> Any:
        return self.client.get(f"{RESEARCH}/{route}").raise_for_status().json()

    def post(self, route: str, body: object = None, status: int = 202) -> Any:
        answer = self.client.post(f"{RESEARCH}/{route}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def judge(self) -> Any:
        return self.client.get("/judge").raise_for_status().json()

    def effects(self, action: str) -> list[str]:
        """The effects of everything that was done of one kind."""
        return [deed["effect"] for deed in self.judge()["done"] if deed["what"].startswith(f"{action}: ")]

    def healed(self) -> bool:
        return bool(self.judge()["over"])

    def open(self) -> set[str]:
        """The causes that are open."""
        return {sentence.split(":")[0] for sentence in self.judge()["open"]}

    def failed(self, words: str) -> list[dict[str, Any]]:
        """Failed jobs with these words in their error, the latest first."""
        listed = self.get("backtests?status=failed&limit=500")["backtests"]
        return [job for job in listed if words in job["error_message"]]

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job, once it has ended."""
        wait_until(lambda: self.get(f"backtests/{job_id}")["finished_at"], 30)
        job: dict[str, Any] = self.get(f"backtests/{job_id}")
        return job

    def requeue(self, job_id: str) -> dict[str, Any]:
        """The job after another attempt."""
        self.post(f"backtests/{job_id}/requeue")
        return self.ended(job_id)

    def retry(self, job_id: str, **changes: int | bool) -> dict[str, Any]:
        """The changed copy of a job, once it has ended."""
        made = self.post("backtests/retry", {"original_job_id": job_id, "modifications": changes})
        return self.ended(made["id"])

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of the platform's commands, ended."""
        argv = [str(self.layout.bin / command), *arguments]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    def show(self, name: str) -> str:
        """A property of the unit."""
        return self.run("systemctl", "show", UNIT, "-p", name, "--value").stdout.strip()

    def log(self) -> str:
        """The unit log."""
        return self.run("journalctl", "-u", UNIT, "-o", "cat").stdout

    def kernel(self) -> str:
        """The kernel log."""
        return self.run("kernel-log").stdout

    def workers(self) -> dict[str, psutil.Process]:
        """The worker processes by the id of their job."""
        home = f"{self.layout.root}/engine/"
        lines = ((each, each.info["cmdline"] or [""]) for each in psutil.process_iter(["cmdline"]))
        return {line[line.index("--job") + 1]: each for each, line in lines if line[0].startswith(home)}

    def database(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A session as the dashboard has one."""
        described = json.loads(self.layout.postgres.read_text())
        return psycopg.connect(dsn(described["port"], self.layout.passfile, WATCHER), autocommit=True)


@contextmanager
def site(scenario: str, temp: Path, *words: str) -> Iterator[Site]:
    """The scenario, from its start to its end; its incident is under way, unless `words` of the command line differ."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.demo", scenario, "--onset=0", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temp)},
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], SECONDS_TO_RISE)[0], "it does not come up"
        said = json.loads(process.stdout.readline())
        with httpx.Client(base_url=said["api"], timeout=40.0) as client:
            yield Site(said, client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
