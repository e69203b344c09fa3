"""The menu: every action, its key, its risk, and why it cannot run now."""

from collections.abc import Sequence

from backend.frozen import dataclass
from backend.text import first_line
from widgets.present.words import risk_tone
from widgets.table_columns import Column, Flex
from widgets.table_rows import Cell, Row

COLUMNS = (
    Column("key", "key", width=3, priority=8),
    Column("title", "action", width=Flex(14, most=20), priority=9, essential=True),
    Column("risk", "risk", width=6, priority=7),
    Column("panes", "in", width=Flex(8, most=16), priority=4),
    Column("text", "", width=Flex(20, weight=4), priority=6),
)


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One action as the menu shows it."""

    id: str
    key: str
    title: str
    risk: str
    panes: str
    help: str
    reason: str | None
    """Why it cannot run now; None when it can."""


def rows(entries: Sequence[MenuEntry]) -> tuple[Row, ...]:
    """One row each, in the registry's order; what cannot run stays in its place, with the reason."""
    return tuple(
        Row(
            entry.id,
            (
                Cell(entry.key, "dim" if entry.reason else "accent"),
                Cell(entry.title, "dim" if entry.reason else "strong"),
                Cell(entry.risk, "dim" if entry.reason else risk_tone(entry.risk)),
                Cell(entry.panes, "dim"),
                Cell(_now(entry), "dim" if entry.reason else "plain"),
            ),
        )
        for entry in entries
    )


def _now(entry: MenuEntry) -> str:
    """What it does, or why not now."""
    return entry.help if entry.reason is None else not_now(entry.reason)


def not_now(reason: str) -> str:
    """A reason where there is room for its sentence only: lines to copy below that stand whole elsewhere."""
    return f"not now: {first_line(reason)}"
