"""What the user types to see fewer rows: ``text``, ``/regular expression/``, ``field:text``; ``!`` is the opposite."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from widgets.table_columns import Column
from widgets.table_rows import Group, Row


class FilterError(ValueError):
    """A filter that cannot be understood; its text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What is searched for, in which column (by its number; None is all of them), and whether it is wanted at all."""

    found: Callable[[str], bool]
    column: int | None = None
    wanted: bool = True


class Search:
    """Finds the rows that a filter accepts; what it reads of each row is kept, so that typing goes on quickly."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def forget(self, keys: Iterable[str]) -> None:
        """Read these rows again next time."""
        if self._texts:
            for key in keys:
                self._texts.pop(key, None)

    def accepts(self, wanted: Filter, row: Row, group: Group | None) -> bool:
        """Say whether a row passes; it is searched together with the line of its group."""
        if wanted.column is not None:
            cells = row.cells
            text = cells[wanted.column].text if wanted.column < len(cells) else ""
            return wanted.found(text.casefold()) == wanted.wanted
        text = self._texts.get(row.key) or self._read(row)
        hit = wanted.found(text) or (group is not None and wanted.found(group_text(group)))
        return hit == wanted.wanted

    def _read(self, row: Row) -> str:
        self._texts[row.key] = text = "\n".join([cell[0] for cell in row.cells]).casefold()
        return text


@lru_cache(maxsize=1024)
def group_text(group: Group) -> str:
    """Return the text of a group's line, as it is searched."""
    return "\n".join("".join(span.text for span in line) for line in (group.lead, group.tail)).casefold()


def parse_filter(text: str, columns: Sequence[Column]) -> Filter | None:
    """Return what a filter text asks for, None if for nothing; raises `FilterError`."""
    wanted = not text.startswith("!")
    column, text = _field(text.removeprefix("!"), columns)
    found = _needle(text)
    return None if found is None else Filter(found, column, wanted)


def _field(text: str, columns: Sequence[Column]) -> tuple[int | None, str]:
    """Return the column that a filter names and the rest; a name that no column has is text like any other."""
    name, colon, rest = text.partition(":")
    name = name.strip().casefold()
    if colon and name:
        for index, column in enumerate(columns):
            if name in (column.id.casefold(), column.title.casefold()):
                return index, rest.strip()
    return None, text


def _needle(text: str) -> Callable[[str], bool] | None:
    if not text.startswith("/"):
        needle = text.casefold()
        return (lambda hay: needle in hay) if needle else None
    pattern = text[1:].removesuffix("/")
    if not pattern:
        return None
    try:
        search = re.compile(pattern, re.IGNORECASE | re.MULTILINE).search
    except (re.error, OverflowError, RecursionError) as error:
        raise FilterError(f"not a regular expression: {error}") from error
    return lambda hay: search(hay) is not None
