"""Where everything of one instance of the embedded platform lives: below one folder, made by it and removed by it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PREFIX = "backtop-demo-"
TOKEN_VARIABLE = "BACKTOP_DEMO_TOKEN"  # noqa: S105 - the name of a variable, not its value

CHECKPOINT, TRADES = "checkpoint.bin", "trades.csv"
"""What a job keeps in its folder, beside what its worker writes."""
COMMANDS = (
    "systemctl", "journalctl", "ping", "kernel-log", "df", "free", "dmesg", "sudo", "pkill", "git", "psql",
)  # fmt: skip
"""What may lie in an instance's `bin`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of files and folders of the instance in `root`; nothing here touches the disk but `make` and `token`."""

    root: Path

    @property
    def marker(self) -> Path:
        """JSON `{"pid", "started", "token"}`: whose folder this is; only a folder with one is ever removed."""
        return self.root / ".backtop-demo"

    @property
    def token_file(self) -> Path:
        """The token of this instance, some hexadecimal digits; it stands in the command line of every worker."""
        return self.root / "token"

    @property
    def token(self) -> str:
        """What `token_file` holds. Raises OSError when there is no instance here."""
        return self.token_file.read_text("ascii").strip()

    @property
    def epoch(self) -> Path:
        """When this instance began, ISO 8601 in UTC: the `now` that every part builds the same scenario from."""
        return self.root / "run" / "epoch"

    def began(self) -> datetime:
        """What `epoch` holds. Raises OSError when there is no instance here."""
        return datetime.fromisoformat(self.epoch.read_text("ascii").strip()).astimezone(UTC)

    @property
    def config(self) -> Path:
        """The configuration that any other command takes with `--config`."""
        return self.root / "config.toml"

    @property
    def readme(self) -> Path:
        """Tells a person with the runbook where its places are here."""
        return self.root / "README"

    @property
    def run(self) -> Path:
        """What running parts say of themselves."""
        return self.root / "run"

    @property
    def api(self) -> Path:
        """JSON `{"port", "pid"}`, written by the API when it answers."""
        return self.run / "api.json"

    @property
    def postgres(self) -> Path:
        """JSON `{"host", "port", "database", "user", "pid", "data", "stopped"}`, written when PostgreSQL is filled."""
        return self.run / "postgres.json"

    @property
    def passfile(self) -> Path:
        """The passwords of the instance's roles, in libpq's format, readable by the owner only."""
        return self.run / "pgpass"

    @property
    def sessions(self) -> Path:
        """JSON `{"pid"}`, written by the sessions process once its first sessions are there."""
        return self.run / "sessions.json"

    @property
    def engine_pid(self) -> Path:
        """The engine's pid file, written and removed by the engine."""
        return self.run / "engine.pid"

    @property
    def hidden(self) -> Path:
        """KiB that files take in folders that lost their permissions; a file system knows of them all the same."""
        return self.run / "hidden"

    def aside(self, folder: Path) -> Path:
        """Where a folder of `files` is while nobody shall reach it."""
        return self.run / f"aside-{folder.name}"

    @property
    def hosts(self) -> Path:
        """Lines `name up|down milliseconds`: what `bin/ping` answers."""
        return self.run / "hosts"

    @property
    def bin(self) -> Path:
        """The commands of this instance: what a dashboard starts, and what a person with the runbook types."""
        return self.root / "bin"

    @property
    def unit(self) -> Path:
        """State of the unit, as `bin/systemctl` shows it, and the pipe that its requests go through."""
        return self.root / "unit"

    @property
    def quirks(self) -> Path:
        """The pipe through which the API tells the supervisor of quirks that are not its own."""
        return self.run / "quirks"

    @property
    def requests(self) -> Path:
        """Lines `verb code state seconds`: what the unit was asked for, how that ended, how it was before, and when.

        `died` stands for a verb when it ended unasked, `gave-up` when it was started too often.
        """
        return self.unit / "requests"

    @property
    def log(self) -> Path:
        """Logs of the parts, the unit log, and `kernel`."""
        return self.root / "log"

    @property
    def kernel(self) -> Path:
        """What `bin/kernel-log` prints."""
        return self.log / "kernel"

    @property
    def files(self) -> Path:
        """The platform's file tree: `active`, `temp`, `completed`, `results`."""
        return self.root / "files"

    @property
    def active(self) -> Path:
        """One folder per running job, named by its id."""
        return self.files / "active"

    @property
    def temp(self) -> Path:
        """Temporary files of the engine; stale ones are older than an hour."""
        return self.files / "temp"

    @property
    def completed(self) -> Path:
        """Pickled outcomes of jobs."""
        return self.files / "completed"

    @property
    def results(self) -> Path:
        """Result files; old ones are older than 30 days."""
        return self.files / "results"

    @property
    def scratch(self) -> Path:
        """What stands for the host's temp folder: `backtest_*`."""
        return self.root / "scratch"

    @property
    def repository(self) -> Path:
        """A git repository with the strategies."""
        return self.root / "repository"

    @property
    def state(self) -> Path:
        """State folder of a dashboard that watches this instance."""
        return self.root / "state"

    @property
    def locks(self) -> Path:
        """Lock files of dashboards that watch this instance."""
        return self.root / "locks"

    @property
    def pg(self) -> Path:
        """PostgreSQL's own folder, unless another user has to own it and cannot reach this place."""
        return self.root / "pg"

    def make(self) -> None:
        """Make all folders, readable by the owner only; `root` itself must exist."""
        for folder in (self.run, self.bin, self.unit, self.log, self.active, self.temp, self.completed, self.results):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.scratch, self.state, self.locks):
            folder.mkdir(mode=0o700, exist_ok=True)


def replace(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` so that a reader sees either what was there before or all of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
