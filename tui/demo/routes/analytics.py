"""The routes below `backtests/analytics` and `projects`: what the jobs of a period add up to."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.contract.words import PERIOD
from tui.demo.routes.replies import body_of, text, when, world_of
from tui.demo.world.record import Ended, Hours, kinds, record
from tui.demo.world.refusal import UnreadableError

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = 9999
"""Hours or days; a longer period is cut to it."""
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _asked(request: Request) -> tuple[str, Hours]:
    """The period that is asked for, and what ended in it."""
    period = request.query_params.get("period", "7d")
    if re.fullmatch(PERIOD, period) is None:
        raise UnreadableError("period is not a number of hours or days, such as 7d or 24h")
    world = world_of(request)
    now = world.settle()
    return period, world.jobs.ended(now - min(int(period[:-1]), LONGEST) * UNITS[period[-1]], now)


async def performance(request: Request) -> Response:
    """Success, runtimes and failures of a period."""
    period, hours = _asked(request)
    ended = list(chain.from_iterable(hours.values()))
    of = record(ended)
    return JSONResponse(
        {
            "period": period,
            "finished_jobs": of.finished,
            "success_rate_percent": round(100.0 * (1.0 - of.failure_rate), 1) if of.finished else None,
            "average_runtime_minutes": of.average_minutes,
            "failure_breakdown": dict(kinds(ended)),
            "resource_usage_trends": [_usage(hour, jobs) for hour, jobs in hours.items()],
        }
    )


def _usage(hour: datetime, jobs: Sequence[Ended]) -> dict[str, Any]:
    """Of the jobs that ended in one hour: how many, their worker minutes and their mean memory in MB."""
    return {
        "hour": when(hour),
        "jobs": len(jobs),
        "worker_minutes": round(sum(job.minutes or 0.0 for job in jobs), 1),
        "memory_mb": round(sum(job.memory_mb for job in jobs) / len(jobs), 1),
    }


async def failures(request: Request) -> Response:
    """Who fails, when, and of what."""
    period, hours = _asked(request)
    failed = [job for jobs in hours.values() for job in jobs if job.failed]
    strategies = Counter(job.strategy for job in failed)
    return JSONResponse(
        {
            "period": period,
            "most_failed_strategies": [{"name": name, "count": count} for name, count in strategies.most_common()],
            "failure_time_distribution": _by_hour(hours),
            "common_error_types": [{"type": kind, "count": count} for kind, count in kinds(failed).most_common()],
        }
    )


def _by_hour(hours: Hours) -> dict[str, int]:
    """Failed jobs by the hour of the day (UTC) they ended in; hours without one are left out."""
    times: Counter[str] = Counter()
    for hour, jobs in hours.items():
        times[f"{hour:%H}:00"] += sum(job.failed for job in jobs)
    return {time: count for time, count in sorted(times.items()) if count}


async def impact(request: Request) -> Response:
    """Which strategies lost work between `start` and `end` of `incident_period`."""
    start, end = _period((await body_of(request)).get("incident_period"))
    ended = world_of(request).jobs.ended(start, end)
    hurt = [job for jobs in ended.values() for job in jobs if job.failed]
    strategies = Counter(job.strategy for job in hurt)
    return JSONResponse(
        {
            "incident_period": {"start": when(start), "end": when(end)},
            "affected_projects": [{"name": name, "failed_jobs": count} for name, count in strategies.most_common()],
            "failed_jobs": len(hurt),
            "high_priority_jobs": sum(job.priority == "high" for job in hurt),
        }
    )


def _period(value: object) -> tuple[datetime, datetime]:
    if not isinstance(value, dict):
        raise UnreadableError("incident_period is not an object")
    start, end = (_moment(text(value, name)) for name in ("start", "end"))
    if start > end:
        raise UnreadableError("incident_period starts after its end")
    return start, end


def _moment(given: str) -> datetime:
    """A time as RFC 3339 has it; Python reads much else."""
    try:
        if _MOMENT.fullmatch(given):
            return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or one beyond the calendar
        pass
    raise UnreadableError("incident_period needs start and end with date, time and zone, as 2026-11-20T13:05:00Z")


ROUTES = [
    Route("/backtests/analytics/performance", performance),
    Route("/backtests/analytics/failures", failures),
    Route("/projects/impact-analysis", impact, methods=["POST"]),
]
