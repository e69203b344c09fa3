"""The research API of the embedded platform: `python -m tui.demo.api --root ROOT --scenario NAME --seed N`."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from tui.demo.contract.document import ROOT
from tui.demo.guard import Guard
from tui.demo.history import History
from tui.demo.layout import Layout, replace
from tui.demo.ledger import Ledger
from tui.demo.link import head
from tui.demo.maintenance import Maintenance
from tui.demo.onset import strike
from tui.demo.quirks.channel import Channel
from tui.demo.quirks.connection import Connection
from tui.demo.quirks.layer import INSIDE, Layer
from tui.demo.quirks.switchboard import Switchboard
from tui.demo.quirks.table import chosen
from tui.demo.routes import analytics, backtests, contract, data, engine, providers, strategies
from tui.demo.routes import judge as verdict
from tui.demo.routes.replies import answering
from tui.demo.watchman import Watchman
from tui.demo.world.judge import Judge
from tui.demo.world.onset import healthy
from tui.demo.world.scale import grown
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.world import World

HOST = "127.0.0.1"
FIRST_QUESTION = f"{INSIDE}/api/research/backtests/health"


def application(world: World, layout: Layout) -> Starlette:
    """The API over `world`, for the instance in `layout`."""
    research = [*analytics.ROUTES, *backtests.ROUTES, *data.ROUTES, *strategies.ROUTES]
    routes: list[BaseRoute] = [
        *(_below(ROOT, route) for route in research),
        *engine.ROUTES,
        *verdict.ROUTES,
        *contract.ROUTES,
        *providers.ROUTES,
    ]
    app = answering(routes)
    app.state.world = world
    app.state.layout = layout
    history, judge = History(layout, world.scenario.seed), Judge(world, SCENARIOS[world.scenario.name])
    app.state.maintenance = Maintenance(world, history)
    app.state.watchman = Watchman(world, layout, judge)
    app.state.ledger = Ledger(world, history, judge)
    return app


def _below(place: str, route: Route) -> Route:
    """The same route under `place`; a `Mount` would miss names with a line break in them."""
    return Route(f"{place}{route.path}", route.endpoint, methods=sorted(route.methods or ()))


def _utc() -> datetime:
    return datetime.now(UTC)


def _epoch(layout: Layout) -> datetime:
    """The moment the instance began; now, for one that did not write it down."""
    if not layout.epoch.exists():
        return _utc()
    return datetime.fromisoformat(layout.epoch.read_text("ascii").strip()).astimezone(UTC)


def server_of(app: ASGIApp) -> uvicorn.Server:
    """A server of `app` that says nothing and waits for nobody when it ends."""
    return uvicorn.Server(
        uvicorn.Config(
            app, http=Connection, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False,
            timeout_graceful_shutdown=1,
        )
    )  # fmt: skip


def listener_on(port: int) -> socket.socket:
    """A listening socket on the loopback; 0 takes any free port.

    It is a TCP one by name, for only then asyncio turns off the delay of small packets: 40 ms for each answer.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(128)
    return listener


async def serve(
    app: Starlette, switches: Switchboard, layout: Layout, port: int, beside: Coroutine[Any, Any, None] | None = None
) -> None:
    """Serve until TERM or INT; `run/api.json` appears once a request was answered. `beside` goes on meanwhile."""
    listener = listener_on(port)
    guarded = Guard(Layer(app, switches), layout.token)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server_of(guarded).serve(sockets=[listener]))
        watching = tasks.create_task(app.state.watchman.watch())
        reading = tasks.create_task(app.state.ledger.watch())
        others = [watching, reading] if beside is None else [watching, reading, tasks.create_task(beside)]
        serving.add_done_callback(lambda _: [task.cancel() for task in others])
        tasks.create_task(_announce(layout, listener.getsockname()[1]))


async def _announce(layout: Layout, port: int) -> None:
    """Ask the API itself, and write down where it is when it answers."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(head("GET", FIRST_QUESTION, layout.token, "Connection: close"))
    answer = await reader.readline()
    writer.close()
    if b" 200 " not in answer:
        sys.exit(f"the API does not answer its own question: {answer!r}")
    layout.run.mkdir(parents=True, exist_ok=True)
    replace(layout.api, json.dumps({"port": port, "pid": os.getpid()}))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve one scenario until TERM or INT."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo.api", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the instance")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--quirks", type=chosen, default=(), help="what is on from the start")
    parser.add_argument("--jobs", type=int, default=0, help="failed jobs in all")
    parser.add_argument("--symbols", type=int, default=0, help="symbols in all")
    parser.add_argument("--onset", type=float, default=0.0, help="seconds for which all is well when everything is up")
    options = parser.parse_args(arguments)
    layout = Layout(options.root)
    story = build(options.scenario, options.seed, _epoch(layout))
    first = healthy(story, options.onset) if options.onset else story
    world = World(grown(first, options.jobs, options.symbols), _utc)
    app = application(world, layout)
    switches = Switchboard(Channel(layout.quirks).tell, options.quirks)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn ends the server, then raises the signal anew: that is no crash
    if options.onset:
        world.quiet = True
        coming = strike(world, layout, app.state.maintenance, story, options.onset)
        asyncio.run(serve(app, switches, layout, options.port, coming))
    else:
        asyncio.run(serve(app, switches, layout, options.port))


if __name__ == "__main__":
    main()
