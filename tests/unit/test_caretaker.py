"""Who is told of open runs, when, and how often."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from actions.aftermath import OTHERS_QUIET
from actions.caretaker import MOST, REST, Caretaker, OpenRuns
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from actions.verdict import Verdict
from backend.errors import JournalError, Refused
from backend.holding import Grip
from backend.incident.entry import Entry
from backend.incident.identity import Meant, meant_as_data
from backend.incident.journal import Journal
from backend.incident.runs import RunRecord
from backend.model.jobs import Job
from tests.fakes import SLOW, Rig, failed, requeue_of


class Sitting:
    """A person before a caretaker."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.broken: list[str] = []
        self.verdicts: list[str] = []
        self.ours: dict[str, Verdict] = {}
        self.only_looks = False
        means = rig.means("bob@research-01")
        self.caretaker = Caretaker(
            OpenRuns(means.scribe, means.locks, rig.time, "research-01"), lambda _: means, self, self.ours,
            only_looks=lambda: self.only_looks,
        )  # fmt: skip

    def broken_off(self, runs: Sequence[RunRecord]) -> None:
        self.broken += [run.id for run in runs]

    async def ended(self, run: RunRecord, spec: ActionSpec, verdict: Verdict) -> None:
        self.verdicts.append(f"{spec.id}: {verdict.text}")

    async def look(self) -> int:
        """Look twice, and wait for what that begins; how many runs were taken up."""
        await self.caretaker.look()
        taken = self.caretaker.take_up(await self.caretaker.look())
        for care in taken:
            await care
        return len(taken)

    def leaves(self, *jobs: Job, action: str = "job.requeue", host: str = "research-01", id_: str = "r1") -> None:
        """Somebody was killed before he sent anything."""
        plan = requeue_of(*jobs)
        Journal(self.rig.path, f"ann@{host}", self.rig.time).append(
            "intent", id=id_, action=action, targets=[target.key for target in plan.targets],
            data=meant_as_data(Meant(plan.targets, "here", plan.settle)),
        )  # fmt: skip


@pytest.fixture
async def sitting(tmp_path: Path) -> Sitting:
    return Sitting(Rig(tmp_path, failed()))


async def test_what_was_broken_off_is_told_once_and_closed(sitting: Sitting) -> None:
    sitting.leaves(failed())
    assert await sitting.look() == 1
    assert sitting.broken == ["r1"]
    assert sitting.verdicts == [
        "job.requeue: nothing has changed; broken off before step 1 of 1, which may have been sent"
    ]
    assert await sitting.look() == 0
    assert (sitting.broken, len(sitting.verdicts)) == (["r1"], 1)


async def test_one_look_at_a_run_without_a_lock_is_not_enough(sitting: Sitting) -> None:
    sitting.leaves(failed())
    runs = sitting.caretaker.runs
    assert await sitting.caretaker.look() == []
    assert [run.id for run in runs.unsure] == ["r1"]
    assert sitting.broken == []
    assert [run.id for run in await sitting.caretaker.look()] == ["r1"]
    assert not runs.unsure
    assert sitting.broken == ["r1"]


async def test_to_look_leaves_nothing_behind(sitting: Sitting) -> None:
    sitting.leaves(failed())
    sitting.only_looks = True
    await sitting.look()
    assert not list(sitting.rig.locks.iterdir())


async def test_who_only_looks_tells_and_takes_nothing_up(sitting: Sitting) -> None:
    sitting.leaves(failed())
    sitting.only_looks = True
    assert await sitting.look() == 0
    assert await sitting.look() == 0
    assert (sitting.broken, sitting.verdicts) == (["r1"], [])
    assert not sitting.rig.entries("verdict")


@pytest.mark.parametrize(("action", "host"), [("ship.sink", "research-01"), ("job.requeue", "research-02")])
async def test_what_is_not_known_here_is_left(sitting: Sitting, action: str, host: str) -> None:
    sitting.leaves(failed(), action=action, host=host)
    assert await sitting.look() == 0
    assert sitting.broken == (["r1"] if host == "research-01" else [])


async def test_one_of_ours_is_followed_at_once_others_a_little_later(sitting: Sitting) -> None:
    rig = sitting.rig
    rig.server.courses["8841"] = SLOW
    outcome = await rig.run(requeue_of(failed()))
    rig.server.put(failed(attempt=2))
    assert await sitting.look() == 0
    rig.time.passed += OTHERS_QUIET.total_seconds()
    assert await sitting.look() == 1
    assert sitting.verdicts == ["job.requeue: failed again in attempt 2, same error"]

    rig.time.passed += 60
    rig.server.courses["8841"] = SLOW
    outcome = await rig.run(requeue_of(failed(attempt=2)))
    rig.server.put(failed(attempt=3))
    sitting.ours[outcome.run_id] = outcome.verdict
    assert await sitting.look() == 1
    assert len(sitting.verdicts) == 2
    assert sitting.ours == {}
    assert sitting.broken == []


async def test_what_has_ended_meanwhile_is_seen_at_once(sitting: Sitting) -> None:
    rig = sitting.rig
    rig.server.courses["8841"] = SLOW
    await rig.run(requeue_of(failed()))
    rig.server.put(failed(attempt=2))
    rig.time.passed += OTHERS_QUIET.total_seconds()
    before = rig.time.passed
    assert await sitting.look() == 1
    assert sitting.verdicts == ["job.requeue: failed again in attempt 2, same error"]
    assert rig.time.passed == before


async def test_a_verdict_that_cannot_be_written_is_told_once_and_written_later(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting.leaves(failed())

    def full(*_: object, **__: object) -> Entry:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        assert await sitting.look() == 1
        assert await sitting.look() == 0, "it rests"
        sitting.rig.time.passed += REST
        assert await sitting.look() == 1
    assert len(sitting.verdicts) == 1
    assert sitting.verdicts[0].endswith("; not recorded: the disk is full")
    sitting.rig.time.passed += REST
    assert await sitting.look() == 1
    assert (len(sitting.verdicts), sitting.broken) == (1, ["r1"])
    (written,) = sitting.rig.entries("verdict")
    assert written.data["final"] is True
    assert sitting.ours == {}


async def test_one_of_ours_is_never_told_as_broken_off(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = sitting.rig

    def full(*_: object, **__: object) -> Entry:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        rig.server.on_send = lambda _: patch.setattr(Journal, "append", full)
        outcome = await rig.run(requeue_of(failed()))
        sitting.ours[outcome.run_id] = outcome.verdict
        await sitting.look()
    sitting.rig.time.passed += REST
    await sitting.look()
    assert (sitting.broken, sitting.verdicts) == ([], [])
    (verdict,) = rig.entries("verdict")
    assert verdict.data["verdict"] == "worked"


async def test_of_very_many_only_the_newest_are_looked_at(sitting: Sitting) -> None:
    for number in range(MOST + 20):
        sitting.leaves(failed(), id_=f"r{number}")
    sitting.only_looks = True
    await sitting.look()
    assert len(sitting.broken) == MOST
    assert sitting.broken[-1] == f"r{MOST + 19}"


def test_each_action_says_what_it_acts_on() -> None:
    assert all(spec.acts_on for spec in REGISTRY.values())


async def test_a_run_that_cannot_be_taken_up_for_want_of_threads_ends_nothing(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting.leaves(failed())

    async def no_more(_grip: Grip) -> None:
        raise Refused("the folder for locks is not looked at: this host starts no more threads")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Grip, "take", no_more)
        assert await sitting.look() == 1
    assert sitting.verdicts == []
