"""`backtop … demo`: the options that stand before it hold for the dashboard on the embedded platform."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.clock import Clock
from backend.config.model import Config
from tests.unit.test_cli import code_of
from tui.app import BacktopApp
from tui.demo import launch


@dataclass
class Stage:
    """Stands in for the platform's process and for the screen; keeps what they are given."""

    config: Path
    api: str = "http://127.0.0.1:1"
    bin: Path = Path("bin")
    readme: Path = Path("README")
    started: list[str] = field(default_factory=list)
    apps: list["Screen"] = field(default_factory=list)

    async def launch(self, scenario: str, *_more: object) -> "Stage":
        self.started.append(scenario)
        return self

    async def stop(self) -> None:
        self.started.append("stopped")

    def on_terminal(self, config: Config, clock: Clock | None = None) -> "Screen":
        self.apps.append(Screen(config))
        return self.apps[-1]


@dataclass
class Screen:
    config: Config
    theme: str = ""
    return_code: int = 0

    async def run_async(self) -> None:
        """Nobody presses a key."""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    config = tmp_path / "config.toml"
    config.write_text("", "utf-8")
    made = Stage(config)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(launch, "launch", made.launch)
    monkeypatch.setattr("tui.terminal.on_terminal", made.on_terminal)
    return made


@pytest.mark.parametrize("read_only", [True, False])
def test_read_only_holds_for_the_demo(read_only: bool, stage: Stage) -> None:
    assert code_of(*(["--read-only"] if read_only else []), "demo", "calm") == 0
    assert [app.config.read_only for app in stage.apps] == [read_only]
    assert stage.started == ["calm", "stopped"]


def test_the_theme_holds_for_the_demo(stage: Stage) -> None:
    assert code_of("--theme", "backtop-light", "demo") == 0
    assert [app.theme for app in stage.apps] == ["backtop-light"]


def test_a_wrong_theme_is_told_before_the_platform_starts(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--theme", "nonsense", "demo") == 2
    assert "there is no theme 'nonsense'; there are: " in capsys.readouterr().err
    assert stage.started == []


@pytest.mark.parametrize("words", [("--config", "x", "demo"), ("demo", "--config", "x"), ("--profile", "x", "demo")])
def test_the_demo_takes_no_configuration(
    words: tuple[str, ...], stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(*words) == 2
    said = capsys.readouterr().err
    assert "the demo has a configuration of its own; leave out --" in said
    assert stage.started == []


def test_the_themes_that_are_told_are_those_of_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--theme", "nonsense", "demo", "--headless") == 2
    told = capsys.readouterr().err.rstrip("\n").partition("there are: ")[2]
    assert told.split(", ") == sorted(BacktopApp(Config()).available_themes)
