"""The supervisor's side of quirks: it hears which are switched, and does them to the real parts."""

import asyncio
import sys
from collections.abc import Iterable, Mapping

from tui.demo.instance import GroundError, Instance
from tui.demo.postgres import Postgres
from tui.demo.quirks import database, host
from tui.demo.quirks.channel import Channel
from tui.demo.quirks.table import HANGING_PROVIDER, QUIRKS
from tui.demo.quirks.trouble import Trouble
from tui.demo.unit.unit import Unit


def troubles(instance: Instance, server: Postgres, unit: Unit) -> Mapping[str, Trouble]:
    """What each quirk of the table does that is not the API's own."""
    layout, service = instance.layout, database.Service(server)
    return {
        "postgres-restart": database.Restarts(service),
        "postgres-locked": database.Lock(instance, server),
        "postgres-refuses": database.Refusal(service),
        "systemctl-fails": host.BrokenCommand(layout.bin / "systemctl", host.NO_BUS),
        "start-limit": host.StartLimit(unit),
        HANGING_PROVIDER: host.hanging_ping(layout),
        "unreadable-folders": host.UnreadableFolders(layout),
    }


class Ground:
    """Does what it is told through the instance's pipe; for each quirk in the order in which it is told."""

    def __init__(self, instance: Instance, server: Postgres, unit: Unit) -> None:
        self._troubles = troubles(instance, server, unit)
        self._turns = {name: asyncio.Lock() for name in self._troubles}
        self._channel = Channel(instance.layout.quirks)
        self._work: dict[asyncio.Task[None], list[str]] = {}

    def open(self, begin: Iterable[str]) -> None:
        """Begin what is on from the start, and hear."""
        for name in begin:
            if QUIRKS[name].ground:
                self._hear(f"on {name} {QUIRKS[name].seconds:g}")
        self._channel.hear(self._hear)

    def _hear(self, order: str) -> None:
        words = order.split()
        if words[:1] == ["off"]:
            self._call_off(words[1:])
        task = asyncio.create_task(self._follow(words))
        self._work[task] = words
        task.add_done_callback(self._work.pop)

    def _call_off(self, names: list[str]) -> None:
        """Nobody waits until what shall end has begun."""
        for task, words in self._work.items():
            if words[:1] == ["on"] and words[1:2] == names:
                task.cancel()

    async def _follow(self, order: list[str]) -> None:
        try:
            match order:
                case ["on", name, seconds] if name in self._troubles:
                    async with self._turns[name]:
                        await self._troubles[name].begin(float(seconds))
                case ["off", name] if name in self._troubles:
                    async with self._turns[name]:
                        await self._troubles[name].end()
        except (OSError, GroundError) as error:
            sys.stderr.write(f"backtop demo: {' '.join(order)!r} cannot be done: {error}\n")

    async def close(self) -> None:
        """Hear no more, and end what would stay."""
        self._channel.close()
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for trouble in self._troubles.values():
            await trouble.drop()
