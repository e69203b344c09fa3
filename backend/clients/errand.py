"""Work that can hang in the kernel, done where it can be given up: a thread that nobody waits for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from backend.errors import BadAnswer, SourceError, TimedOut

T = TypeVar("T")


class Errand(Generic[T]):
    """Runs one kind of blocking work, never twice at a time.

    What still hangs when it is asked for again costs nothing: `TimedOut` at once, and no second thread. The thread is
    a daemon: a dead mount does not keep the program from ending.
    """

    def __init__(self, what: str, timeout: float) -> None:
        self._what = what
        self._timeout = timeout
        self._busy = False

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, which may raise `OSError` and `SourceError`; `TimedOut` when it takes too long."""
        if self._busy:
            raise TimedOut(f"{self._what} hangs: the last look at it has not come back yet")
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._busy = True
        threading.Thread(target=self._do, args=(work, loop, result), name=self._what, daemon=True).start()
        try:
            async with asyncio.timeout(self._timeout):
                return await result
        except TimeoutError as error:
            raise TimedOut(f"{self._what} did not answer within {self._timeout:g} s; it is given up") from error

    def _do(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop, result: asyncio.Future[T]) -> None:
        settle: Callable[[], None] = _failing(result, BadAnswer(f"{self._what} could not be read; the reader broke"))
        try:
            settle = _succeeding(result, work())
        except (OSError, SourceError) as error:
            settle = _failing(result, error)
        finally:
            self._busy = False
            with suppress(RuntimeError):  # the loop is gone: nobody asks any more
                loop.call_soon_threadsafe(settle)


def _succeeding(result: asyncio.Future[T], value: T) -> Callable[[], None]:
    return lambda: None if result.done() else result.set_result(value)


def _failing(result: asyncio.Future[T], error: Exception) -> Callable[[], None]:
    return lambda: None if result.done() else result.set_exception(error)
