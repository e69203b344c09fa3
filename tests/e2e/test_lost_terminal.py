"""A terminal that is taken away ends the program; one that is only left does not."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import Open
from tests.e2e.stand import BACKTOP, Stand, environment
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

SOON = 1.0
"""Seconds in which a program without a terminal has ended, once its CPU time is its own."""
PATIENCE = 10.0
TMUX = shutil.which("tmux")
SETSID = shutil.which("setsid")


def shown(opened: Open, stand: Stand) -> Terminal:
    """The dashboard with its first facts."""
    terminal = opened("--config", str(stand.config))
    terminal.shows("1 Jobs", "healthy")
    return terminal


def ended_without_spinning(process: psutil.Process) -> None:
    """It ends, and used no more of the processor on its way than an orderly end takes."""
    before = sum(process.cpu_times()[:2])
    used = before
    deadline = time.monotonic() + PATIENCE
    while process.is_running():
        assert time.monotonic() < deadline, "it goes on without a terminal"
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                break
            used = sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            break
    assert used - before < SOON


def test_a_hang_up_ends_it(opened: Open, calm: Stand) -> None:
    terminal = shown(opened, calm)
    program = psutil.Process(terminal.process.pid)
    terminal.hang_up()
    ended_without_spinning(program)


def test_reading_and_writing_errors_end_it(opened: Open, calm: Stand) -> None:
    """In a session of its own no signal reaches it: it only meets EIO when it reads and writes."""
    if SETSID is None:
        pytest.skip("setsid is not installed here")
    terminal = Terminal(SETSID, "--wait", BACKTOP, "--config", str(calm.config), environment=environment(calm.home))
    try:
        terminal.shows("1 Jobs", "healthy")
        (program,) = psutil.Process(terminal.process.pid).children()
        try:
            terminal.hang_up()
            ended_without_spinning(program)
        finally:
            with suppress(psutil.NoSuchProcess):
                program.kill()
    finally:
        terminal.close()


class Tmux:
    """A tmux server of its own, by its own socket."""

    def __init__(self, folder: Path) -> None:
        self._argv = (TMUX or "tmux", "-S", str(folder / "socket"), "-f", "/dev/null")
        self._environment = {**os.environ, **environment(folder), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

    def run(self, *arguments: str) -> str:
        """Run one command; returns what it printed."""
        return subprocess.run(
            (*self._argv, *arguments), env=self._environment, capture_output=True, text=True, timeout=30, check=True
        ).stdout  # fmt: skip

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until this is so."""
        deadline = time.monotonic() + 30
        while not reached():
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.run('capture-pane', '-p')}"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if TMUX is None:
        pytest.skip("tmux is not installed here")
    server = Tmux(tmp_path)
    yield server
    subprocess.run((*server._argv, "kill-server"), capture_output=True, check=False)


def test_a_detached_tmux_keeps_it(tmux: Tmux, calm: Stand, opened: Open) -> None:
    tmux.run("new-session", "-d", "-x", "100", "-y", "30", BACKTOP, "--config", str(calm.config))
    tmux.until(lambda: "healthy" in tmux.run("capture-pane", "-p"), "the dashboard")
    pid = int(tmux.run("display-message", "-p", "#{pane_pid}"))
    client = Terminal(*tmux._argv, "attach-session", columns=100, lines=30, environment=tmux._environment)
    try:
        client.shows("1 Jobs", "healthy")
        client.hang_up()
        client.process.wait(PATIENCE)
    finally:
        client.close()
    assert psutil.pid_exists(pid)
    tmux.run("send-keys", "?")
    tmux.until(lambda: "go to the failures pane" in tmux.run("capture-pane", "-p"), "help, after the client was lost")
    tmux.run("send-keys", "Escape")
    tmux.run("send-keys", "C-q")
    tmux.until(lambda: not psutil.pid_exists(pid), "its end")
