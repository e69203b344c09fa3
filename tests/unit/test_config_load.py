from dataclasses import replace
from pathlib import Path

import pytest

from backend.config.example import example
from backend.config.load import load, settings
from backend.config.model import Config
from backend.errors import ConfigError
from backend.parts import HOST_COUNTERS, JOBS_FAILED

EVERYTHING = """\
profile = "demo"
state_dir = "/abs/state"

[environment]
name = "lab"

[api]
url = "http://127.0.0.1:3999"   # base

[intervals]
"jobs.failed" = 3.5

[profiles.demo]
lock_dir = "/abs/locks"
[profiles.demo.environment]
locked = false
colour = "green"
[profiles.demo.api]
timeout = 2
[profiles.demo.intervals]
jobs.failed = 1.0

[profiles.production.api]
url = "https://research.example.net"
token_env = "TOKEN"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(EVERYTHING)
    return path


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    config = load(None, None, environ={"HOME": str(tmp_path)})
    assert config == Config(state_dir=tmp_path / ".local/state/backtop")
    assert config.environment.locked
    assert {setting.origin for setting in settings(config)} == {"default"}


def test_profile_of_the_file_applies_over_the_base(file: Path) -> None:
    config = load(file, None)
    assert config.profile == "demo"
    assert config.path == file
    assert (config.environment.name, config.environment.locked, config.environment.colour) == ("lab", False, "green")
    assert (config.api.url, config.api.timeout) == ("http://127.0.0.1:3999", 2.0)
    assert config.lock_dir == Path("/abs/locks")
    assert config.interval(JOBS_FAILED) == 1.0
    assert config.interval(HOST_COUNTERS) == HOST_COUNTERS.interval
    assert config.journal_path == Path("/abs/state/demo/journal.jsonl")


def test_profile_option_wins_over_the_file(file: Path) -> None:
    config = load(file, "production")
    assert config.api.url == "https://research.example.net"
    assert config.environment.locked
    assert load(file, "default").api.url == "http://127.0.0.1:3999"


def test_every_value_knows_where_it_came_from(file: Path) -> None:
    config = load(file, None, overrides={"read_only": True, "api.timeout": 9})
    assert config.read_only
    assert config.api.timeout == 9.0
    assert config.origin("read_only") == "option --read-only"
    assert config.origin("api.timeout") == "option --api-timeout"
    assert config.origin("api.url") == f"{file}:8"
    assert config.origin("environment.locked") == f"profile demo, {file}:16"
    assert config.origin("intervals.jobs.failed") == f"profile demo, {file}:21"
    assert config.origin("profile") == f"{file}:1"
    assert config.origin("path") == "option --config"
    assert config.origin("database.dsn") == "default"


def test_file_is_found_by_environment(tmp_path: Path) -> None:
    usual = tmp_path / "backtop" / "config.toml"
    usual.parent.mkdir()
    usual.write_text('environment.name = "usual"')
    named = tmp_path / "other.toml"
    named.write_text('environment.name = "named"')
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}
    assert load(None, None, environ=environ).environment.name == "usual"
    assert load(None, None, environ={**environ, "BACKTOP_CONFIG": str(named)}).environment.name == "named"
    with pytest.raises(ConfigError, match="no such file"):
        load(None, None, environ={**environ, "BACKTOP_CONFIG": str(tmp_path / "gone")})


def test_state_dir_follows_xdg() -> None:
    assert load(None, None, environ={"XDG_STATE_HOME": "/s", "HOME": "/h"}).state_dir == Path("/s/backtop")


def test_unknown_profile_lists_the_known(file: Path) -> None:
    with pytest.raises(ConfigError, match="there are: default, demo, production"):
        load(file, "prod")


def test_wrong_options_are_told() -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            None, None, environ={}, overrides={"api.timout": 1, "api.timeout": "x", "read_only": 3, "lock_dir": Path()}
        )
    assert [problem.where for problem in caught.value.problems] == [
        "option --api-timout",
        "option --api-timeout",
        "option --read-only",
        "option --lock-dir",
    ]


def test_directory_and_absent_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        load(tmp_path, None)
    with pytest.raises(ConfigError, match="config init"):
        load(tmp_path / "gone.toml", None)


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b'\xef\xbb\xbf[api]\r\nurl = "http://a:1"\r\n')
    config = load(path, None)
    assert config.origin("api.url") == f"{path}:2"


def test_example_loads_back_to_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(example())
    config = load(path, None, environ={"HOME": str(tmp_path)})
    assert replace(config, path=None) == load(None, None, environ={"HOME": str(tmp_path)})
    untold = {setting.key for setting in settings(config) if setting.origin == "default"}
    assert untold == {"profile", "state_dir", "lock_dir", "read_only"}


def test_example_profile_can_be_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    text, _, commented = example().partition("# [profiles")
    path.write_text(text + "[profiles" + commented.replace("\n# ", "\n").replace("\n#\n", "\n\n"))
    assert load(path, "production").api.token_env == "RESEARCH_TOKEN"


def test_a_home_that_is_no_absolute_path_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "relative")
    assert load(None, None, environ={"HOME": "relative"}).state_dir.is_absolute()
    assert load(None, None, environ={"HOME": "relative"}) == load(None, None, environ={})
