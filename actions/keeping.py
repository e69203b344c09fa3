"""Keeps locks for as long as something runs under them: a cleaner of temporary files may take them away meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from actions.means import Sleep
from backend.locks import TargetLock

KEEP_EVERY = 1.0
"""Seconds between two looks."""
LOST = "its lock is lost: somebody else has it now, or it cannot be kept"


@asynccontextmanager
async def kept(
    locks: Sequence[TargetLock], lost: Callable[[str], None], sleep: Sleep = asyncio.sleep
) -> AsyncIterator[None]:
    """Make each lock anew that was removed; `lost` is told when somebody else was faster."""
    keeping = asyncio.create_task(_keep(locks, lost, sleep))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})


async def _keep(locks: Sequence[TargetLock], lost: Callable[[str], None], sleep: Sleep) -> None:
    while True:
        await sleep(KEEP_EVERY)
        if [lock for lock in locks if not lock.keep()]:
            lost(LOST)
