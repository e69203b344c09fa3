"""One question to the research API and its answer, as far as quirks look at them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from starlette.types import Message, Scope, Send

RESEARCH = "/api/research/"
JSON = "application/json"
HTML = "text/html; charset=utf-8"
LIST = "backtests"
NAMED = frozenset({"backtests/status", "backtests/health", "backtests/retry", "backtests/queue"})
"""What stands where an id may stand, and is none."""

Headers = tuple[tuple[bytes, bytes], ...]
OWN_HEADERS = frozenset({b"content-type", b"content-length"})


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; `route` is what follows `/api/research/`."""

    method: str
    route: str
    query: Mapping[str, str]

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """The question that an ASGI scope describes."""
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        return cls(scope["method"], scope["path"].removeprefix(RESEARCH), query)

    @property
    def reads(self) -> bool:
        """Whether it only wants to know something."""
        return self.method in ("GET", "HEAD")

    @property
    def names_one_job(self) -> bool:
        """Whether it asks for one job by its id."""
        return self.route.count("/") == 1 and self.route.startswith("backtests/") and self.route not in NAMED

    def without(self, *names: str) -> Self:
        """The same question without some parameters."""
        return replace(self, query={name: value for name, value in self.query.items() if name not in names})

    def encoded(self) -> bytes:
        """Its parameters as they stand in the address."""
        return urlencode(self.query).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `kind` is the content type, None without one; `more` are further headers."""

    status: int
    kind: str | None
    body: bytes
    more: Headers = ()

    @classmethod
    def of(cls, value: object, status: int = 200, more: Headers = ()) -> Self:
        """`value` as JSON."""
        return cls(status, JSON, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), more)

    @classmethod
    def refusal(cls, status: int, sentence: str) -> Self:
        """The usual shape of an error."""
        return cls.of({"success": False, "error": sentence}, status)

    @property
    def value(self) -> Any:
        """What the JSON says; None when it is none."""
        return json.loads(self.body) if self.kind == JSON and self.body else None

    def saying(self, value: object) -> Self:
        """The same answer with another value."""
        return type(self).of(value, self.status, self.more)

    def start(self) -> Message:
        """The first ASGI message."""
        kind = () if self.kind is None else ((b"content-type", self.kind.encode()),)
        length = (b"content-length", str(len(self.body)).encode())
        return {"type": "http.response.start", "status": self.status, "headers": [*kind, length, *self.more]}

    async def send(self, send: Send) -> None:
        """Answer."""
        await send(self.start())
        await send({"type": "http.response.body", "body": self.body})


class Recorder:
    """An ASGI `send` that keeps what it is given."""

    def __init__(self) -> None:
        self._status = 500
        self._headers: Headers = ()
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Keep one message."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple(message["headers"])
        else:
            self._body += message.get("body", b"")

    @property
    def answer(self) -> Answer:
        """What was answered."""
        kind = next((value.decode("latin-1") for name, value in self._headers if name == b"content-type"), None)
        more = tuple((name, value) for name, value in self._headers if name not in OWN_HEADERS)
        return Answer(self._status, kind, bytes(self._body), more)
