"""The README tells what the tables of the program say, and its commands are those that are run."""

import re
from pathlib import Path

import pytest

from actions.registry import REGISTRY
from backend.diagnosis.rules import RULES
from tui import cli
from tui.demo.world.scenario import SCENARIOS
from tui.keys import KEYS
from widgets.present.panes import PANES

HOUSE = Path(__file__).resolve().parents[2]
README = (HOUSE / "README.md").read_text("utf-8")
FIRST_SCREEN = 24
"""Lines that a reader sees without scrolling."""
COMMANDS = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(r"--[a-z][a-z-]+")


def table(*rows: tuple[str, ...]) -> str:
    head, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((head, "|" + "---|" * len(rows[0]), *rest))


def section(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_table_of_keys_is_the_programs() -> None:
    rows = [(f"`{key.shown}`", key.on, key.help) for key in KEYS]
    assert section("keys") == table(("key", "where", "what"), *rows)


def test_the_table_of_actions_is_the_programs() -> None:
    rows = [(f"`{each.key}`", each.pane, f"`{each.id}`", each.risk.value, each.help) for each in REGISTRY.values()]
    assert section("actions") == table(("key", "pane", "action", "risk", "what"), *rows)


def test_every_pane_is_told() -> None:
    assert [pane.title for pane in PANES.values()] == re.findall(r"^\| ([A-Z]\w+) \|", README, re.MULTILINE)


def test_there_are_two_commands_and_both_stand_in_the_first_screen() -> None:
    start = README.splitlines()[:FIRST_SCREEN]
    assert len(COMMANDS) == 2
    assert all(command in start for command in COMMANDS)


def test_what_runs_the_checks_elsewhere_runs_the_second_command() -> None:
    script = (HOUSE / ".ci" / "run").read_text("utf-8")
    assert script.splitlines()[-1] == COMMANDS[1]


def test_every_option_it_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    told = set(OPTIONS.findall(README.partition("## Command line")[2].partition("## How it is built")[0]))
    known: set[str] = set()
    for command in ((), ("demo",), ("status",), ("diagnose",), ("actions",), ("act",), ("journal",), ("config",)):
        with pytest.raises(SystemExit):
            cli.parser().parse_args([*command, "--help"])
        known |= set(OPTIONS.findall(capsys.readouterr().out))
    assert told == known - {"--help", "--version"}


def test_the_table_of_scenarios_is_the_programs() -> None:
    rows = [(f"`{each.name}`", each.title, f"`{each.cause}`" if each.cause else "–") for each in SCENARIOS.values()]
    assert section("scenarios") == table(("scenario", "what there is", "cause"), *rows)


def test_every_cause_that_is_diagnosed_is_told() -> None:
    told = re.findall(r"`(\w+)` \(", README.partition("are diagnosed: ")[2].partition("\n")[0])
    assert told == [rule.__module__.rpartition(".")[2] for rule in RULES]


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (HOUSE / target).is_file(), target


def test_the_files_it_names_are_there() -> None:
    for name in re.findall(r"`((?:backend|actions|widgets|tui|tests)/[\w/.]+)`", README):
        assert (HOUSE / name).exists(), name
