"""One HTTP exchange with a server that may answer anything, or nothing, or never stop answering."""

import asyncio
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import quote

import httpx

from backend.clients.body import whole_body
from backend.clients.trust import trust_for
from backend.clock import Clock, SystemClock
from backend.errors import BadAnswer, CutOff, NotAllowed, Refused, SourceError, TimedOut
from backend.frozen import dataclass
from backend.text import clean

BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of an answer, unpacked; whoever sends more is not listened to any longer."""
LIST_LIMIT = 4 * BODY_LIMIT
"""The same for lists whose rows are decoded one by one: a server may ignore how many were asked for."""
IDLE_SECONDS = 4.0
"""Idle connections are dropped before servers do it, at the usual 5 s, and cut off a request."""
LONGEST_WAIT = 86400.0
"""Seconds that a server may ask for; how long is really waited is for the reader to say."""
LARGEST_SKEW = 366 * 86400.0
"""Seconds."""
STEADY_SKEW = 1.5
"""`Date` has whole seconds: a difference below this is none."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "backtop"}
NOT_ACCEPTED = frozenset({401, 403})
"""What a server answers to a request whose token it does not accept."""

Pause = float | None


class Token(Protocol):
    """Where the bearer token comes from."""

    async def fetch(self) -> str | None:
        """The token for one request, None for none."""

    def refused(self) -> None:
        """Told when the server did not accept it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the whole body, and the headers that matter."""

    status: int
    body: bytes | bytearray
    content_type: str = ""
    location: str = ""
    retry_after: Pause = None
    skew: Pause = None
    """Seconds by which the server's clock is ahead of ours."""

    @property
    def excerpt(self) -> str:
        """The beginning of the body, for a detail."""
        return clean(self.body[:400], 300)

    @property
    def looks_html(self) -> bool:
        """Whether this is a page for people."""
        return "html" in self.content_type or self.body[:512].lstrip()[:1] == b"<"


class HttpClient:
    """Sends requests to one origin. Nothing is ever repeated; only a GET follows a redirect, once, to the same origin.

    `timeout` is in seconds and covers the whole exchange; to fetch the token is not part of it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        timeout: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        """Scheme, host and port."""
        self._token = token
        self._timeout = timeout
        self._clock = clock or SystemClock()
        # The transport alone: cookies, redirects and hooks of a client would be unused, but cost half of a request.
        self._transport = transport or httpx.AsyncHTTPTransport(
            verify=trust_for(url),
            trust_env=False,  # a proxy of the environment would see the token, and never reaches localhost
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=IDLE_SECONDS),
        )
        self.skew: float | None = None
        """Seconds by which the server's clock was ahead of ours in the last answer that told its time."""

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def exchange(
        self,
        method: str,
        segments: Sequence[str],
        *,
        query: dict[str, str] | None = None,
        json: object = None,
        at_least: float = 0.0,
        largest: int | None = None,
    ) -> Answer:
        """Send one request and return the answer, whatever its status.

        `segments` are raw and travel percent-encoded, one path segment each. `at_least` is for routes that are slow by
        nature: seconds that they get even if the timeout is shorter. `largest` are the bytes of a body that are taken,
        `BODY_LIMIT` unless told. Raises `Refused`, `TimedOut`, `CutOff`, `BadAnswer` or `NotAllowed`.
        """
        seconds = max(self._timeout, at_least)
        path = "/".join(_segment(part) for part in segments)
        headers = {**HEADERS, **await self._credentials()}
        try:
            async with asyncio.timeout(seconds):
                request = httpx.Request(method, f"{self.url}/{path}", params=query, json=json, headers=headers)
                answer = await self._send(request, largest or BODY_LIMIT)
                if method == "GET" and answer.status in {301, 302, 307, 308}:
                    answer = await self._send(self._redirected(request, answer), largest or BODY_LIMIT)
        except TimeoutError as error:
            raise TimedOut(f"no answer within {seconds:g} s from {self.url}") from error
        except httpx.HTTPError as error:
            raise _explained(self.url, error) from error
        except (httpx.InvalidURL, ValueError) as error:  # a header or URL that cannot be written
            raise NotAllowed(f"the request to {self.url} cannot be written", clean(error, 200)) from error
        if self._token is not None and answer.status in NOT_ACCEPTED:
            self._token.refused()
        return answer

    async def _credentials(self) -> dict[str, str]:
        token = None if self._token is None else await self._token.fetch()
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def _send(self, request: httpx.Request, largest: int) -> Answer:
        sent_at = self._clock.now()
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            skew = self._skew(response.headers.get("date", ""), sent_at)
            self.skew = self.skew if skew is None else skew
            return Answer(
                response.status_code,
                sound(await whole_body(response, largest)),
                response.headers.get("content-type", "").casefold(),
                response.headers.get("location", ""),
                waiting_time(response.headers.get("retry-after", ""), self._clock.now()),
                skew,
            )
        finally:
            await response.aclose()

    def _skew(self, date: str, sent_at: datetime) -> float | None:
        told = _http_date(date)
        if told is None:
            return None
        half = (self._clock.now() - sent_at) / 2
        if abs(half.total_seconds()) > STEADY_SKEW:
            return None  # when in this time the server looked at its clock nobody knows
        middle = sent_at + half
        ahead = (told - middle).total_seconds() + 0.5  # the header is cut to whole seconds
        if abs(ahead) > LARGEST_SKEW:
            return None  # a clock that is off by a year tells nothing, and dates must stay dates
        return 0.0 if abs(ahead) < STEADY_SKEW else round(ahead, 1)

    def _redirected(self, request: httpx.Request, answer: Answer) -> httpx.Request:
        try:
            target = request.url.join(answer.location)
        except (httpx.InvalidURL, ValueError) as error:
            raise BadAnswer(f"{self.url} redirects to no address", clean(answer.location, 200)) from error
        origins = [(url.scheme, url.host, url.port) for url in (request.url, target)]
        if not answer.location or origins[0] != origins[1]:
            raise BadAnswer(f"{self.url} redirects to another server; it is not followed", clean(answer.location, 200))
        return httpx.Request("GET", target, headers=request.headers)


def waiting_time(value: object, now: datetime) -> float | None:
    """Seconds of a `Retry-After`: a number, or a date; never negative, at most a day."""
    text = clean(value, 60)
    try:
        seconds = float(text)
    except ValueError:
        until = _http_date(text)
        seconds = math.nan if until is None else (until - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT) if math.isfinite(seconds) else None


def travels(raw: str) -> bool:
    """Whether a text can be one segment of a path and mean nothing else there."""
    return raw not in {"", ".", ".."} and not any("\ud800" <= letter <= "\udfff" for letter in raw)


def _segment(raw: str) -> str:
    if not travels(raw):
        raise NotAllowed(f"“{clean(raw, 60)}” cannot be part of a request; nothing was asked")
    return quote(raw, safe="")


def sound(body: bytearray) -> bytes | bytearray:
    """A body in which half a surrogate pair, as a text that was cut in the middle of a sign has it, became a `�`.

    It is no JSON otherwise, and one such text would cost the whole answer.
    """
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPES.sub(lambda found: found[0] if found[1] is None else b"\\ufffd", body)


_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""A backslash that means itself, a whole pair, or the half of one."""


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _explained(url: str, error: httpx.HTTPError) -> SourceError:
    said = clean(error, 200)
    match error:
        case httpx.TimeoutException():
            return TimedOut(f"no answer in time from {url}", said)
        case httpx.ConnectError():
            return Refused(f"nobody answers at {url} (api.url): is it running?", _deepest(error))
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():  # what it says may quote the token
            return NotAllowed(f"the request to {url} cannot be written: is api.url, or the token, malformed?")
        case _:
            return CutOff(f"the connection broke before the answer was complete, from {url}", said)


def _deepest(error: BaseException) -> str:
    """What the system said, below what each layer made of it."""
    for _ in range(10):
        below = error.__cause__ or error.__context__
        if not isinstance(below, Exception):
            break
        error = below
    return clean(error, 200)
