"""A step that hangs holds its program only as long as the person wants."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.config.load import load
from tests.e2e.stand import BACKTOP, Stand, environment
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

UNIT = "adaf-backtest-engine"
HANGS = """#!/bin/sh
case "$*" in *restart*) echo $$ > "$0.pid"; exec sleep 300;; esac
exec {systemctl} "$@"
"""


@pytest.fixture
def hangs(calm: Stand, tmp_path: Path) -> Path:
    """A configuration whose `systemctl restart` never comes back."""
    script = tmp_path / "systemctl"
    script.write_text(HANGS.format(systemctl=" ".join(load(calm.config, None).engine.systemctl)))
    script.chmod(0o755)
    return calm.variant("hangs", {"engine": {"systemctl": [str(script)]}})


@pytest.fixture
def restarting(hangs: Path, calm: Stand, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """The real program, while it waits for that restart."""
    with subprocess.Popen(
        (BACKTOP, "act", "engine.restart", "--confirm", UNIT, "--json", "--config", str(hangs)),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(tmp_path), cwd=calm.home,
    ) as process:  # fmt: skip
        eventually((tmp_path / "systemctl.pid").exists, "the restart")
        yield process
        process.kill()


def entries(config: Path) -> list[dict[str, Any]]:
    """The journal, line by line."""
    return [json.loads(line) for line in load(config, None).journal_path.read_text("utf-8").splitlines()]


def test_a_second_term_cuts_a_restart_that_hangs(
    restarting: "subprocess.Popen[str]", hangs: Path, tmp_path: Path
) -> None:
    child = psutil.Process(int((tmp_path / "systemctl.pid").read_text()))
    assert restarting.stderr is not None
    restarting.send_signal(signal.SIGTERM)
    told = restarting.stderr.readline()
    assert told.startswith("told once more to end, it cuts short what it waits for: ")
    assert told.endswith(f"restart {UNIT}\n")
    for _ in range(3):  # the same word several times at once, as `timeout` says it
        restarting.send_signal(signal.SIGTERM)
    assert restarting.stderr.readline() == told
    assert child.is_running()

    def is_cut() -> bool:
        if child.is_running():
            restarting.send_signal(signal.SIGTERM)
        return not child.is_running()

    eventually(is_cut, "the end of what hangs")
    assert restarting.wait(30) == 3
    assert restarting.stdout is not None
    outcome = json.loads(restarting.stdout.read())["outcome"]
    assert (outcome["verdict"], outcome["so_far"]) == ("unknown", True)
    intent, step, verdict = entries(hangs)
    assert [entry["kind"] for entry in (intent, step, verdict)] == ["intent", "step", "verdict"]
    assert step["data"]["result"] == "cut short: it may have been done"
    assert verdict["data"]["text"] == "not looked at yet; backtop was told to end at once after step 1 of 1"
    assert not list(load(hangs, None).lock_dir.glob("*.lock"))
