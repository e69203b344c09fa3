"""What the menu and the palette tell of an action that cannot run now, beside what the situation forbids."""

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot

import tui.reasons
from actions.guard import Posture
from actions.plan import Plan, Refusal
from actions.registry import REGISTRY
from actions.spec import ActionSpec, Ask
from actions.standing import Aim, Standing
from backend.config.model import Config
from backend.errors import NotAllowed, TimedOut
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.locks import TargetLock
from backend.model.situation import Failure
from backend.model.target import UnitTarget
from backend.parts import ENGINE_UNIT
from tests.conftest import Rig
from tests.journals import add
from tests.pilot.test_dashboard import without
from tests.pilot.test_life import Lasting, confirmed
from tests.pilot.waiting import until
from tests.situations import data_gap, data_gap_values, situation, unit
from tui import life
from tui.screens.menu import MenuScreen
from tui.screens.plan import PlanScreen
from tui.targets import HIDDEN, aimed, targets_of

UNIT = UnitTarget.of(unit()).key
BOB = "bob@research-01"


def reasons(rig: Rig) -> dict[str, str | None]:
    return {entry.id: entry.reason for entry in rig.app.reasons.entries()}


def other(rig: Rig) -> Journal:
    """The same journal, as somebody else writes it."""
    return Journal(rig.app.desk.config.journal_path, BOB, rig.clock)


async def know(rig: Rig, pilot: Pilot[None], *, seconds: float = 0.0) -> None:
    """So many seconds later everything is read."""
    rig.clock.move(seconds)
    await rig.know(pilot, situation(data_gap_values(), at=rig.clock.now()))


def lock(rig: Rig, action: str, key: str) -> TargetLock:
    """What somebody else takes who acts on this."""
    place = rig.app.desk.means(REGISTRY[action]).executor.place
    return TargetLock(rig.app.desk.config.lock_dir, f"{place} {key}", who=BOB)


async def asked(rig: Rig, action: str, *targets: str, run: str = "r1", risk: str = "low") -> None:
    """Somebody else acted on these."""
    other(rig).append("intent", id=run, action=action, targets=targets, data={"risk": risk})
    await rig.app.desk.read_journal()


async def test_while_an_action_runs_no_other_one_can(rig: Rig) -> None:
    runs = Lasting()
    async with rig.run(100, 30) as pilot:
        await confirmed(rig, pilot, runs)
        await pilot.press("a")
        await until(pilot, lambda: rig.shows(MenuScreen) and "esc closes" in rig.text)
        assert set(reasons(rig).values()) == {"requeue is open or runs; one action at a time."}
        assert rig.text.count("not now: requeue is open or runs") == len(REGISTRY)
        runs.go.set()
        await until(pilot, lambda: rig.shows(MenuScreen) and "not now: requeue" not in rig.text)
        assert reasons(rig)["engine.restart"] is None


async def test_what_cools_down_waits(rig: Rig) -> None:
    async with rig.run() as pilot:
        await asked(rig, "engine.restart", UNIT, risk="high")
        await know(rig, pilot, seconds=5)
        why = reasons(rig)["engine.restart"] or ""
        assert f"was already asked for {unit().name} 5 s ago by {BOB}" in why
        assert reasons(rig)["job.requeue"] is None
        await pilot.press("a")
        await until(pilot, lambda: "not now: restart engine was already asked" in rig.text)


async def test_of_several_targets_all_must_cool_down(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        await pilot.press("down", "space", "down", "space")
        assert rig.table().marked_keys == {"8841", "8839"}
        await asked(rig, "job.requeue", "job:8841")
        assert reasons(rig)["job.requeue"] is None
        await asked(rig, "job.requeue", "job:8839", run="r2")
        assert "8841, 8839" in (reasons(rig)["job.requeue"] or "")


async def test_what_is_under_the_cursor_is_what_cools_down(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        await asked(rig, "job.requeue", "job:8841")
        await pilot.press("down")
        assert "8841" in (reasons(rig)["job.requeue"] or "")
        await pilot.press("down")
        assert reasons(rig)["job.requeue"] is None


async def test_a_target_of_a_long_run_cools_down_since_it_was_touched(rig: Rig) -> None:
    def step(number: int, job: str) -> Entry:
        return Entry(number, rig.clock.now(), "0" * 64, "step", "r1", BOB, "job.requeue", (job,), {"sent": True})

    async with rig.run() as pilot:
        await asked(rig, "job.requeue", "job:8841", *(f"job:{number}" for number in range(300)))
        await know(rig, pilot, seconds=700)
        await pilot.press("down")
        assert reasons(rig)["job.requeue"] is None
        add(
            rig.app.desk.config.journal_path,
            [step(2, "job:8841"), *(step(number + 3, f"job:{number}") for number in range(300))],
        )
        await rig.app.desk.read_journal()
        assert "was already asked for 8841" in (reasons(rig)["job.requeue"] or "")


async def test_too_many_grave_actions_are_enough(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        for number in range(5):
            await asked(rig, "process.terminate", f"pid:{number}", run=f"r{number}", risk="high")
        assert (reasons(rig)["engine.restart"] or "").startswith("5 high-risk actions ran in the last 10 minutes")
        assert reasons(rig)["job.requeue"] is None


async def test_a_journal_that_cannot_record_keeps_everything_from_running(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        await asked(rig, "job.retry", "job:1")
        await rig.app.reasons.look()
        assert reasons(rig)["job.requeue"] is reasons(rig)["engine.restart"] is None
        rig.app.desk.config.journal_path.rename(rig.app.desk.config.journal_path.with_suffix(".away"))
        await rig.app.reasons.look()
        for id_ in ("job.requeue", "engine.restart"):
            assert (reasons(rig)[id_] or "").startswith("Nothing could be sent, for the journal could not record it: ")
            assert "is gone from" in (reasons(rig)[id_] or "")
        assert reasons(rig)["engine.reset-failed"] == REGISTRY["engine.reset-failed"].nothing
        rig.app.desk.config.journal_path.with_suffix(".away").rename(rig.app.desk.config.journal_path)
        await rig.app.reasons.look()
        assert reasons(rig)["job.requeue"] is None


async def test_what_another_backtop_acts_on_is_taken_until_it_lets_go(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        with lock(rig, "engine.restart", UNIT) as held:
            assert held is None
            await rig.app.reasons.look()
            why = reasons(rig)["engine.restart"] or ""
            assert why.startswith(f"{BOB}, pid ")
            assert f"acts on {unit().name} since" in why
            assert reasons(rig)["job.requeue"] is None
        await rig.app.reasons.look()
        assert reasons(rig)["engine.restart"] is None


async def test_the_menu_follows_what_is_seen_of_this_host(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "LOOK_EVERY", 0.01)
    async with rig.run() as pilot:
        await know(rig, pilot)
        await pilot.press("a")
        await until(pilot, lambda: rig.shows(MenuScreen) and "esc closes" in rig.text)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(rig.app.life._follow_journal(tasks))
            with lock(rig, "engine.restart", UNIT):
                await until(pilot, lambda: "pid" in (reasons(rig)["engine.restart"] or ""))
                rig.app.redraw()
                await until(pilot, lambda: f"not now: {BOB}, pid" in rig.text)
            await until(pilot, lambda: reasons(rig)["engine.restart"] is None)
            following.cancel()
        rig.app.redraw()
        await until(pilot, lambda: "not now: bob" not in rig.text)


async def test_of_several_targets_one_that_is_taken_keeps_all_from_running(rig: Rig) -> None:
    spec = REGISTRY["job.requeue"]
    async with rig.run() as pilot:
        await know(rig, pilot)
        await pilot.press("down", "space", "down", "space")
        with lock(rig, spec.id, "job:8839"):
            await rig.app.reasons.look()
            assert "acts on 8839" in (reasons(rig)[spec.id] or "")
            targets = targets_of(spec, rig.app.desk.situation(), rig.table().marked_keys)
            plan = spec.planner(Ask(rig.app.desk.situation(), targets, rig.app.desk.config))
            assert isinstance(plan, Plan)
            assert len(plan.targets) == 2
            ran = await rig.app.desk.runner(spec).run(plan, lambda _: None)
            assert isinstance(ran, Refusal)
            assert ran.reason == reasons(rig)[spec.id], "the run is refused in the same words"
            await pilot.press("space")
            assert rig.table().marked_keys == {"8841"}
            assert reasons(rig)[spec.id] is None


async def test_what_cools_down_is_left_out_also_where_it_is_taken(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        await pilot.press("down", "space", "down", "space")
        await asked(rig, "job.requeue", "job:8841")
        with lock(rig, "job.requeue", "job:8841"):
            await rig.app.reasons.look()
            assert reasons(rig)["job.requeue"] is None


async def test_what_may_act_on_anything_is_kept_off_by_nothing_less_than_all(rig: Rig) -> None:
    spec, found = REGISTRY["job.requeue"], situation(data_gap_values())
    keys = [target.key for target in spec.candidates(found)]
    for taken in (keys, keys[1:]):
        standing = Standing(found, Posture(), Config(), taken=dict.fromkeys(taken, "bob acts on it."))
        assert standing.forbids(spec) == ("bob acts on it." if taken is keys else None)


async def test_a_row_that_went_away_under_the_cursor_is_a_reason_and_told_once(rig: Rig) -> None:
    gone = "the row under the cursor went away"
    async with rig.run() as pilot:
        for _ in range(2):
            await know(rig, pilot)
        await pilot.press("home", "down", "a")
        await until(pilot, lambda: rig.shows(MenuScreen) and "esc closes" in rig.text)
        await rig.know(pilot, without(data_gap(), rig.table().cursor_key or ""))
        assert (reasons(rig)["job.requeue"] or "").startswith(gone)
        assert (reasons(rig)["job.requeue"] or "").startswith(gone), "to look at it takes no doubt away"
        assert "enter runs" not in rig.text
        await pilot.press("enter")
        assert rig.shows(MenuScreen)
        assert f"Cannot run now: {gone}" in rig.text
        await pilot.press("enter")
        await until(pilot, lambda: rig.shows(PlanScreen) and "requeue 1 job" in rig.text)
        assert f"/{rig.table().cursor_key}/requeue" in rig.text


async def test_the_palette_asks_only_for_what_one_action_means(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []

    def counted(spec: ActionSpec, *about: Any) -> Aim:
        asked_for.append(spec.id)
        return aimed(spec, *about)

    monkeypatch.setattr(tui.reasons, "aimed", counted)
    async with rig.run() as pilot:
        await know(rig, pilot)
        asked_for.clear()
        rig.app.reasons.of(REGISTRY["engine.restart"])
        assert asked_for == ["engine.restart"]


async def test_locks_of_our_own_are_no_reason(rig: Rig) -> None:
    runs = Lasting()
    async with rig.run(100, 30) as pilot:
        await confirmed(rig, pilot, runs)
        with lock(rig, "job.requeue", "job:8841"):
            await rig.app.reasons.look()
            runs.go.set()
            await until(pilot, lambda: not rig.app.dispatcher.running)
            assert reasons(rig)["job.requeue"] is None


async def test_a_folder_for_locks_that_cannot_be_used_is_a_reason(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(_: TargetLock) -> None:
        raise TimedOut("the folder for locks did not answer")

    monkeypatch.setattr(TargetLock, "holder", hangs)
    async with rig.run() as pilot:
        await know(rig, pilot)
        await rig.app.reasons.look()
        assert reasons(rig)["job.requeue"] == "Nobody could be kept off: the folder for locks did not answer."


async def test_what_is_marked_and_hidden_is_a_reason(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know(rig, pilot)
        await pilot.press("down", "space")
        rig.table().filter("nothing fits this")
        assert reasons(rig)["job.requeue"] == HIDDEN


async def test_the_palette_says_why_in_the_platforms_own_words(rig: Rig) -> None:
    async with rig.run() as pilot:
        hostile = NotAllowed("x[/foo]y [@click=app.quit]z[/]")
        await rig.know(pilot, situation({ENGINE_UNIT: Failure.of(hostile)}))
        await pilot.press("ctrl+p", *"restart")
        await until(pilot, lambda: "not now: engine.unit cannot be read: x[/foo]y [@click=app.quit]z[/]" in rig.text)
