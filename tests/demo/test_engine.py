"""The engine and its workers as real processes, against a real API."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.demo.api_rig import RESEARCH, postgres, wait_until
from tui.demo.crew import Crew
from tui.demo.layout import Layout
from tui.demo.worker import PAGE, compute, touched
from tui.demo.world.outcome import LOST

INVOCATION = "00112233445566778899aabbccddeeff"


class Platform:
    """An API and an engine on the instance in `layout`."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        layout.api.unlink(missing_ok=True)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._run("api", "--scenario", "data-gap")
        wait_until(layout.api.exists)
        port = json.loads(layout.api.read_text())["port"]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}{RESEARCH}")
        self.engine = self.start_engine()

    def _run(self, part: str, *more: str) -> subprocess.Popen[bytes]:
        with (self.layout.log / part).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"tui.demo.{part}", "--root", str(self.layout.root), *more],
                env={**os.environ, "INVOCATION_ID": INVOCATION},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def start_engine(self) -> subprocess.Popen[bytes]:
        self.engine = self._run("engine")
        wait_until(lambda: self.get("backtests/health")["status"] != "down")
        return self.engine

    def get(self, route: str) -> Any:
        return self.client.get(route).raise_for_status().json()

    def post(self, route: str, body: object = None) -> Any:
        return self.client.post(route, json=body).raise_for_status().json()

    def failed(self, error: str) -> dict[str, Any]:
        """A failed job with `error` in its message."""
        listed = self.get("backtests?status=failed&limit=500")["backtests"]
        job: dict[str, Any] = next(job for job in listed if error in job["error_message"])
        return job

    def rerun(self, job: dict[str, Any]) -> dict[str, Any]:
        """Requeue `job` and wait until its new attempt ended."""
        attempt = self.post(f"backtests/{job['id']}/requeue")["attempt"]
        assert attempt == job["attempt"] + 1
        return self.ended(job["id"])

    def ended(self, job_id: str) -> dict[str, Any]:
        wait_until(lambda: self.get(f"backtests/{job_id}")["finished_at"], 20)
        job: dict[str, Any] = self.get(f"backtests/{job_id}")
        return job

    def workers(self) -> dict[str, psutil.Process]:
        """The worker processes by the id of their job."""
        found = {}
        for process in psutil.Process(self.engine.pid).children():
            with suppress(psutil.NoSuchProcess):
                line = process.cmdline()
                if "--job" in line:
                    found[line[line.index("--job") + 1]] = process
        return found

    def log(self) -> str:
        return (self.layout.log / "engine").read_text()

    def close(self) -> None:
        self.client.close()
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with postgres(tmp_path_factory.mktemp("engine"), "data-gap") as layout:
        running = Platform(layout)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture
def platform(shared: Platform) -> Platform:
    """The shared platform with an engine that runs; its first two workers are always busy."""
    if shared.engine.poll() is not None:
        shared.start_engine()
    wait_until(lambda: len(shared.workers()) == 2)
    return shared


def test_requeued_jobs_end_for_a_reason(platform: Platform) -> None:
    passing = platform.failed("ConnectionResetError")
    gap, killed = platform.failed("SAP.DE"), platform.failed("signal 9")
    for job in (passing, gap, killed):
        platform.post(f"backtests/{job['id']}/requeue")
    assert platform.ended(passing["id"])["status"] == "completed"
    for job in (gap, killed):
        again = platform.ended(job["id"])
        assert (again["status"], again["attempt"]) == ("failed", 2)
        assert again["error_message"] == job["error_message"]
    assert f"<3>ERROR job {gap['id']} attempt 2 failed" in platform.log()
    assert (platform.layout.completed / f"{passing['id']}-2.pkl").exists()
    assert not (platform.layout.active / passing["id"]).exists()


def test_after_the_repair_a_job_completes(platform: Platform) -> None:
    gap = platform.failed("ALV.DE")
    platform.post("data/repair", {"symbols": ["ALV.DE"], "date_range": "last_7d", "repair_gaps": True})
    wait_until(lambda: not platform.get("data/status")["repair"]["running"])
    assert platform.get("data/ALV.DE/health")["completeness_percent"] == 100.0
    assert platform.rerun(gap)["status"] == "completed"


def test_workers_are_known_by_their_command_line_and_environment(platform: Platform) -> None:
    running = {job["id"]: job for job in platform.get("backtests?status=running")["backtests"]}
    token = platform.layout.token
    for job_id, process in platform.workers().items():
        line = process.cmdline()
        assert line[0] == f"{platform.layout.root}/engine/adaf-backtest-{token}/python"
        assert running[job_id]["strategy_name"] in line
        assert process.environ()["INVOCATION_ID"] == INVOCATION
        wait_until((platform.layout.active / job_id / "partial.bin").exists)
    assert platform.layout.engine_pid.read_text() == f"{platform.engine.pid}\n"


def test_a_terminated_worker_fails_its_job(platform: Platform) -> None:
    job_id, process = next(iter(platform.workers().items()))
    process.terminate()
    job = platform.ended(job_id)
    assert (job["status"], job["error_message"]) == ("failed", "worker terminated (signal 15)")


def test_jobs_of_a_killed_engine_are_lost_and_its_workers_end(platform: Platform) -> None:
    workers = platform.workers()
    platform.engine.send_signal(signal.SIGKILL)
    platform.engine.wait()
    assert psutil.wait_procs(workers.values(), timeout=5)[1] == []
    for job_id in workers:
        assert platform.ended(job_id)["error_message"] == LOST
    assert platform.get("backtests/health")["status"] == "down"


def test_an_engine_clears_away_what_jobs_left_that_were_lost_with_the_one_before(platform: Platform) -> None:
    left = {job_id: platform.layout.active / job_id for job_id in platform.workers()}
    wait_until(lambda: all((folder / "partial.bin").exists() for folder in left.values()))
    (platform.layout.active / "mine").mkdir()
    platform.engine.send_signal(signal.SIGKILL)
    platform.engine.wait()
    for job_id, folder in left.items():
        assert platform.ended(job_id)["error_message"] == LOST
        assert folder.exists()
    platform.start_engine()
    wait_until(lambda: len(platform.workers()) == 2)
    wait_until(lambda: {path.name for path in platform.layout.active.iterdir()} == {*platform.workers(), "mine"})
    assert not any(folder.exists() for folder in left.values())


def test_an_engine_leaves_the_folders_of_jobs_that_no_engine_has_taken_yet_and_what_is_nobodys_job(
    shared: Platform, tmp_path: Path
) -> None:
    layout = Layout(tmp_path)
    layout.make()
    layout.token_file.write_text(shared.layout.token)
    for name, file in (("8801", "partial.bin"), ("8802", "partial.bin"), ("20261130", "8100.pkl")):
        (layout.active / name).mkdir()
        (layout.active / name / file).touch()
    Crew(layout).clear(["8802"])
    left = {str(path.relative_to(layout.active)) for path in layout.active.rglob("*.*")}
    assert (left, len(list(layout.active.iterdir()))) == ({"8802/partial.bin", "20261130/8100.pkl"}, 2)


def test_a_stopped_engine_gives_its_jobs_back(platform: Platform) -> None:
    workers = platform.workers()
    platform.engine.terminate()
    assert platform.engine.wait(5) == 0
    assert not any(process.is_running() for process in workers.values())
    assert not platform.layout.engine_pid.exists()
    assert platform.get("backtests/health")["status"] == "down"
    assert {platform.get(f"backtests/{job_id}")["status"] for job_id in workers} == {"pending"}
    failed = platform.get("backtests/status")["counts"]["failed"]
    platform.start_engine()
    wait_until(lambda: len(platform.workers()) == 2)
    assert platform.get("backtests/status")["counts"]["failed"] == failed


def test_worker_memory_is_really_there(platform: Platform) -> None:
    memory = touched(2)
    assert len(memory) == 2 << 20
    assert memory.count(1) == (2 << 20) // PAGE
    assert compute(memory, 0) % PAGE == 0
    wait_until(lambda: all(each.memory_info().rss > 5 << 20 for each in platform.workers().values()))
