"""Runs that their program left open: who brings them to their end, when, and what is found then."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.aftermath import AWAY_QUIET, KEEP_EVERY, OTHERS_QUIET, Aftermath, left_alone
from actions.brake import BY_HAND, ENDING
from actions.outcome import Outcome, broken_off, how_far
from actions.verdict import Verdict, Word
from actions.watch import FOLLOW_FOR, FOLLOW_LOOKS, LOST_AFTER
from backend.errors import JournalError, NotAllowed, Refused, SourceError, TimedOut
from backend.incident.entry import Entry
from backend.incident.identity import Meant, meant_as_data, meant_by
from backend.incident.journal import Journal
from backend.incident.ledger import Ledger
from backend.incident.reading import JournalReader
from backend.incident.runs import RunRecord
from backend.locks import TargetLock
from backend.model.jobs import Job, JobState
from backend.model.target import JobTarget, Target, UnitTarget
from tests.clocks import StillClock
from tests.engines import LOOPS, UP, EngineRig
from tests.fakes import BAD, NOW, SLOW, Rig, failed, requeue_of
from tests.situations import unit

THREE = (failed("1"), failed("2"), failed("3"))


def recorded(rig: Rig) -> RunRecord:
    """The only run in the journal."""
    ledger = Ledger(JournalReader(rig.path))
    ledger.take(ledger.read())
    (run,) = ledger.runs
    return run


async def going_on(folder: Path) -> Rig:
    """A requeue whose job runs, after its program has ended."""
    rig = Rig(folder, failed())
    rig.server.courses["8841"] = SLOW
    assert (await rig.run(requeue_of(failed()))).verdict.so_far
    return rig


async def test_what_goes_on_is_open_until_its_last_verdict(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    assert recorded(rig).open
    rig.server.put(failed(attempt=2))
    second = await rig.settle(recorded(rig).id, who="bob@research-01")
    assert second is not None
    assert (second.word, second.text) == (Word.NO_EFFECT, "failed again in attempt 2, same error")
    assert not recorded(rig).open
    assert rig.entries("verdict")[-1].actor == "bob@research-01"
    assert await rig.settle(recorded(rig).id) is None, "it has ended"
    assert len(rig.entries("verdict")) == 2
    assert not list(rig.locks.iterdir())


async def test_who_may_take_it_up_and_when(tmp_path: Path) -> None:
    run = recorded(await going_on(tmp_path))
    second = timedelta(seconds=1)
    assert run.host == "research-01"
    assert not left_alone(run, run.last_at + OTHERS_QUIET - second, "research-01"), "who acted follows it"
    assert left_alone(run, run.last_at + OTHERS_QUIET, "research-01")
    assert not left_alone(run, run.last_at + AWAY_QUIET - second, "research-02"), "its lock cannot be seen from there"
    assert left_alone(run, run.last_at + AWAY_QUIET, "research-02")


async def test_one_that_somebody_else_follows_is_left_to_him(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    with rig.means("bob@research-01").locks.run(recorded(rig).id) as holder:
        assert holder is None
        assert await rig.settle(recorded(rig).id) is None
    assert len(rig.entries("verdict")) == 1


async def waited_for(rig: Rig, who: str = "ann@research-01") -> Verdict | None:
    """What who waits for the last verdict gets."""
    return await Aftermath(rig.means(who), JobTarget).last_verdict(recorded(rig).id)


async def test_who_waits_gets_the_last_verdict_whoever_finds_it(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    waiting = asyncio.create_task(waited_for(rig))
    also = asyncio.create_task(waited_for(rig, "bob@research-01"))
    await rig.time.sleep(20)
    rig.server.put(failed(attempt=2))
    first, second = await waiting, await also
    assert first is not None
    assert second is not None
    assert first.text == second.text == "failed again in attempt 2, same error"
    assert len(rig.entries("verdict")) == 2
    assert await Aftermath(rig.means(), JobTarget).last_verdict("no such run") is None


@pytest.mark.parametrize("damage", [{}, {"verdict": "splendid"}, {"verdict": ["worked"]}, {"verdict": None}], ids=str)
async def test_who_waits_for_a_damaged_verdict_is_told_so(tmp_path: Path, damage: dict[str, Any]) -> None:
    rig = await going_on(tmp_path)
    run = recorded(rig)
    Journal(rig.path, "bob@research-01", rig.time).append("verdict", id=run.id, data={**damage, "final": True})
    verdict = await waited_for(rig)
    assert verdict is not None
    assert verdict.word is Word.UNKNOWN
    assert verdict.text == "its last verdict in the journal cannot be understood"


async def test_who_cannot_lock_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = await going_on(tmp_path)

    def no_place(*_: object) -> None:
        raise NotAllowed("no place for locks: set lock_dir")

    monkeypatch.setattr(TargetLock, "acquire", no_place)
    with pytest.raises(NotAllowed, match="no place for locks"):
        await waited_for(rig)
    assert len(rig.entries("verdict")) == 1


async def test_a_last_verdict_is_not_written_under_a_lock_that_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = await going_on(tmp_path)
    rig.server.put(failed(attempt=2))
    monkeypatch.setattr(TargetLock, "keep", lambda _: False)
    assert await rig.settle(recorded(rig).id) is None
    assert len(rig.entries("verdict")) == 1


async def test_the_lock_of_what_is_followed_is_made_anew(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    following = asyncio.create_task(rig.settle(recorded(rig).id))
    await rig.time.sleep(KEEP_EVERY)
    for lock in rig.locks.iterdir():
        lock.unlink()
    await rig.time.sleep(KEEP_EVERY + 1)
    assert len(list(rig.locks.iterdir())) == 1
    rig.server.put(failed(attempt=2))
    await following
    assert not list(rig.locks.iterdir())


async def test_what_vanishes_while_it_is_followed_ends_as_unknown(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    began = rig.time.passed
    rig.server.stock.clear()
    verdict = await rig.settle(recorded(rig).id)
    assert verdict is not None
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, "cannot be found in any list")
    assert rig.time.passed - began == LOST_AFTER
    assert not recorded(rig).open


async def test_an_api_that_is_down_decides_nothing(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    rig.server.put(failed(attempt=2, error="another"))
    rig.server.read_error = Refused("nobody listens")

    coming = asyncio.create_task(comes_back(rig))
    verdict = await rig.settle(recorded(rig).id)
    await coming
    assert verdict is not None
    assert verdict.text == "failed again in attempt 2, another error: another"


async def test_what_never_ends_is_left_to_itself_after_a_day(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    began = rig.time.passed
    verdict = await rig.settle(recorded(rig).id)
    assert verdict is not None
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, "running in attempt 2, and has not ended in a day")
    assert rig.time.passed - began == FOLLOW_FOR


async def test_of_several_only_what_goes_on_is_looked_at_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.courses |= {"2": SLOW, "3": BAD}
    outcome = await rig.run(requeue_of(*THREE))
    assert outcome.verdict.so_far
    rig.server.put(failed("1", attempt=3))  # somebody else's doing since
    rig.server.put(replace(failed("2", attempt=2), state=JobState.COMPLETED))
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert (second.word, second.text) == (Word.NO_EFFECT, "2 worked, 1 no effect")


GOOD = meant_as_data(Meant(requeue_of(failed()).targets, "here", 8.0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": None}, {"targets": "junk"}, {"targets": [{"kind": "job"}]}, {"targets": [7]}, {"targets": []},
        {"targets": [{"kind": "ship", "id": "8841"}]}, {"targets": [{"kind": ["job"]}]},
        {"targets": [{"kind": "unit", "id": "8841", "invocation": "a", "active": "active"}]},
        {"settle_s": "soon"}, {"settle_s": -1}, {"settle_s": 10**400}, {"settle_s": 1e9}, {"place": None},
    ],
    ids=str,
)  # fmt: skip
async def test_an_intent_that_nobody_understands_ends_as_unknown(tmp_path: Path, wrong: dict[str, Any]) -> None:
    rig = Rig(tmp_path, failed())
    journal = Journal(rig.path, "ann@research-01", rig.time)
    journal.append("intent", id="r1", action="job.requeue", targets=["job:8841"], data={**GOOD, **wrong})
    verdict = await rig.settle("r1")
    assert verdict is not None
    text = "nobody here can tell what it acted on; broken off before step 1 of 1, which may have been sent"
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, text)
    assert not recorded(rig).open


@pytest.mark.parametrize(
    "junk",
    [
        None, [], 7, [{"key": "job:8841"}], [{"key": "job:1", "verdict": "worked"}], [{"key": [], "verdict": "worked"}],
        [{"key": "job:8841", "verdict": "splendid"}], [{"key": "job:8841", "verdict": {}}],
    ],
    ids=str,
)  # fmt: skip
async def test_a_verdict_that_nobody_understands_ends_as_unknown(tmp_path: Path, junk: object) -> None:
    rig = await going_on(tmp_path)
    run = recorded(rig)
    Journal(rig.path, "ann@research-01", rig.time).append(
        "verdict", id=run.id, action="job.requeue", targets=["job:8841"], data={"final": False, "targets": junk}
    )
    verdict = await rig.settle(run.id)
    assert verdict is not None
    assert verdict.word is Word.UNKNOWN
    assert not recorded(rig).open


@pytest.mark.parametrize(
    ("kind", "targets"),
    [
        (JobTarget, (JobTarget.of(failed("1")), JobTarget.of(failed("2", attempt=None)))),
        (UnitTarget, (UnitTarget.of(unit()),)),
    ],
)
def test_targets_come_back_from_the_journal_as_they_were(
    tmp_path: Path, kind: type[Target], targets: tuple[Target, ...]
) -> None:
    journal, meant = Journal(tmp_path / "journal.jsonl", "ann", StillClock()), Meant(targets, "here", 8.0)
    journal.append("intent", id="r", targets=[target.key for target in targets], data=meant_as_data(meant))
    ledger = Ledger(journal)
    ledger.take(ledger.read())
    (run,) = ledger.runs
    assert meant_by(run, kind) == meant


async def test_what_may_have_been_sent_is_not_claimed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    Journal(rig.path, "ann@research-01", rig.time).append(
        "intent", id="r1", action="job.requeue", targets=["job:8841"], data=GOOD
    )
    rig.server.put(replace(failed(attempt=4), state=JobState.COMPLETED))
    verdict = await rig.settle("r1")
    assert verdict is not None
    text = (
        "completed in attempt 4, which somebody else began; whether this run did that is not known; "
        "broken off before step 1 of 1, which may have been sent"
    )
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, text)


async def test_what_was_not_touched_is_said_to_be_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    Journal(rig.path, "ann@research-01", rig.time).append(
        "intent", id="r1", action="job.requeue", targets=["job:8841"], data=GOOD
    )
    verdict = await rig.settle("r1")
    assert verdict is not None
    assert (verdict.skipped, verdict.text) == (
        1,
        "nothing has changed; broken off before step 1 of 1, which may have been sent",
    )


async def test_what_stopped_a_run_is_still_told_in_its_last_verdict(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.courses["1"] = (*SLOW, (60.0, JobState.COMPLETED))
    rig.server.on_send = lambda _: rig.runner.brake.pull(ENDING, hurry=True)
    outcome = await rig.run(requeue_of(*THREE))
    stopped = "backtop was told to end after step 1 of 3"
    assert outcome.verdict.text.endswith(f", 2 not touched; {stopped}")
    verdict = await rig.settle(outcome.run_id)
    assert verdict is not None
    assert verdict.text == f"completed in attempt 2, 2 not touched; {stopped}"
    assert rig.entries("verdict")[-1].data["stopped"] == stopped


async def test_another_place_is_not_judged_from_here(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    rig.server.place = "another server"
    assert await rig.settle(recorded(rig).id) is None
    rig.time.passed += AWAY_QUIET.total_seconds()
    verdict = await rig.settle(recorded(rig).id)
    assert verdict is not None
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, "what it acted on cannot be seen from here")


async def test_an_api_that_is_down_at_the_start_decides_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE[:2])
    rig.server.courses["1"] = BAD
    rig.server.on_send = lambda _: setattr(rig.server, "read_error", Refused("the connection broke"))
    outcome = await rig.run(requeue_of(*THREE[:2]))
    assert outcome.verdict.word is Word.UNKNOWN
    assert outcome.verdict.so_far
    coming = asyncio.create_task(comes_back(rig))
    verdict = await rig.settle(outcome.run_id)
    await coming
    assert verdict is not None
    halted = "stopped by itself (1: unknown) after step 1 of 2"
    text = f"failed again in attempt 2, same error, 1 not touched; {halted}"
    assert (verdict.word, verdict.text) == (Word.NO_EFFECT, text)


async def comes_back(rig: Rig) -> None:
    """After ten minutes the API answers again."""
    await rig.time.sleep(10 * LOST_AFTER)
    rig.server.read_error = None


async def test_what_was_told_to_end_before_it_settled_is_found_out_by_the_next(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = ((1.5, JobState.PENDING), (2.5, JobState.COMPLETED))
    rig.server.on_send = lambda _: rig.runner.brake.pull(ENDING, hurry=True)
    outcome = await rig.run(requeue_of(failed()))
    assert (outcome.verdict.word, outcome.verdict.so_far) == (Word.UNKNOWN, True)
    told = "still failed in attempt 1, unchanged; not settled; backtop was told to end after step 1 of 1"
    assert outcome.verdict.text == told
    verdict = await rig.settle(outcome.run_id, who="bob@research-01")
    assert verdict is not None
    assert (verdict.word, verdict.text) == (Word.WORKED, "completed in attempt 2")


@pytest.mark.parametrize(("later", "word"), [(0.0, Word.WORKED), (100.0, Word.NO_EFFECT)])
async def test_what_got_no_answer_before_it_was_told_to_end_is_watched_for_a_minute(
    tmp_path: Path, later: float, word: Word
) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = ((later + 40.0, JobState.PENDING), (later + 41.0, JobState.COMPLETED))
    rig.server.send_error = TimedOut("no answer within 5 s")
    rig.server.on_send = lambda _: rig.runner.brake.pull(ENDING, hurry=True)
    outcome = await rig.run(requeue_of(failed()))
    assert outcome.verdict.so_far
    await rig.time.sleep(later)
    began = rig.time.passed
    verdict = await rig.settle(outcome.run_id, who="bob@research-01")
    assert verdict is not None
    assert verdict.word is word
    assert rig.time.passed - began < (12.0 if later else 50.0), "the minute counts from when it was sent"


async def test_what_was_cut_short_is_found_out_by_the_next(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    running = asyncio.create_task(rig.runner.run(requeue_of(*THREE), rig.progress.append))
    await rig.time.sleep(3.7)
    running.cancel()
    await asyncio.wait({running})
    run = recorded(rig)
    assert run.open
    assert run.verdict is not None
    assert run.verdict.data["text"] == "stopped after step 2 of 3"
    verdict = await rig.settle(run.id)
    assert verdict is not None
    assert verdict.text == "2 worked, 1 not touched; stopped after step 2 of 3"


async def test_many_are_followed_at_a_rate(tmp_path: Path) -> None:
    jobs = [failed(str(number)) for number in range(40)]
    rig = Rig(tmp_path, *jobs)
    rig.server.courses |= {job.id: (*SLOW, (600.0, JobState.COMPLETED)) for job in jobs}
    outcome = await rig.run(requeue_of(*jobs))
    looks, look, began = 0, rig.server.job, rig.time.passed

    async def counted(id_: str) -> Job:
        nonlocal looks
        looks += 1
        return await look(id_)

    rig.server.job = counted  # type: ignore[method-assign]
    verdict = await rig.settle(outcome.run_id)
    assert verdict is not None
    assert verdict.text == "40 worked"
    assert looks <= (rig.time.passed - began) * FOLLOW_LOOKS + 1


async def test_a_verdict_that_cannot_be_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = await going_on(tmp_path)
    rig.server.put(failed(attempt=2))

    def full(*_: object, **__: object) -> Entry:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        first = await rig.settle(recorded(rig).id)
    assert first is not None
    assert (first.recorded, first.text) == (
        False, "failed again in attempt 2, same error; not recorded: the disk is full",
    )  # fmt: skip
    rig.server.read_error = Refused("it is known already: nobody looks again")
    second = await Aftermath(rig.means(), JobTarget).settle(recorded(rig).id, first)
    assert second == replace(first, recorded=True)
    assert not recorded(rig).open


async def test_targets_that_were_spared_may_be_asked_for_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.courses["1"] = BAD
    assert (await rig.run(requeue_of(*THREE))).verdict.skipped == 2
    assert "was already asked for 1 " in await rig.refused(requeue_of(failed("1", attempt=2)), rig.another())
    assert isinstance(await rig.another().run(requeue_of(failed("2"), failed("3")), rig.progress.append), Outcome)


async def test_cool_down_counts_from_when_each_was_touched(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    await rig.run(requeue_of(*THREE))
    sent = {entry.targets[0]: entry.at for entry in rig.entries("step")}
    rig.time.passed = (sent["job:3"] - NOW).total_seconds() + 59
    rig.server.put(failed("3", attempt=2))
    rig.server.put(failed("1", attempt=2))
    assert "was already asked for 3 59 s ago" in await rig.refused(requeue_of(failed("3", attempt=2)))
    assert isinstance(await rig.runner.run(requeue_of(failed("1", attempt=2)), rig.progress.append), Outcome)


def test_what_a_run_that_was_broken_off_may_have_touched_cools_down_also_with_its_last_verdict() -> None:
    intent = Entry(1, NOW, "", "intent", "r", "you@here", "job.requeue", ("job:1", "job:2"), {})
    told = {"verdict": "unknown", "final": True, "targets": [{"key": "job:1", "verdict": "unknown", "text": "?"}]}
    run = RunRecord(intent, verdict=replace(intent, kind="verdict", data=told))
    assert run.touched == {"job:1": NOW}
    for damaged in ({"targets": 7}, {"targets": [None, {"key": ["job:1"]}]}, {}):
        assert replace(run, verdict=replace(intent, kind="verdict", data=damaged)).touched == {}


def test_what_was_broken_off_may_have_sent_a_step_that_is_not_on_record() -> None:
    assert broken_off(0, 1) == "before step 1 of 1, which may have been sent"
    assert broken_off(1, 3) == "after step 1 of 3, and step 2 may have been sent"
    assert broken_off(3, 3) == "after step 3 of 3"


def test_how_far_it_came() -> None:
    assert how_far(3, 3) == "after step 3 of 3"
    assert how_far(0, 3) == "before step 1 of 3"


def test_ledger_reads_on_and_starts_anew_with_another_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, "ann", StillClock())
    ledger = Ledger(JournalReader(path))
    assert not ledger.take(ledger.read()), "there is no file yet"
    journal.append("intent", id="a")
    assert ledger.take(ledger.read())
    assert not ledger.take(ledger.read())
    with path.open("ab") as file:
        file.write(b'{"torn":')
    assert not ledger.take(ledger.read())
    journal.append("verdict", id="a", data={"final": True})
    journal.append("intent", id="b")
    assert ledger.take(ledger.read())
    assert [run.id for run in ledger.open_runs] == ["b"]
    assert [entry.kind for entry in ledger.entries] == ["intent", "verdict", "intent"]
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    path.write_bytes(lines[0])
    assert json.loads(lines[0])["id"] == "a"
    assert ledger.take(ledger.read())
    assert [run.id for run in ledger.runs] == ["a"]
    path.write_bytes(b"".join(lines[2:]) * 9)
    assert ledger.take(ledger.read()), "written anew in its place, and longer than before"
    assert [run.id for run in ledger.runs] == ["b"]


def test_a_journal_that_is_gone_is_told_and_read_on_when_it_is_back(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "journal.jsonl", tmp_path / "moved"
    journal, ledger = Journal(path, "ann", StillClock()), Ledger(JournalReader(path))
    journal.append("intent", id="a")
    ledger.take(ledger.read())
    path.rename(elsewhere)
    with pytest.raises(JournalError, match=f"the journal is gone from {path}"):
        ledger.read()
    assert [entry.id for entry in ledger.entries] == ["a"], "what was read is kept"
    elsewhere.rename(path)
    journal.append("intent", id="b")
    assert ledger.take(ledger.read())
    assert [entry.id for entry in ledger.entries] == ["a", "b"]
    path.unlink()
    journal.append("intent", id="c")
    assert ledger.take(ledger.read())
    assert [entry.id for entry in ledger.entries] == ["c"], "another one began"


async def test_what_somebody_else_began_since_is_not_claimed(tmp_path: Path) -> None:
    rig = await going_on(tmp_path)
    rig.server.put(replace(failed(attempt=3), state=JobState.COMPLETED))
    began = rig.time.passed
    verdict = await rig.settle(recorded(rig).id)
    assert verdict is not None
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, "completed in attempt 3, which somebody else began")
    assert rig.time.passed - began < LOST_AFTER, "the first look tells it"


async def test_a_long_look_at_many_targets_can_be_stopped(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.runner.brake.pull(BY_HAND)
    assert await rig.refused(requeue_of(*THREE)) == "stopped by hand; nothing was sent."
    assert rig.progress == []


async def test_what_was_refused_is_not_claimed_by_a_last_verdict_either(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.deaf, rig.server.send_error = True, NotAllowed("the API did not accept the token")
    rig.server.on_send = lambda _: setattr(rig.server, "read_error", NotAllowed("the API did not accept the token"))
    assert (await rig.run(requeue_of(failed()))).verdict.so_far
    rig.server.read_error = None
    rig.server.requeue("8841")
    last = await rig.settle(recorded(rig).id)
    assert last is not None
    assert (last.word, last.text) == (Word.UNKNOWN, "completed in attempt 2; not by this run, which was refused")


@pytest.mark.parametrize("trouble", [Refused("systemctl failed: no"), TimedOut("no answer within 95 s")])
async def test_what_comes_up_by_itself_is_claimed_by_no_last_verdict(tmp_path: Path, trouble: SourceError) -> None:
    rig = EngineRig(tmp_path, **LOOPS, restarts=2)
    rig.engine.trouble = trouble
    rig.engine.on_ask = lambda: setattr(rig.engine, "read_error", Refused("no service manager answers"))
    outcome = await rig.restart()
    assert isinstance(outcome, Outcome)
    assert outcome.verdict.so_far
    rig.engine.read_error = None
    rig.engine.becomes(**UP, restarts=3)
    last = await Aftermath(rig.runner().means, UnitTarget).settle(outcome.run_id)
    assert last is not None
    assert (last.word, last.text.rpartition("; ")[2]) == (Word.UNKNOWN, "whether by this run is not known")


async def test_what_was_under_way_when_a_run_was_cancelled_is_followed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.hold, arrived = asyncio.Event(), asyncio.Event()
    rig.server.on_send = lambda _: arrived.set()
    running = asyncio.create_task(rig.runner.run(requeue_of(failed()), rig.progress.append))
    await arrived.wait()
    running.cancel()
    await asyncio.sleep(0)
    rig.server.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert recorded(rig).open
    last = await rig.settle(recorded(rig).id)
    assert last is not None
    assert last.word is Word.WORKED
