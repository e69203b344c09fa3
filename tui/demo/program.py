"""The life of one embedded platform, from its command line to its end."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path

from tui.demo.instance import GroundError
from tui.demo.postgres import binaries
from tui.demo.supervisor import Platform
from tui.demo.wish import ONSET, Wish
from tui.demo.world.scenario import USUAL

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.demo", description="Runs the embedded platform.")
    parser.add_argument("scenario", nargs="?", default=USUAL, metavar="SCENARIO")
    parser.add_argument("--seed", type=int, default=1, help="another number, other jobs and prices")
    parser.add_argument("--dir", help="an empty or absent folder to live in")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="failed jobs in all, most of them old")
    parser.add_argument("--symbols", type=int, default=0, metavar="N", help="symbols in all")
    parser.add_argument("--quirks", metavar="NAME[,NAME]", help="how it shall behave badly; or: all")
    parser.add_argument(
        "--onset", type=float, default=ONSET, metavar="SECONDS", help="how long all is well at first; 0: not at all"
    )
    parser.add_argument("--tether", action="store_true", help="end when standard input does")
    return parser.parse_args(arguments)


def _refuse_nothing(options: argparse.Namespace) -> None:
    """Raises GroundError for an option that was given, but without a name in it."""
    for option, names in (("--quirks", options.quirks and options.quirks.strip(" ,")), ("--dir", options.dir)):
        if names == "":
            raise GroundError(f"{option} names nothing; leave it out", 2)


async def run(wish: Wish, options: argparse.Namespace) -> None:
    """The whole life of one instance. Raises GroundError when it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    if options.tether:
        _tether(loop, stop)
    platform = Platform.ground(wish, None if options.dir is None else Path(options.dir))
    try:
        await _before(stop, _up(platform))
        if not stop.is_set():
            await _before(stop, platform.watch())
            await stop.wait()
    finally:
        await platform.fall()


async def _up(platform: Platform) -> None:
    await platform.rise()
    try:
        os.write(1, f"{platform.announcement()}\n".encode())
    except OSError as error:
        raise GroundError(f"nobody can be told that everything is up: {error.strerror}") from error


async def _before(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do `work`, unless `stop` comes first."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not task.done():
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _tether(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop.set()

    try:
        loop.add_reader(0, read)
    except OSError:  # a plain file, /dev/null or nothing at all: it ends at once
        stop.set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and say in one sentence why not if not."""
    try:
        options = _options(arguments)
        _refuse_nothing(options)
        quirks = options.quirks or ""
        wish = Wish.of(options.scenario, options.seed, options.jobs, options.symbols, quirks, options.onset)
        binaries()
        asyncio.run(run(wish, options))
    except GroundError as error:
        sys.stderr.write(f"backtop demo: {error}\n")
        return error.code
    return 0
