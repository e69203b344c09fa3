"""The route `/openapi.json`: what the research API promises."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tui.demo.contract.document import document


async def contract(_: Request) -> Response:
    """The contract as an OpenAPI document."""
    return JSONResponse(document())


ROUTES = [Route("/openapi.json", contract)]
