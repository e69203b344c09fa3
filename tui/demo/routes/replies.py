"""How the API answers: JSON with times in UTC, two kinds of 404, and an empty 405."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match

from tui.demo.contract.words import LARGEST
from tui.demo.maintenance import Maintenance
from tui.demo.watchman import Watchman
from tui.demo.world.judge import Judge
from tui.demo.world.refusal import (
    ConflictError,
    NotThereError,
    RefusalError,
    TooLongError,
    UnavailableError,
    UnreadableError,
)
from tui.demo.world.world import World

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]

STATUS_OF: Mapping[type[RefusalError], int] = {
    UnreadableError: 400,
    NotThereError: 404,
    ConflictError: 409,
    TooLongError: 413,
    UnavailableError: 503,
}
LONGEST_BODY = 1 << 20
"""Bytes of the longest body that is read."""
NO_ROUTE = "<!doctype html><html><head><title>404</title></head><body><h1>404: no such page</h1></body></html>"


def world_of(request: Request) -> World:
    """The world that the application serves, brought up to now."""
    world: World = request.app.state.world
    world.settle()
    return world


def maintenance_of(request: Request) -> Maintenance:
    """What changes the stored history of that world."""
    maintenance: Maintenance = request.app.state.maintenance
    return maintenance


def watchman_of(request: Request) -> Watchman:
    """What keeps that world in step with the real parts of the platform."""
    watchman: Watchman = request.app.state.watchman
    return watchman


def judge_of(request: Request) -> Judge:
    """The judge of that world."""
    return watchman_of(request).judge


def when(moment: datetime | None) -> str | None:
    """`moment` as ISO 8601 in UTC with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def body_of(request: Request) -> Mapping[str, Any]:
    """The JSON object that was sent; UnreadableError when there is none, TooLongError when it is too long."""
    return _object(await _bytes(request))


async def body_or_nothing(request: Request) -> Mapping[str, Any]:
    """The same, and an empty object where nothing was sent."""
    sent = await _bytes(request)
    return _object(sent) if sent else {}


async def _bytes(request: Request) -> bytes:
    """What was sent; of a body that is too long no more is kept than is needed to know that."""
    sent = bytearray()
    async for chunk in request.stream():
        sent += chunk
        if len(sent) > LONGEST_BODY:
            raise TooLongError(f"the body is longer than {LONGEST_BODY} bytes")
    return bytes(sent)


def _object(sent: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(sent, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or a number of thousands of digits
        raise UnreadableError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise UnreadableError("the body is not a JSON object")
    return body


def _no_constant(name: str) -> None:
    """Python reads `NaN` and `Infinity`, which are no JSON."""
    raise ValueError(name)


def text(body: Mapping[str, Any], name: str) -> str:
    """What `body` says of `name`; UnreadableError when that is no text, or nothing at all."""
    if name not in body:
        raise UnreadableError(f"{name} is missing")
    if not isinstance(body[name], str):
        raise UnreadableError(f"{name} is not a text")
    return str(body[name])


def whole(text: str, name: str, least: int) -> int:
    """`text` as a whole number from `least` to `LARGEST`; UnreadableError otherwise."""
    if text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST)) and int(text) >= least:
        return int(text)
    raise UnreadableError(f"{name} is not a whole number from {least} to {LARGEST}")


def truth(body: Mapping[str, Any], name: str, usual: bool | None = None) -> bool:
    """What `body` says of `name`, or else what is `usual`; UnreadableError when that is neither true nor false."""
    value = body.get(name, usual)
    if isinstance(value, bool):
        return value
    raise UnreadableError(f"{name} is true or false")


async def _on_refusal(_: Request, error: Exception) -> Response:
    status = STATUS_OF[type(error)] if isinstance(error, RefusalError) else 500
    sentence = str(error).encode("utf-8", "replace").decode()  # it may quote what cannot be sent, such as half a pair
    return JSONResponse({"success": False, "error": sentence}, status)


async def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _without_slash(request) or HTMLResponse(NO_ROUTE, 404)
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(status_code=status, headers=headers)


def _without_slash(request: Request) -> Response | None:
    """A redirect for a route with a slash too many behind it; None for anything else."""
    path = request.scope["path"]
    there = {**request.scope, "path": path.rstrip("/")}
    if not path.endswith("/") or all(route.matches(there)[0] is Match.NONE for route in request.app.routes):
        return None
    place = quote(there["path"]) + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(place, 308)


HANDLERS: Mapping[Any, Handler] = {RefusalError: _on_refusal, HTTPException: _on_http}


def answering(routes: Sequence[BaseRoute], more: Mapping[Any, Handler] | None = None) -> Starlette:
    """What serves `routes` as the API answers; `more` are handlers of further errors."""
    app = Starlette(routes=routes, exception_handlers={**HANDLERS, **(more or {})})
    app.router.redirect_slashes = False  # it would say 307
    return app
