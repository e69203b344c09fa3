import asyncio
import threading

import pytest

from backend.clients.errand import Errand
from backend.errors import BadAnswer, TimedOut


async def test_the_result_and_the_errors_come_back() -> None:
    errand: Errand[int] = Errand("the folder", 10)
    assert await errand.run(lambda: 7) == 7

    def fail() -> int:
        raise BadAnswer("odd")

    with pytest.raises(BadAnswer, match="odd"):
        await errand.run(fail)
    with pytest.raises(FileNotFoundError):
        await errand.run(lambda: len(open("/no/such/file").read()))  # noqa: SIM115, PTH123 - it does not open
    assert await errand.run(lambda: 8) == 8


async def test_what_hangs_is_given_up_and_does_not_pile_up() -> None:
    errand: Errand[bool] = Errand("the folder /mnt/dead", 0.05)
    release = threading.Event()
    with pytest.raises(TimedOut, match=r"/mnt/dead did not answer within 0\.05 s"):
        await errand.run(lambda: release.wait(60))
    for _ in range(20):
        with pytest.raises(TimedOut, match="hangs"):
            await errand.run(lambda: True)
    assert [thread.name for thread in threading.enumerate()].count("the folder /mnt/dead") == 1
    release.set()
    await _free(errand)
    assert await errand.run(lambda: True)


async def test_a_cancelled_errand_is_still_the_only_one() -> None:
    errand: Errand[bool] = Errand("the folder", 60)
    release, begun = threading.Event(), threading.Event()

    def hang() -> bool:
        begun.set()
        return release.wait(60)

    task = asyncio.ensure_future(errand.run(hang))
    await asyncio.to_thread(begun.wait, 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimedOut):
        await errand.run(lambda: True)
    release.set()
    await _free(errand)


def test_a_loop_that_is_gone_is_nobodys_trouble() -> None:
    errand: Errand[bool] = Errand("the folder", 0.05)
    release = threading.Event()
    loop = asyncio.new_event_loop()
    with pytest.raises(TimedOut):
        loop.run_until_complete(errand.run(lambda: release.wait(60)))
    thread = next(thread for thread in threading.enumerate() if thread.name == "the folder")
    loop.close()
    assert thread.daemon
    release.set()
    thread.join(60)
    assert not thread.is_alive()


async def _free(errand: Errand[bool]) -> None:
    async with asyncio.timeout(60):
        while errand._busy:  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.005)
