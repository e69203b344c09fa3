"""On which line of a TOML text each key stands; the parser of the standard library does not tell."""

import re
import tomllib
from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]
DEEPEST = 8
"""Levels of a dotted key whose line is remembered; no key of ours is deeper."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_ONE_KEY = re.compile(_KEY)
_STATEMENT = re.compile(
    rf"[ \t]*(?:(?P<array>\[\[)[ \t]*(?P<item>{_DOTTED})[ \t]*\]\]"
    rf"|\[[ \t]*(?P<table>{_DOTTED})[ \t]*\]"
    rf"|(?P<key>{_DOTTED})[ \t]*=)?"
)
_TOKEN = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"{3,5}(?!")'
    r"|'''[\s\S]*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<end>\n)"
    r"""|[^"'#\[\]{}\n]+|["']"""
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line of every table and key of a valid TOML text, counted from 1; items of `[[a]]` are numbered from 0."""
    lines: dict[KeyPath, int] = {}
    items: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, statement in _statements(text):
        if statement["array"]:
            name = _numbered(_parts(statement["item"]), items)
            items[name] = items.get(name, -1) + 1
            table = (*name, items[name])
            _record(lines, (), name, line)
            lines[table] = line
        elif statement["table"]:
            table = _numbered(_parts(statement["table"]), items)
            _record(lines, (), table, line)
        elif statement["key"]:
            _record(lines, table, _parts(statement["key"]), line)
    return lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of this key, or of the nearest thing around it that has one."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _statements(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Each statement with its line; values are skipped, however many lines they span."""
    position, line = 0, 1
    while position < len(text):
        statement = _STATEMENT.match(text, position)
        if statement is None:
            return
        yield line, statement
        end = _end_of_statement(text, statement.end())
        line += text.count("\n", position, end)
        position = end


def _end_of_statement(text: str, position: int) -> int:
    depth = 0
    while token := _TOKEN.match(text, position):
        position = token.end()
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["end"] and depth <= 0:
            break
    return position


def _numbered(name: KeyPath, items: dict[KeyPath, int]) -> KeyPath:
    """Inside of `[[a]]`, `[a.b]` belongs to the last item of `a`."""
    path: KeyPath = ()
    for part in name[:-1]:
        path = (*path, part)
        if path in items:
            path = (*path, items[path])
    return (*path, *name[-1:])


def _record(lines: dict[KeyPath, int], table: KeyPath, key: KeyPath, line: int) -> None:
    for length in range(1, min(len(key), DEEPEST) + 1):
        lines.setdefault((*table, *key[:length]), line)


def _parts(dotted: str) -> KeyPath:
    return tuple(_unquoted(key) for key in _ONE_KEY.findall(dotted))


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return str(tomllib.loads(f"key = {key}")["key"])
