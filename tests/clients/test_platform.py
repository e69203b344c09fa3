"""The platform of one configuration: how long each part may take, and at which pace it is read."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, cast

import pytest

from backend.clients.routes import READ
from backend.clock import SystemClock
from backend.command import CommandResult
from backend.config.model import Api, Config, Engine
from backend.errors import SourceError
from backend.model.situation import Face, Failure, Part, Reading
from backend.parts import (
    DATA_AVAILABILITY,
    DATA_SYMBOLS,
    DATA_VALIDATION,
    ENGINE_UNIT,
    HOST_COUNTERS,
    HOST_PROCESSES,
    JOBS_FAILED,
    JOBS_HEALTH,
    PARTS,
)
from backend.platform import Platform
from backend.poller import Poller
from tests.clients.wire import Server, silence
from tests.fakes import Time
from tui.headless.look import look


@asynccontextmanager
async def platform_of(config: Config) -> AsyncIterator[Platform]:
    platform = Platform(config)
    try:
        yield platform
    finally:
        await platform.aclose()


async def paced(config: Config) -> dict[str, Part[Any]]:
    async with platform_of(config) as platform:
        return {part.key: part for part in platform.fetches()}


def test_everything_that_the_api_answers_has_its_route() -> None:
    assert {key for key, part in PARTS.items() if part.source in {"jobs", "data"}} == set(READ)


@pytest.mark.parametrize("seconds", [0.1, 5.0, 20.0, 300.0])
async def test_whoever_waits_longer_for_the_api_waits_longer_for_its_parts(seconds: float) -> None:
    parts = await paced(Config(api=Api(timeout=seconds)))
    for key, route in READ.items():
        assert parts[key].deadline > max(seconds, route.at_least), key
    assert parts[JOBS_FAILED.key].deadline > 2 * seconds, "a server that ignores the filter is asked once more"
    assert parts[DATA_SYMBOLS.key].deadline > 4 * seconds, "a dozen symbols, three at a time"
    assert parts[DATA_AVAILABILITY.key].deadline > 10
    assert parts[DATA_VALIDATION.key].deadline > 15
    assert parts[HOST_COUNTERS.key].deadline == HOST_COUNTERS.deadline, "the API's seconds is the API's"


async def test_parts_have_the_pace_of_the_configuration() -> None:
    parts = await paced(Config(intervals=MappingProxyType({JOBS_HEALTH.key: 77.0})))
    assert parts[JOBS_HEALTH.key].interval == 77.0
    assert parts[HOST_COUNTERS.key].interval == HOST_COUNTERS.interval


async def test_a_server_that_hangs_is_told_by_its_address(server: Server) -> None:
    server.on("backtests/health", silence)
    readings: list[Reading[Any]] = []
    async with platform_of(Config(api=Api(url=server.url, timeout=0.2))) as platform:
        part, fetch = next(item for item in platform.fetches().items() if item[0].key == JOBS_HEALTH.key)
        await Poller(part, fetch, readings.append, clock=SystemClock()).once()
    assert readings[0].outcome == Failure("timed out", f"no answer within 0.2 s from {server.url}")


async def test_one_look_has_the_same_patience_and_pace(server: Server) -> None:
    server.on("backtests/health", silence)
    config = Config(api=Api(url=server.url, timeout=0.2), intervals=MappingProxyType({JOBS_HEALTH.key: 77.0}))
    async with platform_of(config) as platform:
        situation = await look(platform, SystemClock(), {JOBS_HEALTH.key})
    state = situation[JOBS_HEALTH]
    assert state.face(situation.at) is Face.FAILED
    assert (state.part.interval, state.part.deadline) == (77.0, READ[JOBS_HEALTH.key].deadline(0.2))


@pytest.mark.parametrize(("waited", "reads"), [(12.0, 1), (14.0, 2), (20.0, 2)])
async def test_one_look_tells_nothing_that_goes_stale_while_it_is_told(waited: float, reads: int) -> None:
    time, asked = Time(), Counter[str]()

    class Platformlike:
        def fetches(self) -> dict[Part[Any], Callable[[], Awaitable[object]]]:
            return {
                ENGINE_UNIT: partial(self.read, ENGINE_UNIT, 0.0),
                JOBS_HEALTH: partial(self.read, JOBS_HEALTH, waited),
            }

        def skew_of(self, _part: Part[Any]) -> Callable[[], None]:
            return lambda: None

        async def read(self, part: Part[Any], seconds: float) -> str:
            asked[part.key] += 1
            time.passed += seconds
            return "read"

    await look(cast("Platform", Platformlike()), time)
    assert asked == {ENGINE_UNIT.key: reads, JOBS_HEALTH.key: 1}


RUN = "a3f1" * 8


class ServiceManager:
    """Has a unit in the run `RUN`, however it is asked."""

    async def run(self, argv: Sequence[str], *, timeout: float) -> CommandResult:  # noqa: ASYNC109
        told = f"LoadState=loaded\nActiveState=active\nInvocationID={RUN}\n"
        return CommandResult(tuple(argv), 0, told, "", 0.0)


@pytest.mark.parametrize(
    ("argv", "workers"),
    [
        (("systemctl",), 1),
        (("nice", "systemctl", "-q"), 1),
        (("ssh", "research-01", "systemctl"), 0),
        (("systemctl", "-qH", "research-01"), 0),
        (("/opt/wrap/control",), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_nothing_on_this_host_is_a_worker_of_a_unit_elsewhere(argv: tuple[str, ...], workers: int) -> None:
    name = f"backtest-{os.getpid()}-{workers}"
    engine = replace(Engine(), systemctl=argv, kill_patterns=(name,))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", name,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={"INVOCATION_ID": RUN},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        platform = Platform(Config(engine=engine), ServiceManager())
        table = await platform.fetches()[next(p for p in platform.fetches() if p.key == HOST_PROCESSES.key)]()
        await platform.aclose()
        assert len(table.workers) == workers
    finally:
        process.kill()
        await process.wait()


class Failing(ServiceManager):
    """Tells of its unit until it is told to fail."""

    fails = False

    async def run(self, argv: Sequence[str], *, timeout: float) -> CommandResult:  # noqa: ASYNC109
        if self.fails:
            return CommandResult(tuple(argv), 1, "", "Failed to connect to bus", 0.0)
        return await super().run(argv, timeout=timeout)


@pytest.mark.parametrize("told_before", [False, True])
async def test_what_belongs_to_a_unit_is_known_while_it_can_be_read(told_before: bool) -> None:
    manager = Failing()
    platform = Platform(Config(engine=replace(Engine(), kill_patterns=("nothing",))), manager)
    fetches = {part.key: fetch for part, fetch in platform.fetches().items()}
    unit, processes = fetches[ENGINE_UNIT.key], fetches[HOST_PROCESSES.key]
    if told_before:
        await unit()
        assert (await processes()).unit_known
    manager.fails = True
    with pytest.raises(SourceError):
        await unit()
    assert not (await processes()).unit_known
    manager.fails = False
    await unit()
    assert (await processes()).unit_known
    await platform.aclose()
