"""The menu and the palette: all actions by name, on the same path as their keys."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot

from actions.outcome import Progress
from actions.plan import Plan
from actions.registry import REGISTRY
from backend.config.model import Environment
from backend.errors import NotAllowed
from backend.model.situation import Failure, Situation
from backend.parts import ENGINE_UNIT, JOBS_FAILED
from tests.conftest import Rig
from tests.pilot.test_dialog import Recorder
from tests.pilot.waiting import until
from tests.situations import (
    NOW,
    after,
    calm,
    data_gap,
    data_gap_values,
    given_up,
    jobs,
    missing,
    situation,
    stale,
    unit,
    waiting,
)
from tui.screens.menu import MenuScreen
from tui.screens.palette import Palette
from tui.screens.plan import PlanScreen
from widgets.readout import Readout
from widgets.text import plain

IDS = list(REGISTRY)
GIVEN_UP = after(data_gap(), {ENGINE_UNIT: given_up()})


@asynccontextmanager
async def menu(
    rig: Rig, found: Situation, size: tuple[int, int] = (120, 40), keys: tuple[str, ...] = ("a",)
) -> AsyncIterator[Pilot[None]]:
    """The application with its menu open."""
    async with rig.run(*size) as pilot:
        rig.app.dispatcher.runner = lambda _spec: Recorder()  # type: ignore[assignment,return-value]
        rig.clock.move((found.at - NOW).total_seconds())
        await rig.know(pilot, found)
        await pilot.press(*keys)
        await until(pilot, lambda: rig.shows(MenuScreen) and "esc closes" in rig.text)
        await pilot.pause()
        yield pilot


async def choose(pilot: Pilot[None], id_: str) -> None:
    """Go to an action and press enter."""
    await pilot.press("home", *["down"] * IDS.index(id_), "enter")
    await pilot.pause()


def row(rig: Rig, title: str) -> str:
    return next(line for line in rig.lines if title in line)


def shown(rig: Rig) -> str:
    """What is told below the list, all of which must be on the screen."""
    lines = [plain(line) for line in rig.app.screen.query_one("#menu-reason", Readout).lines]
    assert all(line in rig.text for line in lines)
    return " ".join(lines)


async def test_every_action_stands_there_with_its_key_and_risk(rig: Rig) -> None:
    async with menu(rig, data_gap()):
        for spec in REGISTRY.values():
            assert spec.risk.value in row(rig, f"{spec.key}   {spec.title}")
        assert "The engine's unit has not failed." in row(rig, "reset failed")
        assert "not now" not in row(rig, "restart engine")
        assert REGISTRY[IDS[0]].help in shown(rig)


WHEN = {
    "calm": (calm(), {"job.requeue": "There is no failed job."}),
    "nothing read": (waiting(), dict.fromkeys(IDS, "Nothing has been read of")),
    "stale": (stale(), dict.fromkeys(IDS, "is 600 s old and it is stale")),
    "missing": (missing(), dict.fromkeys(IDS, "The server has no route for")),
    "no failures": (after(data_gap(), {JOBS_FAILED: jobs()}), {"job.requeue": "There is no failed job."}),
    "not found": (
        after(data_gap(), {ENGINE_UNIT: unit(load="not-found", active="inactive")}),
        {"engine.restart": "The service manager does not know the engine's unit."},
    ),
    "given up": (GIVEN_UP, {}),
}


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
@pytest.mark.parametrize("name", WHEN)
async def test_what_cannot_run_stays_there_and_says_why_in_full(rig: Rig, name: str, size: tuple[int, int]) -> None:
    found, reasons = WHEN[name]
    async with menu(rig, found, size) as pilot:
        for id_, reason in reasons.items():
            await choose(pilot, id_)
            assert rig.shows(MenuScreen), "enter runs only what can run"
            assert reason in shown(rig)
            whole = rig.app.reasons.entries()[IDS.index(id_)].reason
            assert shown(rig) == f"Cannot run now: {whole}", "the reason is told whole"
        assert rig.app.dispatcher.busy is None
        assert rig.told == []


async def test_lines_to_copy_stand_each_on_its_own_below_the_list_and_where_the_key_is_refused(rig: Rig) -> None:
    trouble = NotAllowed("lines are missing in sudoers\nann ALL=(root) NOPASSWD: a\nann ALL=(root) NOPASSWD: b")
    found = situation({**data_gap_values(), ENGINE_UNIT: Failure.of(trouble)})
    copied = ["ann ALL=(root) NOPASSWD: a", "ann ALL=(root) NOPASSWD: b"]
    async with menu(rig, found) as pilot:
        await pilot.press("home", "down")
        await until(pilot, lambda: [line.strip() for line in reason(rig)][-2:] == copied)
        assert "·ann" not in rig.text
        await pilot.press("escape", "1", "S")
        await until(pilot, lambda: bool(rig.told))
        assert rig.told[-1].split("\n")[-2:] == copied


def reason(rig: Rig) -> list[str]:
    return [plain(line) for line in rig.app.screen.query_one("#menu-reason", Readout).lines]


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
@pytest.mark.parametrize(
    ("id_", "found"),
    [("job.requeue", data_gap()), ("engine.restart", data_gap()), ("engine.reset-failed", GIVEN_UP)],
)
async def test_enter_opens_the_dialog_of_what_can_run(
    rig: Rig, id_: str, found: Situation, size: tuple[int, int]
) -> None:
    async with menu(rig, found, size) as pilot:
        await choose(pilot, id_)
        await until(pilot, lambda: rig.shows(PlanScreen))
        assert rig.app.dispatcher.busy is REGISTRY[id_]


async def test_the_menu_means_what_the_key_means(rig: Rig) -> None:
    plans: list[Plan] = []

    async def keep(plan: Plan) -> bool:
        plans.append(plan)
        return False

    async with rig.run() as pilot:
        rig.app.stage.confirm = keep  # type: ignore[method-assign]
        await rig.know(pilot, data_gap())
        await pilot.press("down", "space", "down", "down", "space", "r")
        await until(pilot, lambda: len(plans) == 1 and rig.app.dispatcher.busy is None)
        await pilot.press("3", "a")
        await choose(pilot, "job.requeue")
        await until(pilot, lambda: len(plans) == 2 and rig.app.dispatcher.busy is None)
        await pilot.press("1", "ctrl+p")
        await palette(rig, pilot, "requeue", "Run the marked failed")
        await until(pilot, lambda: len(plans) == 3 and rig.app.dispatcher.busy is None)
    assert [target.label for target in plans[0].targets] == ["8841", "8837"]
    assert plans[0] == plans[1] == plans[2]


async def palette(rig: Rig, pilot: Pilot[None], name: str, says: str) -> None:
    """Choose a command of the open palette by its name, once it says this."""
    await until(pilot, lambda: isinstance(rig.app.screen, CommandPalette))
    await pilot.press(*name)
    await until(pilot, lambda: says in rig.text)
    await pilot.press("enter")
    if isinstance(rig.app.screen, CommandPalette):
        await pilot.press("enter")


async def test_what_cannot_run_is_refused_from_the_palette_too(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("ctrl+p")
        await palette(rig, pilot, "reset failed", "not now: The engine's unit has")
        await until(pilot, lambda: bool(rig.told))
        (told,) = rig.told
        assert told.startswith("reset failed: refused: ")
        assert rig.app.screen is rig.app.dashboard


@pytest.mark.parametrize("typed", ["lock", "unlock"])
async def test_the_palette_finds_the_lock_by_either_name(rig: Rig, typed: str) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(rig.app.screen, CommandPalette))
        await pilot.press(*typed)
        await until(pilot, lambda: "unlock actions for 15 minutes" in rig.text)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"environment": Environment("production", "red", locked=True)}, "Actions are locked; L unlocks them"),
        ({"read_only": True}, "This backtop is read-only; start one without --read-only to act."),
    ],
)
async def test_locked_and_read_only_are_reasons(
    rigged: Callable[..., Rig], settings: dict[str, object], words: str
) -> None:
    rig = rigged(**settings)
    async with menu(rig, data_gap(), (60, 17)) as pilot:
        for id_ in IDS:
            await choose(pilot, id_)
            assert rig.shows(MenuScreen)
            assert words in shown(rig)


@pytest.mark.parametrize("key", ["escape", "q", "a"])
async def test_it_closes_and_changes_nothing(rig: Rig, key: str) -> None:
    async with menu(rig, data_gap()) as pilot:
        await pilot.press(key)
        assert rig.app.screen is rig.app.dashboard
        assert rig.app.dispatcher.busy is None


async def test_action_keys_do_nothing_in_the_menu(rig: Rig) -> None:
    async with menu(rig, data_gap()) as pilot:
        await pilot.press("r", "S", "e", "y", "z")
        await pilot.pause()
        assert rig.shows(MenuScreen)
        assert rig.app.dispatcher.busy is None


async def test_a_world_that_changed_under_the_menu_is_told_in_it(rig: Rig) -> None:
    async with menu(rig, data_gap()) as pilot:
        rig.app.desk.feed.situation = after(data_gap(), {ENGINE_UNIT: unit(load="not-found", active="inactive")})
        await choose(pilot, "engine.restart")
        assert rig.shows(MenuScreen)
        assert shown(rig).startswith("Cannot run now: The service manager does not know")
        assert rig.told == []


@pytest.mark.parametrize("size", [(60, 17), (120, 40)], ids=["60x17", "120x40"])
async def test_what_is_read_while_it_is_open_is_told_and_the_cursor_stays_where_it_is(
    rig: Rig, size: tuple[int, int]
) -> None:
    async with menu(rig, waiting(), size) as pilot:
        await pilot.press("down")
        assert shown(rig) == "Nothing has been read of engine.unit yet; wait for its first answer."
        assert "enter runs" not in rig.text
        await rig.know(pilot, data_gap())
        assert shown(rig) == REGISTRY["engine.restart"].help
        assert "not now" not in row(rig, "restart engine")
        assert "enter runs" in rig.text
        await rig.know(pilot, after(data_gap(), {JOBS_FAILED: jobs()}))
        assert "not now: There is n" in row(rig, "requeue")
        assert shown(rig) == REGISTRY["engine.restart"].help
        await pilot.press("enter")
        await until(pilot, lambda: rig.shows(PlanScreen))
        assert rig.app.dispatcher.busy is REGISTRY["engine.restart"]


async def test_a_reason_that_counts_seconds_goes_on_counting(rig: Rig) -> None:
    async with menu(rig, GIVEN_UP, (60, 17)) as pilot:
        await pilot.press("down", "enter")
        for left in (60, 30):
            limited = given_up(start_limit=float(left), changed_at=rig.clock.now())
            await rig.know(pilot, after(GIVEN_UP, {ENGINE_UNIT: limited}))
            assert f"may be refused for another {left} s" in shown(rig)
            assert shown(rig).startswith("Cannot run now: ")


async def test_nothing_else_moves_when_a_reason_comes_and_goes(rig: Rig) -> None:
    def drawn() -> list[str]:
        at = rig.app.screen.query_one("#menu").region
        return [line[at.x : at.right] for line in rig.lines[at.y : at.bottom]]

    async with menu(rig, data_gap(), (80, 24)) as pilot:
        await pilot.press("down")
        before = drawn()
        await rig.know(pilot, after(data_gap(), {JOBS_FAILED: Failure.of(NotAllowed("no"))}))
        (changed,) = [new for old, new in zip(before, drawn(), strict=True) if old != new]
        assert " requeue " in changed
        await pilot.press("up", "enter", "down")
        await rig.know(pilot, data_gap())
        assert drawn() == before


async def test_the_list_stays_where_it_is_however_long_a_reason_is(rig: Rig) -> None:
    def place() -> int:
        return rig.lines.index(row(rig, "reset failed"))

    async with menu(rig, data_gap(), (60, 18)) as pilot:
        before, told = place(), set()
        for key in ("down", "down", "up", "up"):
            await pilot.press(key)
            told.add(len(reason(rig)))
            assert place() == before
        assert len(told) > 1
        await rig.know(pilot, after(data_gap(), {JOBS_FAILED: jobs()}))
        assert place() == before


async def test_enter_says_why_not_until_the_person_goes_on_or_it_can_run(rig: Rig) -> None:
    async with menu(rig, data_gap()) as pilot:
        await choose(pilot, "engine.reset-failed")
        loud = "Cannot run now: The engine's unit has not failed."
        assert shown(rig) == loud
        await rig.know(pilot, data_gap())
        assert shown(rig) == loud
        await pilot.press("up", "down")
        assert shown(rig) == "The engine's unit has not failed."
        await pilot.press("enter")
        assert shown(rig) == loud
        await rig.know(pilot, GIVEN_UP)
        assert shown(rig) == REGISTRY["engine.reset-failed"].help
        await rig.know(pilot, data_gap())
        assert shown(rig) == "The engine's unit has not failed."


async def test_what_a_plan_would_refuse_stands_there_with_the_reason(rig: Rig) -> None:
    async with menu(rig, GIVEN_UP) as pilot:
        assert "not now: The unit hit" in row(rig, "  restart engine  ")
        assert "not now" not in row(rig, "  reset failed  ")
        await choose(pilot, "engine.restart")
        assert rig.shows(MenuScreen)
        assert shown(rig).endswith("unless reset failed (e in resources) clears it.")
        await choose(pilot, "engine.reset-failed")
        await until(pilot, lambda: rig.shows(PlanScreen))


async def test_what_was_said_before_does_not_lie_over_it(rig: Rig) -> None:
    async with rig.run(60, 17) as pilot:
        await rig.know(pilot, data_gap())
        rig.app.stage.tell("said before", title="before", grave=True)
        await until(pilot, lambda: "said before" in rig.text)
        await pilot.press("a")
        await until(pilot, lambda: rig.shows(MenuScreen) and "said before" not in rig.text)


async def test_how_far_a_run_is_and_what_stops_it_are_seen_at_every_width(rig: Rig) -> None:
    async with rig.run(60, 17) as pilot:
        await rig.know(pilot, data_gap())
        rig.app.stage.progressed(Progress(0, 1, "sudo -n /usr/bin/systemctl restart adaf-backtest-engine"))
        await until(pilot, lambda: "now" in rig.text and "0 of 1, x stops   sudo -n" in rig.text)


@pytest.mark.parametrize(("text", "least"), [("worked", 5), ("this line in sudoers allows it: " + "x" * 200, 15)])
async def test_long_words_stay_longer(rig: Rig, text: str, least: float) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        rig.app.stage.tell(text, title="restart engine: refused", grave=True)
        await until(pilot, lambda: rig.told)
        (said,) = rig.app._notifications
        assert least <= said.timeout <= 2 * least


async def test_lines_that_are_to_be_copied_are_said_whole_and_stand_alone(rig: Rig) -> None:
    line = "ann ALL=(root) NOPASSWD: /opt/systemctl restart engine"
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        rig.app.stage.tell(f"{'no right ' * 60}\n{line}", title="restart engine: refused", grave=True)
        await until(pilot, lambda: line in rig.text)
        (row,) = (row for row in rig.text.splitlines() if line in row)
        assert row.rstrip().endswith(f"▌ {line}")


SAID = "sudo asks for a password. This line in sudoers, or in a file of sudoers.d, allows what is refused now:"
SUDOERS = "oncall ALL=(root) NOPASSWD: /usr/bin/systemctl restart adaf-backtest-engine.service"


@pytest.mark.parametrize(
    ("keys", "widths"),
    [((), range(44, 81)), (("a",), range(44, 81, 6)), (("1", "S"), range(44, 81, 6))],
    ids=["dashboard", "menu", "dialog"],
)
async def test_what_is_said_is_whole_at_every_width(rig: Rig, keys: tuple[str, ...], widths: range) -> None:
    async with rig.run(80, 40) as pilot:
        await rig.know(pilot, data_gap())
        if keys:
            await pilot.press(*keys)
            await until(pilot, lambda: rig.app.screen is not rig.app.dashboard)
        rig.app.stage.tell(f"{SAID}\n{SUDOERS}", title="restart engine: refused", grave=True)
        for width in widths:
            await pilot.resize_terminal(width, 40)
            await until(pilot, lambda width=width: len(rig.lines[0]) == width)  # type: ignore[misc]
            await until(pilot, lambda: (SAID + SUDOERS).replace(" ", "") in said(rig), f"all of it in {width} columns")


def said(rig: Rig) -> str:
    """What is seen of a toast, without the gaps where lines are broken."""
    at = rig.app.screen.query_one("Toast").region
    return "".join("".join(line[max(0, at.x) : at.right].strip(" ▌") for line in rig.lines[at.y : at.bottom]).split())


async def test_a_search_that_ends_after_the_program_is_no_error(rig: Rig) -> None:
    async with rig.run(80, 24) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(rig.app.screen, Palette))
        opened = rig.app.screen
        assert isinstance(opened, Palette)
        found = opened.query_one(CommandList)
        await until(pilot, lambda: found.option_count > 0)
        await found.remove()
        opened._refresh_command_list(found, [], clear_current=True)


@pytest.mark.parametrize("key", ["a", "question_mark", "ctrl+p", "r", "ctrl+q"])
async def test_what_was_said_before_covers_nothing_that_opens(rig: Rig, key: str) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        if key == "ctrl+q":
            await pilot.press("r")
            await until(pilot, lambda: "[n] Cancel" in rig.text)
            rig.clock.move(1)
        rig.app.stage.tell("actions are locked", title="lock", grave=False)
        below = rig.app.screen
        await pilot.press(key)
        await until(pilot, lambda: rig.app.screen is not below)
        await pilot.pause()
        assert rig.told == []
