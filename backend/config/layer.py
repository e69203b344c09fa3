"""One layer of settings: the base sections of the file, or one profile of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backend.config import checks
from backend.config.document import Document
from backend.config.lines import DEEPEST, KeyPath
from backend.config.model import Provider
from backend.config.values import (
    LISTS,
    OPEN_TABLES,
    SECTIONS,
    TOP_LEVEL,
    Kind,
    WrongValue,
    convert,
    kinds,
    open_kind,
    unknown,
)
from backend.frozen import dataclass

Layer = dict[str, "Entry"]
Complain = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that was set, and where."""

    value: Any
    line: int
    origin: str


class LayerReader:
    """Reads tables of one layer and complains of everything that is wrong in them."""

    def __init__(self, document: Document, profile: str | None, complain: Complain) -> None:
        self._document = document
        self._profile = profile
        self._root: KeyPath = () if profile is None else ("profiles", profile)
        self._complain = complain

    def read(self, tables: Mapping[str, Any], ignored: tuple[str, ...] = ()) -> Layer:
        """The layer in these tables; `ignored` are keys that another reads."""
        layer: Layer = {}
        for key, value in tables.items():
            if key in ignored:
                continue
            layer.update(self._top(key, value))
        return layer

    def _top(self, key: str, value: Any) -> Iterator[tuple[str, Entry]]:
        if key in TOP_LEVEL:
            yield from self._entry(key, value, TOP_LEVEL[key], (key,))
        elif key in LISTS:
            yield from self._list(key, value)
        elif key not in SECTIONS and key not in OPEN_TABLES:
            self._say((key,), key, unknown(key, [*TOP_LEVEL, *LISTS, *SECTIONS, *OPEN_TABLES]))
        elif not isinstance(value, dict):
            self._say((key,), key, f"is a table: write [{'.'.join(map(str, (*self._root, key)))}]")
        elif key in SECTIONS:
            yield from self._section(key, value)
        else:
            yield from self._open_table(key, value)

    def _section(self, section: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
        known = kinds(SECTIONS[section])
        for key, value in table.items():
            path = (section, key)
            if key in known:
                yield from self._entry(f"{section}.{key}", value, known[key], path)
            else:
                self._say(path, f"{section}.{key}", unknown(key, known))

    def _open_table(self, table: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
        for key, path, value in _leaves(content) if table == "intervals" else _flat(content):
            try:
                kind = open_kind(table, key)
            except WrongValue as wrong:
                self._say((table, *path), f"{table}.{key}", str(wrong))
            else:
                yield from self._entry(f"{table}.{key}", value, kind, (table, *path))

    def _list(self, key: str, rows: Any) -> Iterator[tuple[str, Entry]]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._say((key,), key, f"is a list of tables: write [[{'.'.join(map(str, (*self._root, key)))}]]")
            return
        items = [self._item(key, number, row) for number, row in enumerate(rows)]
        seen: set[str] = set()
        for number, item in enumerate(items):
            if item is not None and item.name in seen:
                self._say((key, number), f"{key}.name", "is used twice")
            seen.update([item.name] if item is not None else [])
        if None not in items:
            yield key, Entry(tuple(items), *self._place((key,)))

    def _item(self, key: str, number: int, row: Mapping[str, Any]) -> Any | None:
        known = kinds(LISTS[key])
        entries: Layer = {}
        for name, value in row.items():
            if name in known:
                entries.update(self._entry(name, value, known[name], (key, number, name), f"{key}.{name}"))
            else:
                self._say((key, number, name), f"{key}.{name}", unknown(name, known))
        absent = [name for name, kind in known.items() if kind.required and name not in row]
        for name in absent:
            self._say((key, number), f"{key}.{name}", "is needed here")
        if absent or len(entries) < len(known):
            return None
        return self._whole(LISTS[key](**{name: entry.value for name, entry in entries.items()}), number)

    def _whole(self, item: Any, number: int) -> Any | None:
        """Checks what one field means in the light of another."""
        if isinstance(item, Provider):
            said = (checks.web if item.kind == "http" else checks.host)(item.address)
            if said:
                self._say(("providers", number, "address"), "providers.address", said)
                return None
        return item

    def _entry(
        self, key: str, value: Any, kind: Kind, path: KeyPath, shown: str | None = None
    ) -> Iterator[tuple[str, Entry]]:
        try:
            converted = convert(value, kind)
        except WrongValue as wrong:
            self._say(path, shown or key, str(wrong))
        else:
            yield key, Entry(converted, *self._place(path))

    def _place(self, path: KeyPath) -> tuple[int, str]:
        line = self._document.line((*self._root, *path))
        place = self._document.place(line)
        return line, place if self._profile is None else f"profile {self._profile}, {place}"

    def _say(self, path: KeyPath, key: str, sentence: str) -> None:
        full = key if self._profile is None else f"profiles.{self._profile}.{key}"
        shown = full if full.isprintable() else ascii(full)
        self._complain(self._document.line((*self._root, *path)), f"{shown}: {sentence}")


def _leaves(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, KeyPath, Any]]:
    """`"jobs.failed" = 3` and `jobs.failed = 3` are the same."""
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict) and len(path) < DEEPEST:
            yield from _leaves(value, path)
        else:
            yield ".".join(path), path, value


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, KeyPath, Any]]:
    return ((key, (key,), value) for key, value in table.items())
