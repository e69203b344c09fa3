"""Lets the incident of a scenario come to a platform that is up and well."""

import asyncio
import sys

from tui.demo import tree
from tui.demo.layout import Layout
from tui.demo.maintenance import Maintenance
from tui.demo.world.onset import struck
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.seed import Scenario
from tui.demo.world.world import World

LOOK = 0.1
"""Seconds between two looks whether the platform is up."""


async def strike(world: World, layout: Layout, maintenance: Maintenance, story: Scenario, onset: float) -> None:
    """Wait until the platform is up, `onset` seconds longer, and let what is wrong in `story` come to all its parts."""
    while not (layout.sessions.exists() and layout.engine_pid.exists()):  # noqa: ASYNC110 - other processes write them
        await asyncio.sleep(LOOK)
    await asyncio.sleep(onset)
    before = world.scenario
    tree.flood(layout, story, before.fill)
    try:
        await maintenance.lose(story.gaps)
    except UnavailableError as error:
        sys.stderr.write(f"the days of the gaps stay in the database: {error}\n")
    world.strike(struck(story, before, world.settle()))
