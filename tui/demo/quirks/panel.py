"""The routes `/judge/quirks` and `/judge/quirks/NAME`: quirks are listed, switched on and switched off."""

from collections.abc import Awaitable, Callable, Mapping
from json import JSONDecodeError
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tui.demo.quirks.switchboard import Switchboard
from tui.demo.quirks.table import QUIRKS, Quirk, UnknownQuirkError, quirk_of

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]

PLACE = "/judge/quirks"
LONGEST = 3600.0


def panel(switches: Switchboard) -> ASGIApp:
    """What serves both routes."""

    def shape(quirk: Quirk) -> dict[str, Any]:
        switch = switches.get(quirk.name)
        seconds = quirk.seconds if switch is None else switch.seconds
        return {"name": quirk.name, "sentence": quirk.sentence, "on": switch is not None, "seconds": seconds or None}

    def everything() -> Response:
        return JSONResponse({"quirks": [shape(quirk) for quirk in QUIRKS.values()]})

    async def whole(request: Request) -> Response:
        if request.method == "PUT":
            names = (await _body(request)).get("quirks")
            if not isinstance(names, list):
                raise HTTPException(400, "quirks is not a list of names")
            switches.set(map(str, names))
        elif request.method == "DELETE":
            switches.set(())
        return everything()

    async def one(request: Request) -> Response:
        quirk = quirk_of(request.path_params["name"])
        if request.method == "PUT":
            switches.switch_on(quirk.name, _seconds((await _body(request)).get("seconds")))
        elif request.method == "DELETE":
            switches.switch_off(quirk.name)
        return JSONResponse(shape(quirk))

    methods = ["GET", "PUT", "DELETE"]
    routes = [Route(PLACE, whole, methods=methods), Route(PLACE + "/{name}", one, methods=methods)]
    handlers: Mapping[Any, Handler] = {UnknownQuirkError: _unknown, OSError: _unheard, HTTPException: _refused}
    return Starlette(routes=routes, exception_handlers=handlers)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json() if await request.body() else {}
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return body


def _seconds(value: Any) -> float | None:
    if value is None or (type(value) in (int, float) and 0 < value <= LONGEST):
        return None if value is None else float(value)
    raise HTTPException(400, f"seconds is not a number up to {LONGEST:g}")


async def _unknown(_: Request, error: Exception) -> Response:
    return _error(404, str(error).encode("utf-8", "replace").decode())


async def _unheard(_: Request, error: Exception) -> Response:
    return _error(503, f"the supervisor does not hear: {error}")


async def _refused(_: Request, error: Exception) -> Response:
    return _error(error.status_code, error.detail) if isinstance(error, HTTPException) else _error(500, str(error))


def _error(status: int, sentence: str) -> Response:
    return JSONResponse({"success": False, "error": sentence}, status)
