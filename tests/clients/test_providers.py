from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.clients import providers
from backend.clients.providers import ProvidersClient
from backend.command import SystemRunner
from backend.errors import NotAllowed
from tests.clients.wire import Server, answer, raw, reset, silence


def ping(folder: Path, line: str) -> tuple[str, ...]:
    path = folder / "ping"
    path.write_text(f'#!/bin/sh\necho "$@" > {folder}/called\n{line}\n')
    path.chmod(0o755)
    return (str(path), "-c", "1")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[ProvidersClient]:
    made = ProvidersClient(ping(tmp_path, "echo '64 bytes from x: icmp_seq=1 ttl=64 time=4.25 ms'"), SystemRunner())
    yield made
    await made.aclose()


async def test_ping(client: ProvidersClient, tmp_path: Path) -> None:
    found = await client.ask("data-provider-1", "ping", "data-provider-1.adaf.local")
    assert (found.reachable, found.latency_ms, found.word) == (True, 4.25, "answers")
    assert (tmp_path / "called").read_text() == "-c 1 data-provider-1.adaf.local\n"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("exit 1", "no answer"),
        ("echo 'ping: x: Name or service not \033[2Jknown' >&2; exit 2", "ping: x: Name or service not �[2Jknown"),
        ("exec sleep 300", "no answer within 1 s"),
    ],
)
async def test_no_answer_to_a_ping_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, word: str
) -> None:
    monkeypatch.setattr(providers, "SECONDS", 1)
    found = await ProvidersClient(ping(tmp_path, line), SystemRunner()).ask("p", "ping", "host")
    assert (found.reachable, found.latency_ms, found.word) == (False, None, word)


async def test_a_ping_that_tells_no_time(tmp_path: Path) -> None:
    found = await ProvidersClient(ping(tmp_path, "true"), SystemRunner()).ask("p", "ping", "host")
    assert found.reachable
    assert found.latency_ms is not None
    assert found.latency_ms > 0


async def test_no_ping_command() -> None:
    client = ProvidersClient(("no-such-ping",), SystemRunner())
    with pytest.raises(NotAllowed, match=r"no-such-ping is not on this host; the setting is commands\.ping"):
        await client.ask("p", "ping", "host")


async def test_an_address_is_never_an_option(client: ProvidersClient, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="looks like an option"):
        await client.ask("p", "ping", "-f")
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("status", "there"), [(200, True), (204, True), (302, True), (404, True), (405, True), (503, False)]
)
async def test_head(server: Server, client: ProvidersClient, status: int, there: bool) -> None:
    server.on("health", raw(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nlocation: /x\r\n\r\n".encode()))
    found = await client.ask("p", "http", server.url + "/api/research/health")
    assert (found.reachable, found.word) == (there, f"HTTP {status}")
    assert found.latency_ms is not None
    assert [request.method for request in server.requests] == ["HEAD"]


async def test_no_answer_to_a_head_is_an_answer(
    server: Server, client: ProvidersClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "SECONDS", 0.3)
    address = server.url + "/api/research/health"
    for play in (reset(), silence, raw(b"\x00\x01\r\n\r\n")):
        server.on("health", play)
        found = await client.ask("p", "http", address)
        assert not found.reachable
        assert found.word
    server.on("health", answer(b""))
    assert (await client.ask("p", "http", address)).reachable


@pytest.mark.parametrize(
    "address", ["nonsense", "http://[", "http://127.0.0.1:1/", "ftp://x", "http://no-such-host.invalid/"]
)
async def test_addresses_that_nobody_has(client: ProvidersClient, address: str) -> None:
    found = await client.ask("p", "http", address)
    assert not found.reachable
    assert found.word
