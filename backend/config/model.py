"""The configuration as frozen values: one class for each section of the file.

Every field carries what the example file says of it and what a value must satisfy.
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from backend.config import checks
from backend.config.checks import Check
from backend.frozen import dataclass
from backend.model.part import Part
from backend.parts import PARTS, provider

Colour = Literal["red", "orange", "yellow", "green", "blue", "magenta", "cyan"]


@dataclass(frozen=True, slots=True)
class Says:
    """What a field means, and its check."""

    doc: str
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """By what the header tells where one is."""

    name: Annotated[str, Says("the word in the header", checks.one_word)] = "production"
    colour: Annotated[Colour, Says("red, orange, yellow, green, blue, magenta or cyan")] = "red"
    locked: Annotated[bool, Says("whether actions start locked")] = True


@dataclass(frozen=True, slots=True)
class Api:
    """The research API."""

    url: Annotated[str, Says("routes are this + /api/research/...", checks.service)] = "http://localhost:3000"
    token_env: Annotated[str, Says("the environment variable that holds a bearer token", checks.variable)] = ""
    token_command: Annotated[tuple[str, ...], Says("or the command that prints it", checks.optional_argv)] = ()
    timeout: Annotated[float, Says("seconds, per request", checks.finite(0.1, 300))] = 5.0


@dataclass(frozen=True, slots=True)
class Database:
    """PostgreSQL with the historical data."""

    dsn: Annotated[
        str, Says("libpq's words; the password by passfile=, ~/.pgpass or PGPASSWORD, never here", checks.dsn)
    ] = "host=localhost user=adaf_research dbname=adaf_historical"
    schema: Annotated[str, Says("where the market data lives", checks.identifier)] = "market_data"
    tables: Annotated[tuple[str, ...], Says("whose indexes can be rebuilt", checks.each(checks.identifier))] = (
        "daily_prices",
        "minute_bars",
    )
    sessions: Annotated[str, Says("application_name LIKE this is a backtest's session", checks.filled)] = "%backtest%"


@dataclass(frozen=True, slots=True)
class Engine:
    """The systemd unit and its processes."""

    unit: Annotated[str, Says("the unit's name", checks.unit)] = "adaf-backtest-engine"
    systemctl: Annotated[tuple[str, ...], Says("the command; sudo -n or ssh may stand before it", checks.argv)] = (
        "systemctl",
    )
    journalctl: Annotated[tuple[str, ...], Says("likewise, for the unit log", checks.argv)] = ("journalctl",)
    pid_file: Annotated[Path, Says("removed in a full recovery", checks.below_root)] = Path(
        "/var/run/adaf-backtest-engine.pid"
    )
    kill_patterns: Annotated[
        tuple[str, ...],
        Says(
            "a worker's raw command line matches one of these, and it belongs to the unit", checks.each(checks.pattern)
        ),
    ] = ("backtest.*python", "adaf.*backtest")
    look_pattern: Annotated[str, Says("which command lines are shown at all", checks.pattern)] = "backtest|research"


@dataclass(frozen=True, slots=True)
class Files:
    """The engine's directories."""

    root: Annotated[Path, Says("active/ temp/ completed/ results/ lie below it", checks.below_root)] = Path(
        "/var/research/backtests"
    )
    scratch_dir: Annotated[Path, Says("where else the engine leaves files", checks.below_root)] = Path("/tmp")  # noqa: S108 - the engine's, by the runbook
    scratch_pattern: Annotated[str, Says("the names of those files", checks.file_pattern)] = "backtest_*"
    quota_bytes: Annotated[int, Says("what may lie below the root; 0 is no quota", checks.finite(0))] = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond what something is wrong, and what counts as old."""

    runtime_minutes: Annotated[float, Says("a running job is over the limit after this", checks.positive)] = 45.0
    memory_percent: Annotated[
        float, Says("too much memory: of the host, or of the unit's own maximum", checks.percent)
    ] = 90.0
    disk_percent: Annotated[float, Says("too little space: of the file system, or of the quota", checks.percent)] = 85.0
    session_minutes: Annotated[float, Says("a database session is long after this", checks.positive)] = 5.0
    temp_minutes: Annotated[float, Says("temp/*.tmp is stale after this", checks.positive)] = 60.0
    scratch_days: Annotated[float, Says("a scratch file is stale after this", checks.positive)] = 1.0
    result_days: Annotated[float, Says("completed/*.pkl and results/* are old after this", checks.positive)] = 30.0


@dataclass(frozen=True, slots=True)
class Provider:
    """A host outside that delivers data."""

    name: Annotated[str, Says("its part is providers.NAME", checks.name)]
    kind: Annotated[Literal["ping", "http"], Says("ping, or http: a HEAD request")]
    address: Annotated[str, Says("a host for ping, an address for http", checks.filled)]


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository whose recent changes matter."""

    name: Annotated[str, Says("what it is called here", checks.name)]
    path: Annotated[Path, Says("its working tree", checks.absolute)]
    folders: Annotated[tuple[str, ...], Says("only changes below these", checks.each(checks.relative))]


@dataclass(frozen=True, slots=True)
class Commands:
    """Everything else that is run."""

    ping: Annotated[tuple[str, ...], Says("the address is appended", checks.argv)] = ("ping", "-c", "1", "-W", "2")
    kernel_log: Annotated[tuple[str, ...], Says("prints the kernel's messages", checks.argv)] = ("dmesg",)
    git: Annotated[tuple[str, ...], Says("reads the repositories", checks.argv)] = ("git",)


DEFAULT_PROVIDERS = (
    Provider("data-provider-1", "ping", "data-provider-1.adaf.local"),
    Provider("marketdata", "http", "https://api.marketdata.provider.com/health"),
)
DEFAULT_REPOSITORIES = (
    Repository("strategies", Path("/srv/adaf"), ("src/strategies", "research/strategies")),
    Repository("infrastructure", Path("/srv/adaf"), ("config", "ops", "infrastructure")),
)
DEFAULT_PEOPLE: Mapping[str, str] = MappingProxyType({"primary": "@research-team", "secondary": "@data-engineering"})
DEFAULT_LINKS: Mapping[str, str] = MappingProxyType(
    {
        "operations": "http://grafana.adaf.local/d/research/research-operations",
        "performance": "http://grafana.adaf.local/d/backtests/backtest-performance",
        "data-health": "http://grafana.adaf.local/d/data-health/historical-data-health",
    }
)


def default_intervals(providers: tuple[Provider, ...] = DEFAULT_PROVIDERS) -> dict[str, float]:
    """The pace of every part, in seconds, before any setting."""
    parts = [*PARTS.values(), *(provider(each.name) for each in providers)]
    return {part.key: part.interval for part in parts}


def default_state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the journal lives unless the file says otherwise."""
    named = Path(environ.get("XDG_STATE_HOME", ""))
    base = named if named.is_absolute() else home(environ) / ".local" / "state"
    return base / "backtop"


def home(environ: Mapping[str, str]) -> Path:
    """The home folder by the environment, else by the system's list of users, else `/`; never a relative one."""
    named = Path(environ.get("HOME", ""))
    if named.is_absolute():
        return named
    try:
        known = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path("/")
    return known if known.is_absolute() else Path("/")


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value and where it came from."""

    key: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Config:
    """The effective configuration of one profile."""

    profile: str = "default"
    path: Path | None = None
    """The file that was read, None when there is none."""
    state_dir: Path = field(default_factory=default_state_dir)
    lock_dir: Path = Path("/run/lock")
    read_only: bool = False
    environment: Environment = field(default_factory=Environment)
    api: Api = field(default_factory=Api)
    database: Database = field(default_factory=Database)
    engine: Engine = field(default_factory=Engine)
    files: Files = field(default_factory=Files)
    limits: Limits = field(default_factory=Limits)
    intervals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType(default_intervals()))
    """Seconds between two readings, by the key of the part; complete."""
    providers: tuple[Provider, ...] = DEFAULT_PROVIDERS
    repositories: tuple[Repository, ...] = DEFAULT_REPOSITORIES
    commands: Commands = field(default_factory=Commands)
    people: Mapping[str, str] = field(default_factory=lambda: DEFAULT_PEOPLE)
    links: Mapping[str, str] = field(default_factory=lambda: DEFAULT_LINKS)
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)
    """Where each value that is not a default came from."""

    def origin(self, key: str) -> str:
        """Where the value of `section.key` came from, as `default`, `/path/config.toml:12`, `option --read-only`."""
        return self.origins.get(key, "default")

    def interval(self, part: Part[Any]) -> float:
        """Seconds between two readings of this part."""
        return self.intervals.get(part.key, part.interval)

    @property
    def journal_path(self) -> Path:
        """The journal of this profile."""
        return self.state_dir / self.profile / "journal.jsonl"
