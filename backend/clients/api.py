"""The research API: one method per route, each a question and a frozen model."""

import asyncio
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from msgspec import UNSET

from backend.clients import decode_data, decode_jobs, routes
from backend.clients.answers import body_of, failure, report_of, told_well, word_of
from backend.clients.decode import decoded
from backend.clients.http import LIST_LIMIT, Answer, HttpClient, Token, travels
from backend.clients.job_list import rows_of
from backend.clients.job_rows import decode_rows
from backend.clients.routes import Route
from backend.clock import Clock
from backend.errors import BadAnswer, MissingObject, NotAllowed
from backend.frozen import dataclass
from backend.model.data import (
    Availability,
    Connectivity,
    DataSources,
    DataStatus,
    SymbolHealth,
    SymbolsHealth,
    Validation,
)
from backend.model.jobs import ACTIONABLE_ID, Job, JobCounts, JobList, JobsHealth, JobState, Priority
from backend.text import clean

if TYPE_CHECKING:
    import httpx

MOST_ROWS = 500
"""What a server gives at most in one list."""

CHANGED = re.compile("�|…$")
"""What cleaning leaves in a text that it changed."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this host."""
Model = TypeVar("Model")
Reader = Callable[[Answer, str, str], object]


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server said of something that it was asked to do. What it did is for a fresh read to show."""

    status: int
    word: str
    """Its message, or its status: clean."""
    body: object
    """The decoded JSON, raw; None when there was none."""


class ApiClient:
    """Asks the research API. All methods raise `SourceError`s only; what each kind means is said there.

    `url` is scheme, host and port; `timeout` covers one exchange, in seconds. `transport` is for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        timeout: float = 5.0,
        transport: "httpx.AsyncBaseTransport | None" = None,
        clock: Clock | None = None,
    ) -> None:
        self._http = HttpClient(url, token=token, timeout=timeout, transport=transport, clock=clock)

    @property
    def place(self) -> str:
        """Which server is asked, by one name for all of its names; one on this host is another than on the next."""
        url = urlsplit(self._http.url)
        if url.hostname not in LOOPBACK:
            return self._http.url
        port = f":{url.port}" if url.port else ""
        return f"{url.scheme}://{LOOPBACK[0]}{port} on {socket.gethostname()}"

    @property
    def skew(self) -> float | None:
        """Seconds by which the server's clock is ahead of ours, as its last answer with a `Date` told."""
        return self._http.skew

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def health(self) -> JobsHealth:
        """The service's word on itself (runbook, Diagnostics 1); a degraded one is an answer, not an error."""
        return await self._read(routes.BACKTESTS_HEALTH, decode_jobs.decode_health, reader=report_of)

    async def counts(self) -> JobCounts:
        """How many jobs are in each state (runbook, Quick Actions)."""
        return await self._read(routes.BACKTESTS_STATUS, decode_jobs.decode_counts)

    async def jobs(
        self, state: JobState, limit: int = MOST_ROWS, priority: Priority | None = None, offset: int = 0
    ) -> JobList:
        """Jobs in one state, newest as the server orders them; of what it sends only what was asked for.

        A server that ignores the filter is asked once more, for as many as it gives, and filtered here.
        """
        query = {"status": state.value, "limit": str(limit)}
        if priority is not None:
            query["priority"] = priority.value
        if offset:
            query["offset"] = str(offset)
        found = await self._list(query, state, priority, limit)
        if found.other_state and not found.jobs and limit < MOST_ROWS:
            wider = await self._list({**query, "limit": str(MOST_ROWS)}, state, priority, MOST_ROWS)
            return replace(wider, jobs=wider.jobs[:limit])
        return found

    async def job(self, id_: str) -> Job:
        """One job with its configuration's symbols; `MissingObject` when the server does not know it."""
        _usable(id_)

        def decode(body: object) -> Job:
            inner = decode_jobs.unwrapped(body)
            found = decode_jobs.decode_job(inner, known_id=id_) if isinstance(inner, Mapping) else None
            if found is None or found.id != id_:
                raise BadAnswer(f"asked for job {id_}, the server answered with something else")
            return found

        return await self._read(routes.backtest(id_), decode, thing=f"job {id_}")

    async def data_status(self) -> DataStatus:
        """The data side's word on itself."""
        return await self._read(routes.DATA_STATUS, decode_data.decode_status, reader=report_of)

    async def availability(self) -> Availability:
        """What data there is, and what is missing (runbook, Diagnostics 3)."""
        return await self._read(routes.DATA_AVAILABILITY, decode_data.decode_availability)

    async def connectivity(self) -> Connectivity:
        """How the platform reaches its databases (runbook, Diagnostics 5)."""
        return await self._read(routes.DATA_CONNECTIVITY, decode_data.decode_connectivity, reader=report_of)

    async def sources(self) -> DataSources:
        """The sources of data and which one is in use (runbook, For Data Issues)."""
        return await self._read(routes.DATA_SOURCES, decode_data.decode_sources)

    async def validation(self) -> Validation:
        """The summary of the validation report (runbook, Data Recovery)."""
        return await self._read(routes.DATA_VALIDATION, decode_data.decode_validation)

    async def symbol_health(self, symbol: str) -> SymbolHealth:
        """The data of one symbol (runbook, Diagnostics 3)."""
        route = routes.symbol_health(symbol)
        if not travels(symbol) or CHANGED.search(symbol):  # only what it was before it was cleaned may be asked for
            raise MissingObject(f"“{clean(symbol, 64)}” cannot be a symbol")
        return await self._read(
            route,
            lambda body: decode_data.decode_symbol(body, symbol),
            reader=report_of,
            thing=f"symbol {clean(symbol, 64)}",
        )

    async def symbols_health(self, job_label: str, symbols: Sequence[str]) -> SymbolsHealth:
        """The data of the first dozen symbols of a job; those that the server does not know are named."""
        gate = asyncio.Semaphore(routes.SYMBOLS_AT_ONCE)

        async def ask(symbol: str) -> SymbolHealth | str:
            async with gate:
                try:
                    return await self.symbol_health(symbol)
                except MissingObject:
                    return symbol

        asked = [asyncio.ensure_future(ask(symbol)) for symbol in list(dict.fromkeys(symbols))[: routes.MOST_SYMBOLS]]
        try:
            answers = await asyncio.gather(*asked)
        finally:
            for task in asked:
                task.cancel()
        return SymbolsHealth(
            job_label,
            tuple(answer for answer in answers if isinstance(answer, SymbolHealth)),
            tuple(clean(answer, 64) for answer in answers if isinstance(answer, str)),
        )

    async def send(
        self, method: str, path: Sequence[str], json: object = None, *, thing: str = "", at_least: float = 0.0
    ) -> Sent:
        """Ask for a change: sent once, never repeated, never redirected.

        `path` are raw segments below `/api/research`, `thing` names what it acts on. After `TimedOut`, or `CutOff`
        because the connection broke, the change may have happened all the same.
        """
        for segment in path:
            _usable(segment)
        route = Route(tuple(path), at_least)
        answer = await self._http.exchange(method, route.segments, json=json, at_least=at_least)
        if not 200 <= answer.status < 300:
            raise failure(answer, f"{method} {route}", thing)
        body = decoded(answer.body)
        told_well(body, f"{method} {route}")
        return Sent(answer.status, word_of(answer), None if body is UNSET else body)

    async def _list(self, query: dict[str, str], state: JobState, priority: Priority | None, limit: int) -> JobList:
        route = routes.BACKTESTS
        answer = await self._http.exchange("GET", route.segments, query=query, largest=LIST_LIMIT)
        raw = await rows_of(answer, str(route))
        return await decode_rows(raw.rows, state, priority, raw.total, limit)

    async def _read(
        self, route: Route, decode: Callable[[object], Model], *, reader: Reader = body_of, thing: str = ""
    ) -> Model:
        answer = await self._http.exchange("GET", route.segments, at_least=route.at_least)
        try:
            return decode(reader(answer, str(route), thing))
        except BadAnswer as error:
            raise BadAnswer(error.summary, error.detail or answer.excerpt) from error


def _usable(id_: str) -> None:
    """An id that could mean something else in a path is never sent."""
    if ACTIONABLE_ID.fullmatch(id_) is None or id_ in {".", ".."}:
        raise NotAllowed(f"the id “{clean(id_, 60)}” is not one that can be sent safely; nothing was asked")
