"""The table of quirks, and what is chosen from it."""

import pytest

from tui import cli
from tui.demo.instance import GroundError
from tui.demo.launch import LaunchError, launch
from tui.demo.program import main
from tui.demo.quirks.behaviour import BEHAVIOURS
from tui.demo.quirks.exchange import Answer, Question
from tui.demo.quirks.switchboard import Switchboard
from tui.demo.quirks.table import HANGING_PROVIDER, QUIRKS, SLOW, UnknownQuirkError, chosen
from tui.demo.wish import Wish


def test_somebody_does_each_quirk() -> None:
    own = {name for name, quirk in QUIRKS.items() if not quirk.ground}
    assert own == {SLOW, *BEHAVIOURS} - {HANGING_PROVIDER}


def test_names_are_chosen_in_the_order_of_the_table() -> None:
    assert chosen("reset, null-ids,reset") == ("null-ids", "reset")
    assert chosen("all") == chosen("reset,all") == tuple(QUIRKS)
    assert chosen("") == ()


def test_an_unknown_name_is_told_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownQuirkError, match="html-404"):
        chosen("reset,nonsense")
    assert main(["calm", "--quirks", "nonsense"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "there is no quirk 'nonsense'; there are: slow-first-answer, " in said


async def test_a_launch_passes_wrong_usage_on() -> None:
    with pytest.raises(LaunchError, match="there is no quirk 'nonsense'; there are: ") as refusal:
        await launch("calm", 1, None, "--quirks=nonsense")
    assert refusal.value.code == 2


def test_the_command_line_takes_what_the_platform_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["demo", "--headless", "--quirks", "reset,nonsense"]) == 2
    assert "there is no quirk 'nonsense'" in capsys.readouterr().err
    assert cli.run(["demo", "--headless", "--jobs", "100001"]) == 2
    assert "100001 jobs are not possible; 0 to 100000 are" in capsys.readouterr().err


@pytest.mark.parametrize(("jobs", "symbols"), [(100_001, 0), (0, 20_001), (-1, 0)])
def test_what_is_too_much_is_refused(jobs: int, symbols: int) -> None:
    with pytest.raises(GroundError) as refusal:
        Wish.of("calm", 1, jobs, symbols, "")
    assert refusal.value.code == 2


def test_the_supervisor_hears_of_its_own_quirks_only() -> None:
    told: list[str] = []
    switches = Switchboard(told.append, ["postgres-locked"])
    switches.set(["silence", "postgres-restart"])
    switches.switch_on("postgres-restart", 3)
    switches.set([])
    assert told == [
        "off postgres-locked", "on postgres-restart 20", "on postgres-restart 3", "off postgres-restart",
    ]  # fmt: skip
    assert switches.active == []


def test_all_that_can_be_combined_is() -> None:
    """Every change of an answer can follow every other."""
    job = {"id": "7", "status": "completed", "priority": "low", "strategy_name": "x"}
    answer = Answer.of({"backtests": [job, {**job, "id": "8"}], "total": 2, "offset": 0})
    for behaviour in BEHAVIOURS.values():
        if behaviour.change is not None:
            answer = behaviour.change(Question("GET", "backtests", {"status": "completed"}), answer)
    assert [row["name"] for row in answer.value["backtests"]] == ["x", "x"]
