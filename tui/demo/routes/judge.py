"""The route `/judge`: what was done to the platform and whether it helped, for drills and tests."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.routes.replies import watchman_of, when
from tui.demo.world.docket import Deed


def deed_shape(deed: Deed) -> dict[str, Any]:
    """A deed as it is shown."""
    return {"at": when(deed.at), "what": deed.what, "effect": deed.effect, "detail": deed.detail}


async def judge(request: Request) -> Response:
    """The verdict on everything up to now."""
    watchman = watchman_of(request)
    watchman.look()
    judge = watchman.judge
    return JSONResponse(
        {
            "scenario": judge.summary.name,
            "cause": judge.summary.cause,
            "causes": list(judge.summary.causes),
            "over": judge.over,
            "since": when(judge.since),
            "healed_at": when(judge.healed_at),
            "done": [deed_shape(deed) for deed in judge.done],
            "harm": [deed_shape(deed) for deed in judge.harm],
            "open": [f"{cause}: {sentence}" for cause, sentence in judge.open.items()],
        }
    )


ROUTES = [Route("/judge", judge)]
