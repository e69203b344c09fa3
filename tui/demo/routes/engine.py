"""The routes below `/engine`: what the engine says, outside of what others may see."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.routes.replies import body_of, watchman_of, when, world_of
from tui.demo.tree import QUOTA
from tui.demo.world.conditions import is_poisonous
from tui.demo.world.job import Job
from tui.demo.world.outcome import LOCK_TIMEOUT
from tui.demo.world.refusal import UnreadableError


def order_shape(job: Job) -> dict[str, Any]:
    """What the engine has to know to run a job."""
    return {
        "id": job.id,
        "strategy_name": job.strategy_name,
        "attempt": job.attempt,
        "started_at": when(job.started_at),
        "seconds": job.run_seconds,
        "memory_mb": job.fate.memory_mb,
        "signal": job.fate.signal,
        "exit_code": 1 if job.run_error else 0,
        "growth_mb": job.fate.growth_mb,
        "guarded": int(job.fate.guarded),
        "quota": QUOTA,
        "poison": is_poisonous(job),
        "resumed": job.seeded_run,
    }


def loss_shape(job: Job) -> dict[str, Any]:
    """What the unit log has to tell of a job that failed without its engine."""
    ran = 0.0
    if job.started_at is not None and job.finished_at is not None:
        ran = (job.finished_at - job.started_at).total_seconds()
    return {"id": job.id, "attempt": job.attempt, "seconds": ran, "error_message": job.error_message}


async def claim(request: Request) -> Response:
    """`{engine, free}`: jobs to run from now on."""
    body = await body_of(request)
    jobs = world_of(request).claim(_text(body, "engine"), _number(body, "free"))
    return JSONResponse({"jobs": [order_shape(job) for job in jobs]})


async def progress(request: Request) -> Response:
    """`{engine, running}`: a sign of life; answers which jobs to give up, which were lost, and how many wait.

    Among those that wait, the `unclaimed` ones run since before the platform started.
    """
    body = await body_of(request)
    running = body.get("running")
    if not isinstance(running, list):
        raise UnreadableError("running is not a list of ids")
    world = world_of(request)
    watchman_of(request).look_at_requests()  # whether the unit gave up decides what comes next
    abandoned = world.progress(_text(body, "engine"), map(str, running))
    lost = [loss_shape(job) for job in world.tell_lost()]
    unclaimed = [job.id for job in world.jobs.running_on(None)]
    said = {"abandoned": abandoned, "lost": lost, "waiting": world.waiting(), "workers": world.scenario.workers}
    return JSONResponse({**said, "unclaimed": unclaimed})


async def finish(request: Request) -> Response:
    """`{engine, id, exit_code, pid}`: a worker ended; answers what the job became."""
    body = await body_of(request)
    world, watchman = world_of(request), watchman_of(request)
    watchman.look()
    job_id, exit_code = _text(body, "id"), _number(body, "exit_code")
    ran = world.jobs.find(job_id)
    job = world.finish(_text(body, "engine"), job_id, exit_code)
    watchman.worker_ended(ran, exit_code, _number(body, "pid"))
    return JSONResponse({"id": job.id, "status": job.status, "error_message": job.error_message})


async def leave(request: Request) -> Response:
    """`{engine}`: the engine stops in good order; its jobs go back to the queue."""
    world_of(request).leave(_text(await body_of(request), "engine"))
    return JSONResponse({"success": True})


async def database(request: Request) -> Response:
    """`{blocked, waiting, latency_ms, lost, cancelled, timed_out, freed_by_end_of}`: what became of sessions.

    The last one is the pid of the session that held up the others, when somebody has ended it.
    """
    body = await body_of(request)
    world = world_of(request)
    freed_by = body.get("freed_by_end_of")
    world.freed = world.freed or freed_by is not None
    blockade = None if world.freed else world.scenario.blockade
    latency = body.get("latency_ms")
    world.ground = replace(
        world.ground,
        blocked=blockade is not None and body.get("blocked") is True,
        waiting=_number(body, "waiting"),
        latency_ms=float(latency) if isinstance(latency, int | float) else None,
    )
    for job_id in _names(body, "timed_out"):
        world.lose_session(job_id, LOCK_TIMEOUT)
    watchman = watchman_of(request)
    watchman.sessions_ended(_names(body, "lost"), _names(body, "cancelled"))
    if freed_by is not None:
        watchman.blockade_ended(_number(body, "freed_by_end_of"))
    return JSONResponse({"blockade": blockade and {"job_id": blockade.job_id, "table": blockade.table}})


def _names(body: Any, name: str) -> list[str]:
    value = body.get(name)
    if isinstance(value, list):
        return [str(each) for each in value]
    raise UnreadableError(f"{name} is not a list of ids")


def _text(body: Any, name: str) -> str:
    value = body.get(name)
    if isinstance(value, str) and value:
        return value
    raise UnreadableError(f"{name} is not a text")


def _number(body: Any, name: str) -> int:
    value = body.get(name)
    if type(value) is int:
        return value
    raise UnreadableError(f"{name} is not a whole number")


ROUTES = [
    Route("/engine/claim", claim, methods=["POST"]),
    Route("/engine/progress", progress, methods=["POST"]),
    Route("/engine/finish", finish, methods=["POST"]),
    Route("/engine/leave", leave, methods=["POST"]),
    Route("/engine/database", database, methods=["POST"]),
]
