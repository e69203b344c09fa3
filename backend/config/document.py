"""The configuration file as text and tables, before anything in it is believed."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.config.lines import KeyPath, key_lines, line_of
from backend.config.model import home
from backend.errors import ConfigError, Problem

LARGEST = 1_000_000
"""Bytes; more than that is not a configuration."""
_PLACE = re.compile(r"\(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. Without a file everything is empty."""

    path: Path | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def line(self, key: KeyPath) -> int:
        """The line of a key, 1 when nothing nearer is known."""
        return line_of(self.lines, key) or 1


def find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one that was named, else the usual one if it exists."""
    if path is not None:
        return path.absolute()
    if named := environ.get("BACKTOP_CONFIG"):
        return Path(named).absolute()
    usual = usual_path(environ)
    try:
        usual.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # it may be there: reading it tells what is wrong
    return usual


def usual_path(environ: Mapping[str, str]) -> Path:
    """Where the file is looked for when none is named."""
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else home(environ) / ".config") / "backtop" / "config.toml"


def read(path: Path | None) -> Document:
    """The document in this file. Raises `ConfigError` when it cannot be read or is not TOML."""
    if path is None:
        return Document()
    text = _text(path).replace("\r\n", "\n")
    try:
        tables = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        raise _cannot(_where(path, str(error), text), f"not valid TOML: {_PLACE.sub('', str(error)).strip()}") from None
    except RecursionError:
        raise _cannot(str(path), "nested too deep for a configuration") from None
    return Document(path, tables, key_lines(text))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _cannot(str(path), "no such file; `backtop config init` writes one") from None
    except IsADirectoryError:
        raise _cannot(str(path), "is a directory; name the file in it") from None
    except OSError as error:
        raise _cannot(str(path), f"cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise _cannot(str(path), "is larger than a megabyte; that is no configuration")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _cannot(f"{path}:{line}", "is not UTF-8 text") from None


def _where(path: Path, message: str, text: str) -> str:
    place = _PLACE.search(message)
    line = int(place[1]) if place else text.count("\n") + 1
    return f"{path}:{line}"


def _cannot(where: str, sentence: str) -> ConfigError:
    return ConfigError((Problem(where, sentence),))
