"""What tests of the API share: a served world with a clock in hand, and a real PostgreSQL to serve it from."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import PATIENCE, eventually
from tui.demo.api import HOST, application, listener_on, server_of
from tui.demo.instance import create, remove
from tui.demo.layout import Layout
from tui.demo.market import script
from tui.demo.postgres import Postgres
from tui.demo.world.scenario import build
from tui.demo.world.world import World

START = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
RESEARCH = "/api/research"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Rig:
    """A served world: ask it with `get`, `post` and `delete`, move its time with `clock`."""

    def __init__(self, client: httpx.AsyncClient, world: World, clock: Clock) -> None:
        self.client = client
        self.world = world
        self.clock = clock

    async def get(self, route: str, status: int = 200) -> Any:
        return self._read(await self.client.get(f"{RESEARCH}/{route}"), status)

    async def post(self, route: str, body: object = None, status: int = 202) -> Any:
        return self._read(await self.client.post(f"{RESEARCH}/{route}", json=body), status)

    async def engine(self, route: str, status: int = 200, **body: object) -> Any:
        return self._read(await self.client.post(f"/engine/{route}", json=body), status)

    def _read(self, response: httpx.Response, status: int) -> Any:
        assert response.status_code == status, response.text
        answer = response.json()
        if status >= 400:
            assert answer.keys() == {"success", "error"}
            assert answer["success"] is False
        return answer


@asynccontextmanager
async def serving(name: str, root: Path) -> AsyncIterator[Rig]:
    """The scenario `name`, served over a real socket for the instance in `root`."""
    clock = Clock()
    world = World(build(name, 1, START), clock)
    listener = listener_on(0)
    server = server_of(application(world, Layout(root)))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{listener.getsockname()[1]}") as client:
            yield Rig(client, world, clock)
    finally:
        server.should_exit = True
        await task


@contextmanager
def postgres(parent: Path, name: str) -> Iterator[Layout]:
    """An instance below `parent` whose PostgreSQL holds the scenario `name`."""
    instance = create(parent / "instance")
    server = Postgres.prepare(instance)
    try:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(_fill(server, name))
        loop.close()
        yield instance.layout
    finally:
        remove(instance.root, instance.token)
        if server.child is not None:
            server.child.popen.wait(10)
        if server.elsewhere is not None:
            remove(server.elsewhere, instance.token)


async def _fill(server: Postgres, name: str) -> None:
    await server.start()
    await server.run(script(build(name, 1, START), server.passwords))
    server.publish()


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait until `condition()`, a coroutine, gives something true, and give that back; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not (met := await condition()):  # noqa: ASYNC110 - what is waited for happens behind a socket
            await asyncio.sleep(0.05)
    return met


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until `condition()` is true; fails after `seconds`."""
    eventually(condition, "it", seconds)
