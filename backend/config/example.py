"""The example file: every default with what it means, made from the same declarations that check the real one."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from backend.config.model import Config
from backend.config.values import LISTS, SECTIONS, kinds

HEAD = """\
# backtop's configuration. Every value here is the default: keep what you change, delete the rest.
# A value counts in this order: option of the command line, [profiles.NAME.section], section, default.
# Unknown keys are errors, and secrets are refused.

# profile = "production"           # used when --profile is not given; without it the sections alone, as "default"
# state_dir = "/abs/state"         # default $XDG_STATE_HOME/backtop, else ~/.local/state/backtop
# lock_dir = "/run/lock"           # where another backtop on this host sees what is being acted on
"""
TAIL = """
# [profiles.production.environment]
# name = "production"
# locked = true
#
# [profiles.production.api]
# url = "https://research.example.net"
# token_env = "RESEARCH_TOKEN"
"""
LIST_NOTES: Mapping[str, str] = {
    "providers": "hosts outside that deliver data; a profile's list replaces this one",
    "repositories": "whose recent commits are shown; a profile's list replaces this one",
}
TABLE_NOTES: Mapping[str, str] = {
    "intervals": "seconds between two readings, by part",
    "people": "who is told in an escalation",
    "links": "dashboards for the report",
}


def example() -> str:
    """A commented file of all defaults, which loads back to the defaults."""
    defaults = Config()
    blocks = [HEAD]
    blocks += [_block(f"[{name}]", _section(getattr(defaults, name), section)) for name, section in SECTIONS.items()]
    blocks += [_list(name, getattr(defaults, name), row) for name, row in LISTS.items()]
    blocks += [_table(name, note, getattr(defaults, name)) for name, note in TABLE_NOTES.items()]
    return "\n".join([*blocks, TAIL.lstrip("\n")])


def _section(table: object, section: type) -> Iterator[str]:
    for key, kind in kinds(section).items():
        yield f"# {kind.says.doc}"
        yield f"{key} = {_toml(getattr(table, key))}"


def _list(name: str, rows: Iterable[object], row: type) -> str:
    notes = [f"# {LIST_NOTES[name]}", *(f"#   {key}: {kind.says.doc}" for key, kind in kinds(row).items())]
    items = [
        _block(f"[[{name}]]", (f"{item.name} = {_toml(getattr(each, item.name))}" for item in fields(row)))
        for each in rows
    ]
    return "\n".join([*notes, *items])


def _table(name: str, note: str, content: Mapping[str, object]) -> str:
    return _block(f"[{name}]", [f"# {note}", *(f"{_toml(key)} = {_toml(value)}" for key, value in content.items())])


def _block(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, *lines, ""])


def _toml(value: object) -> str:
    """TOML and JSON agree on texts, numbers, booleans and lists of texts."""
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(str(value) if isinstance(value, Path) else value)
