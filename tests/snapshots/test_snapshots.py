"""Pictures of the whole screen, each looked at before it was kept. Few, for each is a promise about every cell."""

from importlib.metadata import version

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from backend.incident.entry import Entry, Kind
from backend.model.situation import Situation
from backend.parts import ENGINE_UNIT
from tests import situations
from tests.conftest import Rig
from tests.journals import add
from tests.pilot.waiting import until
from tests.situations import NOW, ago
from tui.screens.plan import PlanScreen
from widgets.text import ASCII

PINNED = "8.2.8"
"""The version of Textual that the pictures were drawn with; another one draws others."""

FACES: dict[str, Situation] = {
    "waiting": situations.waiting(),
    "empty": situations.empty(),
    "stale": situations.stale(),
    "failed": situations.failed(),
    "failed-unknown": situations.failed(known=False),
    "missing": situations.missing(),
    "partly": situations.partly(),
    "gone": situations.gone(),
}


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The kept picture of a test."""
    drawn_with = version("textual")
    if drawn_with != PINNED:
        pytest.fail(f"the pictures belong to Textual {PINNED}, this is {drawn_with}: neither compare nor update them")
    return snapshot.use_extension(SVGImageExtension)


def journal(actor: str) -> tuple[Entry, ...]:
    """Two actions: one that had no effect, one that runs."""

    def entry(minutes: float, kind: Kind, run: str, target: str, **data: object) -> Entry:
        return Entry(1, ago(minutes), "0" * 64, kind, run, actor, "job.requeue", (f"job:{target}",), data)

    return (
        entry(1.3, "verdict", "a", "8836", verdict="no effect", text="failed again, same error"),
        entry(0.2, "intent", "b", "8832"),
    )


async def show(rig: Rig, pilot: Pilot[None], found: Situation) -> None:
    """Bring the screen to this situation."""
    rig.clock.move((found.at - NOW).total_seconds())
    for _ in range(2):  # how much there is to show follows the sizes that the first picture gave
        await rig.know(pilot, found)


async def opened(rig: Rig, pilot: Pilot[None], keys: tuple[str, ...]) -> None:
    """Press these keys, the last of which opens a dialog, and wait until it is drawn."""
    await pilot.press(*keys)
    for _ in range(500):
        if rig.shows(PlanScreen) and "Cancel" in rig.text and "targets" in rig.text:
            break
        await pilot.pause(0.01)
    await pilot.pause()


SIZES = [(60, 17), (80, 24), (120, 40), (200, 50)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_data_gap(rig: Rig, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with rig.run(*size) as pilot:
        add(rig.app.desk.config.journal_path, journal(rig.app.desk.scribe.journal.actor))
        await rig.app.desk.read_journal()
        await show(rig, pilot, situations.data_gap())
        assert rig.app.export_screenshot() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_calm(rig: Rig, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with rig.run(*size) as pilot:
        await show(rig, pilot, situations.calm())
        assert rig.app.export_screenshot() == picture


@pytest.mark.parametrize("theme", ["backtop-light", "backtop-colour-blind"])
async def test_theme(rig: Rig, picture: SnapshotAssertion, theme: str) -> None:
    rig.app.theme = theme
    async with rig.run() as pilot:
        await show(rig, pilot, situations.data_gap())
        assert rig.app.export_screenshot() == picture


async def test_ascii(rig: Rig, picture: SnapshotAssertion) -> None:
    rig.app.glyphs = ASCII
    async with rig.run() as pilot:
        await show(rig, pilot, situations.data_gap())
        assert rig.app.export_screenshot() == picture


@pytest.mark.parametrize("face", FACES)
async def test_face(rig: Rig, picture: SnapshotAssertion, face: str) -> None:
    async with rig.run() as pilot:
        await show(rig, pilot, FACES[face])
        assert rig.app.export_screenshot() == picture


@pytest.mark.parametrize("keys", [("down", "r"), ("asterisk", "r")], ids=["one", "several"])
async def test_dialog(rig: Rig, picture: SnapshotAssertion, keys: tuple[str, ...]) -> None:
    async with rig.run(80, 24) as pilot:
        await show(rig, pilot, situations.data_gap())
        await opened(rig, pilot, keys)
        assert rig.app.export_screenshot() == picture


RISKS = {"low": ("down", "r"), "medium": ("asterisk", "r"), "high": ("1", "S")}


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
@pytest.mark.parametrize("risk", RISKS)
async def test_dialog_of_risk(rig: Rig, picture: SnapshotAssertion, risk: str, size: tuple[int, int]) -> None:
    async with rig.run(*size) as pilot:
        await show(rig, pilot, situations.data_gap())
        await opened(rig, pilot, RISKS[risk])
        assert rig.app.export_screenshot() == picture


OVER = {
    "menu": (("a",), "not now"),
    "help": (("question_mark",), "go to the jobs pane"),
    "leave": (("ctrl+q",), "requeue is open"),
}
"""What else lies over the dashboard: the keys that open it, and a word that it shows."""


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
@pytest.mark.parametrize("name", OVER)
async def test_over_the_dashboard(rig: Rig, picture: SnapshotAssertion, name: str, size: tuple[int, int]) -> None:
    keys, word = OVER[name]
    async with rig.run(*size) as pilot:
        await show(rig, pilot, situations.data_gap())
        if name == "leave":
            await opened(rig, pilot, RISKS["low"])
            rig.clock.move(1)  # a dialog that just opened hears no key
        await pilot.press(*keys)
        await until(pilot, lambda: word in rig.text)
        await pilot.pause()
        assert rig.app.export_screenshot() == picture


GIVEN_UP = situations.after(
    situations.data_gap(),
    {ENGINE_UNIT: situations.given_up(restarts=5)},
)
MORE = {
    "reset": (GIVEN_UP, ("3", "e"), (), "[y] reset failed"),
    "refused": (GIVEN_UP, (), ("a", "down"), "clears it."),
    "wrong": (situations.data_gap(), ("1", "S"), (*"adaf", "enter"), "not the word"),
    "leaving": (situations.data_gap(), ("1", "S"), (*"adaf-backtest-engine", "ctrl+q"), "restart engine is open"),
}
"""Dialogs in other states: what is known, the keys that open one, those that are pressed in it, and a word of it."""


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
@pytest.mark.parametrize("name", MORE)
async def test_dialog_in_another_state(rig: Rig, picture: SnapshotAssertion, name: str, size: tuple[int, int]) -> None:
    found, opening, pressed, word = MORE[name]
    async with rig.run(*size) as pilot:
        await show(rig, pilot, found)
        if opening:
            await opened(rig, pilot, opening)
        if pressed:
            rig.clock.move(2)  # a dialog that just opened hears no key
            await pilot.press(*pressed)
        await until(pilot, lambda: word in rig.text)
        await pilot.pause()
        assert rig.app.export_screenshot() == picture
