"""The embedded platform as a program of its own, and the real `backtop` on it."""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tui.demo.instance import belonging

BACKTOP = str(Path(sys.executable).parent / "backtop")
RISES_IN = 60.0
"""Seconds."""
Sections = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Result:
    """What one command said and left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(home: Path) -> dict[str, str]:
    """Ours, but with a home of its own and no setting of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BACKTOP", "PG", "XDG"))}
    return {**kept, "HOME": str(home), "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def backtop(*arguments: str, home: Path) -> Result:
    """Run one command to its end, without a terminal."""
    done = subprocess.run(
        (BACKTOP, *arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        env=environment(home), cwd=home,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Stand:
    """One running platform, asked without backtop where a test wants to know how it really is."""

    process: subprocess.Popen[bytes]
    said: Mapping[str, Any]
    home: Path

    @property
    def root(self) -> Path:
        return Path(self.said["root"])

    @property
    def config(self) -> Path:
        return Path(self.said["config"])

    def run(self, *arguments: str) -> Result:
        """`backtop ARGUMENTS` on this platform."""
        return backtop(*arguments, "--config", str(self.config), home=self.home)

    def variant(self, name: str, sections: Sections) -> Path:
        """A configuration like this platform's, but for these values."""
        path = self.home / f"{name}.toml"
        lines = [self.config.read_text("utf-8")]
        for section, values in sections.items():
            lines.append(f"[profiles.{name}.{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        path.write_text(f"profile = {json.dumps(name)}\n" + "\n".join(lines) + "\n", "utf-8")
        return path

    def job(self, job_id: str) -> dict[str, Any]:
        """How a job stands, by the server itself."""
        return _get(f"{self.said['api']}/api/research/backtests/{job_id}")

    def failed(self, error: str) -> list[str]:
        """Ids of the failed jobs with this in their error, newest first."""
        return failed_jobs(self.said["api"], error)

    def left(self) -> list[int]:
        """Pids that still belong to it."""
        return [process.pid for process in belonging(self.root, self.said["token"])]


def failed_jobs(api: str, error: str) -> list[str]:
    """Ids of the failed jobs with this in their error, by the server itself."""
    listed = _get(f"{api}/api/research/backtests?status=failed&limit=500")["backtests"]
    return [str(job["id"]) for job in listed if error in job["error_message"]]


def _get(address: str) -> dict[str, Any]:
    answer = httpx.get(address, timeout=10).raise_for_status().json()
    assert isinstance(answer, dict)
    return answer


@contextmanager
def standing(scenario: str, home: Path) -> Iterator[Stand]:
    """The platform, up, its incident under way; taken down afterwards."""
    process = subprocess.Popen(
        (BACKTOP, "demo", scenario, "--headless", "--onset", "0", "--dir", str(home / "platform")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment(home), cwd=home,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], RISES_IN)[0], "the platform does not come up"
            line = process.stdout.readline()
            assert line, "the platform ended before it was up"
            yield Stand(process, json.loads(line), home)
        finally:
            process.terminate()
            process.wait(RISES_IN)
    shutil.rmtree(home / "platform", ignore_errors=True)
