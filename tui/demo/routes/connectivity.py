"""Whether the databases answer, asked on the wire."""

import asyncio
from time import perf_counter
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tui.demo.layout import Layout
from tui.demo.postmaster import Postmaster
from tui.demo.routes.replies import world_of

PATIENCE = 1.0
"""Seconds that a database has to answer."""
SLOW_MS = 500.0
"""From here on an answer of the database is not a healthy one."""
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""The first message of PostgreSQL's protocol that every server answers, without a password, with one byte.

One that is about to end does so too, and then refuses whatever comes next.
"""
DOWN = {"status": "down", "response_time_ms": None}


async def connectivity(request: Request) -> Response:
    """Whether the historical data and its backup can be reached, and how fast."""
    layout: Layout = request.app.state.layout
    primary = backup = await _probe(layout)  # one server holds both
    felt = world_of(request).ground.latency_ms
    if felt is not None and primary["status"] == "healthy":
        primary = {"status": "degraded" if felt > SLOW_MS else "healthy", "response_time_ms": round(felt, 1)}
    return JSONResponse({"connections": {"historical_data": primary, "backup_historical": backup}})


async def _probe(layout: Layout) -> dict[str, Any]:
    server = Postmaster.seen(layout)
    if server is None or not server.takes:
        return DOWN
    began = perf_counter()
    try:
        async with asyncio.timeout(PATIENCE):
            await _greet(server.host, server.port)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return DOWN
    return {"status": "healthy", "response_time_ms": round(1000.0 * (perf_counter() - began), 1)}


async def _greet(host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(SSL_REQUEST)
        await writer.drain()
        await reader.readexactly(1)
    finally:
        writer.close()
