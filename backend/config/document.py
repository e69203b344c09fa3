"""The configuration file as text and tables, before anything in it is believed."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from backend.config.lines import KeyPath, key_lines, line_of
from backend.config.model import home
from backend.errors import ConfigError, Problem
from backend.frozen import dataclass

LARGEST = 1_000_000
"""Bytes; more than that is not a configuration."""
_PLACE = re.compile(r"\(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. Without a file everything is empty."""

    path: Path | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def place(self, line: int) -> str:
        """A line of it, for a sentence."""
        return f"{shown(self.path)}:{line}"

    def line(self, key: KeyPath) -> int:
        """The line of a key, 1 when nothing nearer is known."""
        return line_of(self.lines, key) or 1


def shown(path: Path | None) -> str:
    """A path as it can be shown: names of files may hold anything."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


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
    except tomllib.TOMLDecodeError as error:
        raise _cannot(_where(path, str(error), text), f"not valid TOML: {_PLACE.sub('', str(error)).strip()}") from None
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise _cannot(_longest_line(path, text), "not valid TOML: a number of thousands of digits") from None
    except RecursionError:
        raise _cannot(shown(path), "nested too deep for a configuration") from None
    return Document(path, tables, key_lines(text))


def _text(path: Path) -> str:
    try:
        with open(path, "rb", opener=_at_once) as file:
            kind = os.fstat(file.fileno()).st_mode
            raw = file.read(LARGEST + 1) if stat.S_ISREG(kind) else b""
    except FileNotFoundError:
        raise _cannot(shown(path), "no such file; `backtop config init` writes one") from None
    except IsADirectoryError:
        raise _cannot(shown(path), "is a directory; name the file in it") from None
    except OSError as error:
        raise _cannot(shown(path), f"cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(kind) and str(path) != os.devnull:
        raise _cannot(shown(path), "is no plain file; a pipe or a device is not waited for")
    if len(raw) > LARGEST:
        raise _cannot(shown(path), "is larger than a megabyte; that is no configuration")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _cannot(f"{shown(path)}:{line}", "is not UTF-8 text") from None


def _at_once(path: str, flags: int) -> int:
    """Opens a file without waiting for whoever would write into it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _where(path: Path, message: str, text: str) -> str:
    place = _PLACE.search(message)
    line = int(place[1]) if place else text.count("\n") + 1
    return f"{shown(path)}:{line}"


def _longest_line(path: Path, text: str) -> str:
    lines = text.split("\n")
    return f"{shown(path)}:{max(range(len(lines)), key=lambda number: len(lines[number])) + 1}"


def _cannot(where: str, sentence: str) -> ConfigError:
    return ConfigError((Problem(where, sentence),))
