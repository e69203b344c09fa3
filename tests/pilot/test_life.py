"""The end of the application while something runs, and a journal that others write to."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from actions.brake import BY_HAND, ENDING, MEANT_TWICE, Brake
from actions.caretaker import Caretaker
from actions.outcome import Outcome, Progress, Report
from actions.plan import Plan, Refusal
from actions.registry import REGISTRY
from actions.verdict import TargetVerdict, Verdict, Word
from backend.incident.journal import Journal
from backend.incident.runs import RunRecord
from tests.conftest import Rig
from tests.fakes import failed, requeue_of
from tests.pilot.waiting import until
from tests.situations import NOW, data_gap
from tui import life
from tui.screens.leave import LeaveScreen
from tui.screens.plan import PlanScreen
from tui.stage import before


@dataclass
class Lasting:
    """Stands where plans are run; it runs until it is let go."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    so_far: bool = False
    brake: Brake = field(default_factory=Brake)
    report: Report = field(default=lambda _: None)

    async def forbidden(self, plan: Plan) -> Refusal | None:
        return None

    async def run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        self.report = report
        await self.go.wait()
        verdicts = [TargetVerdict(target, Word.WORKED, "runs", so_far=self.so_far) for target in plan.targets]
        return Outcome("run", Verdict.over(verdicts), ())


async def confirmed(rig: Rig, pilot: Pilot[None], runs: Lasting) -> None:
    """Requeue a job and confirm it, until it runs."""
    rig.app.dispatcher.runner = lambda _spec: runs  # type: ignore[assignment,return-value]
    await rig.know(pilot, data_gap())
    await pilot.press("down", "r")
    await until(pilot, lambda: isinstance(rig.app.screen, PlanScreen) and "[n] Cancel" in rig.text)
    rig.clock.move(2)
    await pilot.press("y")
    await until(pilot, lambda: rig.app.dispatcher.running)


@pytest.mark.parametrize("so_far", [False, True])
async def test_told_to_end_it_starts_nothing_after_what_runs(rig: Rig, so_far: bool) -> None:
    runs = Lasting(so_far=so_far)
    async with rig.run(100, 30) as pilot:
        await confirmed(rig, pilot, runs)
        rig.app.life.end()
        await pilot.pause()
        assert rig.app.is_running
        assert (runs.brake.why, runs.brake.hurries()) == (ENDING, True)
        runs.go.set()
        await until(pilot, lambda: not rig.app.is_running)
    gc.collect()  # what was begun and never awaited is told of here


async def test_a_second_term_cuts_short_what_the_first_waits_for(rig: Rig) -> None:
    runs, cut = Lasting(), asyncio.Event()
    async with rig.run(100, 30) as pilot:
        await confirmed(rig, pilot, runs)
        with runs.brake.over("systemctl restart engine", cut.set):
            rig.app.life.hang_up()
            await until(pilot, lambda: rig.told and "now       told once more to end" in rig.text)
            assert rig.told == [
                "leaving: told once more to end, it cuts short what it waits for: systemctl restart engine"
            ]
            rig.clock.move(2)
            rig.app.life.hang_up()
            assert not cut.is_set(), "a terminal is lost once"
            await pilot.press("ctrl+q")
            await until(pilot, lambda: rig.shows(LeaveScreen) and "[y] cut it short; its result is unknown" in rig.text)
            rig.clock.move(MEANT_TWICE / 2)
            await pilot.press("y")
            assert rig.shows(LeaveScreen), "what cuts short is read first"
            rig.clock.move(2)
            await pilot.press("y")
            await until(pilot, cut.is_set)
        assert not rig.told, "the question took the first word away, and it is not said again"
        runs.go.set()
        await until(pilot, lambda: not rig.app.is_running)


async def test_a_y_that_may_be_part_of_a_text_leaves_nothing_and_says_so(rig: Rig) -> None:
    runs, told = Lasting(), "not taken: it came with other keys; press y again"
    async with rig.run(60, 17) as pilot:
        await confirmed(rig, pilot, runs)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "[y] stop after this step, and leave" in rig.text)
        rig.clock.move(2)
        await pilot.press("k", "y")
        await until(pilot, lambda: told in rig.text)
        assert rig.shows(LeaveScreen)
        assert "[n] Stay" in rig.text
        rig.app.dispatcher.end(rig.clock.monotonic())
        await until(pilot, lambda: "[y] cut it short" in rig.text)
        assert told not in rig.text, "it asks something else"
        runs.go.set()
        await until(pilot, lambda: not rig.app.dispatcher.running)


@pytest.mark.parametrize("width", [60, 100])
async def test_the_question_says_what_its_key_does_now(rig: Rig, width: int) -> None:
    runs, cut = Lasting(), asyncio.Event()
    async with rig.run(width, 30) as pilot:
        await confirmed(rig, pilot, runs)
        with runs.brake.over("systemctl restart engine", cut.set):
            await pilot.press("ctrl+q")
            await until(pilot, lambda: "[y] stop after this step, and leave" in rig.text)
            question = rig.app.screen
            assert isinstance(question, LeaveScreen)
            rig.clock.move(2)
            rig.app.dispatcher.end(rig.clock.monotonic())
            await pilot.press("y")
            await until(pilot, lambda: "[y] cut it short; its result is unknown" in rig.text)
            assert "What is cut short may have been done all the same." in rig.text
            assert rig.shows(LeaveScreen), "the answer was to another question"
            assert not cut.is_set()
        runs.go.set()
        await until(pilot, lambda: "requeue has ended." in rig.text and question._drawn_at is not None)
        rig.clock.move(2)
        await pilot.press("n")
        assert not rig.shows(LeaveScreen)


async def test_x_stops_what_runs_and_tells_when_nothing_does(rig: Rig) -> None:
    runs = Lasting()
    async with rig.run(100, 30) as pilot:
        rig.app.dispatcher.runner = lambda _spec: runs  # type: ignore[assignment,return-value]
        await rig.know(pilot, data_gap())
        await pilot.press("x")
        assert rig.told == ["stop: no action runs"]
        await pilot.press("down", "r")
        await until(pilot, lambda: isinstance(rig.app.screen, PlanScreen) and "[n] Cancel" in rig.text)
        rig.clock.move(2)
        await pilot.press("y")
        await until(pilot, lambda: rig.app.dispatcher.running and "0 of 1, x stops   may it" in rig.text)
        await pilot.press("x")
        await until(pilot, lambda: runs.brake.pulled)
        assert rig.app.stage.progress == "0 of 1, nothing more is sent   may it still run?"
        runs.report(Progress(1, 1, "8841: pending"))
        assert rig.app.stage.progress == "1 of 1, nothing more is sent   8841: pending"
        assert (runs.brake.why, runs.brake.hurries()) == (BY_HAND, False)
        assert rig.told == ["stop: nothing more is sent; what was sent is looked at"]
        runs.go.set()
        await until(pilot, lambda: not rig.app.dispatcher.running)


def other(rig: Rig) -> Journal:
    return Journal(rig.app.desk.scribe.journal.path, "bob@research-02", rig.clock)


async def test_what_another_backtop_writes_is_shown(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "LOOK_EVERY", 0.01)
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(rig.app.life._follow_journal(tasks))
            for target in ("8841", "8839"):
                other(rig).append("intent", id=target, action="job.requeue", targets=[f"job:{target}"])
                shown = f"bob@research-02 job.requeue {target}"
                await until(pilot, lambda shown=shown: shown in rig.text)  # type: ignore[misc]
            following.cancel()


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_dashboard_writes_down_that_the_alert_fires(
    rigged: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    rig = rigged(read_only=read_only)
    monkeypatch.setattr(life, "LOOK_EVERY", 0.01)
    looks, look = 0, rig.app.life.caretaker.look

    async def counted() -> Sequence[RunRecord]:
        nonlocal looks
        looks += 1
        return await look()

    monkeypatch.setattr(Caretaker, "look", lambda _: counted())
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(rig.app.life._follow_journal(tasks))
            await until(pilot, lambda: looks > 3)
            following.cancel()
        entries = rig.app.desk.scribe.ledger.entries
        assert [(entry.kind, entry.data["state"]) for entry in entries] == ([] if read_only else [("alert", "firing")])


async def test_what_became_of_a_run_names_its_targets(rig: Rig) -> None:
    async with rig.run() as pilot:
        other(rig).append("intent", id="killed", action="job.requeue", targets=["job:8816", "job:8820"])
        await rig.app.desk.read_journal()
        (run,) = rig.app.desk.scribe.ledger.open_runs
        verdict = Verdict(Word.WORKED, "completed in attempt 2", ())
        await life.Voice(rig.app.stage, rig.app.dispatcher).ended(run, REGISTRY["job.requeue"], verdict)
        await until(pilot, lambda: rig.told)
        assert rig.told == ["requeue: job:8816, job:8820: worked: completed in attempt 2"]


async def test_a_journal_that_nobody_wrote_to_is_not_drawn_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig.run():
        other(rig).append("note", id="a", action="looked")
        await rig.app.stage.reread()
        drawn: list[str] = []
        monkeypatch.setattr(rig.app.stage, "_redraw", lambda: drawn.append("drawn"))
        await rig.app.stage.reread()
        assert drawn == []
        other(rig).append("note", id="b", action="looked")
        await rig.app.stage.reread()
        assert drawn == ["drawn"]


async def test_a_run_counts_once_by_its_last_word(rig: Rig) -> None:
    journal, title = other(rig), REGISTRY["job.requeue"].title
    runs = (("old", "8841", "worked"), ("a", "8841", "worked", "no effect"), ("b", "8841", "no effect"),
            ("c", "8841", "worked"), ("d", "1", "worse"), ("e", "8841"))  # fmt: skip
    for number, (run, job, *words) in enumerate(runs):
        if number == 1:
            rig.clock.move(5)
        about: dict[str, Any] = {"id": run, "action": "job.requeue", "targets": [f"job:{job}"]}
        journal.append("intent", **about)
        journal.append("step", **about)
        for word in words:
            journal.append("verdict", data={"verdict": word}, **about)
    await rig.app.desk.read_journal()
    told = before(requeue_of(failed()), rig.app.desk.scribe.ledger.runs, NOW + timedelta(seconds=1))
    assert told == [f"2 x {title} here: no effect", f"1 x {title} here: worked", f"1 x {title} here: no verdict yet"]


async def test_a_run_that_goes_on_is_not_counted_as_one_that_worked(rig: Rig) -> None:
    journal = other(rig)
    about: dict[str, Any] = {"id": "a", "action": "job.requeue", "targets": ["job:8841"]}
    journal.append("intent", **about)
    journal.append("step", **about)
    journal.append("verdict", data={"verdict": "worked", "final": False}, **about)
    await rig.app.desk.read_journal()
    told = before(requeue_of(failed()), rig.app.desk.scribe.ledger.runs, NOW)
    assert told == ["1 x requeue here: worked so far"]
