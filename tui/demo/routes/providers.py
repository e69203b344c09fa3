"""The routes below `/providers`: what a data provider on the outside answers."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.layout import Layout
from tui.demo.outside import hosts
from tui.demo.quirks.connection import gone
from tui.demo.world.refusal import NotThereError


async def health(request: Request) -> Response:
    """The provider says how it is, after as long as it usually takes; while it is down it takes the question only."""
    layout: Layout = request.app.state.layout
    name = request.path_params["name"]
    host = hosts(layout).get(name) if layout.hosts.exists() else None
    if host is None:
        raise NotThereError(f"there is no provider {name}")
    await asyncio.sleep(host.milliseconds / 1000.0)
    if not host.up:
        await gone(request.receive)
        return JSONResponse({"provider": name, "status": "down"}, 503)
    return JSONResponse({"provider": name, "status": "ok"})


ROUTES = [Route("/providers/{name}/health", health)]
