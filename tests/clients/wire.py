"""A server on a real socket that can be told to misbehave, byte by byte."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Writer = asyncio.StreamWriter
Play = Callable[[Writer], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What arrived, undecoded where it matters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.target.partition("?")[2].split("&") if pair)
        return {name: value for name, _, value in pairs}


@dataclass
class Server:
    """Answers by path below `/api/research/`; everything else is a page that is not there."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _routes: dict[str, Callable[[Request], Play]] = field(default_factory=dict)

    def on(self, path: str, play: Play) -> None:
        self._routes[path] = lambda _: play

    def on_request(self, path: str, choose: Callable[[Request], Play]) -> None:
        self._routes[path] = choose

    def play_for(self, request: Request) -> Play:
        choose = self._routes.get(request.path.removeprefix("/api/research/"))
        return page(404) if choose is None else choose(request)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server, tasks = Server(), set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while (request := await _request(reader)) is not None:
                server.requests.append(request)
                server.arrived.set()
                await server.play_for(request)(writer)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.casefold(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def raw(data: bytes) -> Play:
    """These bytes and nothing else."""

    async def play(writer: Writer) -> None:
        writer.write(data)

    return play


def answer(body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Play:
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    typed = f"content-type: {kind}\r\n" if kind else ""
    return raw(f"HTTP/1.1 {status} X\r\n{typed}content-length: {len(body)}\r\n{told}\r\n".encode() + body)


def reply(value: object, status: int = 200, **headers: str) -> Play:
    """A JSON answer."""
    return answer(json.dumps(value).encode(), status, **headers)


def page(status: int) -> Play:
    """What a web framework shows to people."""
    return answer(b"<!DOCTYPE html><html>" + b"x" * 20_000 + b"</html>", status, "text/html; charset=utf-8")


def hang_up(data: bytes = b"") -> Play:
    """These bytes, then the end of the connection."""

    async def play(writer: Writer) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return play


def reset(data: bytes = b"") -> Play:
    """These bytes, then what a killed process leaves: a reset."""

    async def play(writer: Writer) -> None:
        writer.write(data)
        await writer.drain()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return play


async def silence(writer: Writer) -> None:
    """An open port is not readiness."""
    await asyncio.Event().wait()


def drip(data: bytes) -> Play:
    """One byte at a time, for ever in no hurry."""

    async def play(writer: Writer) -> None:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    return play
