"""Puts the instance's own commands into its `bin`: what a dashboard starts in place of the host's."""

import os
import shlex
import shutil
from importlib.resources import files
from pathlib import Path

from tui.demo.layout import Layout, replace

_NAMES = ("systemctl", "journalctl", "ping", "kernel-log")


def install(layout: Layout) -> None:
    """Write the commands, each knowing the instance's folder; `git` only where the host has one."""
    git = shutil.which("git")
    known = {
        "@ROOT@": shlex.quote(str(layout.root)),
        "@PAGE@": str(os.sysconf("SC_PAGE_SIZE")),
        "@GIT@": shlex.quote(git or ""),
    }
    for name in (*_NAMES, "git") if git else _NAMES:
        _write(layout.bin / name, known)


def _write(target: Path, known: dict[str, str]) -> None:
    text = (files("tui.demo.unit") / "scripts" / target.name).read_text("utf-8")
    for word, value in known.items():
        text = text.replace(word, value)
    replace(target, text, mode=0o700)
