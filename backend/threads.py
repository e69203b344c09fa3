"""Work that can hang in the kernel, in threads that nobody has to wait for: a call to a dead mount never returns."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from backend.errors import BacktopError, BadAnswer, GivenUp, Refused, TimedOut

T = TypeVar("T")


class AbandonableThreads(ThreadPoolExecutor):
    """An executor for an event loop with a daemon thread for each piece of work; its end waits for none of them.

    The pool that loops have by default joins its threads at the end.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Begin the work in a thread of its own."""
        doing: Future[Any] = Future()
        threading.Thread(target=_do, args=(doing, lambda: fn(*args, **kwargs)), daemon=True).start()
        return doing

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is kept, so nothing has to be let go."""


class _Loop(asyncio.SelectorEventLoop):
    """A loop that has nothing to shut down at its end: the usual one starts a thread for it, where one can be had."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's
        """Nothing is kept, so nothing has to be let go."""


def on_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, but what hangs in a thread does not keep the program from ending."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.get_loop().set_default_executor(AbandonableThreads())
        return runner.run(work)


class Errand:
    """Blocking work of one kind, done in threads of the running loop and given up when it takes too long.

    While what was given up still hangs, nothing else is begun: `TimedOut` at once, and no second thread.
    """

    def __init__(self, what: str, seconds: float) -> None:
        self._what = what
        self._seconds = seconds
        self._going: list[threading.Event] = []
        """For each thread that may still be at work, what it sets when it comes back."""
        self._given_up: list[threading.Event] = []

    async def look(self, work: Callable[[], T]) -> T:
        """The result of work that changes nothing, never two at a time; who is cancelled meanwhile leaves at once.

        Raises what the work raises where it is meant for people, `BadAnswer` for anything else, `TimedOut`, and
        `Refused` where no thread can be started.
        """
        if self._back(self._going):
            raise self._hangs()
        doing, back = self._begin(work)
        try:
            await asyncio.wait({doing}, timeout=self._seconds)
        finally:
            self._given_up.append(back)
        if not doing.done():
            raise self._late()
        fault = doing.exception()
        if fault is not None and not isinstance(fault, OSError | BacktopError):
            raise BadAnswer(f"{self._what} could not be read; the reader broke") from fault
        return doing.result()

    async def finish(self, work: Callable[[], T]) -> T:
        """The result of work that cannot be taken back: also who is cancelled waits for its end, but not for ever.

        Raises what the work raises, `Refused` where no thread can be started, `TimedOut` where an earlier one hangs, so
        that nothing was begun, and `GivenUp`; then it may come to pass all the same.
        """
        doing, back = self._begin(work)
        try:
            await until_done(doing, self._seconds)
        finally:
            self._given_up.append(back)
        if not doing.done():
            raise self._late()
        return doing.result()

    def _begin(self, work: Callable[[], T]) -> tuple["asyncio.Future[T]", threading.Event]:
        if self._back(self._given_up):
            raise self._hangs()
        back = threading.Event()

        def do() -> T:
            try:
                return work()
            finally:
                back.set()

        try:
            doing = asyncio.get_running_loop().run_in_executor(None, do)
        except RuntimeError as error:  # where the host has no process to spare this is what fails first
            raise Refused(f"{self._what} is not looked at: this host starts no more threads") from error
        self._back(self._going).append(back)
        doing.add_done_callback(_seen)
        return doing, back

    @staticmethod
    def _back(threads: list[threading.Event]) -> list[threading.Event]:
        """Those of them that are still away."""
        threads[:] = [back for back in threads if not back.is_set()]
        return threads

    def _hangs(self) -> TimedOut:
        return TimedOut(f"{self._what} hangs: the last look at it has not come back yet")

    def _late(self) -> GivenUp:
        return GivenUp(f"{self._what} did not answer within {self._seconds:g} s; it is given up")


async def until_done(begun: "asyncio.Future[Any]", seconds: float | None = None) -> None:
    """Wait for what cannot be taken back, also when cancelled meanwhile; only then be cancelled.

    With `seconds` it is given up after so many.
    """
    cancelled: asyncio.CancelledError | None = None
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
    while not begun.done():
        left = None if deadline is None else deadline - asyncio.get_running_loop().time()
        if left is not None and left <= 0:
            break
        try:
            await asyncio.wait({begun}, timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _seen(done: "asyncio.Future[Any]") -> None:
    """Take what became of it, so that nobody is told that it was never asked for: perhaps it was given up."""
    if not done.cancelled():
        done.exception()


def _do(doing: Future[Any], work: Callable[[], Any]) -> None:
    if not doing.set_running_or_notify_cancel():
        return
    try:
        doing.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
        doing.set_exception(error)
