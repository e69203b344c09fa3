"""The routes below `strategies`: what is known of the strategies, and how they fared."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.routes.page import Page
from tui.demo.routes.replies import world_of
from tui.demo.world.record import Record, record
from tui.demo.world.refusal import NotThereError
from tui.demo.world.seed import Strategy
from tui.demo.world.world import World

RECENT = timedelta(hours=24)
TROUBLED = 0.2
"""The failure rate from which a strategy is not healthy."""


def _find(world: World, name: str) -> Strategy:
    for strategy in world.scenario.strategies:
        if strategy.name == name:
            return strategy
    raise NotThereError(f"there is no strategy {name}")


def _listed(request: Request) -> Sequence[Strategy]:
    return Page.of(request).cut(world_of(request).scenario.strategies)


def _record(world: World, strategy: Strategy) -> Record:
    now = world.settle()
    recent = chain.from_iterable(world.jobs.ended(now - RECENT, now).values())
    return record(job for job in recent if job.strategy == strategy.name)


def _validation(strategy: Strategy) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "path": strategy.path,
        "validation_status": "invalid" if strategy.validation_errors else "valid",
        "validation_errors": list(strategy.validation_errors),
    }


async def validation(request: Request) -> Response:
    """Whether each strategy passes its checks."""
    return JSONResponse({"strategies": [_validation(each) for each in _listed(request)]})


async def metrics(request: Request) -> Response:
    """How often each strategy fails, and how long it runs."""
    world = world_of(request)
    rows = ((strategy.name, _record(world, strategy)) for strategy in _listed(request))
    shapes = [
        {"name": name, "recent_failure_rate": of.failure_rate, "avg_runtime_minutes": of.average_minutes}
        for name, of in rows
    ]
    return JSONResponse({"strategies": shapes})


async def health(request: Request) -> Response:
    """The validation and the record of one strategy."""
    world = world_of(request)
    strategy = _find(world, request.path_params["name"])
    of = _record(world, strategy)
    sound = not strategy.validation_errors and of.failure_rate <= TROUBLED
    shape = {
        **_validation(strategy),
        "status": "healthy" if sound else "degraded",
        "recent_failure_rate": of.failure_rate,
        "finished_jobs": of.finished,
    }
    return JSONResponse(shape)


async def cost(request: Request) -> Response:
    """How complex one strategy is (cyclomatic mean), its memory in MB and its usual run in minutes."""
    world = world_of(request)
    strategy = _find(world, request.path_params["name"])
    return JSONResponse(
        {
            "name": strategy.name,
            "code_complexity": strategy.complexity,
            "estimated_memory_usage": strategy.memory_mb,
            "average_execution_time": _record(world, strategy).average_minutes,
        }
    )


ROUTES = [
    Route("/strategies/validation", validation),
    Route("/strategies/metrics", metrics),
    Route("/strategies/{name}/health", health),
    Route("/strategies/{name}/metrics", cost),
]
