"""The routes of data, over a real socket and with a real PostgreSQL behind them."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import pytest_asyncio

from tests.demo.api_rig import Rig, postgres, serving, until
from tests.demo.server import publish
from tui.demo.address import WATCHER, dsn
from tui.demo.history import History
from tui.demo.layout import Layout
from tui.demo.maintenance import Maintenance
from tui.demo.world.refusal import ConflictError

REPAIR = {"symbols": ["AUTO_DETECT"], "date_range": "last_7d", "repair_gaps": True}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with postgres(tmp_path_factory.mktemp("history"), "data-gap") as made:
        yield made


@pytest_asyncio.fixture
async def rig(layout: Layout) -> AsyncIterator[Rig]:
    async with serving("data-gap", layout.root) as served:
        yield served


@pytest_asyncio.fixture
async def lonely(tmp_path: Path) -> AsyncIterator[Rig]:
    """A rig without a database."""
    async with serving("data-gap", tmp_path) as served:
        yield served


def stored_days(layout: Layout, symbol: str) -> int:
    port = json.loads(layout.postgres.read_text())["port"]
    with psycopg.connect(dsn(port, layout.passfile, WATCHER)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM market_data.daily_prices WHERE symbol = %s AND trading_day > '2026-11-12'", (symbol,)
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_gaps_are_told_the_same_way_everywhere(rig: Rig) -> None:
    available = await rig.get("data/availability")
    gaps = {gap["symbol"]: gap for gap in available["gaps"]}
    assert gaps["SAP.DE"] == {"symbol": "SAP.DE", "start": "2026-11-17", "end": "2026-11-19", "days": 3}
    assert available["symbol_count"] == 40
    assert available["latest_date"] == "2026-11-19"
    for name in ("SAP.DE", "BMW.DE", "ALV.DE", "DTE.DE"):
        health = await rig.get(f"data/{name}/health")
        assert health["gaps"] == ([gaps[name]] if name in gaps else [])
        assert health["completeness_percent"] == 100.0 - 5.0 * sum(gap["days"] for gap in health["gaps"])
    summary = (await rig.get("data/validation/report"))["summary"]
    assert (summary["symbols_with_gaps"], summary["missing_days"], summary["status"]) == (3, 8, "invalid")
    assert summary["completeness_percent"] == available["quality_metrics"]["completeness_percent"] == 99.0
    assert (await rig.get("data/status"))["status"] == "degraded"
    await rig.get("data/NONE.DE/health", 404)


async def test_one_server_is_asked_once(lonely: Rig, tmp_path: Path) -> None:
    greeted: list[bytes] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.append(await reader.readexactly(8))
        writer.write(b"N")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        publish(Layout(tmp_path), os.getpid(), host=host, port=port)
        connections = (await lonely.get("data/connectivity"))["connections"]
        assert {each["status"] for each in connections.values()} == {"healthy"}
        assert len(greeted) == 1
        publish(Layout(tmp_path), os.getpid(), "stopping", host=host, port=port)
        connections = (await lonely.get("data/connectivity"))["connections"]
        assert {each["status"] for each in connections.values()} == {"down"}


async def test_connectivity_is_measured(rig: Rig, lonely: Rig) -> None:
    connections = (await rig.get("data/connectivity"))["connections"]
    assert {each["status"] for each in connections.values()} == {"healthy"}
    assert connections["historical_data"]["response_time_ms"] >= 0
    down = {"status": "down", "response_time_ms": None}
    nothing = (await lonely.get("data/connectivity"))["connections"]
    assert nothing == {"historical_data": down, "backup_historical": down}


async def test_a_repair_stores_the_days_and_closes_the_gaps(rig: Rig, layout: Layout) -> None:
    assert [stored_days(layout, name) for name in ("SAP.DE", "ALV.DE", "DTE.DE")] == [2, 3, 5]
    accepted = await rig.post("data/repair", REPAIR)
    assert accepted["symbols"] == ["SAP.DE", "BMW.DE", "ALV.DE"]
    busy = (await rig.get("data/status"))["repair"]
    assert busy == {"running": True, "symbols_left": ["SAP.DE", "BMW.DE", "ALV.DE"], "error": None}

    async def done() -> bool:
        rig.clock.forward(0.05)
        return not (await rig.get("data/status"))["repair"]["running"]

    rig.clock.forward(10)
    await until(done)
    available = await rig.get("data/availability")
    assert (available["gaps"], available["quality_metrics"]["completeness_percent"]) == ([], 100.0)
    assert (await rig.get("data/status"))["status"] == "healthy"
    assert [stored_days(layout, name) for name in ("SAP.DE", "ALV.DE", "DTE.DE")] == [5, 5, 5]
    assert (await rig.get("data/SAP.DE/health"))["last_update"] == "2026-11-19T21:30:00.000Z"
    summary = (await rig.get("data/validation/report"))["summary"]
    assert (summary["status"], summary["valid_symbols"]) == ("valid", 40)
    assert summary["generated_at"] > accepted["expected_done"][:19]


async def test_a_repair_that_makes_no_sense_is_refused(rig: Rig) -> None:
    for symbols in ([], "SAP.DE", [1], ["NONE"], ["SAP.DE", "NONE"]):
        await rig.post("data/repair", {**REPAIR, "symbols": symbols}, 400)
    await rig.post("data/repair", {**REPAIR, "date_range": "always"}, 400)
    await rig.post("data/repair", {**REPAIR, "repair_gaps": False}, 400)
    half = json.dumps({**REPAIR, "symbols": ["\ud800"]}).encode()
    assert (await rig.client.post("/api/research/data/repair", content=half)).status_code == 400


async def test_nothing_is_repaired_or_rebuilt_without_the_database(lonely: Rig) -> None:
    await lonely.post("data/repair", REPAIR, 503)
    await lonely.post("data/indexes/rebuild", {"tables": ["daily_prices"]}, 503)
    for deed in (await lonely.client.get("/judge")).json()["done"]:
        assert deed["detail"].startswith("refused: ")
    assert (await lonely.get("data/status"))["repair"]["running"] is False
    assert len((await lonely.get("data/availability"))["gaps"]) == 3


async def test_indexes_are_rebuilt(rig: Rig) -> None:
    both = ["daily_prices", "minute_bars"]
    done = await rig.post("data/indexes/rebuild", {"tables": both, "background": False}, 200)
    assert (done["status"], done["tables"], done["error"]) == ("completed", both, None)
    begun = await rig.post("data/indexes/rebuild", {"tables": ["minute_bars"], "background": True})
    assert begun["status"] == "running"

    async def finished() -> bool:
        rebuild: dict[str, object] = (await rig.get("data/status"))["index_rebuild"]
        return rebuild["status"] == "completed"

    await until(finished)
    for tables in (["pg_class"], [], None):
        await rig.post("data/indexes/rebuild", {"tables": tables}, 400)


class Held(History):
    """A database that takes every question, and never comes to the end of a rebuild."""

    async def check(self) -> None:
        await asyncio.sleep(0)

    async def reindex(self, tables: Iterable[str]) -> None:
        await asyncio.Event().wait()


async def test_of_rebuilds_that_are_asked_for_at_once_one_is_begun(lonely: Rig, tmp_path: Path) -> None:
    maintenance = Maintenance(lonely.world, Held(Layout(tmp_path), 1))
    asked = (maintenance.rebuild(["daily_prices"]) for _ in range(3))
    begun, *refused = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in refused] == [ConflictError] * 2
    assert not isinstance(begun, BaseException)
    begun[1].cancel()


class Powerless(Held):
    """A database whose rebuilds cannot even be asked for: no process can be started."""

    async def reindex(self, tables: Iterable[str]) -> None:
        raise BlockingIOError(f"no process for {tables}")


async def test_a_rebuild_that_cannot_be_asked_for_has_failed_and_does_not_stand_in_the_way_of_the_next(
    lonely: Rig, tmp_path: Path
) -> None:
    maintenance = Maintenance(lonely.world, Powerless(Layout(tmp_path), 1))
    for _ in range(2):
        rebuild, task = await maintenance.rebuild(["daily_prices"])
        await task
        assert (rebuild.status, rebuild.error) == ("failed", "no process for ('daily_prices',)")


async def test_sources_are_switched_and_switched_back(rig: Rig) -> None:
    async def active() -> list[str]:
        return [source["role"] for source in (await rig.get("data/sources"))["sources"] if source["active"]]

    assert await active() == ["primary"]
    over = await rig.post("data/sources/failover", {"to_backup": True, "reason": "primary_data_issues"}, 200)
    assert (over["changed"], over["active_source"], await active()) == (True, "backup-feed", ["backup"])
    assert (await rig.post("data/sources/failover", {"to_backup": True}, 200))["changed"] is False
    await rig.post("data/sources/failover", {"to_backup": False}, 200)
    assert await active() == ["primary"]
    await rig.post("data/sources/failover", {"to_backup": "yes"}, 400)


async def test_a_refresh_is_seen_in_the_validation_report(rig: Rig) -> None:
    before = (await rig.get("data/validation/report"))["summary"]["generated_at"]
    due = (await rig.post("data/refresh", {"symbols": "all", "force": True, "priority": "high"}))["expected_done"]
    assert (await rig.get("data/status"))["refreshing"] is True
    rig.clock.forward(3)
    assert (await rig.get("data/validation/report"))["summary"]["generated_at"] == due > before
    assert (await rig.get("data/status"))["refreshing"] is False


async def test_a_provider_is_up_or_down(rig: Rig, layout: Layout) -> None:
    layout.hosts.write_text("marketdata up 1\nother down 1\n")
    assert (await rig.client.head("/providers/marketdata/health")).status_code == 200
    with pytest.raises(httpx.ReadTimeout):
        await rig.client.head("/providers/other/health", timeout=0.2)
    assert (await rig.client.get("/providers/none/health")).status_code == 404
