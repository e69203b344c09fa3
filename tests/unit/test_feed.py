"""Facts that are asked for anew."""

import asyncio

from backend.clock import SystemClock
from backend.config.model import Config
from backend.model.situation import Reading, Value
from backend.parts import ENGINE_UNIT, JOBS_FAILED
from backend.poller import Poller
from tests.situations import NOW, unit
from tui.feed import Feed


async def test_who_asks_for_fresh_facts_waits_for_all_of_them_and_not_for_ever() -> None:
    feed = Feed(Config(), SystemClock())
    for part in (ENGINE_UNIT, JOBS_FAILED):
        feed._pollers[part.key] = Poller(part, asyncio.Event().wait, feed._take, clock=SystemClock())
    asking = asyncio.create_task(feed.read_afresh([ENGINE_UNIT], 60.0))
    await asyncio.sleep(0)
    feed._take(Reading(JOBS_FAILED, NOW, 0.01, Value(None)))
    await asyncio.sleep(0)
    assert not asking.done()
    feed._take(Reading(ENGINE_UNIT, NOW, 0.01, Value(unit())))
    await asking
    await feed.read_afresh([ENGINE_UNIT], 0.01)
    assert feed._waiting == []
    await feed.platform.aclose()
