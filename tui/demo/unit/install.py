"""Puts the instance's own commands into its `bin`: what a dashboard, or a person, starts in place of the host's."""

import os
import shlex
import shutil
from importlib.resources import files
from pathlib import Path

from tui.demo.address import installed
from tui.demo.layout import COMMANDS, TOKEN_VARIABLE, Layout, replace
from tui.demo.tree import QUOTA

UNIT = "adaf-backtest-engine"

MEMORY = "memory.sh"
"""What several commands need to know of the unit's memory; it is no command itself."""


def install(layout: Layout) -> None:
    """Write the commands, each knowing the instance's folder; `git` and `psql` only where there is one."""
    git, postgres = shutil.which("git"), installed()
    known = {
        "@ROOT@": shlex.quote(str(layout.root)),
        "@PAGE@": str(os.sysconf("SC_PAGE_SIZE")),
        "@QUOTA@": str(QUOTA),
        "@UNIT@": UNIT,
        "@VARIABLE@": TOKEN_VARIABLE,
        "@DF@": shlex.quote(shutil.which("df") or "df"),
        "@GIT@": shlex.quote(git or ""),
        "@PSQL@": shlex.quote(str(postgres and postgres / "bin" / "psql")),
    }
    there = {"git": git is not None, "psql": postgres is not None}
    for name in COMMANDS:
        if there.get(name, True):
            _write(layout.bin / name, known)
    _write(layout.unit / MEMORY, known)


def _write(target: Path, known: dict[str, str]) -> None:
    text = (files("tui.demo.unit") / "scripts" / target.name).read_text("utf-8")
    for word, value in known.items():
        text = text.replace(word, value)
    replace(target, text, mode=0o700)
