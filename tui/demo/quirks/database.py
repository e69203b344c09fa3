"""Quirks of PostgreSQL, done to the real server."""

import asyncio
import sys
from contextlib import suppress

from tui.demo.address import ENGINE, dsn
from tui.demo.instance import GroundError, Instance
from tui.demo.market import TABLES
from tui.demo.postgres import Postgres, binaries
from tui.demo.postmaster import Postmaster
from tui.demo.processes import Child, end_children
from tui.demo.quirks.trouble import Trouble

ARCHIVER = "adaf-archiver"
"""The application that holds the lock."""
LOOK = 0.2
"""Seconds between two looks at which server there is."""
NOTICED = "100ms"
"""After how long a server notices that a client is gone."""


class Service:
    """The server as something that is stopped and started; who refuses has precedence over who restarts."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._turn = asyncio.Lock()
        self._refused = False

    async def refuse(self) -> None:
        """Stop it, and keep it so."""
        async with self._turn:
            self._refused = True
            self._server.stop()

    async def allow(self) -> None:
        """Start it again."""
        async with self._turn:
            self._refused = False
            await self._server.resume()

    async def restart(self) -> None:
        """Stop and start it, unless it is stopped for good."""
        async with self._turn:
            if not self._refused:
                self._server.stop()
                await self._server.resume()


class Refusal(Trouble):
    """The server is stopped, so that its port refuses connections."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def begin(self, seconds: float) -> None:  # noqa: ARG002 - as every trouble
        """Stop the server."""
        await self._service.refuse()

    async def end(self) -> None:
        """Start it again."""
        await self._service.allow()


class Restarts(Trouble):
    """The server restarts at once, and then again after every so many seconds."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self, seconds: float) -> None:
        """Restart for the first time."""
        await self.end()
        self._over.clear()
        self._task = asyncio.create_task(self._again(seconds))

    async def _again(self, seconds: float) -> None:
        while not self._over.is_set():
            try:
                await self._service.restart()
            except GroundError as error:
                sys.stderr.write(f"backtop demo: {error}\n")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), seconds)

    async def end(self) -> None:
        """Restart no more; a restart that has begun is finished."""
        self._over.set()
        if self._task is not None:
            await asyncio.shield(self._task)
            self._task = None

    async def drop(self) -> None:
        """The same: a server that comes up later would stay."""
        await self.end()


class Lock(Trouble):
    """A session holds a table for itself and never ends its transaction; with each new server it begins anew.

    Who ends only the session is rid of it.
    """

    def __init__(self, instance: Instance, server: Postgres) -> None:
        self._instance = instance
        self._server = server
        self._holder: Child | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self, seconds: float) -> None:  # noqa: ARG002 - as every trouble
        """Take the lock, after those who hold the table now."""
        await self.end()
        self._task = asyncio.create_task(self._again())

    async def _again(self) -> None:
        held = 0
        while True:
            server = Postmaster.seen(self._instance.layout)
            if server is not None and server.takes and server.pid != held:
                held = server.pid
                self._let_go()
                try:
                    self._take()
                except OSError as error:
                    sys.stderr.write(f"backtop demo: no lock is taken: {error}\n")
            await asyncio.sleep(LOOK)

    def _take(self) -> None:
        layout = self._instance.layout
        # The server looks whether we are there even while it sleeps for us: so our end is the end of the session.
        seen = f"-c client_connection_check_interval={NOTICED}"
        where = dsn(self._server.port, layout.passfile, ENGINE, application_name=ARCHIVER, options=seen)
        hold = f"BEGIN; LOCK TABLE market_data.{TABLES[0]} IN ACCESS EXCLUSIVE MODE"
        with (layout.log / ARCHIVER).open("ab") as output:
            self._holder = Child.start(
                [str(binaries() / "psql"), "-X", "-q", "-d", where, "-c", hold, "-c", "SELECT pg_sleep(86400)"],
                environment=self._instance.environment(), folder=layout.root, output=output,
            )  # fmt: skip

    def _let_go(self) -> None:
        if self._holder is not None:
            end_children([self._holder])
            self._holder = None

    async def end(self) -> None:
        """Let it go: the session ends with its client."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._let_go()

    async def drop(self) -> None:
        """The same."""
        await self.end()
