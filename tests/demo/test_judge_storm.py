"""The scenario `storm` as it really runs, answered with requests and by deleting files."""

import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import Site, site
from tui.demo.outside import PING_HOST
from tui.demo.world.outcome import NO_SPACE

DAY = 86400.0
REPAIR = {"symbols": ["AUTO_DETECT"], "date_range": "last_7d", "repair_gaps": True}


def older(folder: Path, seconds: float) -> list[Path]:
    """Files that changed longer ago."""
    return [path for path in folder.iterdir() if time.time() - path.stat().st_mtime > seconds]


def younger(folder: Path, seconds: float) -> Path:
    """One file that changed since."""
    return next(path for path in folder.iterdir() if time.time() - path.stat().st_mtime < seconds)


def the_provider_takes_connections_and_never_answers(storm: Site) -> None:
    ping = storm.run("ping", "-c", "1", "-W", "0", PING_HOST)
    assert (ping.returncode, "100% packet loss" in ping.stdout) == (1, True)
    with pytest.raises(httpx.ReadTimeout):
        storm.client.head("/providers/marketdata/health", timeout=0.5)
    assert storm.get("data/sources")["sources"][0]["status"] == "down"
    assert storm.get("data/status")["status"] == "degraded"


def nothing_is_repaired_from_a_source_that_does_not_answer(storm: Site) -> None:
    assert "does not answer" in storm.post("data/repair", REPAIR, 503)["error"]
    assert "does not answer" in storm.post("data/refresh", {"symbols": "all"}, 503)["error"]
    assert storm.effects("data.repair") == ["nothing"]


def the_fail_over_heals_its_part(storm: Site) -> None:
    starved = storm.failed("timed out")[-1]["id"]
    storm.post("data/sources/failover", {"to_backup": True, "reason": "primary_data_issues"}, 200)
    assert storm.open() == {"storage", "data"}
    assert storm.effects("data.failover") == ["healed"]
    assert storm.requeue(starved)["error_message"] == NO_SPACE


def cleaning_heals_its_part_and_new_files_are_still_needed(storm: Site) -> None:
    layout = storm.layout
    younger(layout.completed, 20 * DAY).unlink()
    wait_until(lambda: storm.effects("files.clean-results") == ["harm"])
    for path in older(layout.temp, 61 * 60.0):
        path.unlink()
    wait_until(lambda: storm.effects("files.clean-temp") == ["healed"])
    assert storm.requeue(storm.failed(NO_SPACE)[-1]["id"])["status"] == "completed"
    assert "storage" in storm.open()
    subprocess.run(["find", layout.results, layout.completed, "-type", "f", "-mtime", "+30", "-delete"], check=True)
    wait_until(lambda: storm.open() == {"data"})
    assert set(storm.effects("files.clean-results")[1:]) == {"healed"}


def the_repair_heals_the_rest(storm: Site) -> None:
    stumbled = storm.failed("No data")[-1]["id"]
    assert storm.requeue(stumbled)["status"] == "failed"
    storm.post("data/repair", REPAIR)
    wait_until(storm.healed, 20)
    assert storm.requeue(stumbled)["status"] == "completed"
    assert storm.effects("data.repair") == ["nothing", "healed"]
    verdict = storm.judge()
    assert (verdict["causes"], verdict["open"]) == (["provider", "storage", "data"], [])
    assert len(verdict["harm"]) == 1


def test_the_storm_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with site("storm", tmp_path) as up:
        wait_until(lambda: up.open() == {"provider", "storage", "data"}, 30)
        the_provider_takes_connections_and_never_answers(up)
        nothing_is_repaired_from_a_source_that_does_not_answer(up)
        the_fail_over_heals_its_part(up)
        cleaning_heals_its_part_and_new_files_are_still_needed(up)
        the_repair_heals_the_rest(up)
