"""Threads that nobody has to wait for: what hangs in one of them keeps no program from ending."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class AbandonableThreads(ThreadPoolExecutor):
    """An executor for an event loop with a daemon thread for each piece of work; its end waits for none of them.

    A call to a dead mount never returns, and the pool that loops have by default joins its threads at the end.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Begin the work in a thread of its own."""
        doing: Future[Any] = Future()
        threading.Thread(target=_do, args=(doing, lambda: fn(*args, **kwargs)), daemon=True).start()
        return doing

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is kept, so nothing has to be let go."""


def _do(doing: Future[Any], work: Callable[[], Any]) -> None:
    if not doing.set_running_or_notify_cancel():
        return
    try:
        doing.set_result(work())
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
        doing.set_exception(error)
