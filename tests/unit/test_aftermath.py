"""Runs that their program left open: who brings them to their end, when, and what is found then."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from actions.aftermath import AWAY_QUIET, OTHERS_QUIET, how_far, left_alone
from actions.outcome import Outcome
from actions.verdict import Word
from actions.watch import FOLLOW_FOR, LOST_AFTER
from backend.errors import Refused
from backend.incident.identity import as_data, targets_of
from backend.incident.journal import Journal
from backend.incident.ledger import Ledger
from backend.incident.reading import JournalReader
from backend.incident.runs import RunRecord
from backend.model.target import JobTarget, UnitTarget
from tests.clocks import StillClock
from tests.fakes import BAD, NOW, SLOW, Rig, failed, requeue_of
from tests.situations import unit

THREE = (failed("1"), failed("2"), failed("3"))


def recorded(rig: Rig) -> RunRecord:
    """The only run in the journal."""
    ledger = Ledger(JournalReader(rig.path))
    ledger.catch_up()
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

    async def comes_back() -> None:
        await rig.time.sleep(10 * LOST_AFTER)
        rig.server.read_error = None

    coming = asyncio.create_task(comes_back())
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
    rig.server.courses.clear()
    rig.server.requeue("2")
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert (second.word, second.text) == (Word.NO_EFFECT, "2 worked, 1 no effect")


@pytest.mark.parametrize("told", [None, "junk", [{"kind": "job"}], [{"kind": "ship", "id": "8841"}], [7]])
async def test_targets_that_cannot_be_understood_end_as_unknown(tmp_path: Path, told: object) -> None:
    rig = Rig(tmp_path, failed())
    journal = Journal(rig.path, "ann@research-01", rig.time)
    journal.append("intent", id="r1", action="job.requeue", targets=["job:8841"], data={"targets": told})
    verdict = await rig.settle("r1")
    assert verdict is not None
    text = "this backtop cannot look at what it acted on; broken off before step 1 of 1"
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, text)
    assert not recorded(rig).open


@pytest.mark.parametrize("junk", [None, [], 7, [{"key": "job:8841"}], [{"key": "job:1", "verdict": "worked"}]])
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


def test_targets_come_back_from_the_journal_as_they_were(tmp_path: Path) -> None:
    targets = (JobTarget.of(failed("1")), JobTarget.of(failed("2", attempt=None)), UnitTarget.of(unit()))
    journal = Journal(tmp_path / "journal.jsonl", "ann", StillClock())
    journal.append(
        "intent",
        id="r",
        targets=[target.key for target in targets],
        data={"targets": [as_data(target) for target in targets]},
    )
    ledger = Ledger(journal)
    ledger.catch_up()
    (run,) = ledger.runs
    assert targets_of(run) == targets


async def test_targets_that_were_spared_may_be_asked_for_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    rig.server.courses["1"] = BAD
    assert (await rig.run(requeue_of(*THREE))).verdict.text.endswith("2 not touched")
    assert "was already asked for 1 " in await rig.refused(requeue_of(failed("1", attempt=2)))
    assert isinstance(await rig.runner.run(requeue_of(failed("2"), failed("3")), rig.progress.append), Outcome)


async def test_cool_down_counts_from_when_each_was_touched(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    await rig.run(requeue_of(*THREE))
    sent = {entry.targets[0]: entry.at for entry in rig.entries("step")}
    rig.time.passed = (sent["job:3"] - NOW).total_seconds() + 59
    rig.server.put(failed("3", attempt=2))
    rig.server.put(failed("1", attempt=2))
    assert "was already asked for 3 59 s ago" in await rig.refused(requeue_of(failed("3", attempt=2)))
    assert isinstance(await rig.runner.run(requeue_of(failed("1", attempt=2)), rig.progress.append), Outcome)


async def test_how_far_it_came(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *THREE)
    await rig.run(requeue_of(*THREE))
    run = recorded(rig)
    assert how_far(run) == "after step 3 of 3"
    assert how_far(RunRecord(run.intent)) == "before step 1 of 3"


def test_ledger_reads_on_and_starts_anew_with_another_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, "ann", StillClock())
    ledger = Ledger(JournalReader(path))
    assert not ledger.catch_up(), "there is no file yet"
    journal.append("intent", id="a")
    assert ledger.catch_up()
    assert not ledger.catch_up()
    with path.open("ab") as file:
        file.write(b'{"torn":')
    assert not ledger.catch_up()
    journal.append("verdict", id="a", data={"final": True})
    journal.append("intent", id="b")
    assert ledger.catch_up()
    assert [run.id for run in ledger.open_runs] == ["b"]
    assert [entry.kind for entry in ledger.entries] == ["intent", "verdict", "intent"]
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    path.write_bytes(lines[0])
    assert json.loads(lines[0])["id"] == "a"
    assert ledger.catch_up()
    assert [run.id for run in ledger.runs] == ["a"]
