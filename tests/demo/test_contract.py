"""The API keeps what its contract promises, whatever it is asked and in whatever state it is."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.demo.api_rig import START
from tests.demo.schema import ANYTHING, Schemas
from tui.demo.api import application
from tui.demo.contract.document import OPERATIONS, ROOT, Operation, document
from tui.demo.contract.words import LARGEST
from tui.demo.layout import Layout
from tui.demo.routes.replies import LONGEST_BODY
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.world import World

DOCUMENT = document()
SCHEMAS = Schemas(DOCUMENT)
WORLDS = {name: build(name, 1, START) for name in SCENARIOS}
NOWHERE = Path(gettempdir(), "no", "such", "instance")
NAMES = st.sampled_from(["8770", "8801", "8815", "SAP.DE", "risk-parity", "17", "a b", "%2e", "é", "a\nb"]) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/."), min_size=1, max_size=12
)
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
some = settings(max_examples=12)


def ask(scenario: str, method: str, path: str, **more: Any) -> httpx.Response:
    """One question to a fresh world."""

    async def answer() -> httpx.Response:
        app = application(World(WORLDS[scenario], lambda: START), Layout(NOWHERE))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.request(method, path, **more)

    loop = asyncio.new_event_loop()  # not the one of other tests, as `asyncio.run` would have it
    try:
        return loop.run_until_complete(answer())
    finally:
        loop.close()


def path_of(operation: Operation, data: st.DataObject) -> str:
    """The operation's path with names in it that may exist or not."""
    parts = operation.path.split("/")
    filled = [quote(data.draw(NAMES), safe="") if part.startswith("{") else part for part in parts]
    return ROOT + "/".join(filled)


def hold(operation: Operation, answer: httpx.Response) -> None:
    """The answer is one that the document names, and has its shape."""
    promised = DOCUMENT["paths"][ROOT + operation.path][operation.method]["responses"]
    assert str(answer.status_code) in promised, answer.text
    assert answer.headers["content-type"] == "application/json"
    schema = promised[str(answer.status_code)]["content"]["application/json"]["schema"]
    assert SCHEMAS.faults(answer.json(), schema) == []


@each_operation
@given(data=st.data())
@some
def test_good_questions_are_answered_as_promised(operation: Operation, data: st.DataObject) -> None:
    scenario = data.draw(st.sampled_from(sorted(WORLDS)))
    query = {name: data.draw(st.none() | SCHEMAS.values(schema)) for name, schema in operation.query.items()}
    sent = None if operation.sent is None else data.draw(SCHEMAS.values(operation.sent))
    asked = {name: value for name, value in query.items() if value is not None}
    more = {} if operation.sent is None else {"json": sent}
    answer = ask(scenario, operation.method, path_of(operation, data), params=asked, **more)
    hold(operation, answer)


@each_operation
@given(data=st.data())
@some
def test_odd_questions_are_answered_as_promised(operation: Operation, data: st.DataObject) -> None:
    query = {name: data.draw(st.text(max_size=8)) for name in operation.query}
    content = data.draw(st.binary(max_size=20))
    more: dict[str, Any] = {"content": content} if data.draw(st.booleans()) else {"json": data.draw(ANYTHING)}
    answer = ask("data-gap", operation.method, path_of(operation, data), params=query, **more)
    hold(operation, answer)


RETRY, REPAIR, IMPACT = "/backtests/retry", "/data/repair", "/projects/impact-analysis"
FAILOVER, REFRESH, REBUILD = "/data/sources/failover", "/data/refresh", "/data/indexes/rebuild"
DAYS = {"start": "2026-11-16", "end": "2026-11-20"}
HOURS = {"start": "2026-11-20T07:05:00Z", "end": "2026-11-20T13:05:00Z"}
GAPS: dict[str, Any] = {"symbols": ["SAP.DE"], "date_range": DAYS, "repair_gaps": True}
FAILED = next(job.id for job in WORLDS["data-gap"].jobs if job.status == "failed")
GOOD: tuple[tuple[str, dict[str, Any]], ...] = (
    (RETRY, {"original_job_id": FAILED, "modifications": {"limit_symbols": 10}}),
    (FAILOVER, {"to_backup": True, "reason": "primary_data_issues"}),
    (REFRESH, {"symbols": "all", "force": True, "priority": "high"}),
    (IMPACT, {"incident_period": HOURS}),
)
Asked = tuple[str, dict[str, Any]]
NO_TEXTS: tuple[object, ...] = (8801, 8801.0, True, None, {}, {"id": FAILED})
NO_NAMES: tuple[object, ...] = (*NO_TEXTS, "SAP.DE", [], [7], ["NO.SUCH"])


def wrong(path: str, name: str, *values: object, beside: dict[str, Any] | None = None) -> list[Asked]:
    """A body with each of these values, among what else it has to have."""
    return [(path, {**(beside or {}), name: value}) for value in values]


def wrong_within(path: str, outer: str, name: str, *values: object, beside: dict[str, Any]) -> list[Asked]:
    """The same for what stands in an object of the body."""
    inner = (asked[1] for asked in wrong(path, name, *values, beside=beside.get(outer)))
    return [(path, {**beside, outer: each}) for each in inner]


RETRIED: dict[str, Any] = {"original_job_id": FAILED, "modifications": {}}
BAD = (
    *wrong(RETRY, "original_job_id", *NO_TEXTS, [], [FAILED]),
    *wrong(RETRY, "modifications", None, "all", [], 1, beside=RETRIED),
    *wrong_within(RETRY, "modifications", "limit_symbols", 0, -1, "10", 1.5, None, beside=RETRIED),
    *wrong_within(RETRY, "modifications", "use_sample_data", 0, "true", None, beside=RETRIED),
    *wrong_within(RETRY, "modifications", "reduce_timeframe", 1, "true", None, beside=RETRIED),
    *wrong(REPAIR, "symbols", *NO_NAMES, beside=GAPS),
    *wrong(REPAIR, "date_range", None, 7, "last_d", "last_-1d", "last_7D", [], {}, beside=GAPS),
    *wrong(REPAIR, "date_range", {"start": DAYS["end"], "end": DAYS["start"]}, beside=GAPS),
    *wrong_within(REPAIR, "date_range", "start", 20261116, "20261116", "2026-02-30", "", None, beside=GAPS),
    *wrong(REPAIR, "repair_gaps", False, None, 1, "true", beside=GAPS),
    *wrong(FAILOVER, "to_backup", 0, 1, "true", None, []),
    *wrong(FAILOVER, "reason", None, 7, ["why"], beside={"to_backup": True}),
    *wrong(REFRESH, "symbols", *NO_NAMES),
    *wrong(REFRESH, "force", 1, "true", None),
    *wrong(REFRESH, "priority", "urgent", 1, None, []),
    *wrong(REBUILD, "tables", None, [], "daily_prices", [7], ["pg_class"], {"daily_prices": 1}),
    *wrong(REBUILD, "background", "true", 1, None, beside={"tables": ["daily_prices"]}),
    *wrong(IMPACT, "incident_period", None, "6h", [], {}, {"start": HOURS["start"]}),
    *wrong(IMPACT, "incident_period", {"start": HOURS["end"], "end": HOURS["start"]}),
    *wrong_within(
        IMPACT, "incident_period", "start",
        1763640000, "2026-11-20", "2026-11-20T07:05:00", "2026-W47-5T07:05:00Z", "20261120T070500Z", "now",
        beside={"incident_period": HOURS},
    ),
)  # fmt: skip


@pytest.mark.parametrize(("path", "body"), GOOD)
def test_what_the_runbook_sends_is_taken_and_not_a_number_is_none(path: str, body: dict[str, Any]) -> None:
    answer = ask("data-gap", "post", ROOT + path, json=body)
    assert answer.status_code in (200, 202), answer.text
    for word in ("NaN", "Infinity", "-Infinity"):
        sent = json.dumps(body)[:-1] + f', "more": {word}}}'
        refused = ask("data-gap", "post", ROOT + path, content=sent)
        assert (refused.status_code, refused.json()["error"]) == (400, "the body is not JSON")


@pytest.mark.parametrize(("path", "body"), BAD, ids=str)
def test_wrong_types_and_times_out_of_order_are_refused(path: str, body: dict[str, Any]) -> None:
    answer = ask("data-gap", "post", ROOT + path, json=body)
    assert answer.status_code == 400, answer.text
    hold(next(each for each in OPERATIONS if each.path == path), answer)


@pytest.mark.parametrize(
    "query",
    [
        "backtests?limit=", "backtests?limit=0", "backtests?limit=-1", "backtests?limit=abc", "backtests?limit=1.0",
        "backtests?limit=10000000000", "backtests?limit=1&limit=abc", "backtests?limit=%FF", "backtests?offset=-1",
        "backtests?offset=x", "backtests?status=", "backtests?status=lost", "backtests?priority=HIGH",
        "data/sources?limit=0", "strategies/validation?limit=x", "strategies/metrics?offset=-1",
        *(
            f"backtests/analytics/{kind}?period={period}"
            for kind in ("performance", "failures")
            for period in ("", "7", "d", "0d", "-7d", "7D", "7w", "1.5d", "all", "9999999999d", "7d%0A")
        ),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(query: str) -> None:
    answer = ask("data-gap", "get", f"{ROOT}/{query}")
    assert answer.status_code == 400, answer.text
    operation = next(each for each in OPERATIONS if each.path == f"/{query.partition('?')[0]}")
    hold(operation, answer)


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.sent is not None], ids=lambda each: each.path
)
def test_a_body_that_is_too_long_is_refused_before_it_is_read_whole(operation: Operation) -> None:
    given: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while len(given) < 1000:
            given.append(64 << 10)
            yield b" " * given[-1]

    answer = ask("calm", operation.method, ROOT + operation.path, content=endless())
    assert answer.status_code == 413
    hold(operation, answer)
    assert sum(given) <= LONGEST_BODY + (128 << 10)
    just = b"{}".ljust(LONGEST_BODY)
    assert ask("calm", operation.method, ROOT + operation.path, content=just).status_code != 413


def test_a_query_as_large_as_the_document_allows_is_taken() -> None:
    for query in (f"backtests?limit={LARGEST}&offset={LARGEST}", "backtests/analytics/failures?period=999999999d"):
        assert ask("data-gap", "get", f"{ROOT}/{query}").status_code == 200


@each_operation
def test_other_methods_are_not_allowed(operation: Operation) -> None:
    path = ROOT + operation.path.replace("{job_id}", "8801").replace("{symbol}", "SAP.DE").replace("{name}", "pairs-fx")
    for method in ("put", "patch", "delete" if operation.method != "delete" else "post"):
        answer = ask("calm", method, path)
        assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_every_scenario_keeps_the_contract_everywhere(name: str) -> None:
    job, symbol = WORLDS[name].jobs[0].id, WORLDS[name].symbols[0].name
    for operation in OPERATIONS:
        if operation.method == "get":
            path = operation.path.replace("{job_id}", job).replace("{symbol}", symbol).replace("{name}", "pairs-fx")
            answer = ask(name, "get", ROOT + path)
            assert answer.status_code == 200
            hold(operation, answer)


def test_the_document_tells_of_every_route_and_of_no_other() -> None:
    app = application(World(WORLDS["calm"], lambda: START), Layout(NOWHERE))
    served = {
        (method.lower(), route.path)
        for route in app.routes
        if isinstance(route, Route) and route.path.startswith(f"{ROOT}/")
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert served == {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert len(served) == len(OPERATIONS) == 24
    assert ask("calm", "get", "/openapi.json").json() == DOCUMENT
