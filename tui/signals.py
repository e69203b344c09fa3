"""The signals that end a program in order."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress


def when_told_to_end(do: Callable[[], object], *numbers: signal.Signals) -> None:
    """Do this when one of these signals comes; one that is ignored, as behind nohup, stays ignored."""
    loop = asyncio.get_running_loop()
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(ValueError, RuntimeError):  # not in the main thread: a test
                loop.add_signal_handler(number, do)
