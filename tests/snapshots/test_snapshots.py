"""Pictures of the whole screen, each looked at before it was kept. Few, for each is a promise about every cell."""

from collections.abc import Awaitable, Callable
from importlib.metadata import version

import pytest
from textual.pilot import Pilot

from backend.incident.entry import Entry, Kind
from backend.model.situation import Situation
from tests import situations
from tests.conftest import Rig
from tests.situations import NOW, ago
from tui.screens.plan import PlanScreen

PINNED = "8.2.8"
"""The version of Textual that the pictures were drawn with; another one draws others."""

Prepare = Callable[[Pilot[None]], Awaitable[None]]
Compare = Callable[..., bool]

FACES: dict[str, Situation] = {
    "waiting": situations.waiting(),
    "empty": situations.empty(),
    "stale": situations.stale(),
    "failed": situations.failed(),
    "failed-unknown": situations.failed(known=False),
    "missing": situations.missing(),
    "partly": situations.partly(),
}


@pytest.fixture(autouse=True)
def _pinned() -> None:
    drawn_with = version("textual")
    if drawn_with != PINNED:
        pytest.fail(f"the pictures belong to Textual {PINNED}, this is {drawn_with}: neither compare nor update them")


def journal(actor: str) -> tuple[Entry, ...]:
    """Two actions: one that had no effect, one that runs."""

    def entry(minutes: float, kind: Kind, run: str, target: str, **data: object) -> Entry:
        return Entry(1, ago(minutes), "", kind, run, actor, "job.requeue", (f"job:{target}",), data)

    return (
        entry(1.3, "verdict", "a", "8836", verdict="no effect", text="failed again, same error"),
        entry(0.2, "intent", "b", "8832"),
    )


def knowing(rig: Rig, found: Situation, *keys: str) -> Prepare:
    """What brings the screen to this situation, and presses these keys."""

    async def prepare(pilot: Pilot[None]) -> None:
        rig.clock.move((found.at - NOW).total_seconds())
        feed = rig.app.desk.open_feed()
        rig.app.desk.entries = journal(rig.app.desk.journal.actor)
        for _ in range(2):  # how much there is to show follows the sizes that the first picture gave
            await rig.know(pilot, found)
        await pilot.press(*keys)
        await settled(rig, pilot, dialog="r" in keys)
        await feed.platform.aclose()

    return prepare


async def settled(rig: Rig, pilot: Pilot[None], *, dialog: bool) -> None:
    """Wait until the screen shows what it will show."""
    for _ in range(500):
        if not dialog or (isinstance(rig.app.screen, PlanScreen) and "[n] Cancel" in rig.text):
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError(rig.told)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_data_gap(rig: Rig, snap_compare: Compare, size: tuple[int, int]) -> None:
    found = situations.data_gap()
    assert snap_compare(rig.app, terminal_size=size, run_before=knowing(rig, found))


def test_calm(rig: Rig, snap_compare: Compare) -> None:
    assert snap_compare(rig.app, terminal_size=(120, 40), run_before=knowing(rig, situations.calm()))


@pytest.mark.parametrize("face", FACES)
def test_face(rig: Rig, snap_compare: Compare, face: str) -> None:
    assert snap_compare(rig.app, terminal_size=(120, 40), run_before=knowing(rig, FACES[face]))


@pytest.mark.parametrize("keys", [("down", "r"), ("asterisk", "r")], ids=["one", "several"])
def test_dialog(rig: Rig, snap_compare: Compare, keys: tuple[str, ...]) -> None:
    found = situations.data_gap()
    assert snap_compare(rig.app, terminal_size=(80, 24), run_before=knowing(rig, found, *keys))
