"""What `act` tells of runs that were broken off: which of them, and what became of each."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from actions.brake import ENDING, Brake
from actions.caretaker import Caretaker
from backend.incident.identity import Meant, meant_as_data
from backend.incident.journal import Journal
from backend.incident.runs import RunRecord
from backend.model.jobs import Job
from tests.fakes import Rig, failed, requeue_of
from tui.headless import unfinished
from tui.headless.unfinished import Unfinished

ONE, TWO = failed("8820"), failed("8816")


class Host:
    """A host with runs that were broken off, and what one who is about to act there is told."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.said: list[str] = []
        means = rig.means("bob@research-01")
        self.unfinished = Unfinished(
            lambda _: means, means.scribe, means.locks, rig.time, only_looks=False, says=self.said.append
        )

    def breaks_off(self, job: Job, place: str = "here") -> None:
        """Somebody was killed before he sent anything."""
        plan = requeue_of(job)
        Journal(self.rig.path, "ann@research-01", self.rig.time).append(
            "intent", id=f"of {job.id}", action="job.requeue", targets=[target.key for target in plan.targets],
            data=meant_as_data(Meant(plan.targets, place, plan.settle)),
        )  # fmt: skip


@pytest.fixture
async def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(socket, "gethostname", lambda: "research-01")
    monkeypatch.setattr(unfinished, "LOOK_AGAIN", 0)
    return Host(Rig(tmp_path, ONE, TWO))


def does_not_answer_for(host: Host, job: Job, monkeypatch: pytest.MonkeyPatch, when_asked: Callable[[], None]) -> None:
    """The server keeps who asks for this job waiting."""
    answers = host.rig.server.job

    async def asked(id_: str) -> Job:
        if id_ == job.id:
            when_asked()
            await asyncio.Event().wait()
        return await answers(id_)

    monkeypatch.setattr(host.rig.server, "job", asked)


async def test_each_verdict_names_the_targets_of_its_run(host: Host) -> None:
    host.breaks_off(ONE)
    host.breaks_off(TWO)
    await host.unfinished.look()
    await host.unfinished.judge(requeue_of(ONE, TWO), Brake())
    assert host.said[2] == "looking first at what became of job:8820, job:8816 …"
    ended = (
        "unfinished until now: unknown: nothing has changed; broken off before step 1 of 1, which may have been sent"
    )
    assert sorted(host.said[3:]) == [f"job.requeue of job:8816, {ended}", f"job.requeue of job:8820, {ended}"]


async def test_what_does_not_become_known_in_time_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "JUDGED_WITHIN", 0)
    does_not_answer_for(host, TWO, monkeypatch, lambda: None)
    host.breaks_off(TWO)
    await host.unfinished.look()
    await host.unfinished.judge(requeue_of(TWO), Brake())
    assert host.said[-1] == "what became of job:8816 is not known within 0 s"
    assert host.rig.kinds == ["intent"]


async def test_who_is_told_to_end_waits_for_no_verdict(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    brake = Brake()
    does_not_answer_for(host, TWO, monkeypatch, lambda: brake.pull(ENDING, hurry=True))
    host.breaks_off(TWO)
    await host.unfinished.look()
    await host.unfinished.judge(requeue_of(TWO), brake)
    assert host.said[-1] == "looking first at what became of job:8816 …"


@pytest.mark.parametrize(("place", "looks"), [("here", 2), ("elsewhere", 1)])
async def test_only_what_was_broken_off_on_this_platform_is_worth_a_second_look(
    host: Host, monkeypatch: pytest.MonkeyPatch, place: str, looks: int
) -> None:
    looked, look = [], Caretaker.look

    async def counted(caretaker: Caretaker) -> Sequence[RunRecord]:
        looked.append(caretaker)
        return await look(caretaker)

    monkeypatch.setattr(Caretaker, "look", counted)
    host.breaks_off(ONE, place)
    await host.unfinished.look()
    await host.unfinished.leave()
    assert (len(looked), len(host.said)) == (looks, looks - 1)
