"""Journals as tests read and write them."""

from collections.abc import Iterable
from pathlib import Path

from backend.incident.entry import Entry, encode

MANY = 1_000_000
"""More entries than any journal of a test has."""


def add(path: Path, entries: Iterable[Entry]) -> None:
    """Add these lines, as somebody who follows no chain would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.writelines(encode(entry) + b"\n" for entry in entries)
