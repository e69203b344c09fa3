"""The routes below `data`: history, its gaps, the feeds, and what repairs them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.maintenance import Rebuild
from tui.demo.market import TABLES
from tui.demo.routes.connectivity import connectivity
from tui.demo.routes.page import Page
from tui.demo.routes.replies import body_of, judge_of, maintenance_of, truth, when, world_of
from tui.demo.world.data import DataSide, missing_total
from tui.demo.world.refusal import ConflictError, UnavailableError, UnreadableError
from tui.demo.world.repair import parse_range
from tui.demo.world.seed import Gap, Priority, Source
from tui.demo.world.world import World

ALL = "all"
"""What stands for every symbol where the cache is loaded anew."""


def gap_shape(gap: Gap) -> dict[str, Any]:
    """A gap as the API shows it."""
    return {"symbol": gap.symbol, "start": gap.start.isoformat(), "end": gap.end.isoformat(), "days": gap.days}


def source_shape(source: Source) -> dict[str, Any]:
    """A feed as the API shows it."""
    return {"name": source.name, "role": source.role, "active": source.active, "status": source.status}


def _verdict(world: World) -> str:
    data = world.data
    healthy = not data.gaps and data.active_source().status == "healthy" and not world.ground.database_down
    return "healthy" if healthy else "degraded"


async def status(request: Request) -> Response:
    """How the data side is, and what it is busy with."""
    world = world_of(request)
    data, maintenance = world.data, maintenance_of(request)
    last = maintenance.last_rebuild
    return JSONResponse(
        {
            "status": _verdict(world),
            "active_source": data.active_source().name,
            "symbols_with_gaps": len(data.gapped()),
            "completeness_percent": data.completeness_percent,
            "repair": {
                "running": bool(data.steps),
                "symbols_left": [step.symbol for step in data.steps],
                "error": maintenance.repair_error,
            },
            "index_rebuild": last and _rebuild_shape(last),
            "refreshing": data.refreshing,
            "last_refresh": when(data.refreshed_at),
        }
    )


async def availability(request: Request) -> Response:
    """How much history there is, and what is missing."""
    data = world_of(request).data
    return JSONResponse(
        {
            "symbol_count": len(data.symbols),
            "earliest_date": min(symbol.first_date for symbol in data.symbols).isoformat(),
            "latest_date": max(symbol.last_date for symbol in data.symbols).isoformat(),
            "gaps": [gap_shape(gap) for gap in data.gaps],
            "quality_metrics": {
                "completeness_percent": data.completeness_percent,
                "missing_days": missing_total(data.gaps),
            },
        }
    )


async def symbol_health(request: Request) -> Response:
    """How complete one symbol is."""
    data = world_of(request).data
    symbol = data.symbol(request.path_params["symbol"])
    return JSONResponse(
        {
            "symbol": symbol.name,
            "completeness_percent": symbol.completeness_percent,
            "last_update": when(symbol.last_update),
            "gaps": [gap_shape(gap) for gap in data.gaps if gap.symbol == symbol.name],
        }
    )


async def sources(request: Request) -> Response:
    """The feeds, and which of them is in use."""
    feeds = Page.of(request).cut(world_of(request).data.sources)
    return JSONResponse({"sources": [source_shape(source) for source in feeds]})


async def validation(request: Request) -> Response:
    """What the last validation found."""
    data = world_of(request).data
    return JSONResponse(
        {
            "summary": {
                "status": "valid" if not data.gaps else "invalid",
                "checked_symbols": len(data.symbols),
                "valid_symbols": len(data.symbols) - len(data.gapped()),
                "symbols_with_gaps": len(data.gapped()),
                "missing_days": missing_total(data.gaps),
                "completeness_percent": data.completeness_percent,
                "generated_at": when(data.validated_at),
            },
            "issues": [{"kind": "gap", **gap_shape(gap)} for gap in data.gaps],
        }
    )


@contextmanager
def _told_if_refused(request: Request, action: str, about: str) -> Iterator[None]:
    """What cannot be done now is no deed; the judge is told that it was asked for."""
    try:
        yield
    except (UnavailableError, ConflictError) as error:
        judge_of(request).refused(action, about, str(error))
        raise


async def repair(request: Request) -> Response:
    """Begin to fill the gaps of `symbols` in `date_range`, one symbol after the other."""
    body = await body_of(request)
    now = world_of(request).settle()
    symbols = _names(body, "symbols")
    days = parse_range(body.get("date_range"), now)
    if body.get("repair_gaps") is not True:
        raise UnreadableError("repair_gaps is not true, and nothing else can be repaired")
    with _told_if_refused(request, "data.repair", ", ".join(symbols)):
        planned = await maintenance_of(request).repair(symbols, days)
    judge_of(request).repairing(planned)
    return JSONResponse(
        {
            "status": "accepted",
            "symbols": [step.symbol for step in planned],
            "date_range": {"start": days.start.isoformat(), "end": days.end.isoformat()},
            "expected_done": when(planned[-1].due if planned else now),
        },
        202,
    )


def _names(body: Mapping[str, Any], name: str) -> list[str]:
    names = body.get(name)
    if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
        raise UnreadableError(f"{name} is not a list of names")
    return names


async def failover(request: Request) -> Response:
    """Use the backup source, or the primary one again."""
    body = await body_of(request)
    to_backup = truth(body, "to_backup")
    if not isinstance(body.get("reason", ""), str):
        raise UnreadableError("reason is not a text")
    world = world_of(request)
    data, was = world.data, world.data.active_source()
    changed = data.switch(to_backup, world.settle())
    judge_of(request).switched(changed=changed, was_healthy=was.status == "healthy")
    return JSONResponse({"success": True, "changed": changed, "active_source": data.active_source().name})


async def refresh(request: Request) -> Response:
    """Begin to load the cache anew."""
    body = await body_of(request)
    world = world_of(request)
    _check_refresh(body, world.data)
    with _told_if_refused(request, "data.refresh", "all symbols"):
        world.data.need_source()
    judge_of(request).note("data.refresh", "all symbols", "nothing", "the cache is loaded anew")
    return JSONResponse({"status": "accepted", "expected_done": when(world.data.refresh(world.settle()))}, 202)


def _check_refresh(body: Mapping[str, Any], data: DataSide) -> None:
    """UnreadableError for what cannot be meant; what is left out is the usual."""
    if body.get("symbols", ALL) != ALL:
        data.need_known(_names(body, "symbols"))
    truth(body, "force", False)
    if body.get("priority", "normal") not in get_args(Priority):
        raise UnreadableError(f"priority is none of {', '.join(get_args(Priority))}")


async def rebuild(request: Request) -> Response:
    """Build the indexes of `tables` anew, in the `background` or while the client waits."""
    body = await body_of(request)
    tables = _names(body, "tables")
    unknown = [name for name in tables if name not in TABLES]
    if unknown:
        raise UnreadableError(f"unknown tables: {', '.join(unknown)}")
    background = truth(body, "background", True)
    with _told_if_refused(request, "data.rebuild-indexes", ", ".join(tables)):
        begun, task = await maintenance_of(request).rebuild(tables)
    judge_of(request).rebuilding(tables, lambda: begun.error)
    if not background:
        await task
    return JSONResponse(_rebuild_shape(begun), 202 if background else 200)


def _rebuild_shape(rebuild: Rebuild) -> dict[str, Any]:
    return {
        "status": rebuild.status,
        "tables": list(rebuild.tables),
        "started_at": when(rebuild.started_at),
        "finished_at": when(rebuild.finished_at),
        "error": rebuild.error,
    }


ROUTES = [
    Route("/data/status", status),
    Route("/data/availability", availability),
    Route("/data/connectivity", connectivity),
    Route("/data/sources", sources),
    Route("/data/validation/report", validation),
    Route("/data/repair", repair, methods=["POST"]),
    Route("/data/sources/failover", failover, methods=["POST"]),
    Route("/data/refresh", refresh, methods=["POST"]),
    Route("/data/indexes/rebuild", rebuild, methods=["POST"]),
    Route("/data/{symbol}/health", symbol_health),
]
