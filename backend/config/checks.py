"""What a single value must satisfy beyond its type.

A check takes the value and answers with the end of a sentence, or None when the value is good. It never repeats the
value itself: a secret that strayed into the file must not come out on the screen.
"""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

Check = Callable[[Any], str | None]

SECRET_NAMES = re.compile(r"pass(word|wd)$|secret|^token$|_token$|api_?key", re.IGNORECASE)
_DSN_PASSWORD = re.compile(r"(^|\s|[?&])(ssl)?password\s*=", re.IGNORECASE)
_URI_PASSWORD = re.compile(r"^\w+://[^/@]*:[^/@]*@")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")
_UNIT = re.compile(r"(?!-)[A-Za-z0-9:_.\\@-]{1,255}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9:._-]{1,253}")
_GLOB = re.compile(r"[A-Za-z0-9_.][^/]{2,}")


def finite(low: float, high: float = math.inf) -> Check:
    """Between `low` and `high`, both included."""

    def check(value: float) -> str | None:
        if math.isfinite(value) and low <= value <= high:
            return None
        return f"must be {low:g} or more" if math.isinf(high) else f"must be between {low:g} and {high:g}"

    return check


def percent(value: float) -> str | None:
    """A share that something can reach."""
    return None if 0 < value <= 100 else "is a percentage: above 0, at most 100"


def positive(value: float) -> str | None:
    """More than nothing, and nothing absurd."""
    return None if 0 < value <= 1_000_000 else "must be more than 0, and at most a million"


def filled(value: str) -> str | None:
    """Some text."""
    return None if value.strip() else "must not be empty"


def one_word(value: str) -> str | None:
    """Text that fits into a header."""
    return filled(value) or ("must be at most 40 characters" if len(value) > 40 else None)


def name(value: str) -> str | None:
    """A name that can stand in a path and in a key."""
    return None if _NAME.fullmatch(value) else "may only have letters, digits, '.', '_' and '-', at most 64 of them"


def unit(value: str) -> str | None:
    """A systemd unit."""
    return None if _UNIT.fullmatch(value) else "is not the name of a systemd unit"


def host(value: str) -> str | None:
    """A host name or an address, never an option of `ping`."""
    return None if _HOST.fullmatch(value) else "is not a host name or an address"


def identifier(value: str) -> str | None:
    """An unquoted SQL name."""
    return None if _IDENTIFIER.fullmatch(value) else "is not a plain SQL name"


def each(check: Check) -> Check:
    """Every item, and at least one."""

    def check_all(values: Sequence[Any]) -> str | None:
        if not values:
            return "must not be an empty list"
        said = ((number, check(value)) for number, value in enumerate(values, start=1))
        return next((f"item {number} {sentence}" for number, sentence in said if sentence), None)

    return check_all


def argv(values: Sequence[str]) -> str | None:
    """A command and its arguments, as they are handed to the system without a shell."""
    if not values:
        return 'must not be an empty list; a command is a list of words, as ["sudo", "-n", "systemctl"]'
    return None if values[0].strip() else "has an empty command"


def optional_argv(values: Sequence[str]) -> str | None:
    """A command, or none."""
    return argv(values) if values else None


def pattern(value: str) -> str | None:
    """A regular expression that does not match just anything."""
    try:
        compiled = re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is not a valid regular expression: {error}"
    return "matches everything" if compiled.search("") else None


def file_pattern(value: str) -> str | None:
    """A file name pattern for files that may be deleted."""
    return (
        None
        if _GLOB.fullmatch(value)
        else "must be a file name pattern that begins with at least a letter, without '/'"
    )


def absolute(value: Path) -> str | None:
    """A path that means the same from everywhere."""
    if not value.is_absolute():
        return "must be an absolute path"
    return "must not contain '..'" if ".." in value.parts else None


def below_root(value: Path) -> str | None:
    """An absolute path that is not the whole machine."""
    return absolute(value) or ("must not be the root of the file system" if value == Path(value.anchor) else None)


def relative(value: str) -> str | None:
    """A folder inside of another."""
    inside = Path(value)
    good = value and not inside.is_absolute() and ".." not in inside.parts and not value.startswith("-")
    return None if good else "must be a relative path without '..'"


def variable(value: str) -> str | None:
    """The name of an environment variable, or nothing."""
    if not value or _VARIABLE.fullmatch(value):
        return None
    return "is the name of an environment variable that holds the token, never the token itself"


def dsn(value: str) -> str | None:
    """A connection string without a secret."""
    if _DSN_PASSWORD.search(value) or _URI_PASSWORD.match(value):
        return "holds a password; leave it to libpq: passfile=/path in the dsn, ~/.pgpass, or PGPASSWORD"
    return filled(value)


def web(value: str) -> str | None:
    """An http or https address without a secret."""
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an address as http://host:port or https://host"
    if parts.username is not None or parts.password is not None:
        return "holds a user or a password; for the API use token_env or token_command"
    return None


def service(value: str) -> str | None:
    """Where the API listens: no query, no fragment."""
    said = web(value)
    if said is not None:
        return said
    parts = urlsplit(value)
    return "must end before any '?' or '#'" if parts.query or parts.fragment else None


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return parts
