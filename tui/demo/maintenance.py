"""Work that goes on behind the API's answers: repairs are stored, indexes are built anew."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tui.demo.history import History
from tui.demo.world.data import AUTO_DETECT
from tui.demo.world.refusal import ConflictError, UnavailableError
from tui.demo.world.repair import Range, Step
from tui.demo.world.seed import Gap
from tui.demo.world.world import World


@dataclass(eq=False, slots=True)
class Rebuild:
    """A rebuild of indexes, as it goes; `error` says why it failed, `finished_at` is None while it runs."""

    tables: tuple[str, ...]
    started_at: datetime
    status: Literal["running", "completed", "failed"] = "running"
    finished_at: datetime | None = None
    error: str | None = None


class Maintenance:
    """Runs the work as tasks of the API's loop and remembers how it went."""

    def __init__(self, world: World, history: History) -> None:
        self._world = world
        self._history = history
        self._tasks: set[asyncio.Task[None]] = set()
        self.last_rebuild: Rebuild | None = None
        self.repair_error: str | None = None

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def repair(self, symbols: Sequence[str], days: Range) -> tuple[Step, ...]:
        """Begin a repair, if source and database are there for it. UnavailableError, UnreadableError."""
        self._world.data.need_known(name for name in symbols if name != AUTO_DETECT)
        self._world.data.need_source()
        await self._history.check()
        now = self._world.settle()
        planned = self._world.data.repair(symbols, days, now)
        self.repair_error = None
        self._begin(self._work_off(planned))
        return planned

    async def _work_off(self, planned: Sequence[Step]) -> None:
        for step in planned:
            await asyncio.sleep(max(0.0, (step.due - self._world.settle()).total_seconds()))
            await self._store(step)

    async def _store(self, step: Step) -> None:
        data = self._world.data
        try:
            for gap in data.closed_by(step):
                await self._history.fill(data.symbol(step.symbol), gap)
        except (UnavailableError, OSError) as error:
            self.repair_error = f"{step.symbol}: {error}"
            data.abandon(step)
        else:
            data.complete(step, self._world.settle())

    async def lose(self, gaps: Sequence[Gap]) -> None:
        """The database loses the days of `gaps`. UnavailableError."""
        if gaps:
            await self._history.lose(gaps)

    async def rebuild(self, tables: Sequence[str]) -> tuple[Rebuild, asyncio.Task[None]]:
        """Begin to build the indexes of `tables` anew; the task ends with it. UnavailableError, ConflictError."""
        await self._history.check()
        # Nothing waits from here on: of several that were asked for at once, one is begun.
        if self.last_rebuild is not None and self.last_rebuild.status == "running":
            raise ConflictError("indexes are being rebuilt already")
        self.last_rebuild = Rebuild(tuple(tables), self._world.settle())
        return self.last_rebuild, self._begin(self._reindex(self.last_rebuild))

    async def _reindex(self, rebuild: Rebuild) -> None:
        try:
            await self._history.reindex(rebuild.tables)
        except (UnavailableError, OSError) as error:  # the second one when no process can be started
            rebuild.status, rebuild.error = "failed", str(error)
        else:
            rebuild.status = "completed"
        rebuild.finished_at = self._world.settle()
