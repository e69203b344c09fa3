"""What the user types to see fewer rows: ``text``, ``/regular expression/``, ``field:text``; ``!`` is the opposite."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress, filterfalse
from operator import methodcaller
from typing import NamedTuple

from backend.frozen import dataclass
from widgets.expression import Found, expression
from widgets.table_columns import Column
from widgets.table_rows import Group, Row


@dataclass(frozen=True, slots=True)
class Filter:
    """What begins a search, in which column (by its number; None is all of them), and whether it is wanted at all."""

    seek: Callable[[], Found]
    column: int | None = None
    wanted: bool = True


class Sifted(NamedTuple):
    """What a search found out: the rows that do not pass, and the groups whose own line does."""

    rejected: set[str]
    groups: set[str]


class Search:
    """Finds the rows that a filter rejects; what it reads of each row is kept, so that typing goes on quickly."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def forget(self, keys: Iterable[str]) -> None:
        """Read these rows again next time."""
        if self._texts:
            for key in keys:
                self._texts.pop(key, None)

    def rejected(self, sought: Filter, rows: Sequence[Row], groups: Mapping[str, Group]) -> Sifted:
        """Return what does not pass, and what passes by itself; a row is searched together with the name of its group.

        Raises `TooSlow` when all that takes longer than anybody waits for a key.
        """
        found = sought.seek()
        keys = [row.key for row in rows]
        hits = set(compress(keys, map(found, self._read(rows, sought.column))))
        if sought.column is None:
            hit_groups = {key for key, group in groups.items() if found(group.name.casefold())}
            if hit_groups:
                hits.update(row.key for row in rows if row.parent in hit_groups)
        else:  # a group has no columns
            hit_groups = {*groups} if found("") else set()
        if sought.wanted:
            return Sifted({*filterfalse(hits.__contains__, keys)}, hit_groups)
        return Sifted(hits, groups.keys() - hit_groups)

    def _read(self, rows: Sequence[Row], column: int | None) -> Iterable[str]:
        if column is not None:
            return [row.cells[column].text.casefold() if column < len(row.cells) else "" for row in rows]
        texts = self._texts
        for row in rows:
            if row.key not in texts:
                texts[row.key] = "\n".join([cell[0] for cell in row.cells]).casefold()
        return [texts[row.key] for row in rows]


def parse_filter(text: str, columns: Sequence[Column]) -> Filter | None:
    """Return what a filter text asks for, None if for nothing; raises `FilterError`."""
    wanted = not text.startswith("!")
    column, text = _field(text.removeprefix("!"), columns)
    seek = _needle(text)
    return None if seek is None else Filter(seek, column, wanted)


def _field(text: str, columns: Sequence[Column]) -> tuple[int | None, str]:
    """Return the column that a filter names and the rest; a name that no column has is text like any other."""
    name, colon, rest = text.partition(":")
    name = name.strip().casefold()
    if colon and name:
        for index, column in enumerate(columns):
            if name in (column.id.casefold(), column.title.casefold()):
                return index, rest.strip()
    return None, text


def _needle(text: str) -> Callable[[], Found] | None:
    if not text.startswith("/"):
        contains = methodcaller("__contains__", text.casefold())
        return (lambda: contains) if text else None
    pattern = text[1:].removesuffix("/")
    return expression(pattern) if pattern else None
