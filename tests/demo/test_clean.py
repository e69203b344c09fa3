"""Whatever comes and goes, nothing of a platform stays: processes, sockets, folders, shared memory.

`BACKTOP_STARTS=40` makes the row of starts and ends as long as one likes.
"""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.demo.api_rig import wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.test_life import run_of, segment_of, segments
from tui.demo.instance import belonging

STARTS = int(os.environ.get("BACKTOP_STARTS", "2"))


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
        assert is_light(neighbour)
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


def is_light(site: Site) -> bool:
    """What the platform holds for itself; the memory of its workers is what their jobs ask for."""
    workers = {process.pid for process in site.workers().values()}
    own = [each.pid for each in belonging(site.layout.root, site.said["token"]) if each.pid not in workers]
    return sum(psutil.Process(pid).memory_full_info().uss for pid in own) < 100 << 20
