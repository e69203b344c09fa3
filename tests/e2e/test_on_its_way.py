"""A `sudo` that is slow to tell what may be run: the dialog comes late, and finds the hands at something else."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Open
from tests.e2e.stand import Stand, backtop
from tests.e2e.terminal import Terminal
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

SLOW_SUDO = """#!/bin/sh
here=${0%/*}
case " $* " in
*" -l "*) touch "$here/asked"; until [ -e "$here/tells" ]; do sleep 0.02; done ;;
*" show "*) shift; "$@" | sed 's/^ActiveState=.*/ActiveState=failed/' ;;
*) shift; exec "$@" ;;
esac
"""
"""Allows everything, once the file `tells` is there. The unit that it shows has failed."""
LOOKS = "reset failed: looks whether it may run"


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the slow one, which is the first to be found."""
    program = tmp_path / "bin" / "sudo"
    program.parent.mkdir()
    program.write_text(SLOW_SUDO)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program.parent


@pytest.fixture
def config(calm: Stand, tmp_path: Path) -> Path:
    """The calm platform, its engine behind sudo; with a journal of its own."""
    argv = ["sudo", "-n", f"{calm.said['bin']}/systemctl"]
    return calm.variant(tmp_path.name, {"engine": {"systemctl": argv}})


@pytest.fixture
def looking(sudo: Path, opened: Open, config: Path) -> Terminal:
    """The dashboard, with the dialog of an action on its way."""
    terminal = opened("--config", str(config))
    terminal.shows("3 Resources", "engine", "failed")
    terminal.press("3", "e")
    terminal.shows(LOOKS)
    eventually((sudo / "asked").exists, "the question to sudo")
    return terminal


def test_a_filter_that_is_typed_meanwhile_confirms_nothing(
    looking: Terminal, sudo: Path, config: Path, tmp_path: Path
) -> None:
    looking.press("2", "/")
    looking.shows("dropped; nothing was sent", "enter keeps")
    (sudo / "tells").touch()
    for letter in "strategy:momentum":
        looking.press(letter)
        looking.until(lambda letter=letter: letter in looking.text.splitlines()[-1], letter)  # type: ignore[misc]
    looking.press("enter")
    looking.shows("2 Failures /strategy:momentum")
    assert backtop("journal", "--json", "--config", str(config), home=tmp_path).out == ""
    looking.press("3", "e")
    looking.shows("reset failed", "[n] Cancel   [y] reset failed")


def test_who_leaves_meanwhile_is_asked_nothing(looking: Terminal, config: Path, tmp_path: Path) -> None:
    looking.press("ctrl+q")
    assert looking.ends() == 0
    assert backtop("journal", "--json", "--config", str(config), home=tmp_path).out == ""
