"""What a newcomer does: `backtop demo data-gap`, find what can be repaired, repair it, leave."""

import json
import re
import time
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Open
from tests.e2e.stand import failed_jobs
from tests.e2e.terminal import Terminal
from tests.waiting import eventually
from tui.demo.instance import belonging
from tui.demo.layout import Layout
from tui.demo.wish import ONSET

pytestmark = pytest.mark.e2e

PASSING = "ConnectionResetError"
GAP = "No data for"


class Newcomer:
    """A dashboard that started its own platform in `place`."""

    def __init__(self, terminal: Terminal, place: Path) -> None:
        self.terminal = terminal
        self._place = place
        terminal.shows("FIRING ResearchBacktestFailed", "explain 11 of 14 failures")
        (self.root,) = place.iterdir()
        self.api = tomllib.loads(Layout(self.root).config.read_text("utf-8"))["api"]["url"]
        self.token = Layout(self.root).token

    def job(self, job_id: str) -> dict[str, Any]:
        """How the job stands, by the server itself."""
        answer = httpx.get(f"{self.api}/api/research/backtests/{job_id}", timeout=10).raise_for_status()
        job: dict[str, Any] = answer.json()
        return job

    def requeue(self, job_id: str) -> None:
        """Press the key, read the dialog, confirm."""
        self.terminal.press("r")
        self.terminal.shows("requeue 1 job", f"/backtests/{job_id}/requeue")
        self.terminal.insist("y", lambda: "requeue 1 job" not in self.terminal.text)

    def pids(self) -> list[int]:
        return [process.pid for process in belonging(self.root, self.token)]


@pytest.fixture
def newcomer(opened: Open, tmp_path: Path) -> Newcomer:
    return Newcomer(opened("demo", "data-gap", "--onset", "0", "--dir", str(tmp_path / "place")), tmp_path / "place")


def test_a_passing_failure_is_repaired_by_a_key_and_a_lasting_one_is_not(newcomer: Newcomer) -> None:
    terminal = newcomer.terminal
    (passing,), gap, *_ = failed_jobs(newcomer.api, PASSING), failed_jobs(newcomer.api, GAP)
    terminal.press("2", "end")
    terminal.shows("1 x  ConnectionResetError", "worker killed (signal 9)")
    terminal.press("up", "up")
    newcomer.requeue(passing)
    terminal.shows(f"job.requeue {passing}", "worked: completed in attempt 2")
    stands = newcomer.job(passing)
    assert (stands["status"], stands["attempt"], stands["error_message"]) == ("completed", 2, None)

    terminal.press("home", "down")
    newcomer.requeue(gap[0])
    terminal.shows(f"job.requeue {gap[0]}", "no effect: failed again in attempt 2")
    stands = newcomer.job(gap[0])
    assert (stands["status"], stands["attempt"]) == ("failed", 2)
    assert GAP in stands["error_message"]


def entries(newcomer: Newcomer) -> list[dict[str, Any]]:
    """What stands in the journal."""
    files = Layout(newcomer.root).state.rglob("journal.jsonl")
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_what_is_typed_ahead_confirms_nothing(newcomer: Newcomer) -> None:
    terminal = newcomer.terminal
    first = failed_jobs(newcomer.api, GAP)[0]
    terminal.press("2", "home", "down", "r", "y", "y", "enter")
    terminal.shows("requeue 1 job", f"/backtests/{first}/requeue")
    terminal.insist("n", lambda: "requeue 1 job" not in terminal.text)
    assert newcomer.job(first)["attempt"] == 1
    assert not [entry for entry in entries(newcomer) if entry["kind"] != "alert"]


def test_a_newcomer_sees_first_what_is_well_and_then_the_incident(opened: Open) -> None:
    terminal = opened("demo", "data-gap")
    terminal.shows("ok", "nothing found")
    began = time.monotonic()
    terminal.shows("FIRING ResearchBacktestFailed", "No data for")
    terminal.shows("explain 11 of 14 failures", seconds=45)
    assert time.monotonic() - began > ONSET / 2


def test_how_to_work_by_hand_is_said_before_the_dashboard_opens_and_in_its_help(opened: Open, tmp_path: Path) -> None:
    terminal = opened("demo", "calm", "--dir", str(tmp_path / "a place"))
    terminal.shows("ok", "nothing found")
    said = bytes(terminal.received).partition(b"\x1b[?1049h")[0].decode()
    (root,) = (tmp_path / "a place").iterdir()
    layout = Layout(root)
    assert f"export PATH='{layout.bin}':\"$PATH\"\r\n" in said
    assert f"of a runbook is where: {layout.readme}\r\n" in said
    (api,) = re.findall(r"its API is at (http://\S+)", said)
    assert httpx.get(f"{api}/api/research/backtests/health", timeout=10).status_code == 200
    terminal.press("?")
    terminal.shows("what is watched", api, layout.config.name)


@pytest.mark.parametrize("way", ["ctrl+q", "hang-up"])
def test_leaving_leaves_nothing(way: str, newcomer: Newcomer) -> None:
    assert len(newcomer.pids()) >= 4
    if way == "ctrl+q":
        newcomer.terminal.press("ctrl+q")
        assert newcomer.terminal.ends() == 0
    else:
        newcomer.terminal.hang_up()
        newcomer.terminal.process.wait(30)
    eventually(lambda: not newcomer.root.exists() and not newcomer.pids(), "the end of the platform")
    assert not newcomer.root.parent.exists()
