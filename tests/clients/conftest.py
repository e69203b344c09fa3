from collections.abc import AsyncIterator, Iterator

import pytest

from backend.clients.api import ApiClient
from tests.clients.postgres_server import Database, database_server
from tests.clients.wire import Server, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def api(server: Server) -> AsyncIterator[ApiClient]:
    client = ApiClient(server.url, timeout=5)
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    with database_server() as running:
        yield running
