"""What keeps hands off, as the person before the screen is told of it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from backend.config.model import Environment
from backend.incident.reading import JournalReader
from backend.parts import ENGINE_UNIT
from tests.conftest import HOST, Rig
from tests.pilot.waiting import until
from tests.situations import after, data_gap, data_gap_values, unit
from tui.screens.plan import PlanScreen

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from backend.locks import TargetLock
lock = TargetLock(Path(sys.argv[1]), sys.argv[2], who="bob@research-01", fallback=Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""
WORD = "adaf-backtest-engine"
KEYS = {"requeue": ("2", "home", "down", "r"), "restart engine": ("1", "S")}
TARGETS = {"requeue": "job:8841", "restart engine": f"unit:{WORD}.service"}


@contextmanager
def held_by_another_process(folder: Path, key: str) -> Iterator[int]:
    """While this lasts, bob acts on the target of this key; gives his pid."""
    folder.mkdir(exist_ok=True)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"None\n"
        yield holder.pid
    finally:
        holder.communicate()


async def know_again(rig: Rig, pilot: Pilot[None]) -> None:
    """Everything was read just now."""
    values = {**data_gap_values(), ENGINE_UNIT: unit()}
    await rig.know(pilot, after(data_gap().seen_at(rig.clock.now()), values))


async def open_dialog(rig: Rig, pilot: Pilot[None], title: str) -> None:
    await pilot.press(*KEYS[title])
    await until(pilot, lambda: rig.shows(PlanScreen) and "Cancel" in rig.text)


async def confirm(rig: Rig, pilot: Pilot[None], title: str) -> None:
    rig.clock.move(2)
    await pilot.press(*("y" if title == "requeue" else [*WORD, "enter"]))
    await until(pilot, lambda: not rig.shows(PlanScreen) and rig.app.dispatcher.busy is None)


@pytest.mark.parametrize("title", KEYS)
async def test_what_another_backtop_does_is_left_to_it(rig: Rig, title: str) -> None:
    config = rig.app.desk.config
    place = f"http://127.0.0.1:9 on {HOST}" if title == "requeue" else f"systemctl on {HOST}"
    with held_by_another_process(config.lock_dir, f"{place} {TARGETS[title]}") as pid:
        async with rig.run() as pilot:
            await rig.know(pilot, data_gap())
            await open_dialog(rig, pilot, title)
            await confirm(rig, pilot, title)
            (told,) = rig.told
            assert told.startswith(f"{title}: refused: bob@research-01, pid {pid} acts on ")
            assert "; wait for what comes of it. If it never ends, kill -9 that process" in told
            await until(pilot, lambda: "bob@research-01" in rig.text)
    (refusal,) = JournalReader(config.journal_path).tail(9)
    assert (refusal.kind, refusal.data["text"]) == ("refusal", told.partition(": refused: ")[2]), "nothing was begun"


@pytest.mark.parametrize("title", KEYS)
async def test_without_a_journal_nothing_is_sent(rig: Rig, title: str) -> None:
    rig.app.desk.config.journal_path.mkdir(parents=True)
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press(*KEYS[title])
        await until(pilot, lambda: rig.told)
        assert rig.app.screen is rig.app.dashboard, "nobody is asked to confirm what cannot be recorded"
        (told,) = rig.told
        assert told.startswith(f"{title}: refused: Nothing was sent, for the journal cannot record it: ")
        assert "it is a folder" in told


@pytest.mark.parametrize("title", KEYS)
async def test_what_may_only_look_stays_so(rigged: Callable[..., Rig], title: str) -> None:
    rig = rigged(read_only=True, environment=Environment("production", "red", locked=True))
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("L", *KEYS[title])
        await pilot.pause()
        assert rig.app.screen is rig.app.dashboard
        assert rig.told == [
            "lock: this backtop is read-only; that cannot be lifted",
            f"{title}: refused: This backtop is read-only; start one without --read-only to act.",
        ]
        assert "read-only" in rig.lines[0]


@pytest.mark.parametrize("title", KEYS)
async def test_unlocked_for_a_quarter_of_an_hour(rigged: Callable[..., Rig], title: str) -> None:
    rig = rigged(environment=Environment("production", "red", locked=True))
    refused = f"{title}: refused: Actions are locked; L unlocks them for 15 minutes."
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        assert "locked" in rig.lines[0]
        await pilot.press(*KEYS[title], "L")
        await pilot.pause()
        assert rig.told == [refused, "lock: actions are unlocked for 15 minutes"]
        assert "unlocked 15m" in rig.lines[0]
        rig.clock.move(15 * 60 - 10)
        await know_again(rig, pilot)
        assert "unlocked 1m" in rig.lines[0]
        await open_dialog(rig, pilot, title)
        rig.clock.move(10)
        await know_again(rig, pilot)
        await confirm(rig, pilot, title)
        assert rig.told == [refused], "the time ran out under the dialog"
        await know_again(rig, pilot)
        assert "unlocked" not in rig.lines[0]


async def test_l_locks_again_at_once(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("L", *KEYS["restart engine"])
        await pilot.pause()
        assert rig.told == [
            "lock: actions are locked",
            "restart engine: refused: Actions are locked; L unlocks them for 15 minutes.",
        ]


async def test_what_was_broken_off_is_told_with_its_name_time_and_last_step(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        journal, key = rig.app.desk.scribe.journal, TARGETS["restart engine"]
        journal.append("intent", id="a", action="engine.restart", targets=[key])
        journal.append(
            "step", id="a", action="engine.restart", targets=[key], data={"text": "restart it", "result": "0"}
        )
        for _ in range(2):  # one look at a run without a lock is not enough
            await rig.app.life.caretaker.look()
        await pilot.pause()
        (told,) = rig.told
        assert told.startswith("unfinished: engine.restart was begun at 14:30:00 by ")
        assert told.endswith(
            f" and broken off after step 1 of 1 (restart it gave 0): unit:{WORD}.service; look before you act"
        )


async def test_a_unit_that_has_not_failed_has_nothing_to_reset(rig: Rig) -> None:
    async with rig.run() as pilot:
        await know_again(rig, pilot)
        await pilot.press("3", "e")
        await until(pilot, lambda: rig.told)
        assert rig.told == ["reset failed: refused: The unit has not failed, it is active: there is nothing to reset."]
