"""A line to the API, for parts of the platform that ask it all the time; `http.client` would double their memory."""

import json
import socket
from collections.abc import Mapping
from typing import Any

from tui.demo.layout import Layout

HOST = "127.0.0.1"
PATIENCE = 3.0
"""Seconds that the API has to answer."""
OWN_HEADER = "x-instance-token"
"""Carries the token of the instance, by which the API knows its own parts."""
_LENGTH = b"content-length:"


class AwayError(Exception):
    """The API cannot be reached, or does not answer as it should."""


class RefusedError(Exception):
    """The API answered that it will not."""


class Link:
    """One kept-open connection; a lost one is opened anew with the next question."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._wire: socket.socket | None = None

    def get(self, path: str) -> dict[str, Any]:
        """Ask, and give back the JSON object that was answered. AwayError, RefusedError."""
        return self._ask("GET", path, b"")

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send `body`, and give back the JSON object that was answered. AwayError, RefusedError."""
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        try:
            wire = self._wire or self._open()
            wire.sendall(head(method, path, self._layout.token, f"Content-Length: {len(body)}") + body)
            status, said = _answer(wire)
            answer = dict(json.loads(said))
        except (OSError, ValueError, LookupError, TypeError) as error:
            self.close()
            raise AwayError(f"{type(error).__name__}: {error}") from error
        if status >= 400:
            raise RefusedError(str(answer.get("error")))
        return answer

    def _open(self) -> socket.socket:
        port = json.loads(self._layout.api.read_text("utf-8"))["port"]
        self._wire = socket.create_connection((HOST, int(port)), PATIENCE)
        return self._wire

    def close(self) -> None:
        """Drop the connection."""
        if self._wire is not None:
            self._wire.close()
        self._wire = None


def head(method: str, path: str, token: str, more: str) -> bytes:
    """What a request begins with; `more` is one more line of it."""
    lines = (f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"{OWN_HEADER}: {token}", more)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _answer(wire: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer, which names its length. ValueError when it ends before that."""
    with wire.makefile("rb") as lines:
        status = int(lines.readline().split()[1])
        length = 0
        while (line := lines.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(_LENGTH):
                length = int(line[len(_LENGTH) :])
        body = lines.read(length)
    if len(body) < length:
        raise ValueError("the answer ends in its middle")
    return status, body
