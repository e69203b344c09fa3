import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config.load import load
from backend.errors import ConfigError


def complaints(path: Path, text: str, profile: str | None = None) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, profile)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_all_problems_are_told_at_once_in_order(tmp_path: Path) -> None:
    text = """\
stat_dir = "x"
[api]
timout = 3
timeout = "5"
[[providers]]
name = "a"
kind = "ping"
address = "-c"
[[providers]]
name = "a"
kind = "pong"
[profiles.production]
limits.memory_percent = 101
[profiles.production.intervals]
jobs.failed = 0.1
"jobs.fald" = 1
"""
    assert complaints(tmp_path / "c.toml", text) == [
        "1: stat_dir: no such key; did you mean state_dir?",
        "3: api.timout: no such key; did you mean timeout?",
        "4: api.timeout: a number expected, not this text",
        "8: providers.address: is not a host name or an address",
        "9: providers.address: is needed here",
        "11: providers.kind: one of ping, http expected, not this text",
        "13: profiles.production.limits.memory_percent: is a percentage: above 0, at most 100",
        "15: profiles.production.intervals.jobs.failed: must be between 0.2 and 86400",
        "16: profiles.production.intervals.jobs.fald: no such key; did you mean jobs.failed?",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('api.url = "ftp://x"', "must be an address"),
        ('api.url = "http://h:99999"', "must be an address"),
        ('api.url = "http://user:s3cret@h"', "token_env or token_command"),
        ('api.token = "s3cret"', "token_env"),
        ('api.token_env = "s3cret-token"', "never the token itself"),
        ('database.dsn = "host=a password=s3cret"', "passfile="),
        ("database.dsn = \"host=a password = 's3cret'\"", "passfile="),
        ('database.dsn = "postgresql://u:s3cret@h/db"', "passfile="),
        ('database.dsn = "postgresql://u@h/db?password=s3cret"', "passfile="),
        ('database.password = "s3cret"', "passfile"),
        ('links.board = "https://u:s3cret@h"', "holds a user or a password"),
    ],
)
def test_secrets_are_refused_and_not_repeated(tmp_path: Path, line: str, said: str) -> None:
    (told,) = complaints(tmp_path / "c.toml", line)
    assert said in told
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("limits.runtime_minutes = nan", "more than 0"),
        ("limits.runtime_minutes = 0", "more than 0"),
        ("limits.disk_percent = -1", "percentage"),
        ("files.quota_bytes = 1.5", "a whole number expected"),
        ("files.quota_bytes = -1", "0 or more"),
        ('files.root = "relative"', "absolute path"),
        ('files.root = "/"', "root of the file system"),
        ('files.root = "/a/../.."', "'..'"),
        ('files.root = ""', "a path expected, not an empty text"),
        ('files.scratch_pattern = "*"', "file name pattern"),
        ('files.scratch_pattern = "../x*"', "file name pattern"),
        ('engine.kill_patterns = ["("]', "item 1 is not a valid regular expression"),
        ('engine.kill_patterns = ["a", ".*"]', "item 2 matches everything"),
        ("engine.kill_patterns = []", "empty list"),
        ("engine.systemctl = []", "empty list"),
        ('engine.systemctl = "systemctl"', "a list of texts expected"),
        ('engine.systemctl = ["", "x"]', "empty command"),
        ('engine.unit = "--all"', "systemd unit"),
        ('environment.colour = "pink"', "one of red"),
        ("environment.locked = 1", "true or false expected"),
        ('environment.name = "a\\u001b[31m"', "cannot be shown"),
        ("engine.systemctl = [1]", "a list of texts expected, not one with a whole number"),
        (f"files.quota_bytes = {10**400}", "far too large"),
        (f"files.quota_bytes = -{10**20}", "far too large"),
        (f"api.timeout = {10**400}", "far too large"),
        ("api.timeout = inf", "between 0.1 and 300"),
        ("intervals.jobs.failed = 0", "between 0.2 and 86400"),
        ("intervals.jobs.failed = -inf", "between 0.2 and 86400"),
        ("intervals.jobs.failed = nan", "between 0.2 and 86400"),
        ("api.timeout = true", "a number expected, not true or false"),
        ("api = 3", "is a table"),
        ("providers = 3", "is a list of tables"),
        ("profiles = 3", "is a table"),
        ("profile = 3", "name of a profile"),
        ('profile = "x"', "there are: default"),
        ('[profiles."../x"]', "a profile's name"),
        ("[profiles]\nx = 1", "is a table"),
        ('[profiles.x]\nprofile = "y"', "no such key"),
        ('intervals."providers.nobody" = 3', "no provider of that name"),
        ("intervals.jobs = 3", "no such key"),
        ("when = 2026-01-01", "no such key"),
        ("limits.temp_minutes = 2026-01-01", "not a date or a time"),
        ('people."" = "x"', "can be shown"),
        ('"\\u001b]0;x" = 1', "no such key"),
        ('[api]\ntoken_env = "T"\ntoken_command = ["t"]', "use one of them"),
        ('[[repositories]]\nname = "r"\npath = "/r"\nfolders = ["../.."]', "without '..'"),
        ('[[providers]]\nname = "r"\nkind = "http"\naddress = "host"', "must be an address"),
    ],
)
def test_wrong_values_are_told(tmp_path: Path, line: str, said: str) -> None:
    (told,) = complaints(tmp_path / "c.toml", line)
    assert said in told
    assert told.isprintable()


def test_name_used_twice(tmp_path: Path) -> None:
    row = '[[providers]]\nname = "a"\nkind = "ping"\naddress = "h"\n'
    assert complaints(tmp_path / "c.toml", row * 2) == ["5: providers.name: is used twice"]


def test_syntax_error_has_its_line(tmp_path: Path) -> None:
    (told,) = complaints(tmp_path / "c.toml", "a = 1\n\nb = = 2\n")
    assert told == "3: not valid TOML: Invalid value"
    (told,) = complaints(tmp_path / "c.toml", 'a = 1\nb = "')
    assert told.startswith("2: not valid TOML")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = '\xff'", "is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = 1\nb = " + b"1" * 10_000 + b"\n\n", r":2: not valid TOML: a number of thousands of digits$"),
        (b"#" * 1_000_001, "larger than a megabyte"),
    ],
    ids=["latin", "deep", "digits", "large"],
)
def test_file_that_is_no_configuration(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(path, None)


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, None)
    (problem,) = caught.value.problems
    return str(problem)


def test_a_table_that_is_named_only_in_a_longer_name_has_its_line(tmp_path: Path) -> None:
    text = '[api]\n[nonsense.deep]\na = 1\n[profiles."a/b".api]\n[[x.y]]\n[profiles.p.profiles.q]\n'
    assert [told.partition(": ")[0] for told in complaints(tmp_path / "c.toml", text)] == ["2", "4", "5", "6"]


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is no plain file" in refused(tmp_path / "pipe")
    assert "is no plain file" in refused(Path("/dev/zero"))
    assert load(Path("/dev/null"), None).path == Path("/dev/null")


def test_a_path_that_holds_signs_of_control_is_shown_harmless(tmp_path: Path) -> None:
    for name in ("a\nb", "\x1b[2J", "\udcff"):
        path = tmp_path / name
        assert refused(path).isprintable()
        path.write_bytes(b"x = 1")
        assert refused(path).isprintable()
        path.write_bytes(b"limits.disk_percent = 80")
        assert load(path, None).origin("limits.disk_percent").isprintable()
        path.write_bytes(b"\xff")
        assert refused(path).isprintable()


TEXTS = st.text(alphabet="ab/:[\x1b\u202e\n@=é", max_size=8)
ATOM = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.dates(), TEXTS, st.lists(TEXTS, max_size=3), st.just(10**400)
)
KEYS = st.sampled_from(["api", "url", "timeout", "providers", "name", "intervals", "jobs", "profiles", "x", "people"])
TABLES = st.dictionaries(KEYS, st.one_of(ATOM, st.dictionaries(KEYS, ATOM | st.dictionaries(KEYS, ATOM, max_size=2))))


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08X}" for char in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return str(value)


def is_loaded_or_refused(path: Path) -> bool:
    try:
        return load(path, None).path == path
    except ConfigError as error:
        return all(str(problem).isprintable() for problem in error.problems)


@given(TABLES)
def test_any_document_is_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in data.items()))
    assert is_loaded_or_refused(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    path.write_bytes(content)
    assert is_loaded_or_refused(path)
