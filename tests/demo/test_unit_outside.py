"""The instance's `ping`, `kernel-log` and `git`, and the lines that a stream is cut into."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.demo import outside, readme
from tui.demo import unit as package
from tui.demo.layout import COMMANDS, Layout
from tui.demo.tree import QUOTA
from tui.demo.unit.install import MEMORY, install
from tui.demo.unit.journal import Lines


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "it's a root"
    root.mkdir()
    layout = Layout(root)
    layout.make()
    install(layout)
    outside.set_hosts(layout, outside.USUAL)
    return layout


def run(layout: Layout, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([layout.bin / argv[0], *argv[1:]], capture_output=True, text=True, timeout=20, check=False)


def test_a_host_that_is_up_answers(layout: Layout) -> None:
    done = run(layout, "ping", "-c", "1", "-W", "2", outside.PING_HOST)
    assert done.returncode == 0
    assert "1 packets transmitted, 1 received, 0% packet loss" in done.stdout
    assert "time=11.4 ms" in done.stdout


def test_a_host_that_is_down_does_not(layout: Layout) -> None:
    outside.set_hosts(layout, {outside.PING_HOST: outside.Host(False, 0.0)})
    done = run(layout, "ping", "-c1", "-W", "0", outside.PING_HOST)
    assert done.returncode == 1
    assert "0 received, 100% packet loss" in done.stdout


def df(layout: Layout, *words: str) -> list[list[str]]:
    done = run(layout, "df", *words)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def test_df_tells_of_the_quota_wherever_below_the_files_it_is_asked(layout: Layout) -> None:
    path = layout.results / "big one"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, QUOTA * 3 // 4)
    expected = ["quota", str(QUOTA // 1024), str(QUOTA * 3 // 4096), str(QUOTA // 4096), "75%"]
    for place in (layout.files, layout.active, path):
        head, line = df(layout, str(place))
        assert head[0] == "Filesystem"
        assert line[:5] == expected
    assert df(layout, "-h", f"{layout.files}/")[1][1:5] == ["128.0M", "96.0M", "32.0M", "75%"]
    assert df(layout, "-m", str(layout.files))[1][1:4] == ["128", "96", "32"]
    assert df(layout, "--output=pcent", str(layout.files)) == [["Use%"], ["75%"]]
    assert df(layout, "--output=avail,pcent", str(layout.files))[1] == [str(QUOTA // 4096), "75%"]


def test_df_leaves_the_rest_to_the_host_and_adds_the_quota_to_all_of_it(layout: Layout) -> None:
    real = subprocess.run(["df", "-P", "/"], capture_output=True, text=True, check=True).stdout.split()
    assert run(layout, "df", "-P", "/").stdout.split()[:8] == real[:8]
    assert run(layout, "df", "-i", str(layout.files)).stdout.split()[1] == "Inodes"
    assert run(layout, "df", str(layout.files / "absent")).returncode == 1
    assert df(layout)[-1][0] == "quota"
    assert [line[0] for line in df(layout, "/", str(layout.files))].count("quota") == 1


def test_the_readme_says_where_the_places_of_the_runbook_are(layout: Layout) -> None:
    readme.write(layout, 4711)
    text = layout.readme.read_text()
    for place in (layout.files, layout.scratch, layout.engine_pid, layout.repository):
        assert str(place) in text
    table = text.partition("is here\n\n")[2].partition("\n\n")[0]
    columns = [re.search(r"\S  +(?=\S)", line) for line in table.splitlines()]
    assert [column and column.end() for column in columns] == [56] * 6
    assert "http://127.0.0.1:4711" in text
    assert "128 MB" in text
    assert "curl -I` needs `-m 5`" in text
    assert "{" not in text


def test_the_lines_of_the_readme_can_be_typed_whatever_the_folder_is_called(layout: Layout) -> None:
    readme.write(layout, 4711)
    (export,) = (line.strip() for line in layout.readme.read_text().splitlines() if "export PATH=" in line)
    (asked,) = re.findall("`(df .*?)`", layout.readme.read_text())
    shell = ["/bin/sh", "-c", f"{export}\ncommand -v systemctl\n{asked}"]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith(f"{layout.bin / 'systemctl'}\nFilesystem")
    assert "quota" in done.stdout


def test_a_host_that_nobody_knows_is_an_error(layout: Layout) -> None:
    done = run(layout, "ping", "-c", "1", "nowhere.invalid")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Name or service not known" in done.stderr


def test_the_kernel_log_has_no_trouble_in_it(layout: Layout) -> None:
    outside.boot(layout, datetime(2026, 11, 22, 13, 0, tzinfo=UTC))
    text = run(layout, "kernel-log").stdout
    assert text.startswith("[Fri Nov 13 10:00:00 2026] Linux version")
    assert not any(word in text.lower() for word in ("killed", "memory", "oom"))


def test_every_command_is_for_its_owner_only(layout: Layout) -> None:
    commands = list(layout.bin.iterdir())
    assert {"systemctl", "journalctl", "ping", "kernel-log"} <= {path.name for path in commands}
    assert {path.stat().st_mode & 0o777 for path in commands} == {0o700}
    assert not any("@ROOT@" in path.read_text() for path in commands)
    assert {path.stat().st_uid for path in commands} == {os.geteuid()}


def test_the_table_of_commands_is_what_is_there(layout: Layout) -> None:
    scripts = {path.name for path in Path(package.__file__).parent.joinpath("scripts").iterdir()}
    assert scripts == {*COMMANDS, MEMORY}
    assert {path.name for path in layout.bin.iterdir()} == set(COMMANDS)


def test_git_knows_nothing_of_the_repository_that_its_caller_is_in(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of git has such variables set."""
    for name in ("own", "other"):
        run(layout, "git", "init", "-q", str(tmp_path / name))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    asked = run(layout, "git", "-C", str(tmp_path / "own"), "rev-parse", "--show-toplevel")
    assert asked.stdout.strip() == str((tmp_path / "own").resolve())


def test_git_outside_of_a_repository_says_what_git_says(layout: Layout, tmp_path: Path) -> None:
    answers = [
        subprocess.run(
            [git, "log", "--oneline", "-10", "src/strategies/"], cwd=tmp_path,
            capture_output=True, text=True, timeout=20, check=False,
        )
        for git in (str(layout.bin / "git"), "git")
    ]  # fmt: skip
    own, real = ((each.returncode, each.stdout, each.stderr) for each in answers)
    assert own == real
    assert own[0] == 128


@given(st.lists(st.binary(max_size=40)), st.integers(min_value=1, max_value=7))
def test_lines_are_cut_the_same_however_the_stream_comes(parts: list[bytes], size: int) -> None:
    stream = b"\n".join(parts)
    lines = Lines()
    found = [line for start in range(0, len(stream), size) for line in lines.feed(stream[start : start + size])]
    found += lines.flush()
    assert found == [part for part in stream.split(b"\n") if part]
