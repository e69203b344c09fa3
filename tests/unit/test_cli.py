"""The command line: what it takes, what it says and the code that it leaves with, as far as no platform is needed."""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from textual.theme import BUILTIN_THEMES

from backend.clock import SystemClock
from backend.config.example import example
from backend.incident.journal import Journal
from tui import cli
from tui.cli import THEME_NAMES
from tui.demo.world.scenario import SCENARIOS
from tui.themes import THEMES

WRONG = """\
[api]
url = 5
colour = "red"
[limits]
memory_percent = 900
[nonsense]
a = 1
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration of the person who runs the tests."""
    for name in ("BACKTOP_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def written(text: str, folder: Path) -> str:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return str(path)


def code_of(*arguments: str) -> int:
    """The exit code, however it is left."""
    try:
        return cli.run(arguments)
    except SystemExit as error:
        return int(error.code or 0)


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--version") == 0
    assert capsys.readouterr().out == f"backtop {version('backtop')}\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nonsense",), 2),
        (("--nonsense",), 2),
        (("--nonsense", "status"), 3),
        (("--profile", "p", "--nonsense", "diagnose", "--json"), 3),
        (("--config",), 2),
        (("status", "--nonsense"), 3),
        (("status", "--json", "more"), 3),
        (("diagnose", "--config"), 3),
        (("diagnose", "--seed", "1"), 3),
        (("actions", "--yes"), 2),
        (("act",), 2),
        (("act", "job.requeue", "1", "--set", "novalue"), 2),
        (("act", "job.requeue", "1", "--set", "=x"), 2),
        (("journal", "extra"), 2),
        (("config",), 2),
        (("config", "nonsense"), 2),
        (("demo", "calm", "--seed", "many"), 2),
        (("demo", "--nonsense"), 2),
    ],
)
def test_wrong_usage_is_told_on_the_error_side(
    arguments: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(*arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("usage: backtop")


def test_the_dashboard_wants_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of() == 2
    assert code_of("demo", "calm") == 2
    assert capsys.readouterr().err.count("needs a terminal") == 2


def test_every_mistake_of_a_configuration_is_told_at_once_with_its_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(WRONG, home)
    for arguments, code in ((("status",), 3), (("diagnose",), 3), (("actions",), 2), (("config", "show"), 2), ((), 2)):
        assert code_of(*arguments, "--config", path) == code
        said = capsys.readouterr()
        assert said.out == ""
        lines = said.err.splitlines()
        assert [line.partition(": ")[2].partition(": ")[0] for line in lines] == [f"{path}:{n}" for n in (2, 3, 5, 6)]
        assert all(line.startswith("backtop: ") for line in lines)


@pytest.mark.parametrize(
    ("text", "word"),
    [("[api\n", ":1: not valid TOML"), ("a = 1\na = 2\n", ":2: not valid TOML"), ('x = "\x1b[31m"\n', "not valid")],
)
def test_what_is_no_toml_is_told_with_its_line(
    text: str, word: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("--config", written(text, home), "status") == 3
    said = capsys.readouterr().err
    assert word in said
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_a_file_that_cannot_be_read_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("status", "--config", str(home / "absent.toml")) == 3
    assert "no such file" in capsys.readouterr().err
    assert code_of("actions", "--config", str(home)) == 2
    assert "is a directory" in capsys.readouterr().err


def test_an_unknown_profile_is_told_with_those_there_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written('[profiles.night.environment]\nname = "night"\n', home)
    assert code_of("--profile", "day", "--config", path, "config", "show") == 2
    assert "there are: default, night" in capsys.readouterr().err


@pytest.mark.parametrize("before", [True, False])
def test_options_for_all_commands_stand_before_or_after(
    before: bool, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written('[profiles.night.environment]\nname = "night"\n', home)
    options = ("--config", path, "--profile", "night")
    assert code_of(*(*options, "config", "show") if before else ("config", "show", *options)) == 0
    shown = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert '"night"' in shown["environment.name"]
    assert f"(profile night, {path}:2)" in shown["environment.name"]
    assert "(option --profile)" in shown["profile"]
    assert "(default)" in shown["api.url"]


def test_read_only_is_an_option_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--read-only", "config", "show") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("read_only"))
    assert line.split()[1:] == ["true", "(option", "--read-only)"]


def test_init_prints_what_can_be_read_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("config", "init") == 0
    printed = capsys.readouterr().out
    assert printed == example()
    assert code_of("config", "show", "--config", written(printed, home)) == 0


def test_init_helps_where_the_present_file_is_broken(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("config", "init", "--config", written("[api\n", home)) == 0
    assert capsys.readouterr().out == example()


def test_path_names_every_file_in_use(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("config", "path") == 0
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    state = home / ".local/state/backtop/default"
    assert said == {
        "config": "none: all defaults", "state": str(state), "journal": str(state / "journal.jsonl"),
        "locks": "/run/lock",
    }  # fmt: skip


def test_a_journal_that_is_not_there_is_whole_and_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("journal") == 0
    assert capsys.readouterr().out == ""
    assert code_of("journal", "--verify") == 0
    assert "there is no journal yet" in capsys.readouterr().out
    assert code_of("journal", "--verify", "--json") == 0
    assert json.loads(capsys.readouterr().out)["count"] == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_what_the_journal_keeps_raw_is_printed_clean(
    as_json: bool, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".local/state/backtop/default/journal.jsonl"
    journal = Journal(path, "ana", SystemClock())
    journal.append("note", id="\x1b]0;x\x07", action="job.requeue", targets=("job:\x1b[2J1", "job:\ud800", "job:8841"))
    assert code_of("journal", *(["--json"] if as_json else [])) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "u001b" not in said
    assert all(word in said for word in ("job:8841", "job:\ufffd"))
    if as_json:
        told = json.loads(said)
        assert told["targets"][2] == "job:8841"
        assert list(told) == ["v", "seq", "at", "prev", "kind", "id", "actor", "action", "targets", "data"]


def test_a_first_verdict_is_not_printed_as_the_last_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(home / ".local/state/backtop/default/journal.jsonl", "ana", SystemClock())
    for final in (False, True):
        data = {"verdict": "worked", "text": "active in a new run", "final": final}
        journal.append("verdict", id="r1", action="engine.restart", targets=("unit:engine",), data=data)
    assert code_of("journal") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.endswith("ana  engine.restart unit:engine  worked so far active in a new run")
    assert last.endswith("ana  engine.restart unit:engine  worked active in a new run")
    assert code_of("journal", "--json") == 0
    assert [json.loads(line)["data"]["final"] for line in capsys.readouterr().out.splitlines()] == [False, True]


def test_a_journal_that_cannot_be_read_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = home / "state"
    (state / "default" / "journal.jsonl").mkdir(parents=True)
    path = written(f"state_dir = {json.dumps(str(state))}\n", home)
    assert code_of("journal", "--config", path) == 2
    assert capsys.readouterr().err.startswith("backtop: ")


def test_the_scenarios_are_told_with_what_is_wrong_and_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("demo", "--list", "--json") == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["calm"]["cause"] is None
    assert listed["data-gap"]["cause"] == "data"
    assert "job.requeue" in listed["data-gap"]["right"]
    assert code_of("demo", "--list") == 0
    text = capsys.readouterr().out
    for each in listed.values():
        assert all(str(word) in text for word in (each["name"], each["title"], *each["right"]))


@pytest.mark.parametrize("words", [("x",), ("calm",), ("--headless",)])
def test_a_list_of_the_scenarios_starts_none(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("demo", "--list", *words) == 2
    assert "--list tells of all scenarios and starts none" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--dir", "--quirks"])
def test_an_option_of_the_demo_that_names_nothing_is_wrong(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("demo", "--headless", option, "") == 2
    assert capsys.readouterr().err == f"backtop demo: {option} names nothing; leave it out\n"


def test_an_unknown_scenario_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("demo", "nonsense", "--headless") == 2
    said = capsys.readouterr().err
    assert "no scenario 'nonsense'" in said
    assert ", ".join(SCENARIOS) in said


def test_an_unknown_theme_is_told_with_those_there_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert code_of("--theme", "nonsense") == 2
    assert "backtop-colour-blind" in capsys.readouterr().err


HOSTILE = {
    "not TOML": b"a = \n[x\n",
    "a key twice": b'[api]\nurl = "http://a"\nurl = "http://b"\n',
    "NUL": b'[api]\nurl = "http://a\x00b"\n',
    "not UTF-8": b"[api]\n# \xff\xfe\n",
    "deep": b"a = " + b"[" * 5000 + b"]" * 5000,
    "deep keys": b"a" + b".a" * 5000 + b" = 1",
    "huge number": b"[files]\nquota_bytes = " + b"9" * 400,
    "endless number": b"[files]\nquota_bytes = " + b"9" * 5000,
    "50 MB": b"# x\n" * 12_500_000,
    "control signs": b'"\\u001b[2J" = 1\n[profiles."\\u001b[2J".api]\nurl = "x"\n',
    "paths": b'state_dir = "rel"\nlock_dir = "../x"\n[files]\nroot = "/var/../etc"\n',
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("status",), 3),
        (("diagnose", "--json"), 3),
        (("act", "job.requeue", "8841"), 2),
        (("actions",), 2),
        (("config", "show"), 2),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_no_file_whatever_it_holds_is_more_than_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], what: str, command: tuple[str, ...], code: int
) -> None:
    path = home / "hostile.toml"
    path.write_bytes(HOSTILE[what])
    assert code_of(*command, "--config", str(path)) == code
    out, told = capsys.readouterr()
    assert out == ""
    assert all(line.startswith(f"backtop: {path}") and line.isprintable() for line in told.splitlines())
    assert told


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], object]
) -> None:
    path = home / "hostile.toml"
    make(path)
    assert code_of("status", "--config", str(path)) == 3
    assert code_of("act", "job.requeue", "8841", "--config", str(path)) == 2
    assert all(line.startswith(f"backtop: {path}: ") for line in capsys.readouterr().err.splitlines())


def test_the_themes_that_are_told_are_there() -> None:
    assert {*BUILTIN_THEMES, *(theme.name for theme in THEMES)} >= {*THEME_NAMES}
    assert {theme.name for theme in THEMES} <= {*THEME_NAMES}
