"""The routes below `backtests/analytics` and `projects`: what the jobs of a period add up to.

A long period may hold very many jobs; they are added up beside the loop, so that other questions need not wait.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.contract.words import PERIOD
from tui.demo.routes.replies import body_of, when, world_of
from tui.demo.world.job import Job
from tui.demo.world.record import finished, kinds, minutes, record
from tui.demo.world.refusal import UnreadableError

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = 9999
"""Hours or days; a longer period is cut to it."""


def _since(request: Request, now: datetime) -> tuple[str, datetime]:
    period = request.query_params.get("period", "7d")
    if re.fullmatch(PERIOD, period) is None:
        raise UnreadableError("period is not a number of hours or days, such as 7d or 24h")
    return period, now - min(int(period[:-1]), LONGEST) * UNITS[period[-1]]


def _by_hour(jobs: list[Job]) -> dict[str, int]:
    """Jobs by the hour of the day (UTC) they ended in; hours without one are left out."""
    hours = Counter(f"{job.moment:%H}:00" for job in jobs)
    return dict(sorted(hours.items()))


async def performance(request: Request) -> Response:
    """Success, runtimes and failures of a period."""
    world = world_of(request)
    period, since = _since(request, world.settle())
    return JSONResponse({"period": period, **await asyncio.to_thread(_performance, world.jobs.since(since), since)})


def _performance(jobs: Iterable[Job], since: datetime) -> dict[str, Any]:
    ended = finished(jobs, since)
    of = record(ended)
    return {
        "finished_jobs": of.finished,
        "success_rate_percent": round(100.0 * (1.0 - of.failure_rate), 1) if of.finished else None,
        "average_runtime_minutes": of.average_minutes,
        "failure_breakdown": dict(kinds(ended)),
        "resource_usage_trends": _trends(ended),
    }


def _trends(ended: list[Job]) -> list[dict[str, Any]]:
    """Per hour in which jobs ended, oldest first: how many, their worker minutes and their mean memory in MB."""
    hours: dict[datetime, list[Job]] = {}
    for job in sorted(ended, key=lambda job: job.moment):
        hours.setdefault(job.moment.replace(minute=0, second=0, microsecond=0), []).append(job)
    return [
        {
            "hour": when(hour),
            "jobs": len(jobs),
            "worker_minutes": round(sum(minutes(job) or 0.0 for job in jobs), 1),
            "memory_mb": round(sum(job.fate.memory_mb for job in jobs) / len(jobs), 1),
        }
        for hour, jobs in hours.items()
    ]


async def failures(request: Request) -> Response:
    """Who fails, when, and of what."""
    world = world_of(request)
    period, since = _since(request, world.settle())
    return JSONResponse({"period": period, **await asyncio.to_thread(_failures, world.jobs.since(since), since)})


def _failures(jobs: Iterable[Job], since: datetime) -> dict[str, Any]:
    failed = [job for job in finished(jobs, since) if job.status == "failed"]
    strategies = Counter(job.strategy_name for job in failed)
    return {
        "most_failed_strategies": [{"name": name, "count": count} for name, count in strategies.most_common()],
        "failure_time_distribution": _by_hour(failed),
        "common_error_types": [{"type": kind, "count": count} for kind, count in kinds(failed).most_common()],
    }


async def impact(request: Request) -> Response:
    """Which strategies lost work between `start` and `end` of `incident_period`."""
    start, end = _period((await body_of(request)).get("incident_period"))
    ended = await asyncio.to_thread(finished, world_of(request).jobs.since(start), start)
    hurt = [job for job in ended if job.status == "failed" and job.moment <= end]
    strategies = Counter(job.strategy_name for job in hurt)
    return JSONResponse(
        {
            "incident_period": {"start": when(start), "end": when(end)},
            "affected_projects": [{"name": name, "failed_jobs": count} for name, count in strategies.most_common()],
            "failed_jobs": len(hurt),
            "high_priority_jobs": sum(job.priority == "high" for job in hurt),
        }
    )


def _period(value: object) -> tuple[datetime, datetime]:
    try:
        start, end = (datetime.fromisoformat(value[name]) for name in ("start", "end"))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        raise UnreadableError("incident_period needs start and end in ISO 8601") from None
    if start.tzinfo is None or end.tzinfo is None:
        raise UnreadableError("incident_period needs times with a zone")
    return start, end


ROUTES = [
    Route("/backtests/analytics/performance", performance),
    Route("/backtests/analytics/failures", failures),
    Route("/projects/impact-analysis", impact, methods=["POST"]),
]
