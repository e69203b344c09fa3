"""Lets the incident of a scenario come to a platform that is up and well."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from itertools import count

from tui.demo import repository, tree
from tui.demo.instance import GroundError
from tui.demo.layout import Layout
from tui.demo.maintenance import Maintenance
from tui.demo.world.onset import ROOM, apart, struck
from tui.demo.world.refusal import UnavailableError
from tui.demo.world.seed import Scenario
from tui.demo.world.world import World

LOOK = 0.1
"""Seconds between two looks whether the platform is up."""
FILLING = 0.25
"""Seconds between two files that take what room there is."""
SOON = 5.0
"""Seconds that the database has to lose days before the rest of the incident comes without them."""
AGAIN = 1.0
"""Seconds until that is tried again which the files or the database did not take."""


async def strike(world: World, layout: Layout, maintenance: Maintenance, story: Scenario, onset: float) -> None:
    """Wait until the platform is up, `onset` seconds longer, and let what is wrong in `story` come to all its parts.

    Days that the database does not lose yet are missing for nobody: they, and what stumbles over them, come later.
    """
    while not (layout.sessions.exists() and layout.engine_pid.exists()):  # noqa: ASYNC110 - other processes write them
        await asyncio.sleep(LOOK)
    await asyncio.sleep(_ahead(world, onset))
    await _change(layout, story)
    async with asyncio.TaskGroup() as tasks:
        losing = tasks.create_task(_lose(maintenance, story))
        await asyncio.wait([losing], timeout=SOON)
        world.losing = not losing.done()
        at_once, late = apart(story) if world.losing else (story, None)
        world.strike(_struck(world, at_once))
        tasks.create_task(fill(layout, story))
        if late is not None:
            await losing
            world.lack(_struck(world, late))


def _struck(world: World, story: Scenario) -> Scenario:
    at = world.settle()
    alive = (*world.jobs.select("pending"), *world.jobs.select("running"))
    return struck(story, world.scenario, at, gone={job.id for job in story.jobs} - {job.id for job in alive})


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
    await _insist(lambda: maintenance.lose(story.gaps), "the days of the gaps stay in the database yet")


async def fill(layout: Layout, story: Scenario) -> None:
    """Write until the files take what they take in `story`; if they cannot be written, then as soon as they can."""
    if story.fill <= ROOM:
        return

    async def flood() -> None:
        for _ in tree.flood(layout, story, tree.used(layout)):
            await asyncio.sleep(FILLING)

    await _insist(flood, "the files do not take all room yet")


async def _insist(work: Callable[[], Awaitable[None]], complaint: str) -> None:
    """Do what cannot be done now as soon as it can be; why not yet is said once."""
    for attempt in count():
        try:
            await work()
        except (OSError, UnavailableError) as error:
            if attempt == 0:
                sys.stderr.write(f"{complaint}: {error}\n")
            await asyncio.sleep(AGAIN)
        else:
            return
