"""One loop per part: pace, deadline, jitter, back-off, never two readings of one part at a time."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, NoReturn, TypeVar

from backend.clock import Clock
from backend.errors import BadAnswer, MissingRoute, SourceError, TimedOut
from backend.model.situation import LONGEST_PAUSE, SLOWNESS, Failure, Missing, Part, Reading, Value
from backend.text import clean

T = TypeVar("T")
Emit = Callable[[Reading[T]], None]
Fetch = Callable[[], Awaitable[T]]
Pause = Callable[[asyncio.Event, float], Awaitable[None]]

MISSING_PAUSE = 60.0
"""Seconds until a missing route is looked for again: a deployment may have brought it."""
LONGEST_ASKED = 300.0
"""Seconds for which a server that asks for it is left alone; nobody watches well who is told to come back tomorrow."""
JITTER = 0.1
"""Share of a pause by which it varies, so that parts do not fall into step."""


async def pause(nudge: asyncio.Event, seconds: float) -> None:
    """Wait until the time is over or somebody asks for a fresh reading."""
    alarm = asyncio.get_running_loop().call_later(seconds, nudge.set)
    try:
        await nudge.wait()
    finally:
        alarm.cancel()
    nudge.clear()


class Poller(Generic[T]):
    """Reads one part for ever and emits what it gave; a failure is a reading like any other."""

    def __init__(
        self,
        part: Part[T],
        fetch: Fetch[T],
        emit: Emit[T],
        *,
        clock: Clock,
        interval: float | None = None,
        skew: Callable[[], float | None] = lambda: None,
        wait: Pause = pause,
        rng: random.Random | None = None,
    ) -> None:
        self.part = part
        self._fetch = fetch
        self._emit = emit
        self._clock = clock
        self._interval = part.interval if interval is None else interval
        self._skew = skew
        self._wait = wait
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._nudge = asyncio.Event()
        self._failures = 0

    def nudge(self) -> None:
        """Ask for a reading now instead of at the next turn."""
        self._nudge.set()

    async def once(self) -> None:
        """One reading, told like any other. A fault of our own becomes a failed one."""
        if (fault := await self._fault_in(self._read())) is not None:
            self._tell(fault, 0.0, 0.0)

    async def keep(self) -> NoReturn:
        """Run for ever. A fault of our own becomes a failed reading, and the loop starts anew."""
        while True:
            fault = await self._fault_in(self._run())
            if fault is not None:
                self._failures += 1
                rest = self._pause(0.0, None)
                self._tell(fault, 0.0, rest)
                await self._wait(self._nudge, rest)

    async def _fault_in(self, reads: Coroutine[Any, Any, object]) -> Failure | None:
        """The fault that ended this, as a failure; None when it came to its end."""
        task = asyncio.create_task(reads, name=f"poll {self.part.key}")
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})  # only then may its client be closed
            raise
        return _own_fault(task)

    async def _run(self) -> NoReturn:
        while True:
            await self._wait(self._nudge, await self._read())

    async def _read(self) -> float:
        """One reading; returns the seconds to wait after it."""
        began = self._clock.monotonic()
        outcome: Value[T] | Failure | Missing
        asked = None
        try:
            async with asyncio.timeout(self.part.deadline):
                outcome = Value(await self._fetch())
        except MissingRoute as error:
            outcome = Missing(error.summary)
        except SourceError as error:
            outcome, asked = Failure.of(error), error.retry_after
        except TimeoutError:
            outcome = Failure(TimedOut.kind, f"no answer within {self.part.deadline:g} s")
        except OSError as error:  # what no client expected of the system is a failed reading all the same
            outcome = Failure(BadAnswer.kind, f"this host failed: {clean(error, 200)}")
        took = self._clock.monotonic() - began
        self._failures = self._failures + 1 if isinstance(outcome, Failure) else 0
        rest = self._jittered(MISSING_PAUSE) if isinstance(outcome, Missing) else self._pause(took, asked)
        self._tell(outcome, took, rest)
        return rest

    def _pause(self, took: float, asked: float | None) -> float:
        stretched = max(self._interval, took * SLOWNESS if self._failures == 0 else 0.0)
        backed_off = stretched * 2 ** min(self._failures, 10) if self._failures else stretched
        rest = min(backed_off, max(LONGEST_PAUSE, self._interval))
        return max(self._jittered(rest), min(asked or 0.0, LONGEST_ASKED))

    def _jittered(self, seconds: float) -> float:
        return seconds * (1 + self._rng.uniform(-JITTER, JITTER))

    def _tell(self, outcome: Value[T] | Failure | Missing, took: float, rest: float) -> None:
        now = self._clock.now()
        self._emit(Reading(self.part, now, took, outcome, now + timedelta(seconds=rest), self._skew()))


def _own_fault(task: "asyncio.Task[object]") -> Failure | None:
    """The failure that a broken task is told as."""
    fault = asyncio.CancelledError("cancelled from within") if task.cancelled() else task.exception()
    if fault is None:
        return None
    return Failure("bad answer", f"backtop failed to read this: {type(fault).__name__}", clean(fault, 500))
