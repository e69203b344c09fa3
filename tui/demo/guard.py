"""The guard before what only the parts of the platform may ask: they know the token of their instance."""

from secrets import compare_digest

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tui.demo.link import OWN_HEADER
from tui.demo.quirks.layer import INSIDE

GUARDED = ("/engine/", f"{INSIDE}/")
"""How the paths begin that are not for everyone."""


class Guard:
    """Stands before `app` and refuses with 403 what is guarded and comes without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if str(scope["path"]).startswith(GUARDED) and not self._knows(Headers(scope=scope)):
            sentence = "only the parts of this platform may ask for that"
            await JSONResponse({"success": False, "error": sentence}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _knows(self, headers: Headers) -> bool:
        return compare_digest(headers.get(OWN_HEADER, "").encode("latin-1"), self._token)
