"""Work that can hang in the kernel holds up nobody for long, whoever asked for it."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backend.errors import BadAnswer, Refused, TimedOut
from backend.threads import AbandonableThreads, Errand, on_a_loop
from tests.waiting import until

ROOT = Path(__file__).parents[2]


class Dead:
    """A mount that does not answer until it is let go."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = 0

    def look(self) -> bool:
        self.asked += 1
        return self.answers.wait(60)


@pytest.fixture
async def dead() -> AsyncIterator[Dead]:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    mount = Dead()
    yield mount
    mount.answers.set()


async def test_the_result_and_the_errors_come_back() -> None:
    errand = Errand("the folder", 10)

    def fail() -> int:
        raise BadAnswer("odd")

    for way in (errand.look, errand.finish):
        assert await way(lambda: 7) == 7
        with pytest.raises(BadAnswer, match="odd"):
            await way(fail)
        with pytest.raises(FileNotFoundError):
            await way(lambda: len(open("/no/such/file").read()))  # noqa: SIM115, PTH123 - it does not open
        assert await way(lambda: 8) == 8


async def test_a_reader_that_breaks_is_a_bad_answer_a_writer_is_a_fault() -> None:
    errand = Errand("the process table", 10)
    with pytest.raises(BadAnswer, match="the process table could not be read; the reader broke"):
        await errand.look(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await errand.finish(lambda: 1 // 0)


@pytest.mark.parametrize("kind", ["look", "finish"])
async def test_what_hangs_is_given_up_and_does_not_pile_up(dead: Dead, kind: str) -> None:
    errand = Errand("the folder /mnt/dead", 0.05)
    way: Callable[[Callable[[], bool]], asyncio.Future[bool]] = getattr(errand, kind)
    with pytest.raises(TimedOut, match=r"/mnt/dead did not answer within 0\.05 s"):
        await way(dead.look)
    for _ in range(20):
        with pytest.raises(TimedOut, match="hangs"):
            await way(dead.look)
    assert dead.asked == 1
    dead.answers.set()
    await free(errand)
    assert await way(lambda: True)


async def test_a_cancelled_look_leaves_at_once_and_is_still_the_only_one(dead: Dead) -> None:
    errand = Errand("the folder", 60)
    task = asyncio.ensure_future(errand.look(dead.look))
    await until(lambda: dead.asked)
    with pytest.raises(TimedOut):
        await errand.look(dead.look)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimedOut):
        await errand.look(dead.look)
    assert dead.asked == 1
    dead.answers.set()
    await free(errand)


async def test_what_cannot_be_taken_back_is_awaited_by_the_cancelled_too(dead: Dead) -> None:
    errand = Errand("the folder", 60)
    task = asyncio.ensure_future(errand.finish(dead.look))
    await until(lambda: dead.asked)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    dead.answers.set()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_loop_that_is_gone_is_nobodys_trouble() -> None:
    errand = Errand("the folder", 0.05)
    mount = Dead()
    loop = asyncio.new_event_loop()
    loop.set_default_executor(AbandonableThreads())
    before = set(threading.enumerate())
    with pytest.raises(TimedOut):
        loop.run_until_complete(errand.look(mount.look))
    (thread,) = set(threading.enumerate()) - before
    loop.close()
    assert thread.daemon
    mount.answers.set()
    thread.join(60)
    assert not thread.is_alive()


PROGRAM = """
import asyncio, threading
from backend.errors import TimedOut
from backend.threads import Errand, on_a_loop

async def main():
    try:
        await Errand("the folder", 0.05).look(threading.Event().wait)
    except TimedOut as error:
        print(error)
    print(await asyncio.to_thread(lambda: 6 * 7))

on_a_loop(main())
"""


def test_a_thread_that_hangs_keeps_no_program_from_ending() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, timeout=30, check=True, text=True
    )
    assert ended.stdout == "the folder did not answer within 0.05 s; it is given up\n42\n"


async def test_errors_of_a_thread_come_to_who_waits() -> None:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())

    def breaks() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(breaks)


async def free(errand: Errand) -> None:
    """Wait until nothing of it is away."""
    await until(lambda: not errand._back(errand._going))


def no_more(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_program_ends_in_order_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> int:
        assert await asyncio.to_thread(lambda: 1) == 1
        monkeypatch.setattr(threading.Thread, "start", no_more)
        return 3

    assert on_a_loop(work()) == 3
    with pytest.raises(RuntimeError, match="no current event loop"):
        asyncio.get_event_loop()


async def test_a_thread_that_cannot_be_started_is_told_and_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    errand = Errand("the folder /data", 5.0)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(threading.Thread, "start", no_more)
        for _ in range(2):
            with pytest.raises(Refused, match="starts no more threads"):
                await errand.look(lambda: 1)
            with pytest.raises(Refused, match="starts no more threads"):
                await errand.finish(lambda: 1)
    assert await errand.look(lambda: 1) == 1
