"""Quirks that are on together: whatever is combined, every route answers something that a server could answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import combinations
from pathlib import Path

import httpx
import pytest

from tests.demo.api_rig import RESEARCH, START, wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.wire import heard
from tui.demo.api import HOST, application, listener_on, server_of
from tui.demo.contract.document import OPERATIONS, ROOT, Operation
from tui.demo.layout import Layout
from tui.demo.quirks.layer import Layer
from tui.demo.quirks.switchboard import Switchboard
from tui.demo.quirks.table import QUIRKS, SLOW
from tui.demo.world.scenario import build
from tui.demo.world.world import World

SOUND = {200, 202, 308, 400, 404, 405, 409, 429, 503}
"""What a server of this kind may answer; 503 where there is no database."""
FAULTS = {"silence", "reset", "truncation"}
AT_ONCE = {"rate-limit", *FAULTS}
"""With one of these a good question may get no good answer."""
OWN = [name for name, quirk in QUIRKS.items() if not quirk.ground and name != SLOW]
GROUND = [name for name, quirk in QUIRKS.items() if quirk.ground]
PAIRS = [*combinations(OWN, 2)]
LIST = f"{RESEARCH}/backtests"


def path_of(operation: Operation) -> str:
    path = operation.path.replace("{job_id}", "8801").replace("{symbol}", "SAP.DE").replace("{name}", "pairs-fx")
    return ROOT + path


@asynccontextmanager
async def served(*names: str) -> AsyncIterator[tuple[httpx.AsyncClient, Switchboard]]:
    """A world of its own behind these quirks, over a real socket, and their switches."""
    app = application(World(build("data-gap", 1, START), lambda: START), Layout(Path("/no/such/instance")))
    listener = listener_on(0)
    switches = Switchboard(lambda _: None, names)
    server = server_of(Layer(app, switches))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, timeout=10.0) as client:
            yield client, switches
    finally:
        server.should_exit = True
        await task


async def answer_of(client: httpx.AsyncClient, names: tuple[str, ...], method: str, path: str) -> httpx.Response | None:
    """A sound answer; None for what no fault of these quirks let through."""
    try:
        timeout = 0.1 if "silence" in names else 10.0
        answer = await client.request(method, path, content=b"{}" if method == "post" else None, timeout=timeout)
    except httpx.TransportError:
        if not FAULTS & {*names}:
            raise
        return None
    assert answer.status_code in SOUND, f"{method} {path} with {names}: {answer.status_code} {answer.text[:200]}"
    kind = answer.headers.get("content-type", "")
    if kind == "application/json":
        json.loads(answer.content)
    else:
        assert (answer.status_code, kind[:9]) in {(404, "text/html"), (405, ""), (308, "text/plai"), (308, "")}
    return answer


@pytest.mark.parametrize("first", OWN)
async def test_two_quirks_of_the_api_answer_something_sound_on_every_route(first: str) -> None:
    async with served() as (client, switches):
        for names in (pair for pair in PAIRS if pair[0] == first):
            switches.set(names)
            for operation in OPERATIONS[:3] if "silence" in names else OPERATIONS:
                await answer_of(client, names, operation.method, path_of(operation))
            for query in ("status=failed&limit=500", "status=queued&limit=3", "priority=high&offset=4", "limit=none"):
                answer = await answer_of(client, names, "get", f"{LIST}?{query}")
                if answer is not None and answer.status_code == 200:
                    assert isinstance(answer.json()["backtests"], list)


@pytest.mark.parametrize("first", [name for name in OWN if name not in AT_ONCE])
async def test_two_quirks_of_the_api_still_list_what_failed(first: str) -> None:
    async with served() as (client, switches):
        for names in (pair for pair in PAIRS if pair[0] == first and not AT_ONCE & {*pair}):
            switches.set(names)
            rows = (await client.get(f"{LIST}?status=failed&limit=500")).json()["backtests"]
            assert len(rows) == 14, names
            assert {row["status"] for row in rows} <= {"failed", "timeout", "cancelled"}


async def test_other_words_and_a_filter_after_the_limit() -> None:
    async with served("filter-after-limit", "other-names", "more-names", "ignored-parameters") as (client, _):
        for state, had in (("queued", 6), ("done", 44), ("running", 2)):
            rows = (await client.get(f"{LIST}?status={state}&limit=500&priority=high")).json()["backtests"]
            assert len(rows) == had, "the priority is ignored"
            assert {row["status"] for row in rows} == {state}
            assert all({"name", "createdAt", "lastRunAt", "finishedAt", "error"} <= row.keys() for row in rows)
            assert all((row["lastRunAt"] is None) == (state == "queued") for row in rows)
            assert all(row["finishedAt"] >= row["lastRunAt"] for row in rows if state == "done")


async def test_a_slash_is_sent_away_for_good_and_only_from_where_there_is_something() -> None:
    async with served() as (client, _):
        answer = await client.get(f"{LIST}/?status=failed&limit=3")
        assert (answer.status_code, answer.headers["location"]) == (308, f"{LIST}?status=failed&limit=3")
        assert (await client.post(f"{RESEARCH}/data/refresh/")).status_code == 308
        assert (await client.get(f"{RESEARCH}/nonsense/at/all/")).status_code == 404
        odd = await client.get(f"{LIST}/%0d%0aX-More:%20yes/")
        assert (odd.status_code, odd.headers.get("x-more")) == (308, None)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site("data-gap", tmp_path_factory.mktemp("temp")) as running:
        yield running


def switched_on(up: Site) -> list[str]:
    return [quirk["name"] for quirk in up.client.get("/judge/quirks").json()["quirks"] if quirk["on"]]


def well(up: Site) -> bool:
    health, connections = up.client.get(f"{RESEARCH}/backtests/health"), up.get("data/connectivity")["connections"]
    return bool(health.json()["status"] == "healthy" == connections["historical_data"]["status"])


def test_two_quirks_of_the_ground_leave_an_api_that_answers(up: Site) -> None:
    for names in combinations(GROUND, 2):
        up.client.put("/judge/quirks", json={"quirks": names}).raise_for_status()
        for route in ("backtests/health", "data/connectivity", "data/availability", "backtests?limit=5"):
            assert up.client.get(f"{RESEARCH}/{route}").status_code == 200, (names, route)
        answer = up.client.post(f"{RESEARCH}/data/refresh", json={"symbols": "all", "force": True, "priority": "high"})
        assert answer.status_code in SOUND, names
    up.client.delete("/judge/quirks/all").raise_for_status()
    assert switched_on(up) == []
    wait_until(lambda: well(up), 60)


def test_all_of_them_can_be_switched_on_at_once(up: Site) -> None:
    for method, place in (("POST", ""), ("PUT", "/all"), ("POST", "/all")):
        up.client.request(method, f"/judge/quirks{place}", json={"quirks": ["all"]}).raise_for_status()
        assert switched_on(up) == list(QUIRKS)
    listed = up.client.get("/judge/quirks/all").json()["quirks"]
    assert [quirk["on"] for quirk in listed] == [True] * len(QUIRKS)
    up.client.request("DELETE", "/judge/quirks/all").raise_for_status()
    assert switched_on(up) == []


def test_with_all_of_them_on_every_route_answers_or_is_silent(up: Site) -> None:
    up.client.post("/judge/quirks", json={"quirks": ["all"]}).raise_for_status()
    up.client.put(f"/judge/quirks/{SLOW}", json={"seconds": 0.1}).raise_for_status()
    ends = set()
    for operation in OPERATIONS:
        answer = heard(up, operation.method.upper(), path_of(operation), patience=0.3)
        ends.add(answer.end)
        if answer.end != "silent":
            assert answer.status in SOUND, operation
    assert {"silent", "reset", "closed", "whole"} >= ends != {"silent"}
    assert up.client.get("/judge").status_code == 200
    up.client.delete("/judge/quirks").raise_for_status()
    wait_until(lambda: well(up), 60)
