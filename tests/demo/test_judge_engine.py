"""The scenario `engine-crash` as it really runs, answered with systemctl and signals."""

import os
import signal
from pathlib import Path

import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import UNIT, Site, site
from tui.demo.unit.manager import EARLIER_PID
from tui.demo.world.outcome import LOST


def the_unit_has_given_up_and_everything_tells_of_it(crashed: Site) -> None:
    shown = [crashed.show(name) for name in ("ActiveState", "ExecMainStatus", "MainPID")]
    assert shown == ["failed", "11", "0"]
    earlier = f"python[{EARLIER_PID - 1}]: segfault at 0 "
    wait_until(lambda: crashed.kernel().replace(earlier, "").count(": segfault at 0 ") == 5)
    assert crashed.kernel().count(earlier) == 1
    log = crashed.log()
    assert log.count("code=killed, status=11/SEGV") == 6, "one of them before the platform began"
    assert log.count("the pricing kernel met a damaged input block") == 5
    assert "Start request repeated too quickly." in log
    assert len(crashed.failed(LOST)) >= 7
    assert crashed.get("backtests/status")["counts"]["running"] == 0
    assert crashed.get("backtests/status")["counts"]["pending"] > 0
    assert crashed.open() == {"engine"}


def it_is_healed_by_a_start_once_the_unit_has_forgotten(crashed: Site) -> None:
    assert crashed.layout.engine_pid.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(crashed.layout.engine_pid.read_text()), signal.SIGTERM)
    assert crashed.run("systemctl", "restart", UNIT).returncode == 1
    lost = crashed.failed(LOST)[0]["id"]
    crashed.post(f"backtests/{lost}/requeue")
    assert not crashed.healed()
    for verb in ("reset-failed", "start"):
        assert crashed.run("systemctl", verb, UNIT).returncode == 0
    wait_until(crashed.healed, 20)
    assert crashed.ended(lost)["status"] == "completed"
    wait_until(lambda: crashed.effects("job.requeue") == ["healed"])
    assert crashed.effects("engine.restart") == ["nothing", "healed"]
    assert crashed.effects("engine.reset-failed") == ["healed"]
    verdict = crashed.judge()
    assert verdict["harm"] == verdict["open"] == []
    assert verdict["since"] < verdict["healed_at"]
    assert (verdict["scenario"], verdict["cause"]) == ("engine-crash", "engine")


def nothing_is_left_of_the_jobs_that_were_lost(crashed: Site) -> None:
    def left() -> set[str]:
        return {path.name for path in crashed.layout.active.iterdir()}

    wait_until(lambda: left() <= {job["id"] for job in crashed.get("backtests?status=running")["backtests"]})
    assert crashed.judge()["harm"] == []


def test_the_engine_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with site("engine-crash", tmp_path) as up:
        wait_until(lambda: up.show("Result") == "start-limit-hit", 60)
        wait_until(lambda: up.get("backtests/health")["status"] == "down")
        the_unit_has_given_up_and_everything_tells_of_it(up)
        it_is_healed_by_a_start_once_the_unit_has_forgotten(up)
        nothing_is_left_of_the_jobs_that_were_lost(up)
