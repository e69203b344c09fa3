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
def test_starts_and_ends_in_a_row_leave_nothing(tmp_path: Path) -> None:
    for number in range(STARTS):
        with ExitStack() as after, site("calm", tmp_path, "--seed", str(number)) as up:
            after.enter_context(traceless(up))
        assert not any(tmp_path.iterdir()), f"after start {number}"


def test_side_by_side_they_do_not_meet(tmp_path: Path) -> None:
    with ExitStack() as stay:
        first = stay.enter_context(site("calm", tmp_path))
        with ExitStack() as after, site("data-gap", tmp_path, "--quirks", "missing-routes") as second:
            assert first.layout.root != second.layout.root
            assert not held(first) & held(second)
            assert first.get("backtests/status")["counts"]["failed"] == 2
            assert second.client.get("/api/research/backtests/status").status_code == 404
            after.enter_context(traceless(second))
        assert first.get("backtests/health")["status"] == "healthy"
        assert first.show("ActiveState") == "active"
        assert is_light(first)
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
