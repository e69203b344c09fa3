"""Connections that an application may cut, and the ways to cut them in the middle of an answer."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tui.demo.quirks.exchange import Answer

CUT = "cut"
"""Under this name a request's `state` holds what cuts its connection."""
Ask = Callable[[], Awaitable[Answer]]
"""Gets the answer that a fault spoils."""


class Connection(H11Protocol):
    """One client's connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let every request on it know how to cut it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CUT: partial(_cut, transport)}


def _cut(transport: asyncio.Transport, *, hard: bool) -> None:
    """Close it at once: `hard` with a reset, else as if all had been said."""
    if hard:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()


async def gone(receive: Receive) -> None:
    """Until the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def silence(ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - as every fault
    """Never answer, and do nothing of what is asked."""
    await gone(receive)


async def reset(ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer by half, then reset the connection."""
    await _half(await ask(), send)
    await _end(scope, receive, hard=True)


async def truncation(ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer by half, then close the connection."""
    await _half(await ask(), send)
    await _end(scope, receive, hard=False)


async def _half(answer: Answer, send: Send) -> None:
    await send(answer.start())
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})


async def _end(scope: Scope, receive: Receive, *, hard: bool) -> None:
    scope["state"][CUT](hard=hard)
    await gone(receive)
