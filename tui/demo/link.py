"""The engine's line to the API."""

import http.client
import json
from collections.abc import Mapping
from typing import Any

from tui.demo.layout import Layout

PATIENCE = 3.0
"""Seconds that the API has to answer."""


class AwayError(Exception):
    """The API cannot be reached, or does not answer as it should."""


class RefusedError(Exception):
    """The API answered that it will not."""


class Link:
    """One kept-open connection; a lost one is opened anew with the next question."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Ask, and give back the JSON object that was answered. AwayError, RefusedError."""
        try:
            connection = self._connection or self._open()
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
            self.close()
            raise AwayError(f"{type(error).__name__}: {error}") from error
        if response.status >= 400:
            raise RefusedError(str(answer.get("error")))
        return dict(answer)

    def _open(self) -> http.client.HTTPConnection:
        port = json.loads(self._layout.api.read_text("utf-8"))["port"]
        self._connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
        return self._connection

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
