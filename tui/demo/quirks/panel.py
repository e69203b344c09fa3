"""The routes `/judge/quirks` and `/judge/quirks/NAME` (or `all`): quirks are listed, switched on and switched off."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tui.demo.quirks.switchboard import Switchboard
from tui.demo.quirks.table import ALL, QUIRKS, Quirk, UnknownQuirkError, quirk_of
from tui.demo.routes.replies import Handler, answering, body_or_nothing
from tui.demo.world.refusal import UnreadableError

PLACE = "/judge/quirks"
LONGEST = 3600.0
SETTING = ("PUT", "POST")
"""The methods that switch on."""


class _Panel:
    """Serves the routes."""

    def __init__(self, switches: Switchboard) -> None:
        self._switches = switches

    def _shape(self, quirk: Quirk) -> dict[str, Any]:
        switch = self._switches.get(quirk.name)
        seconds = quirk.seconds if switch is None else switch.seconds
        return {"name": quirk.name, "sentence": quirk.sentence, "on": switch is not None, "seconds": seconds or None}

    def _everything(self) -> Response:
        return JSONResponse({"quirks": [self._shape(quirk) for quirk in QUIRKS.values()]})

    async def whole(self, request: Request) -> Response:
        """Exactly those of the body are on from now on, or none is."""
        if request.method in SETTING:
            names = (await body_or_nothing(request)).get("quirks")
            if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
                raise UnreadableError("quirks is not a list of names")
            self._switches.set(QUIRKS if ALL in names else names)
        elif request.method == "DELETE":
            self._switches.set(())
        return self._everything()

    async def every(self, request: Request) -> Response:
        """All are on from now on, or none is."""
        if request.method in (*SETTING, "DELETE"):
            self._switches.set(QUIRKS if request.method in SETTING else ())
        return self._everything()

    async def one(self, request: Request) -> Response:
        """One is on from now on, or off."""
        quirk = quirk_of(request.path_params["name"])
        if request.method in SETTING:
            self._switches.switch_on(quirk.name, _seconds((await body_or_nothing(request)).get("seconds")))
        elif request.method == "DELETE":
            self._switches.switch_off(quirk.name)
        return JSONResponse(self._shape(quirk))


def panel(switches: Switchboard) -> ASGIApp:
    """What serves the routes."""
    serving = _Panel(switches)
    places = ((PLACE, serving.whole), (f"{PLACE}/{ALL}", serving.every), (PLACE + "/{name}", serving.one))
    routes = [Route(place, serve, methods=["GET", "DELETE", *SETTING]) for place, serve in places]
    handlers: Mapping[Any, Handler] = {UnknownQuirkError: _unknown, OSError: _unheard}
    return answering(routes, handlers)


def _seconds(value: Any) -> float | None:
    if value is None or (type(value) in (int, float) and 0 < value <= LONGEST):
        return None if value is None else float(value)
    raise UnreadableError(f"seconds is not a number up to {LONGEST:g}")


async def _unknown(_: Request, error: Exception) -> Response:
    return _error(404, str(error).encode("utf-8", "replace").decode())


async def _unheard(_: Request, error: Exception) -> Response:
    return _error(503, f"the supervisor does not hear: {error}")


def _error(status: int, sentence: str) -> Response:
    return JSONResponse({"success": False, "error": sentence}, status)
