import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actions import keeping
from actions.brake import BY_HAND, ENDING, MEANT_TWICE
from actions.outcome import Outcome
from actions.plan import Refusal
from actions.verdict import Word
from backend import holding
from backend.errors import JournalError
from backend.incident import scribe
from backend.incident.entry import Entry, Kind
from backend.incident.journal import Journal
from backend.incident.runs import gathered
from backend.locks import Held, TargetLock
from backend.model.jobs import Job
from backend.threads import AbandonableThreads, Errand
from tests.fakes import NOTHING, SLOW, Rig, failed, requeue_of
from tests.waiting import until

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from backend.locks import TargetLock
lock = TargetLock(Path(sys.argv[1]), "here job:8841", who="bob@research-01", fallback=Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""
THREE = (failed("1"), failed("2"), failed("3"))


@contextmanager
def held_by_another_process(folder: Path) -> Iterator[int]:
    """While this lasts, bob acts on job 8841; gives his pid."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"None\n"
        yield holder.pid
    finally:
        holder.communicate()


async def test_lock_of_another_process_is_respected_and_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    with held_by_another_process(rig.locks) as pid:
        why = await rig.refused(requeue_of(failed()))
        assert why.startswith(f"bob@research-01, pid {pid} acts on 8841 since ")
        assert (rig.server.sent, rig.kinds) == ([], ["refusal"])
    assert (await rig.run(requeue_of(failed()))).verdict.word is Word.WORKED


async def test_lock_of_one_target_of_many_stops_all_and_frees_the_others(tmp_path: Path) -> None:
    jobs = (failed("1"), failed("8841"))
    rig = Rig(tmp_path, *jobs)
    with held_by_another_process(rig.locks):
        assert "acts on 8841" in await rig.refused(requeue_of(*jobs))
        assert rig.server.sent == []
        await rig.run(requeue_of(jobs[0]))


async def test_no_place_for_locks_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path, failed())
    rig.locks.rmdir()
    (tmp_path / "plain").write_text("no folder")
    defaults = TargetLock.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "fallback", tmp_path / "plain")
    assert (await rig.refused(requeue_of(failed()))).startswith("Nothing was sent: no place for locks")
    assert rig.server.sent == []


async def test_a_folder_for_locks_that_hangs_is_a_refusal_and_stops_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, answers = Rig(tmp_path, failed()), threading.Event()
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())
    monkeypatch.setattr(holding, "PATIENCE", 0.2)
    runner = rig.another()
    acquire = TargetLock.acquire

    def hangs(lock: TargetLock) -> Held | None:
        answers.wait(60)
        return acquire(lock)

    monkeypatch.setattr(TargetLock, "acquire", hangs)
    waited_for, finish = [], Errand.finish

    async def counted(errand: Errand, work: Callable[[], object]) -> object:
        waited_for.append(errand)
        return await finish(errand, work)

    monkeypatch.setattr(Errand, "finish", counted)
    refused = asyncio.create_task(rig.refused(requeue_of(failed()), runner))
    turns = 0
    while not refused.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 3, "the loop went on"
    said = f"Nothing was sent: the folder for locks {rig.locks} did not answer within 0.2 s; it is given up."
    assert refused.result() == said
    assert rig.server.sent == []
    assert waited_for == [runner.means.locks._taking, runner.means.scribe._errand], "what hangs is waited for once"
    answers.set()
    await until(lambda: not list(rig.locks.iterdir()))


async def test_nothing_more_is_sent_once_a_lock_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.on_send = lambda _: monkeypatch.setattr(TargetLock, "keep", lambda _: False)
    monkeypatch.setattr(keeping, "KEEP_EVERY", 3600.0)
    outcome = await rig.run(requeue_of(*THREE))
    assert rig.server.sent == ["1"]
    assert outcome.verdict.text.endswith(f"2 not touched; {keeping.LOST} after step 1 of 3")


async def test_locks_are_taken_in_one_order_whatever_the_plan_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, *THREE)
    taken: list[str] = []
    make = TargetLock.__init__

    def noted(lock: TargetLock, folder: Path, key: str, **rest: Any) -> None:
        taken.append(key)
        make(lock, folder, key, **rest)

    monkeypatch.setattr(TargetLock, "__init__", noted)
    await rig.run(requeue_of(*reversed(THREE)))
    *targets, run = taken
    assert targets == ["here job:1", "here job:2", "here job:3"]
    assert run.startswith("run:"), "only who has all targets begins a run"
    assert rig.server.sent == ["3", "2", "1"]


async def test_locks_are_free_after_a_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    await rig.run(requeue_of(*THREE))
    assert list(rig.locks.iterdir()) == []


@pytest.mark.parametrize("backwards", [False, True])
async def test_of_two_side_by_side_exactly_one_acts(tmp_path: Path, backwards: bool) -> None:
    rig = Rig(tmp_path, *THREE)
    mine, theirs = requeue_of(*THREE), requeue_of(*(reversed(THREE) if backwards else THREE))
    both = await asyncio.gather(
        rig.runner.run(mine, rig.progress.append), rig.another().run(theirs, rig.progress.append)
    )
    assert sorted(type(one).__name__ for one in both) == ["Outcome", "Refusal"]
    assert rig.server.sent == ["1", "2", "3"]
    assert len(rig.entries("intent")) == 1


async def test_of_two_that_share_one_target_each_job_is_sent_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    one, two, three = THREE
    both = await asyncio.gather(
        rig.runner.run(requeue_of(two, one), rig.progress.append),
        rig.another().run(requeue_of(three, two), rig.progress.append),
    )
    assert isinstance(both[0], Outcome)
    assert isinstance(both[1], Refusal)
    assert sorted(rig.server.sent) == ["1", "2"]


async def test_unwritable_journal_means_that_nothing_is_sent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.path.mkdir()
    why = await rig.refused(requeue_of(failed()))
    assert why.startswith("Nothing was sent, for the journal cannot record it: ")
    assert rig.server.sent == []


async def test_of_a_journal_that_hangs_at_the_intent_it_is_told_that_nobody_knows_whether_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, answers, append = Rig(tmp_path, failed()), threading.Event(), Journal.append
    asyncio.get_running_loop().set_default_executor(AbandonableThreads())

    def hangs(journal: Journal, kind: Kind, **content: Any) -> Entry:
        if kind == "intent":
            answers.wait(60)
        return append(journal, kind, **content)

    monkeypatch.setattr(Journal, "append", hangs)
    monkeypatch.setattr(scribe, "PATIENCE", 0.2)
    why = await rig.refused(requeue_of(failed()), rig.another())
    assert why.startswith(
        "Nothing was sent to the platform. Whether the intent stands in the journal is not known; if it does, "
    )
    assert why.endswith(f"the journal {rig.path} did not answer within 0.2 s; it is given up: is its disk there?")
    assert (rig.server.sent, rig.kinds) == ([], [])
    answers.set()
    await until(lambda: rig.kinds == ["intent"])
    (open_,) = gathered(rig.entries()).values()
    assert open_.open, "who reads it next is told of it"


async def test_disk_that_is_full_at_the_intent_means_that_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, failed())

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "no space left on its disk" in await rig.refused(requeue_of(failed()))
    assert rig.server.sent == []
    monkeypatch.undo()
    assert rig.entries() == []


async def test_journal_that_breaks_after_the_intent_is_told_and_stops_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.on_send = lambda _: monkeypatch.setattr(Journal, "append", _breaks)
    outcome = await rig.run(requeue_of(*THREE))
    assert rig.server.sent == ["1"]
    stopped = "stopped by itself (the journal cannot be written) after step 1 of 3"
    assert outcome.verdict.text == f"completed in attempt 2, 2 not touched; {stopped}; not recorded: the disk is gone"
    assert rig.kinds == ["intent"]


async def test_second_verdict_that_cannot_be_recorded_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = SLOW
    plan = requeue_of(failed())
    outcome = await rig.run(plan)
    rig.server.put(failed(attempt=2))
    monkeypatch.setattr(Journal, "append", _breaks)
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert second.word is Word.NO_EFFECT
    assert second.text == "failed again in attempt 2, same error; not recorded: the disk is gone"


async def test_stop_is_between_steps_and_says_which(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.on_send = lambda id_: rig.runner.brake.pull(ENDING, hurry=True) if id_ == "2" else None
    outcome = await rig.run(requeue_of(*THREE))
    assert rig.server.sent == ["1", "2"]
    text = "1 worked, 1 worked so far, 1 not touched; backtop was told to end after step 2 of 3"
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.UNKNOWN, text)
    assert [entry.data["n"] for entry in rig.entries("step")] == [1, 2]
    assert rig.entries("verdict")[0].data["text"] == text


async def test_stopped_by_hand_it_still_looks_at_what_was_sent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.on_send = lambda id_: rig.runner.brake.pull(BY_HAND) if id_ == "2" else None
    outcome = await rig.run(requeue_of(*THREE))
    assert rig.server.sent == ["1", "2"]
    assert outcome.verdict.text == "2 worked, 1 not touched; stopped by hand after step 2 of 3"
    assert not outcome.verdict.so_far


async def test_stop_while_it_watches_says_that_nothing_had_settled(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = NOTHING
    rig.server.on_send = lambda _: rig.runner.brake.pull(ENDING, hurry=True)
    outcome = await rig.run(requeue_of(failed()))
    assert outcome.verdict.word is Word.UNKNOWN
    assert outcome.verdict.text.endswith("; not settled; backtop was told to end after step 1 of 1")


async def test_stop_before_the_first_of_several_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path, *THREE)
    append = Journal.append

    def stops(journal: Journal, kind: str, **content: object) -> Entry:
        rig.runner.brake.pull(ENDING, hurry=True)
        return append(journal, kind, **content)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "append", stops)
    outcome = await rig.run(requeue_of(*THREE))
    assert rig.server.sent == []
    assert outcome.verdict.text == "nothing was done; backtop was told to end before step 1 of 3"


async def test_stop_before_the_first_step_sends_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.runner.brake.pull(ENDING, hurry=True)
    assert await rig.refused(requeue_of(failed())) == "backtop was told to end; nothing was sent."
    assert (rig.server.sent, rig.kinds) == ([], ["refusal"])


async def cancelled(running: "asyncio.Task[Outcome | Refusal]") -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_cancelled_while_it_waits_it_says_after_which_step(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    running = asyncio.create_task(rig.runner.run(requeue_of(*THREE), rig.progress.append))
    await rig.time.sleep(3.7)  # the second went out at 3.5, the third would at 4.0
    await cancelled(running)
    assert rig.server.sent == ["1", "2"]
    (verdict,) = rig.entries("verdict")
    assert (verdict.data["verdict"], verdict.data["text"]) == ("unknown", "stopped after step 2 of 3")
    assert list(rig.locks.iterdir()) == []


async def test_cancelled_in_the_middle_of_a_request_it_waits_for_its_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.hold, arrived = asyncio.Event(), asyncio.Event()
    rig.server.on_send = lambda _: arrived.set()
    running = asyncio.create_task(rig.runner.run(requeue_of(*THREE), rig.progress.append))
    await arrived.wait()
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    rig.server.hold.set()
    await cancelled(running)
    assert rig.server.sent == ["1"]
    (step,) = rig.entries("step")
    assert step.data["result"] == "202 queued"
    assert rig.entries("verdict")[0].data["text"] == "stopped after step 1 of 3"


async def test_what_hangs_is_cut_short_and_looked_at_by_the_next(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.hold, arrived = asyncio.Event(), asyncio.Event()
    rig.server.on_send = lambda _: arrived.set()
    running = asyncio.create_task(rig.runner.run(requeue_of(*THREE), rig.progress.append))
    await arrived.wait()
    brake = rig.runner.brake
    brake.told_to_end(0.0)
    assert brake.waits_for == "POST /api/research/backtests/1/requeue"
    await asyncio.sleep(0)
    assert not running.done()
    brake.told_to_end(MEANT_TWICE)
    outcome = await running
    assert isinstance(outcome, Outcome)
    assert rig.server.sent == ["1"]
    assert brake.waits_for == ""
    assert rig.time.passed < 1.0
    (step,) = rig.entries("step")
    assert step.data["result"] == "cut short: it may have been done"
    (verdict,) = rig.entries("verdict")
    assert (verdict.data["verdict"], verdict.data["final"]) == ("unknown", False)
    assert verdict.data["text"] == "not looked at yet, 2 not touched; backtop was told to end at once after step 1 of 3"
    assert not list(rig.locks.iterdir())
    last = await rig.settle(outcome.run_id, "bob@research-01")
    assert last is not None
    assert last.text == "completed in attempt 2, 2 not touched; backtop was told to end at once after step 1 of 3"


async def test_looking_is_cut_short_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    look, looking = rig.server.job, asyncio.Event()

    async def hangs(id_: str) -> Job:
        if rig.server.sent:
            looking.set()
            await asyncio.Event().wait()
        return await look(id_)

    rig.server.job = hangs  # type: ignore[method-assign]
    running = asyncio.create_task(rig.runner.run(requeue_of(failed()), rig.progress.append))
    await looking.wait()
    assert rig.runner.brake.waits_for == "what became of 8841"
    rig.runner.brake.told_to_end(0.0)
    rig.runner.brake.told_to_end(5.0)
    outcome = await running
    assert isinstance(outcome, Outcome)
    assert outcome.verdict.text == "not looked at yet; backtop was told to end at once after step 1 of 1"
    assert outcome.verdict.so_far


async def test_request_that_is_cut_off_may_have_been_done(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.hold, arrived = asyncio.Event(), asyncio.Event()
    rig.server.on_send = lambda _: arrived.set()
    before = asyncio.all_tasks()
    running = asyncio.create_task(rig.runner.run(requeue_of(failed()), rig.progress.append))
    await arrived.wait()
    for task in asyncio.all_tasks() - before:  # as at the end of a loop
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rig.entries("step")[0].data["result"] == "cut off: it may have been done"
    assert rig.entries("verdict")[0].data["text"] == "stopped after step 1 of 1"


async def test_cancelled_while_the_intent_is_written_the_journal_says_that_nothing_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, failed())
    append = Journal.append

    def cancels(journal: Journal, kind: str, **content: object) -> Entry:
        entry = append(journal, kind, **content)  # type: ignore[arg-type]
        if kind == "intent":
            running.cancel()
        return entry

    monkeypatch.setattr(Journal, "append", cancels)
    running = asyncio.create_task(rig.runner.run(requeue_of(failed()), rig.progress.append))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rig.server.sent == []
    assert rig.kinds == ["intent", "verdict"]
    assert rig.entries("verdict")[0].data["text"] == "stopped before step 1 of 1; nothing was sent"


async def test_a_fault_of_our_own_is_in_the_journal_before_it_is_raised(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())

    def faulty(_: str) -> None:
        raise ZeroDivisionError

    rig.server.on_send = faulty
    with pytest.raises(ZeroDivisionError):
        await rig.runner.run(requeue_of(failed()), rig.progress.append)
    assert rig.entries("step")[0].data["result"] == "backtop failed (ZeroDivisionError): it may have been done"
    assert rig.entries("verdict")[0].data["text"] == "stopped after step 1 of 1"


def _breaks(*_: object, **__: object) -> Entry:
    raise JournalError("the disk is gone")
