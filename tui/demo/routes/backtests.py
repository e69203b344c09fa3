"""The routes below `backtests`: jobs and their queue."""

import math
from dataclasses import asdict
from typing import Any, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.routes.page import Page
from tui.demo.routes.replies import body_of, judge_of, text, truth, when, world_of
from tui.demo.world.job import Job, Modifications
from tui.demo.world.refusal import UnreadableError
from tui.demo.world.seed import Priority, Status

RETRY = "retry"
"""Stands where an id may stand, and is none."""


def job_shape(job: Job) -> dict[str, Any]:
    """A job as the API shows it."""
    config = job.strategy_config
    return {
        "id": job.id,
        "strategy_name": job.strategy_name,
        "status": job.status,
        "priority": job.priority,
        "attempt": job.attempt,
        "error_message": job.error_message,
        "created_at": when(job.created_at),
        "started_at": when(job.started_at),
        "finished_at": when(job.finished_at),
        "original_job_id": job.original_job_id,
        "strategy_config": {
            "symbols": list(config.symbols),
            "start_date": config.start_date.isoformat(),
            "end_date": config.end_date.isoformat(),
            "timeframe": config.timeframe,
            "use_sample_data": config.use_sample_data,
            "parameters": dict(config.parameters),
        },
    }


async def status(request: Request) -> Response:
    """How many jobs are in each state."""
    return JSONResponse({"counts": world_of(request).jobs.counts()})


async def listing(request: Request) -> Response:
    """Jobs by `status` and `priority`, the latest first; `total` counts what fits before `limit` and `offset`."""
    query = request.query_params
    asked = Page.of(request)
    page, total = world_of(request).jobs.page(
        _one_of(query.get("status"), get_args(Status), "status"),
        _one_of(query.get("priority"), get_args(Priority), "priority"),
        asked.offset,
        asked.limit,
    )
    return JSONResponse({"backtests": [job_shape(job) for job in page], "total": total, **asdict(asked)})


def _one_of(value: str | None, known: tuple[Any, ...], name: str) -> Any:
    if value is None or value in known:
        return value
    raise UnreadableError(f"{name} is none of {', '.join(known)}")


async def health(request: Request) -> Response:
    """How the engine and its queue are."""
    world = world_of(request)
    counts = world.jobs.counts()
    last = world.jobs.last_success
    return JSONResponse(
        {
            "status": world.engine_status(),
            "active_jobs": counts["running"],
            "pending_jobs": counts["pending"],
            "worker_utilization_percent": round(min(100.0, 100.0 * counts["running"] / world.scenario.workers), 1),
            "last_successful_completion": when(last),
        }
    )


async def one(request: Request) -> Response:
    """The whole of one job."""
    job_id = request.path_params["job_id"]
    if job_id == RETRY:
        raise HTTPException(405, headers={"Allow": "POST"})
    return JSONResponse(job_shape(world_of(request).jobs.find(job_id)))


async def requeue(request: Request) -> Response:
    """A failed job waits again, in a new attempt."""
    world = world_of(request)
    job = world.jobs.requeue(request.path_params["job_id"], world.settle())
    judge_of(request).requeued(job)
    return JSONResponse({"id": job.id, "status": job.status, "attempt": job.attempt}, 202)


async def retry(request: Request) -> Response:
    """A new job made of a failed one and `modifications`."""
    body = await body_of(request)
    original = text(body, "original_job_id")
    changes = _modifications(body.get("modifications", {}))
    world = world_of(request)
    job = world.jobs.retry(original, changes, world.settle())
    judge_of(request).retried(job)
    return JSONResponse({"id": job.id, "original_job_id": job.original_job_id}, 202)


def _modifications(asked: object) -> Modifications:
    if not isinstance(asked, dict):
        raise UnreadableError("modifications is not an object")
    return Modifications(
        reduce_timeframe=truth(asked, "reduce_timeframe", False),
        limit_symbols=_limit(asked["limit_symbols"]) if "limit_symbols" in asked else None,
        use_sample_data=truth(asked, "use_sample_data", False),
    )


def _limit(value: object) -> int:
    """A whole number from 1 on, however JSON writes it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < math.inf and value == int(value):
        return int(value)
    raise UnreadableError("limit_symbols is not a whole number from 1 on")


async def clear_failed(request: Request) -> Response:
    """Forget all failed jobs."""
    cleared = world_of(request).jobs.clear_failed()
    judge_of(request).cleared(cleared)
    return JSONResponse({"success": True, "cleared": cleared})


ROUTES = [
    Route("/backtests", listing),
    Route("/backtests/status", status),
    Route("/backtests/health", health),
    Route(f"/backtests/{RETRY}", retry, methods=["POST"]),
    Route("/backtests/queue/failed", clear_failed, methods=["DELETE"]),
    Route("/backtests/{job_id}", one),
    Route("/backtests/{job_id}/requeue", requeue, methods=["POST"]),
]
