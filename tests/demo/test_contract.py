"""The API keeps what its contract promises, whatever it is asked and in whatever state it is."""

import asyncio
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.demo.api_rig import START
from tests.demo.schema import ANYTHING, Schemas
from tui.demo.api import application
from tui.demo.contract.document import OPERATIONS, ROOT, Operation, document
from tui.demo.layout import Layout
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
some = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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
