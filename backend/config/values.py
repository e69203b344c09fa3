"""The keys that exist, and how one value from outside becomes one of ours.

Values are converted one by one, so that every mistake of a file is told at once.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from backend.config import checks
from backend.config.model import (
    Api,
    Commands,
    Database,
    Engine,
    Environment,
    Files,
    Limits,
    Provider,
    Repository,
    Says,
)
from backend.frozen import dataclass
from backend.parts import PARTS

SECTIONS: Mapping[str, type] = {
    "environment": Environment,
    "api": Api,
    "database": Database,
    "engine": Engine,
    "files": Files,
    "limits": Limits,
    "commands": Commands,
}
LISTS: Mapping[str, type] = {"providers": Provider, "repositories": Repository}
LONGEST_KEY = 100
LARGEST_NUMBER = 2**63 - 1
OPEN_TABLES = ("intervals", "people", "links")


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a setting, what it means, and whether it has a default."""

    hint: Any
    says: Says
    required: bool = False


class WrongValue(Exception):  # noqa: N818 - a sentence on its way to a Problem, never seen by anyone else
    """A value that cannot be used; the message continues `section.key: `."""


FOLDER = Kind(Path, Says("a folder", checks.below_root))
TOP_LEVEL: Mapping[str, Kind] = {"state_dir": FOLDER, "lock_dir": FOLDER}
INTERVAL = Kind(float, Says("seconds", checks.finite(0.2, 86_400)))
PERSON = Kind(str, Says("how to reach them", checks.filled))
LINK = Kind(str, Says("an address", checks.web))


@cache
def kinds(section: type) -> Mapping[str, Kind]:
    """The keys of one section."""
    hints = get_type_hints(section, include_extras=True)
    return {item.name: _kind(hints[item.name], item) for item in fields(section)}


def _kind(hint: Any, item: Field[Any]) -> Kind:
    base, says = get_args(hint)
    return Kind(base, says, required=item.default is MISSING)


def open_kind(table: str, key: str) -> Kind:
    """The kind of a key in a table whose keys are free. Raises `WrongValue` for a key that cannot be."""
    if not key.strip() or not key.isprintable():
        raise WrongValue("a key must be a text that can be shown")
    if table == "people":
        return PERSON
    if table == "links":
        return LINK
    if key not in PARTS and not (key.startswith("providers.") and key != "providers."):
        raise WrongValue(unknown(key, PARTS))
    return INTERVAL


def convert(value: object, kind: Kind) -> Any:
    """The value as ours. Raises `WrongValue` with the rest of a sentence."""
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise WrongValue("is far too large a number")
    try:
        converted = msgspec.convert(value, kind.hint, strict=True, dec_hook=_path)
    except (msgspec.ValidationError, WrongValue):
        raise WrongValue(f"{_expected(kind.hint)} expected, not {_named(value)}") from None
    said = _unprintable(converted) or (kind.says.check(converted) if kind.says.check else None)
    if said:
        raise WrongValue(said)
    return converted


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a key that does not exist."""
    if checks.SECRET_NAMES.search(key):
        return "secrets do not belong into this file; see api.token_env, api.token_command, and libpq's passfile"
    if len(key) > LONGEST_KEY:
        return "no such key"
    close = difflib.get_close_matches(key, list(known), n=1)
    return f"no such key; did you mean {close[0]}?" if close else "no such key"


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise WrongValue


def _unprintable(value: object) -> str | None:
    texts = value if isinstance(value, tuple) else (value,)
    hidden = any(not str(text).isprintable() for text in texts if isinstance(text, str | Path))
    return "holds characters that cannot be shown" if hidden else None


def _expected(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(get_args(hint))}"
    if get_origin(hint) is Annotated:
        return _expected(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return "a list of texts"
    return {float: "a number", int: "a whole number", bool: "true or false", Path: "a path"}.get(hint, "a text")


def _named(value: object) -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", dict: "a table"}
    if isinstance(value, list):
        return f"one with {_named(value[0])}" if value and not isinstance(value[0], str | list) else "a list"
    if value == "":
        return "an empty text"
    return words.get(type(value), "this text" if isinstance(value, str) else "a date or a time")
