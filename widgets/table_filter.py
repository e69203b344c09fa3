"""What the user types to see fewer rows: ``text``, ``/regular expression/``, ``field:text``; ``!`` is the opposite."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import compress, filterfalse
from operator import methodcaller

from backend.frozen import dataclass
from widgets.expression import Found, TooSlow, expression
from widgets.table_columns import Column
from widgets.table_rows import Group, Row


@dataclass(frozen=True, slots=True)
class Filter:
    """What begins a search, in which column (by its number; None is all of them), and whether it is wanted at all."""

    seek: Callable[[], Found]
    column: int | None = None
    wanted: bool = True


class Search:
    """Finds the rows that a filter rejects; what it reads of each row is kept, so that typing goes on quickly."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def forget(self, keys: Iterable[str]) -> None:
        """Read these rows again next time."""
        if self._texts:
            for key in keys:
                self._texts.pop(key, None)

    def rejected(self, sought: Filter, rows: Sequence[Row], groups: Mapping[str, Group]) -> set[str]:
        """Return the keys of the rows that do not pass; a row is searched together with the line of its group.

        Raises `TooSlow` when that takes longer than anybody waits for a key.
        """
        found = sought.seek()
        keys = [row.key for row in rows]
        hits = set(compress(keys, map(found, self._read(rows, sought.column))))
        if sought.column is None:
            hit_groups = {key for key, group in groups.items() if found(group_text(group))}
            if hit_groups:
                hits.update(row.key for row in rows if row.parent in hit_groups)
        return {*filterfalse(hits.__contains__, keys)} if sought.wanted else hits

    def _read(self, rows: Sequence[Row], column: int | None) -> Iterable[str]:
        if column is not None:
            return [row.cells[column].text.casefold() if column < len(row.cells) else "" for row in rows]
        texts = self._texts
        for row in rows:
            if row.key not in texts:
                texts[row.key] = "\n".join([cell[0] for cell in row.cells]).casefold()
        return [texts[row.key] for row in rows]


def matches_alone(sought: Filter, group: Group) -> bool:
    """Say whether the line of a group passes by itself; it has no columns. What cannot be searched in time passes."""
    try:
        return bool(sought.seek()(group_text(group) if sought.column is None else "")) == sought.wanted
    except TooSlow:
        return True


@lru_cache(maxsize=1024)
def group_text(group: Group) -> str:
    """Return the text of a group's line, as it is searched."""
    return "\n".join("".join(span.text for span in line) for line in (group.lead, group.tail)).casefold()


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
