"""An engine that gave up, brought back from the command line: its failed state is cleared, then it is restarted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.stand import Result, Stand, standing
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

UNIT = "adaf-backtest-engine"
RUN = ("intent", "step", "verdict")


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing("engine-crash", tmp_path_factory.mktemp("engine-crash")) as stand:
        eventually(lambda: unit(stand)["result"] == "start-limit-hit", "the end of the unit's patience", 60)
        yield stand


def unit(stand: Stand) -> dict[str, Any]:
    """The unit, as backtop sees it."""
    seen: dict[str, Any] = stand.run("status", "--json").json["sources"]["engine"]["value"]["unit"]
    return seen


def judge(stand: Stand) -> dict[str, Any]:
    """The platform's own word on what was done to it."""
    said: dict[str, Any] = httpx.get(f"{stand.said['api']}/judge", timeout=10).raise_for_status().json()
    return said


def act(stand: Stand, *arguments: str) -> Result:
    return stand.run("act", *arguments, "--json")


def a_restart_is_refused_and_says_what_comes_first(crashed: Stand) -> None:
    told = act(crashed, "engine.restart", "--confirm", UNIT)
    assert told.code == 2, told.out
    assert "reset failed (e in resources) clears it" in told.json["outcome"]["text"]
    assert judge(crashed)["done"] == []


def the_failed_state_is_cleared(crashed: Stand) -> None:
    dry = act(crashed, "engine.reset-failed", "--dry-run")
    assert (dry.code, dry.json["plan"]["risk"], dry.json["plan"]["confirm"]) == (0, "low", None)
    assert [step["kind"] for step in dry.json["plan"]["steps"]] == ["command"]
    assert dry.json["plan"]["steps"][0]["text"].endswith(f"systemctl reset-failed {UNIT}")
    assert act(crashed, "engine.reset-failed").code == 2
    assert unit(crashed)["active"] == "failed"
    told = act(crashed, "engine.reset-failed", "--yes")
    assert (told.code, told.json["outcome"]["verdict"]) == (0, "worked"), told.out
    assert told.json["outcome"]["text"] == "failed -> inactive"
    assert unit(crashed)["active"] == "inactive"
    assert not judge(crashed)["over"]
    again = act(crashed, "engine.reset-failed", "--yes")
    assert (again.code, again.json["outcome"]["text"]) == (2, "The engine's unit has not failed.")


def only_the_right_word_restarts_it(crashed: Stand) -> None:
    for wrong in ([], ["--yes"], ["--confirm", "adaf"], ["--confirm", f"{UNIT}.service"], ["--confirm", ""]):
        told = act(crashed, "engine.restart", *wrong)
        assert told.code == 2, told.out
        assert told.json["outcome"]["verdict"] == "refused"
        assert told.json["plan"]["confirm"] == UNIT
        assert f"--confirm {UNIT}" in told.json["outcome"]["text"]
    assert unit(crashed)["active"] == "inactive"


def the_right_word_restarts_it(crashed: Stand) -> None:
    told = act(crashed, "engine.restart", "--confirm", UNIT)
    assert (told.code, told.json["outcome"]["verdict"]) == (0, "worked"), told.out
    assert told.json["outcome"]["text"].startswith("inactive -> active in a new run, health healthy after ")
    assert told.json["plan"]["effects"][0] == "the unit is inactive: this starts it"
    eventually(lambda: bool(judge(crashed)["over"]), "the end of the incident", 30)
    verdict = judge(crashed)
    assert verdict["harm"] == verdict["open"] == []
    assert {"engine.reset-failed: systemctl reset-failed", "engine.restart: systemctl restart"} == {
        deed["what"] for deed in verdict["done"]
    }
    again = act(crashed, "engine.restart", "--confirm", UNIT)
    assert again.code == 2
    assert "was already asked for" in again.json["outcome"]["text"]


def it_all_stands_in_the_journal(crashed: Stand) -> None:
    entries = [json.loads(line) for line in crashed.run("journal", "--json").out.splitlines()]
    done = [(action, kind) for action in ("engine.reset-failed", "engine.restart") for kind in RUN]
    assert [(entry["action"], entry["kind"]) for entry in entries] == [*done, ("engine.restart", "refusal")]
    assert crashed.run("journal", "--verify").code == 0
    locks = Path(crashed.run("config", "path").out.split("locks")[1].strip())
    assert not list(locks.glob("*.lock"))


def test_the_engine_is_brought_back(crashed: Stand) -> None:
    a_restart_is_refused_and_says_what_comes_first(crashed)
    the_failed_state_is_cleared(crashed)
    only_the_right_word_restarts_it(crashed)
    the_right_word_restarts_it(crashed)
    it_all_stands_in_the_journal(crashed)
