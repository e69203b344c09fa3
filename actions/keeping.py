"""Keeps locks for as long as something runs under them: a cleaner of temporary files may take them away meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from actions.means import Sleep
from backend.errors import SourceError
from backend.holding import Grip, Taken

KEEP_EVERY = 1.0
"""Seconds between two looks."""
LOST = "its lock is lost: somebody else has it now, or it cannot be kept"


@asynccontextmanager
async def held(
    grip: Grip, lost: Callable[[str], None], sleep: Sleep = asyncio.sleep, every: float | None = None
) -> AsyncIterator[Taken | SourceError | None]:
    """Have these locks for as long as this lasts; gives None, or which one is not to be had, or why none is.

    One that was removed is made anew; `lost` is told when somebody else was faster.
    """
    try:
        if why := await _taken(grip):
            yield why
            return
        keeping = asyncio.create_task(_keep(grip, lost, sleep, every or KEEP_EVERY))
        try:
            yield None
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
    finally:
        await grip.release()


async def _taken(grip: Grip) -> Taken | SourceError | None:
    try:
        return await grip.take()
    except SourceError as error:
        return error


async def _keep(grip: Grip, lost: Callable[[str], None], sleep: Sleep, every: float) -> None:
    while True:
        await sleep(every)
        if not await grip.keep():
            lost(LOST)
