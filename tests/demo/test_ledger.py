"""What is taken out of a real database by SQL is missed, told once, and can be brought back."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.demo.api_rig import START, postgres, until
from tui.demo.address import ENGINE, dsn
from tui.demo.history import History
from tui.demo.layout import Layout
from tui.demo.ledger import Ledger
from tui.demo.world.calendar import trading_days
from tui.demo.world.judge import Judge
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.repair import Range, Step
from tui.demo.world.scenario import SCENARIOS, build
from tui.demo.world.seed import Gap
from tui.demo.world.world import World

HARM = ("database.sql", "harm")


class Desk:
    """A ledger of the database in `layout`, and a person who may do there what the engine may."""

    def __init__(self, layout: Layout) -> None:
        self.world = World(build("calm", 1, START), lambda: START)
        self.judge = Judge(self.world, SCENARIOS["calm"])
        self.history = History(layout, 1)
        self.ledger = Ledger(self.world, self.history, self.judge)
        port = json.loads(layout.postgres.read_text())["port"]
        self._where = dsn(port, layout.passfile, ENGINE)

    def session(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._where, autocommit=True)

    def sql(self, *statements: str) -> None:
        with self.session() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def effects(self) -> list[tuple[str, str]]:
        return [(deed.action, deed.effect) for deed in self.judge.done]

    async def missed(self, times: int) -> None:
        """So many things are missed, and none of them twice."""

        async def told() -> bool:
            await self.ledger.look()
            return len(self.effects) >= times

        await until(told)
        await self.ledger.look()
        self.judge.look()
        assert self.effects == [HARM] * times

    def planned(self) -> tuple[Step, ...]:
        """The repair of all that is missing."""
        return self.world.data.repair(["AUTO_DETECT"], Range(START.date().replace(year=2024), START.date()), START)

    async def store(self, step: Step) -> None:
        for gap in self.world.data.closed_by(step):
            await self.history.fill(self.world.data.symbol(step.symbol), gap)

    async def repair(self) -> None:
        for step in self.planned():
            await self.store(step)
            self.world.data.complete(step, START)

    async def lost(self) -> None:
        """The days of one symbol are put aside by SQL, and missed."""
        await self.ledger.look()
        self.sql(
            "CREATE TABLE market_data.aside AS SELECT * FROM market_data.daily_prices WHERE symbol = 'SAP.DE'",
            "DELETE FROM market_data.daily_prices WHERE symbol = 'SAP.DE'",
        )
        await self.missed(1)

    async def left(self, count: int) -> None:
        """So many days are missing, once the ledger has looked."""

        async def so_many() -> bool:
            await self.ledger.look()
            return sum(gap.days for gap in self.world.data.gaps) == count

        await until(so_many)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with postgres(tmp_path_factory.mktemp("ledger"), "calm") as made:
        yield made


@pytest.fixture
def desk(layout: Layout) -> Desk:
    return Desk(layout)


async def test_days_that_somebody_deletes_are_missing_until_they_are_repaired(desk: Desk) -> None:
    await desk.ledger.look()
    desk.sql("DELETE FROM market_data.daily_prices WHERE symbol = 'SAP.DE'")
    await desk.missed(1)
    assert desk.world.data.gapped() == ("SAP.DE",)
    assert desk.world.data.completeness_percent < 100.0
    assert set(desk.judge.open) == {"data"}
    desk.sql("TRUNCATE market_data.minute_bars")
    await desk.missed(2)
    assert len(desk.world.data.gapped()) == 40
    assert desk.judge.done[1].about == "195 days of AAPL, ADS.DE, AIR.PA and 36 more"
    await desk.repair()
    await desk.missed(2)
    assert (desk.judge.open, desk.world.data.completeness_percent) == ({}, 100.0)
    assert len(await desk.history.days()) == 40 * (5 + len({day for _, _, day in await desk.history.days()}))


async def test_days_that_somebody_puts_back_are_there_again(desk: Desk) -> None:
    await desk.lost()
    days = sum(gap.days for gap in desk.world.data.gaps)
    last = max(gap.end for gap in desk.world.data.gaps)
    back = "INSERT INTO market_data.daily_prices SELECT * FROM market_data.aside WHERE trading_day"
    desk.sql(f"{back} = '{last}'")
    await desk.left(days - 1)
    desk.sql(f"{back} < '{last}'", "DROP TABLE market_data.aside")
    await desk.left(0)
    await desk.missed(1)
    assert (desk.judge.open, desk.world.data.completeness_percent) == ({}, 100.0)


async def test_days_that_the_platform_repairs_itself_are_its_own(desk: Desk) -> None:
    await desk.ledger.look()
    desk.sql("DELETE FROM market_data.daily_prices WHERE symbol = 'SAP.DE'")
    await desk.missed(1)
    data = desk.world.data
    for step in desk.planned():
        await desk.store(step)
        await desk.missed(1)
        assert data.gaps, "the step is not done yet"
        data.complete(step, START)
        assert step in data.useful
    await desk.missed(1)
    assert data.gaps == ()


async def test_days_that_somebody_puts_back_before_a_repair_that_fails_are_there_again(desk: Desk) -> None:
    await desk.lost()
    data = desk.world.data
    (step,) = desk.planned()
    desk.sql("INSERT INTO market_data.daily_prices SELECT * FROM market_data.aside", "DROP TABLE market_data.aside")
    await desk.ledger.look()
    assert data.gapped() == ("SAP.DE",)
    data.abandon(step)
    await desk.left(0)


async def test_a_repair_of_old_days_stores_no_bars_of_minutes_that_never_were(desk: Desk) -> None:
    stored = await desk.history.days()
    symbol = desk.world.data.symbol("SAP.DE")
    old = trading_days(symbol.first_date, symbol.last_date)[20:25]
    await desk.history.fill(symbol, Gap("SAP.DE", old[0], old[-1], len(old)))
    assert await desk.history.days() == stored


async def test_what_the_platform_lost_stays_lost_when_the_server_has_to_recover(desk: Desk) -> None:
    last = desk.world.data.symbol("SAP.DE").last_date
    lost = Gap("SAP.DE", last, last, 1)
    await desk.history.lose([lost])
    before = await desk.history.days()
    with desk.session() as session:
        os.kill(session.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            session.execute(b"SELECT pg_sleep(60)")

    async def recovered() -> bool:
        try:
            return bool(await desk.history.days())
        except UnavailableError:
            return False

    await until(recovered)
    assert await desk.history.days() == before
    await desk.history.fill(desk.world.data.symbol("SAP.DE"), lost)


async def test_an_index_that_is_gone_before_the_first_look_is_missed_too(desk: Desk) -> None:
    desk.sql("DROP INDEX market_data.minute_bars_time")
    await desk.missed(1)
    assert desk.judge.open == {"database": "indexes are gone: minute_bars_time"}
    await desk.history.reindex(["minute_bars"])
    await desk.missed(1)
    assert desk.judge.open == {}


async def test_what_is_not_done_in_the_end_is_nothing(desk: Desk) -> None:
    await desk.ledger.look()
    before = await desk.history.signs()
    desk.sql(
        "BEGIN", "DELETE FROM market_data.daily_prices", "ROLLBACK", "VACUUM FULL market_data.minute_bars",
        'CREATE TABLE market_data."a\nb|c" (x int)',
        "INSERT INTO market_data.daily_prices VALUES (E'a\\nb|c', '2026-01-05', 1, 1, 1, 1, 1)",
    )  # fmt: skip
    await desk.ledger.look()
    assert (desk.effects, desk.world.data.gaps) == ([], ())
    assert await desk.history.signs() != before
    desk.sql('DROP TABLE market_data."a\nb|c"', "DELETE FROM market_data.daily_prices WHERE symbol = E'a\\nb|c'")


async def test_a_table_that_somebody_drops_is_missed(desk: Desk) -> None:
    await desk.ledger.look()
    desk.sql("ALTER TABLE market_data.daily_prices RENAME TO aside")
    try:
        await desk.missed(1)
        assert len(desk.world.data.gapped()) == 40
    finally:
        desk.sql("ALTER TABLE market_data.aside RENAME TO daily_prices")


@pytest.mark.parametrize(
    ("index", "statement"),
    [
        ("minute_bars_time", "DROP INDEX market_data.minute_bars_time"),
        ("daily_prices_pkey", "ALTER TABLE market_data.daily_prices DROP CONSTRAINT daily_prices_pkey"),
    ],
)
async def test_an_index_that_somebody_drops_is_open_until_it_is_rebuilt(desk: Desk, index: str, statement: str) -> None:
    await desk.ledger.look()
    desk.sql(statement)
    await desk.missed(1)
    assert desk.judge.open == {"database": f"indexes are gone: {index}"}
    desk.judge.rebuilding(["daily_prices", "minute_bars"], lambda: "the historical database refuses")
    desk.judge.rebuilding(["daily_prices", "minute_bars"], lambda: None)
    await desk.history.reindex(["daily_prices", "minute_bars"])
    await desk.ledger.look()
    desk.judge.look()
    rebuilds = [("data.rebuild-indexes", effect) for effect in ("nothing", "healed")]
    assert (desk.judge.open, desk.effects) == ({}, [HARM, *rebuilds])
