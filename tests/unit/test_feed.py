"""Facts that are asked for anew."""

import asyncio
from datetime import timedelta

from backend.clock import SystemClock
from backend.config.model import Config
from backend.model.situation import Reading, Value
from backend.parts import ENGINE_UNIT, JOBS_FAILED
from backend.poller import Poller
from tests.situations import unit
from tui.feed import Feed


async def test_who_asks_for_fresh_facts_waits_for_all_of_them_and_not_for_ever() -> None:
    feed = Feed(Config(), SystemClock())
    for part in (ENGINE_UNIT, JOBS_FAILED):
        feed._pollers[part.key] = Poller(part, asyncio.Event().wait, feed._take, clock=SystemClock())
    asking = asyncio.create_task(feed.read_afresh([ENGINE_UNIT], 60.0))
    await asyncio.sleep(0)
    later = SystemClock().now() + timedelta(seconds=5)
    for part, took in ((JOBS_FAILED, 1.0), (ENGINE_UNIT, 30.0)):
        feed._take(Reading(part, later, took, Value(None)))
        await asyncio.sleep(0)
        assert not asking.done(), "another part, or one that was under way when it was asked for"
    feed._take(Reading(ENGINE_UNIT, later, 1.0, Value(unit())))
    await asking
    await feed.read_afresh([ENGINE_UNIT], 0.01)
    assert feed._waiting == []
    await feed.platform.aclose()
