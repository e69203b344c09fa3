"""The platform as one configuration names it: its clients, and what reads each part with them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backend.clients.api import ApiClient
from backend.clients.engine import EngineClient
from backend.clients.files import FilesClient
from backend.clients.host import HostClient
from backend.clients.providers import ProvidersClient
from backend.clients.routes import READ
from backend.clients.token import TokenFromCommand, TokenFromEnvironment
from backend.command import CommandRunner, SystemRunner
from backend.config.model import Config
from backend.errors import SourceError
from backend.model.data import SymbolsHealth
from backend.model.engine import Unit
from backend.model.host import ProcessTable
from backend.model.jobs import Job, JobState
from backend.model.situation import Part
from backend.parts import (
    DATA_AVAILABILITY,
    DATA_CONNECTIVITY,
    DATA_SOURCES,
    DATA_STATUS,
    DATA_SYMBOLS,
    DATA_VALIDATION,
    DATABASE_OWN,
    DATABASE_SESSIONS,
    DATABASE_TABLES,
    ENGINE_UNIT,
    FILES_DISK,
    FILES_TREE,
    HOST_COUNTERS,
    HOST_PROCESSES,
    JOBS_COUNTS,
    JOBS_FAILED,
    JOBS_HEALTH,
    JOBS_PENDING,
    JOBS_RUNNING,
    provider,
)  # fmt: skip

if TYPE_CHECKING:
    from backend.clients.postgres import DatabaseClient

Fetch = Callable[[], Awaitable[Any]]


class Platform:
    """All clients of one platform. Close it when done."""

    def __init__(self, config: Config, runner: CommandRunner | None = None) -> None:
        self._config = config
        self._runner = runner or SystemRunner()
        self.api = ApiClient(config.api.url, token=self._token(), timeout=config.api.timeout)
        self.engine = EngineClient(config.engine.unit, config.engine.systemctl, self._runner)
        self._host = HostClient(config.engine.kill_patterns, config.engine.look_pattern)
        self._files = FilesClient(
            str(config.files.root),
            str(config.files.scratch_dir),
            config.files.scratch_pattern,
            quota_bytes=config.files.quota_bytes,
            temp_minutes=config.limits.temp_minutes,
            scratch_days=config.limits.scratch_days,
            result_days=config.limits.result_days,
        )
        self._database: DatabaseClient | None = None
        self._opening = asyncio.Lock()
        self._providers = ProvidersClient(config.commands.ping, self._runner)
        self._unit: Unit | None = None
        self._unit_known = False
        """Whether the unit could be read when it was tried last."""
        self._selected: Job | None = None

    async def aclose(self) -> None:
        """Close all connections."""
        await self.api.aclose()
        await self._providers.aclose()
        if self._database is not None:
            await self._database.aclose()

    def fetches(self) -> Mapping[Part[Any], Fetch]:
        """What reads each part; the parts have the pace and the deadline of this configuration."""
        return {self._paced(part): fetch for part, fetch in self._fetches().items()}

    def _paced(self, part: Part[Any]) -> Part[Any]:
        """Its age is judged by its interval too; whoever waits longer for the API waits longer for its parts."""
        route = READ.get(part.key)
        deadline = part.deadline if route is None else route.deadline(self._config.api.timeout)
        return replace(part, interval=self._config.interval(part), deadline=deadline)

    def _fetches(self) -> dict[Part[Any], Fetch]:
        api, files, database = self.api, self._files, self._of_database
        return {
            HOST_COUNTERS: self._host.counters,
            JOBS_FAILED: lambda: api.jobs(JobState.FAILED),
            JOBS_HEALTH: api.health,
            JOBS_RUNNING: lambda: api.jobs(JobState.RUNNING),
            JOBS_COUNTS: api.counts,
            JOBS_PENDING: lambda: api.jobs(JobState.PENDING),
            DATA_AVAILABILITY: api.availability,
            DATA_CONNECTIVITY: api.connectivity,
            DATA_SOURCES: api.sources,
            DATA_STATUS: api.data_status,
            DATA_VALIDATION: api.validation,
            DATA_SYMBOLS: self._symbols,
            ENGINE_UNIT: self._read_unit,
            HOST_PROCESSES: self._processes,
            FILES_DISK: files.disk,
            FILES_TREE: files.tree,
            DATABASE_OWN: database(lambda client: client.own()),
            DATABASE_SESSIONS: database(lambda client: client.sessions()),
            DATABASE_TABLES: database(lambda client: client.tables()),
            **{provider(each.name): self._ask(each.name) for each in self._config.providers},
        }

    def skew_of(self, part: Part[Any]) -> Callable[[], float | None]:
        """What tells by how many seconds the clock behind this part is ahead of ours."""
        return (lambda: self.api.skew) if part.key in READ else (lambda: None)

    def select(self, job: Job | None) -> bool:
        """Read the symbols of this failed job from now on; whether that is another one than before."""
        before, self._selected = self._selected, job
        return (before and before.id) != (job and job.id)

    async def _symbols(self) -> SymbolsHealth:
        job = self._selected
        if job is None or not job.symbols:
            return SymbolsHealth("", ())
        return await self.api.symbols_health(job.label, job.symbols)

    async def _read_unit(self) -> Unit:
        known = False
        try:
            self._unit = await self.engine.unit()
            known = True
        finally:
            self._unit_known = known
        return self._unit

    async def _processes(self) -> ProcessTable:
        if not self.engine.here:  # of what runs on this host nothing is the engine's, whatever its group is called
            return await self._host.processes("", "")
        if self._unit is None:
            with suppress(SourceError):  # its own part tells; without the unit nobody knows what is the engine's
                await self._read_unit()
        unit = self._unit
        return await self._host.processes(
            unit.invocation if unit else "", unit.control_group if unit else "", known=self._unit_known
        )

    def _of_database(self, read: "Callable[[DatabaseClient], Awaitable[Any]]") -> Fetch:
        """What reads from PostgreSQL. Its library takes longer than the first answers of all others: they go first."""

        async def fetch() -> Any:
            async with self._opening:
                if self._database is None:
                    self._database = await asyncio.to_thread(self._open_database)
            return await read(self._database)

        return fetch

    def _open_database(self) -> "DatabaseClient":
        from backend.clients.postgres import DatabaseClient

        settings = self._config.database
        return DatabaseClient(
            settings.dsn, schema=settings.schema, tables=settings.tables, sessions_like=settings.sessions
        )

    def _ask(self, name: str) -> Fetch:
        asked = next(each for each in self._config.providers if each.name == name)
        return lambda: self._providers.ask(asked.name, asked.kind, asked.address)

    def _token(self) -> TokenFromEnvironment | TokenFromCommand | None:
        settings = self._config.api
        if settings.token_env:
            return TokenFromEnvironment(settings.token_env)
        return TokenFromCommand(settings.token_command, self._runner) if settings.token_command else None
