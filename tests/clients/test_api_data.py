"""The data side, and any JSON in any place."""

import asyncio
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.clients.api import ApiClient
from backend.clients.decode import Fields, count, identity, moment, names, number
from backend.errors import BadAnswer, MissingRoute, Refused, SourceError
from backend.model.data import Availability, Connectivity, DataSource, Gap, SymbolHealth, SymbolsHealth
from backend.model.jobs import JobState
from backend.text import clean
from tests.clients.wire import Play, Request, Server, page, reply


async def test_availability(server: Server, api: ApiClient) -> None:
    server.on(
        "data/availability",
        reply(
            {
                "symbol_count": 4812,
                "earliest_date": "2009-01-02",
                "latest_date": "2026-11-20T00:00:00Z",
                "gaps": [
                    {"symbol": "SAP.DE", "start": "2026-11-17", "end": "2026-11-19", "days": 3},
                    {"symbol": "BMW.DE", "start": "2026-11-17", "end": "2026-11-19"},
                    {"start": "2026-11-17"},
                    None,
                ],
                "quality_metrics": {"completeness_percent": 96.2},
            }
        ),
    )
    start, end = date(2026, 11, 17), date(2026, 11, 19)
    gaps = Gap("SAP.DE", start, end, 3), Gap("BMW.DE", start, end, 3)
    assert await api.availability() == Availability(4812, date(2009, 1, 2), date(2026, 11, 20), gaps, 96.2, bad_rows=2)


async def test_gaps_beyond_those_that_are_looked_at_are_counted(server: Server, api: ApiClient) -> None:
    server.on("data/availability", reply({"gaps": [{"symbol": f"S{n}"} for n in range(2499)] + [None]}))
    found = await api.availability()
    assert (len(found.gaps), found.bad_rows, found.unread, found.gap_count) == (2000, 0, 500, 2500)
    assert found.remarks == ("2,500 listed, 2,000 read",)


@pytest.mark.parametrize("gaps", [3, "many", {"SAP.DE": 3}])
async def test_gaps_that_are_no_list_are_not_taken_for_none(server: Server, api: ApiClient, gaps: object) -> None:
    server.on("data/availability", reply({"gaps": gaps, "symbol_count": 3}))
    assert (await api.availability()).remarks == ("1 bad row",)
    server.on("data/availability", reply({"gaps": [], "symbol_count": 3}))
    assert (await api.availability()).remarks == ()


async def test_connectivity(server: Server, api: ApiClient) -> None:
    report = {"connections": {"historical_data": {"status": "healthy", "response_time_ms": 4}, "backup_historical": {}}}
    for status in (200, 400):
        server.on("data/connectivity", reply(report, status))
        assert await api.connectivity() == Connectivity("healthy", 4.0, "unknown")


async def test_sources(server: Server, api: ApiClient) -> None:
    rows = [
        {"name": "primary", "role": "primary", "active": True, "status": "healthy"},
        {"name": "backup", "status": "down", "active": "no"},
        {"status": "healthy"},
    ]
    server.on("data/sources", reply({"sources": rows}))
    found = await api.sources()
    assert found.sources == (
        DataSource("primary", "primary", active=True, status="healthy"),
        DataSource("backup", "", active=None, status="down"),
    )
    assert found.bad_rows == 1
    assert found.active == found.sources[0]


async def test_validation(server: Server, api: ApiClient) -> None:
    summary = {"checked": 4812, "ok": True, "failedSymbols": ["a", "b"], "note": "x\x1b[2J"}
    server.on("data/validation/report", reply({"summary": summary, "generated_at": 1}))
    assert (await api.validation()).summary == (
        ("checked", "4812"),
        ("ok", "yes"),
        ("failed_symbols", "2 entries"),
        ("note", "x�[2J"),
    )
    server.on("data/validation/report", reply({"summary": "3 of 4812 symbols are bad"}))
    assert (await api.validation()).summary == (("summary", "3 of 4812 symbols are bad"),)


async def test_data_status(server: Server, api: ApiClient) -> None:
    server.on("data/status", reply({"status": "degraded", "since": "x"}, 400))
    assert not (await api.data_status()).healthy


async def test_no_gaps_are_an_answer(server: Server, api: ApiClient) -> None:
    server.on("data/availability", reply({"gaps": []}))
    assert await api.availability() == Availability(None, None, None, (), None)


async def test_a_gap_that_ends_before_it_begins_has_no_days(server: Server, api: ApiClient) -> None:
    server.on("data/availability", reply({"gaps": [{"symbol": "SAP.DE", "start": "2026-11-19", "end": "2026-11-10"}]}))
    (gap,) = (await api.availability()).gaps
    assert gap.days == 0


async def test_symbols(server: Server, api: ApiClient) -> None:
    server.on(
        "data/SAP.DE/health", reply({"symbol": "SAP.DE", "completeness_percent": 81, "last_update": 1_795_348_800})
    )
    server.on("data/EUR%2FUSD/health", reply({"completeness_percent": 100}))
    server.on("data/NONE/health", reply({"success": False, "error": "unknown symbol"}, 404))
    found = await api.symbols_health("8839", ["SAP.DE", "..", "NONE", "EUR/USD", "SAP.DE", ""])
    assert found == SymbolsHealth(
        "8839",
        (
            SymbolHealth("SAP.DE", 81.0, datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
            SymbolHealth("EUR/USD", 100.0, None),
        ),
        ("..", "NONE", ""),
    )
    assert len(server.requests) == 3


async def test_symbols_of_a_job_with_thousands_are_not_all_asked_for(server: Server, api: ApiClient) -> None:
    names = [f"S{n}" for n in range(3000)]

    def known(request: Request) -> Play:
        return reply({"completeness_percent": 99})

    for name in names:
        server.on_request(f"data/{name}/health", known)
    assert len((await api.symbols_health("1", names)).symbols) == len(server.requests) == 12


async def test_symbols_without_their_route(server: Server, api: ApiClient) -> None:
    with pytest.raises(MissingRoute):
        await api.symbols_health("1", ["A", "B", "C", "D"])
    server.on("data/A/health", reply({"error": "down"}, 500))
    with pytest.raises(Refused):
        await api.symbols_health("1", ["A"])


@pytest.mark.parametrize(
    ("route", "ask"),
    [
        ("data/availability", ApiClient.availability),
        ("data/connectivity", ApiClient.connectivity),
        ("data/sources", ApiClient.sources),
        ("data/validation/report", ApiClient.validation),
        ("data/status", ApiClient.data_status),
    ],
)
async def test_answers_without_what_was_asked_for(
    server: Server, api: ApiClient, route: str, ask: Callable[[ApiClient], "asyncio.Future[object]"]
) -> None:
    with pytest.raises(MissingRoute):
        await ask(api)
    bodies: tuple[object, ...] = ({}, None, "x", {"hello": "world"})
    for body in bodies:
        server.on(route, reply(body))
        with pytest.raises(BadAnswer) as caught:
            await ask(api)
        assert caught.value.detail
    server.on(route, page(200))
    with pytest.raises(BadAnswer, match="HTML"):
        await ask(api)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22T12:00:00", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22 12:00:00", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22T12:00:00.000Z", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22T13:00:00+01:00", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        (1_795_348_800, datetime(2026, 11, 22, 12, tzinfo=UTC)),
        (1_795_348_800_000, datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("1795348800", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("", None),
        (0, None),
        (-5, None),
        (True, None),
        (1e300, None),
        (float("nan"), None),
        ([], None),
    ],
)
def test_moments(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (2**62, 2**62), ("7", 7), (2**63, None), (1e30, None), (-1, None), (1.5, None)]
)
def test_counts_are_of_a_size_that_counts_have(value: object, expected: int | None) -> None:
    assert count(value) == expected


def test_of_too_many_names_the_first_are_read() -> None:
    assert names([f"S{number}" for number in range(600)]) == tuple(f"S{number}" for number in range(500))
    assert names(["a", "b", "a", "c"], most=3) == ("a", "b")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_no_value_breaks_a_decoder(value: object) -> None:
    number(value)
    identity(value)
    found = count(value)
    assert found is None or found >= 0
    when = moment(value)
    assert when is None or when.tzinfo is UTC
    assert all(names(value))
    Fields(value).text("a")


FIELDS = (
    "id", "status", "strategy_name", "name", "error", "error_message", "started_at", "finished_at", "durationMs",
    "attempt", "priority", "strategy_config", "symbols", "success", "ok", "data", "backtests", "counts", "summary",
    "gaps", "quality_metrics", "connections", "sources", "completeness_percent", "last_update", "total", "retryAfter",
    "message", "failed", "running", "active_jobs", "symbol_count", "earliest_date",
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=8)
ASKED: tuple[Callable[[ApiClient], "asyncio.Future[object]"], ...] = (
    lambda api: asyncio.ensure_future(api.health()),
    lambda api: asyncio.ensure_future(api.counts()),
    lambda api: asyncio.ensure_future(api.jobs(JobState.FAILED)),
    lambda api: asyncio.ensure_future(api.job("1")),
    lambda api: asyncio.ensure_future(api.send("POST", ("backtests", "1", "requeue"))),
    lambda api: asyncio.ensure_future(api.data_status()),
    lambda api: asyncio.ensure_future(api.availability()),
    lambda api: asyncio.ensure_future(api.connectivity()),
    lambda api: asyncio.ensure_future(api.sources()),
    lambda api: asyncio.ensure_future(api.validation()),
    lambda api: asyncio.ensure_future(api.symbols_health("1", ["A"])),
)


@settings(max_examples=150)
@given(
    body=(JSON | OBJECTS | st.lists(OBJECTS, max_size=4)).map(msgspec.json.encode) | st.binary(max_size=60),
    status=st.sampled_from([200, 200, 200, 202, 204, 301, 400, 401, 404, 405, 418, 429, 500, 503]),
    kind=st.sampled_from(["application/json", "text/html", ""]),
)
async def test_no_answer_raises_anything_but_a_source_error(body: bytes, status: int, kind: str) -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body, headers={"content-type": kind, "retry-after": body.hex()[:3]})

    api = ApiClient("http://test", transport=httpx.MockTransport(respond))
    for ask in ASKED:
        try:
            await ask(api)
        except SourceError as error:
            assert error.summary  # noqa: PT017 - either outcome is fine
    await api.aclose()


async def test_objects_with_millions_of_names_are_looked_at_in_part(server: Server, api: ApiClient) -> None:
    server.on("data/validation/report", reply({"summary": {f"name {number}": number for number in range(200_000)}}))
    assert len((await api.validation()).summary) == 100


def test_long_names_are_kept_by_nobody() -> None:
    tracemalloc.start()
    try:
        for number in range(50):
            assert Fields({f"{number} {'x' * 1_000_000}": 1}).get("x") is None
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("changed", ["SAP\x1b.DE", "L" * 200])
async def test_a_symbol_that_cleaning_changed_is_not_asked_for(server: Server, api: ApiClient, changed: str) -> None:
    health = await api.symbols_health("1", names([changed]))
    assert health.unknown == (clean(changed, 64),)
    assert not server.requests
