"""The scenario `memory` as it really runs, answered with signals, systemctl and requests."""

from pathlib import Path

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import UNIT, Site, site

KILLED = "worker killed (signal 9)"


def share(up: Site) -> float:
    """Memory of the unit against its limit."""
    held = up.show("MemoryCurrent")
    return int(held) / int(up.show("MemoryMax")) if held.isdecimal() else 0.0


def the_kernel_kills_whatever_is_started_beside_the_large_workers(crowded: Site) -> None:
    victim = crowded.failed(KILLED)[-1]["id"]
    assert crowded.requeue(victim)["error_message"] == KILLED
    assert "Memory cgroup out of memory: Killed process" in crowded.kernel()
    assert "killed by the OOM killer" in crowded.log()
    assert f"ERROR job {victim} attempt 2 failed" in crowded.log()
    assert crowded.effects("process.terminate") == []
    assert crowded.effects("job.requeue") == ["nothing"]
    assert crowded.open() == {"memory"}


def a_smaller_run_fits_beside_them(crowded: Site) -> None:
    wait_until(lambda: len(crowded.workers()) == 3)
    assert crowded.retry(crowded.failed(KILLED)[-2]["id"], limit_symbols=1)["status"] == "completed"
    assert crowded.open() == {"memory"}


def a_restart_helps_for_a_moment_only(crowded: Site) -> None:
    assert crowded.run("systemctl", "restart", UNIT).returncode == 0
    assert share(crowded) < 0.9
    wait_until(lambda: share(crowded) > 0.9, 40)
    assert crowded.effects("engine.restart") == ["nothing"]
    assert not crowded.healed()


def ending_the_large_workers_heals(crowded: Site) -> None:
    wait_until(lambda: len(crowded.workers()) == 3)
    large = crowded.workers()
    for worker in large.values():
        worker.terminate()
    wait_until(crowded.healed)
    assert share(crowded) < 0.5
    assert crowded.effects("process.terminate") == ["healed"] * 3
    assert crowded.requeue(crowded.failed(KILLED)[-3]["id"])["status"] == "completed"
    assert crowded.retry(next(iter(large)), reduce_timeframe=True)["status"] == "completed"
    assert crowded.judge()["harm"] == []


def test_memory_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    with site("memory", tmp_path) as up:
        wait_until(lambda: share(up) > 0.9 and len(up.workers()) == 3, 40)
        the_kernel_kills_whatever_is_started_beside_the_large_workers(up)
        a_smaller_run_fits_beside_them(up)
        a_restart_helps_for_a_moment_only(up)
        ending_the_large_workers_heals(up)
