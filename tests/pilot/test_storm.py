"""Whatever size the screen takes, and whenever: it is drawn to its edges, and nothing is sent for nothing."""

import random
from collections.abc import Callable

import pytest
from textual import events
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot

from backend.model.situation import Situation
from tests import situations
from tests.conftest import Rig
from tests.pilot.terminal import Terminal, settle

SITUATIONS = (situations.data_gap(), situations.calm(), situations.failed(), situations.partly(), situations.missing())
KEYS = ("1", "2", "3", "4", "5", "z", "down", "space", "right", "left", "asterisk")


async def resize(pilot: Pilot[None], width: int, height: int) -> None:
    size = Size(width, height)
    driver = pilot.app._driver
    assert driver is not None
    driver._size = size
    pilot.app.post_message(events.Resize(size, size))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_a_storm_of_sizes_with_updates_and_keys_in_between(rig: Rig, seed: int) -> None:
    chance = random.Random(seed)
    async with rig.run() as pilot:
        for step in range(125):
            await resize(pilot, round(10 + 290 * chance.random() ** 3), round(3 + 97 * chance.random() ** 3))
            rig.app.desk.feed.situation = chance.choice(SITUATIONS)
            rig.app.redraw()
            if chance.random() < 0.2:
                await pilot.press(chance.choice(KEYS))
            if step % 12 == 0:
                await settle(pilot)
                width, height = rig.app.size
                assert [strip.cell_length for strip in rig.strips] == [width] * height
        width, height = 10, 3
        await resize(pilot, width, height)
        await settle(pilot)
        assert [strip.cell_length for strip in rig.strips] == [width] * height


@pytest.mark.parametrize(("first", "then"), [((60, 17), (200, 50)), ((200, 50), (60, 17)), ((80, 24), (120, 40))])
async def test_a_resized_screen_looks_like_one_that_was_always_of_that_size(
    rigged: Callable[..., Rig], first: tuple[int, int], then: tuple[int, int]
) -> None:
    resized, fresh = rigged(), rigged()
    async with resized.run(*first) as pilot:
        await resized.know(pilot, situations.data_gap())
        await resize(pilot, *then)
        await settle(pilot)
        await settle(pilot)
        lines = resized.lines
    async with fresh.run(*then) as pilot:
        await fresh.know(pilot, situations.data_gap())
        await settle(pilot)
        assert lines == fresh.lines


@pytest.mark.parametrize("size", [(60, 17), (80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize("found", [situations.data_gap(), situations.failed()], ids=["data-gap", "failed"])
async def test_what_did_not_change_sends_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], found: Situation
) -> None:
    terminals: list[Terminal] = []

    def driver(headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        terminal = Terminal(rig.app, debug=False, mouse=mouse, size=size)
        terminals.append(terminal)
        rig.app._driver = terminal
        return terminal

    monkeypatch.setattr(rig.app, "_build_driver", driver)
    rig.clock.move((found.at - situations.NOW).total_seconds())
    async with rig.run(*size) as pilot:
        await rig.know(pilot, found)
        await rig.know(pilot, found)
        await settle(pilot)
        (terminal,) = terminals
        assert terminal.written
        terminal.written = ""
        for _ in range(5):
            rig.app.show(found)
            await settle(pilot)
        assert terminal.written == ""
