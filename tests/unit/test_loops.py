"""No event loop lives on between two tests: whoever finds one there would leave it behind unclosed."""

import asyncio

import pytest


async def test_a_test_that_awaits_has_a_loop() -> None:
    assert asyncio.get_running_loop().is_running()


def test_no_loop_stands_between_two_tests() -> None:
    with pytest.raises(RuntimeError, match="no current event loop"):
        asyncio.get_event_loop()


def test_a_loop_of_its_own_leaves_none_behind() -> None:
    asyncio.run(asyncio.sleep(0))
    with pytest.raises(RuntimeError, match="no current event loop"):
        asyncio.get_event_loop()
