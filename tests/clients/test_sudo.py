"""A `sudo` before the command: what is run, as whom, what is asked beforehand, and the line that allows it."""

import getpass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clients.engine import EngineClient
from backend.clients.sudo import SudoCall, parse
from backend.command import SystemRunner

RUN = ("systemctl", "restart", "adaf-backtest-engine")


def understood(*words: str) -> SudoCall:
    call = parse(("sudo", *words))
    assert call is not None
    return call


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-n",),
        ("-n", "-u", "adaf"),
        ("-nu", "adaf"),
        ("-nuadaf",),
        ("-n", "-uadaf"),
        ("--user=adaf",),
        ("--user", "adaf"),
        ("--us=adaf",),
        ("-u", "adaf", "--"),
        ("-g", "systemd-journal"),
        ("-C", "10"),
        ("--close-from=10",),
        ("-h", "research-01"),
        ("-p", "systemctl"),
        ("-p", ""),
        ("-r", "role", "-t", "type"),
        ("-T", "30"),
        ("-D", "/srv", "-R", "/"),
        ("-u", "-n"),
        ("LC_ALL=C",),
        ("-n", "LC_ALL=C", "TZ=UTC", "-u", "adaf"),
        ("-E",),
        ("--preserve-env=PATH,HOME",),
        ("-k", "-H", "-b", "-P"),
    ],
    ids=" ".join,
)
def test_the_command_is_what_stands_behind_the_options(words: tuple[str, ...]) -> None:
    assert understood(*words, *RUN).command == RUN


def test_options_of_the_command_are_its_own() -> None:
    call = understood("-n", "systemctl", "--user", "-n", "restart", "unit")
    assert call.command == ("systemctl", "--user", "-n", "restart", "unit")
    assert call.option("user") is None


def test_behind_the_end_of_the_options_all_is_command() -> None:
    assert understood("--", "A=b", "x").command == ("A=b", "x")
    assert understood("--", "A=b", "x").asking == ("sudo", "-n", "-l", "--", "A=b", "x")


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("systemctl", "restart"),
        ("ssh", "research-01", "sudo", "systemctl"),
        ("sudoedit", "x"),
        ("sudo",),
        ("sudo", "-n"),
        ("sudo", "-u"),
        ("sudo", "--user"),
        ("sudo", "-Z", *RUN),
        ("sudo", "--nonsense", *RUN),
        ("sudo", "--non-interactive=yes", *RUN),
        ("sudo", "--c=1", *RUN),
        ("sudo", "-i", *RUN),
        ("sudo", "-s", *RUN),
        ("sudo", "-l", *RUN),
        ("sudo", "-U", "adaf", *RUN),
    ],
    ids=" ".join,
)
def test_what_runs_no_command_of_ours_is_not_judged(argv: tuple[str, ...]) -> None:
    assert parse(argv) is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "ann ALL=(root) NOPASSWD: /opt/systemctl restart engine"),
        (("-n", "-u", "adaf"), "ann ALL=(adaf) NOPASSWD: /opt/systemctl restart engine"),
        (("-u", "bob", "--user=adaf"), "ann ALL=(adaf) NOPASSWD: /opt/systemctl restart engine"),
        (("-u", "#1000"), "ann ALL=(#1000) NOPASSWD: /opt/systemctl restart engine"),
        (("-u", "adaf", "-g", "research"), "ann ALL=(adaf : research) NOPASSWD: /opt/systemctl restart engine"),
        (("--group=research",), "ann ALL=(ann : research) NOPASSWD: /opt/systemctl restart engine"),
    ],
)
def test_the_line_names_whom_it_runs_as(words: tuple[str, ...], line: str) -> None:
    assert understood(*words, "/opt/systemctl", "restart", "engine").rule("ann") == line


def test_signs_that_mean_something_in_sudoers_are_escaped() -> None:
    line = understood("/opt/systemctl", "restart", r"a\x2db:c,d=e@1").rule("ann")
    assert line.endswith(r" restart a\\x2db\:c\,d\=e@1")


def test_a_program_without_a_path_is_the_one_that_sudo_finds() -> None:
    assert understood("sh", "x").rule("ann").endswith(("NOPASSWD: /usr/bin/sh x", "NOPASSWD: /bin/sh x"))
    assert understood("no-such-program", "x").rule("ann").endswith("NOPASSWD: /usr/bin/no-such-program x")
    assert understood("./systemctl", "x").rule("ann").endswith("NOPASSWD: ./systemctl x")


VALUED = (("C", "close-from"), ("D", "chdir"), ("R", "chroot"), ("T", "command-timeout"), ("g", "group"), ("h", "host"),
          ("p", "prompt"), ("r", "role"), ("t", "type"), ("u", "user"))  # fmt: skip
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=6)


@st.composite
def spelt(draw: st.DrawFn) -> tuple[str | None, str, tuple[str, ...]]:
    """An option with its value, in one of the ways in which it can be written; or flags; or a variable."""
    how = draw(st.sampled_from(["flags", "variable", "apart", "attached", "behind flags", "long", "long apart"]))
    flags = draw(st.text(st.sampled_from("nEHkbPB"), min_size=1, max_size=3))
    value = draw(VALUES)
    short, name = draw(st.sampled_from(VALUED))
    match how:
        case "flags":
            return None, "", (f"-{flags}",)
        case "variable":
            return None, "", (f"A_1={value}",)
        case "apart":
            return name, value, (f"-{short}", value)
        case "attached":
            return name, value, (f"-{short}{value}",)
        case "behind flags":
            return name, value, (f"-{flags}{short}", value)
        case "long":
            return name, value, (f"--{name}={value}",)
        case _:
            return name, value, (f"--{name}", value)


COMMANDS = st.tuples(VALUES.filter(lambda word: not word.startswith("-") and "=" not in word)).flatmap(
    lambda first: st.lists(st.text(max_size=6), max_size=4).map(lambda rest: (*first, *rest))
)


@given(st.lists(spelt(), max_size=6), st.booleans(), COMMANDS)
def test_the_command_that_is_asked_about_is_the_command_that_is_run(
    options: list[tuple[str | None, str, tuple[str, ...]]], ended: bool, command: tuple[str, ...]
) -> None:
    words = [word for _, _, spelling in options for word in spelling]
    call = understood(*words, *(["--"] if ended else []), *command)
    given_values = {name: value for name, value, _ in options if name}
    assert call.command == command
    assert {name: call.option(name) for name in given_values} == given_values
    sudo, never_ask, *asked = call.asking
    asked.remove("-l")
    again = understood(*asked)
    assert (sudo, never_ask) == ("sudo", "-n")
    assert again.command == command
    assert all(again.option(name) == call.option(name) for name in ("user", "group", "host", "chroot", "chdir"))
    assert again.rule("ann") == call.rule("ann")


SUDO = """\
#!/bin/sh
printf '%s\\n' "$@" >> "$(dirname "$0")/called"
exit 1
"""


async def test_the_engine_asks_for_the_right_of_the_user_that_it_runs_as(tmp_path: Path) -> None:
    script = tmp_path / "sudo"
    script.write_text(SUDO)
    script.chmod(0o755)
    argv = (str(script), "-n", "-u", "adaf", "--", "/opt/systemctl")
    lines = await EngineClient("engine", argv, SystemRunner()).needs_password("restart")
    assert lines is not None
    assert f"{getpass.getuser()} ALL=(adaf) NOPASSWD: /opt/systemctl restart engine" in lines.split("\n")
    asked = (tmp_path / "called").read_text().split()
    assert asked == ["-n", "--user=adaf", "-l", "/opt/systemctl", "restart", "engine"]


async def test_a_sudo_that_gets_its_password_from_a_program_is_not_asked(tmp_path: Path) -> None:
    argv = (str(tmp_path / "sudo"), "-A", "/opt/systemctl")
    assert await EngineClient("engine", argv, SystemRunner()).needs_password("restart") is None
