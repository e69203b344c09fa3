"""Lets the incident of a scenario come to a platform that is up and well."""

import asyncio
import os
import sys

from tui.demo import repository, tree
from tui.demo.instance import GroundError
from tui.demo.layout import Layout
from tui.demo.maintenance import Maintenance
from tui.demo.world.onset import ROOM, struck
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.seed import Scenario
from tui.demo.world.world import World

LOOK = 0.1
"""Seconds between two looks whether the platform is up."""
FILLING = 0.25
"""Seconds between two files that take what room there is."""


async def strike(world: World, layout: Layout, maintenance: Maintenance, story: Scenario, onset: float) -> None:
    """Wait until the platform is up, `onset` seconds longer, and let what is wrong in `story` come to all its parts."""
    while not (layout.sessions.exists() and layout.engine_pid.exists()):  # noqa: ASYNC110 - other processes write them
        await asyncio.sleep(LOOK)
    await asyncio.sleep(_ahead(world, onset))
    await _change(layout, story)
    await _lose(maintenance, story)
    at = world.settle()
    alive = (*world.jobs.select("pending"), *world.jobs.select("running"))
    world.strike(struck(story, world.scenario, at, gone={job.id for job in story.jobs} - {job.id for job in alive}))
    await _fill(layout, story)


def _ahead(world: World, onset: float) -> float:
    """Seconds until the incident comes: before a job is over its limit, also when the platform was slow to come up."""
    limit = world.first_limit
    return onset if limit is None else max(0.0, min(onset, (limit - world.settle()).total_seconds()))


async def _change(layout: Layout, story: Scenario) -> None:
    commits = [commit for commit in story.commits if commit.strikes]
    try:
        await repository.commit(layout, commits, dict(os.environ))
    except (OSError, GroundError) as error:
        sys.stderr.write(f"nobody commits to the repository: {error}\n")


async def _lose(maintenance: Maintenance, story: Scenario) -> None:
    try:
        await maintenance.lose(story.gaps)
    except UnavailableError as error:
        sys.stderr.write(f"the days of the gaps stay in the database: {error}\n")


async def _fill(layout: Layout, story: Scenario) -> None:
    if story.fill <= ROOM:
        return
    try:
        for _ in tree.flood(layout, story, tree.used(layout)):
            await asyncio.sleep(FILLING)
    except OSError as error:
        sys.stderr.write(f"the files do not take all room: {error}\n")
