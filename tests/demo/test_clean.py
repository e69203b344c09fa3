"""Whatever comes and goes, nothing of a platform stays: processes, sockets, folders, shared memory.

`BACKTOP_STARTS=40` makes the row of starts and ends as long as one likes.
"""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.test_life import run_of, segment_of, segments
from tui.demo.instance import belonging

STARTS = int(os.environ.get("BACKTOP_STARTS", "2"))
HEAVIEST, BUSIEST = 150.0, 0.05
"""Megabytes that a calm platform may hold in all, and its share of one core."""


def held(site: Site) -> set[int]:
    """The ports that the platform listens on."""
    ports = {json.loads(path.read_text())["port"] for path in (site.layout.api, site.layout.postgres)}
    assert all(listens(port) for port in ports)
    return ports


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def traceless(site: Site) -> Iterator[None]:
    """What ends the platform within leaves nothing of it."""
    ports, segment, root, token = held(site), segment_of(site.layout), site.layout.root, site.said["token"]
    own = list(belonging(root, token))
    assert len(own) >= 4
    assert not any("/dev/shm/" in Path(f"/proc/{process.pid}/maps").read_text() for process in own if process.alive)
    yield
    assert list(belonging(root, token)) == []
    assert not any(listens(port) for port in ports)
    assert not root.exists()
    assert segment not in segments()


@pytest.mark.timeout(60 + 15 * STARTS)
def test_starts_and_ends_in_a_row_leave_nothing_and_hurt_no_neighbour(tmp_path: Path) -> None:
    with site("calm", tmp_path) as neighbour:
        then = Weight.of(neighbour)
        for number in range(STARTS):
            words = ("--seed", str(number), "--quirks", "missing-routes")
            with ExitStack() as after, site("data-gap", tmp_path, *words) as up:
                assert not held(neighbour) & held(up)
                assert up.client.get("/api/research/backtests/status").status_code == 404
                assert neighbour.get("backtests/status")["counts"]["failed"] == 2
                after.enter_context(traceless(up))
            assert [path.name for path in tmp_path.iterdir()] == [neighbour.layout.root.name], f"after start {number}"
        wait_until(lambda: neighbour.get("backtests/health")["status"] == "healthy")
        assert (neighbour.show("ActiveState"), neighbour.show("NRestarts")) == ("active", "0")
        now = Weight.of(neighbour)
        assert now.megabytes < HEAVIEST
        assert now.cpu_seconds - then.cpu_seconds < BUSIEST * (now.at - then.at)
    assert not any(tmp_path.iterdir())


def test_one_that_is_killed_in_the_middle_of_quirks_is_cleaned_up(tmp_path: Path) -> None:
    """Folders that cannot be read and a session that holds a lock are left; the next start removes them too."""
    with run_of("calm", temp=tmp_path) as killed, httpx.Client(base_url=killed.said["api"]) as client:
        up = Site(killed.said, client)
        with ExitStack() as on:
            for name in ("unreadable-folders", "postgres-locked", "provider-hangs"):
                up.client.put(f"/judge/quirks/{name}").raise_for_status()
            wait_until(lambda: not readable(up.layout.results) and (up.layout.log / "adaf-archiver").exists())
            on.enter_context(traceless(up))
            killed.process.send_signal(signal.SIGKILL)
            killed.process.wait()
            assert up.layout.root.exists()
            with site("calm", tmp_path) as next_one:
                assert [path.name for path in tmp_path.iterdir()] == [next_one.layout.root.name]
    assert not any(tmp_path.iterdir())


def readable(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def test_whatever_part_of_it_is_killed_the_next_start_cleans_up(tmp_path: Path) -> None:
    """Each of its processes is killed by itself, the supervisor last; what came in place of them is killed too."""
    with run_of("calm", temp=tmp_path) as killed, httpx.Client(base_url=killed.said["api"]) as client:
        up = Site(killed.said, client)
        wait_until(lambda: len(up.workers()) >= 3)
        with traceless(up):
            for process in parts(killed.process.pid):
                with suppress(psutil.NoSuchProcess):  # others went with one before it
                    process.kill()
            killed.process.kill()
            killed.process.wait()
            assert up.layout.root.exists()
            with site("calm", tmp_path) as next_one:
                assert [path.name for path in tmp_path.iterdir()] == [next_one.layout.root.name]
    assert not any(tmp_path.iterdir())


def parts(supervisor: int) -> list[psutil.Process]:
    """All processes of a platform but its supervisor, the youngest first."""
    return sorted(
        psutil.Process(supervisor).children(recursive=True), key=psutil.Process.create_time, reverse=True
    )  # fmt: skip


@dataclass(frozen=True)
class Weight:
    """What a whole platform weighs, its supervisor and its workers included."""

    megabytes: float
    cpu_seconds: float
    at: float

    @classmethod
    def of(cls, site: Site) -> "Weight":
        supervisor = psutil.Process(json.loads(site.layout.api.read_text())["pid"]).parent()
        assert supervisor is not None
        shares = [_share(process) for process in (supervisor, *supervisor.children(recursive=True))]
        return cls(sum(held for held, _ in shares) / (1 << 20), sum(cpu for _, cpu in shares), time.monotonic())


def _share(process: psutil.Process) -> tuple[int, float]:
    """Bytes that it holds, of what it shares with others its part; CPU seconds of it and of those that it outlived."""
    try:
        return int(process.memory_full_info().pss), sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0, 0.0
