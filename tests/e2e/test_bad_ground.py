"""Parts of the platform are away, refuse, hang or talk nonsense: each costs its own source, and no other."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.clients.postgres_server import Database, database_server
from tests.e2e.conftest import Open
from tests.e2e.servers import refusing, silent, web
from tests.e2e.stand import Sections, Stand, backtop

pytestmark = pytest.mark.e2e

NOBODY = "host=127.0.0.1 port=1 user=watcher dbname=postgres"
PATIENT = {'"database.tables"': 1.0}
"""Read often, so that it is looked at soon again after a failure."""
OTHERS = {"jobs", "engine", "host", "files", "data", "database", "providers"}


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A server of our own, that can be stopped and started under a dashboard."""
    with database_server() as server:
        yield server


def status(stand: Stand, name: str, sections: Sections) -> tuple[int, dict[str, Any]]:
    """Exit code and sources of one look with these values changed."""
    told = backtop("status", "--json", "--config", str(stand.variant(name, sections)), home=stand.home)
    assert told.err == ""
    sources: dict[str, Any] = told.json["sources"]
    return told.code, sources


def passfile(dsn: str, password: str, folder: Path) -> str:
    """`dsn` with its password, or another one, in a file."""
    words = psycopg.conninfo.conninfo_to_dict(dsn)
    words.pop("password", None)
    file = folder / f"pgpass-{password.replace(' ', '-')}"
    file.touch(mode=0o600)
    file.write_text(f"*:*:*:*:{password}\n")
    return psycopg.conninfo.make_conninfo("", **{**words, "passfile": str(file)})


@pytest.mark.parametrize(
    ("server", "state", "kind"),
    [
        (refusing, "failed", "refused"),
        (silent, "failed", "timed out"),
        (lambda: web(200), "failed", "bad answer"),
        (lambda: web(404), "missing", "missing"),
        (lambda: web(503), "failed", "refused"),
        (lambda: web(401), "failed", "not allowed"),
    ],
    ids=["refusing", "silent", "html", "no-routes", "unavailable", "no-right"],
)
def test_an_api_that_is_no_use(
    server: Callable[[], AbstractContextManager[str]], state: str, kind: str, calm: Stand
) -> None:
    with server() as url:
        left, sources = status(calm, "api", {"api": {"url": url, "timeout": 0.5 if server is silent else 10.0}})
    assert left == 3, "nobody can tell whether the alert fires"
    for name in ("jobs", "data"):
        assert (sources[name]["state"], sources[name]["error"]["kind"]) == (state, kind), sources[name]["error"]
        assert sources[name]["error"]["summary"]
    assert {name for name in OTHERS if sources[name]["state"] == "ok"} == OTHERS - {"jobs", "data"}


def test_commands_that_are_not_there(calm: Stand) -> None:
    missing = ["/nonexistent/bin/none"]
    left, sources = status(
        calm, "commands", {"engine": {"systemctl": missing, "journalctl": missing}, "commands": {"ping": missing}}
    )
    assert left == 1
    for name in ("engine", "providers"):
        assert (sources[name]["state"], sources[name]["error"]["kind"]) == ("failed", "not allowed")
        assert "is not on this host" in sources[name]["error"]["summary"]
    assert {name for name in OTHERS if sources[name]["state"] == "ok"} == OTHERS - {"engine", "providers"}


@pytest.mark.parametrize("kind", ["absent", "a file", *([] if os.geteuid() == 0 else ["unreadable"])])
def test_a_folder_that_cannot_be_read(kind: str, calm: Stand, tmp_path: Path) -> None:
    place = tmp_path / "place"
    if kind == "a file":
        place.write_text("mine")
    elif kind == "unreadable":
        place.mkdir(mode=0o000)
    left, sources = status(calm, "folder", {"files": {"root": str(place)}})
    assert left == 1
    assert sources["files"]["state"] == "failed"
    assert "files.root" in sources["files"]["error"]["summary"]
    assert {name for name in OTHERS if sources[name]["state"] == "ok"} == OTHERS - {"files"}


def test_a_database_that_is_down_refuses_or_does_not_know_us(calm: Stand, tmp_path: Path, database: Database) -> None:
    cases = {"refused": NOBODY, "not allowed": passfile(database.dsn(), "wrong", tmp_path)}
    for kind, dsn in cases.items():
        left, sources = status(calm, "database", {"database": {"dsn": dsn}})
        assert left == 1
        assert (sources["database"]["state"], sources["database"]["error"]["kind"]) == ("failed", kind)
        assert "wrong" not in str(sources["database"]["error"])
        assert {name for name in OTHERS if sources[name]["state"] == "ok"} == OTHERS - {"database"}


def test_the_dashboard_outlives_a_database_that_comes_and_goes(
    calm: Stand, opened: Open, tmp_path: Path, database: Database
) -> None:
    dsn = passfile(database.dsn(), "s3cret word", tmp_path)
    database.stop()
    terminal = opened("--config", str(calm.variant("away", {"database": {"dsn": dsn}, "intervals": PATIENT})))
    terminal.shows("5 Database", "no database answers", "1 Jobs", "providers 2 of 2")
    assert "failed" in terminal.line_with("5 Database")
    jobs, _, _ = terminal.line_with("1 Jobs").partition("2 Failures")
    assert "failed" not in jobs
    database.start()
    terminal.until(lambda: "failed" not in terminal.line_with("5 Database"), "the database", seconds=90)
    terminal.shows("sessions 0")
    database.stop()
    terminal.shows("no database answers", seconds=60)
    assert "sessions 0" in terminal.text, "the last good value stays"
    database.start()
    terminal.press("z", "h", "h", "z", "ctrl+q")
    assert terminal.ends() == 0


def test_the_dashboard_goes_on_when_nothing_at_all_answers(opened: Open, calm: Stand) -> None:
    nothing = ["/nonexistent/bin/none"]
    with silent() as url:
        config = calm.variant(
            "nothing",
            {
                "api": {"url": url, "timeout": 1.0},
                "database": {"dsn": NOBODY},
                "engine": {"systemctl": nothing, "journalctl": nothing},
                "files": {"root": "/nonexistent/root", "scratch_dir": "/nonexistent/scratch"},
                "commands": {"ping": nothing},
            },
        )
        terminal = opened("--config", str(config), columns=80, lines=24)
        terminal.shows("alert unknown", "no database answers", seconds=60)
        terminal.press("?")
        terminal.shows("what is watched", "show all keys and actions")
        terminal.press("escape", "r", "1", "2", "3", "4", "5", "z", "ctrl+q")
        assert terminal.ends() == 0
