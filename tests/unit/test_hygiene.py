"""What belongs into the repository, and what does not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
LOCK_FILES = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml", "package-lock.json"}
PRIVATE = re.compile(rb"BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{30,}")
ELSEWHERE = re.compile(rb"\b(?:DESIGN|PLATFORM)\b|\bsection \d")
"""Documents that are not kept here; whoever reads the code cannot look them up."""
LARGEST = 500_000
"""Bytes."""


@pytest.fixture(scope="module")
def kept() -> list[Path]:
    """The files that git knows; outside of a repository, as in an unpacked archive, there are none to check."""
    git = shutil.which("git")
    if git is None or not (HOUSE / ".git").exists():
        pytest.skip("not a git repository")
    command = (git, "-c", f"safe.directory={HOUSE}", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=HOUSE, capture_output=True, check=True, timeout=60).stdout
    paths = [HOUSE / name for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_file_knows_the_machine_it_was_written_on(kept: list[Path]) -> None:
    places = {str(HOUSE), str(Path.home())} - {"/", "/root"}
    found = [path for path in kept if any(place.encode() in path.read_bytes() for place in places)]
    assert found == []


def test_no_secret_is_kept(kept: list[Path]) -> None:
    assert [path for path in kept if PRIVATE.search(path.read_bytes())] == []


def test_no_lock_file_and_nothing_built_is_kept(kept: list[Path]) -> None:
    assert [path for path in kept if path.name in LOCK_FILES or path.suffix in {".pyc", ".whl", ".so", ".orig"}] == []


def test_every_file_is_small(kept: list[Path]) -> None:
    assert [path for path in kept if path.stat().st_size > LARGEST] == []


def test_the_script_of_the_checks_can_be_started(kept: list[Path]) -> None:
    script = HOUSE / ".ci" / "run"
    assert script in kept
    assert script.stat().st_mode & 0o111 == 0o111


def test_the_code_cites_no_document_that_is_not_here(kept: list[Path]) -> None:
    code = [path for path in kept if path.suffix in {".py", ".tcss"} and path != Path(__file__).resolve()]
    assert [path for path in code if ELSEWHERE.search(path.read_bytes())] == []
