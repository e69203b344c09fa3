import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from textual import events
from textual.command import CommandPalette
from textual.pilot import Pilot

from actions.brake import Brake
from actions.outcome import Outcome, Report
from actions.plan import Plan, Refusal
from actions.verdict import TargetVerdict, Verdict, Word
from backend.config.model import Environment
from backend.model.situation import Situation
from backend.parts import JOBS_FAILED
from tests.conftest import Rig
from tests.pilot.waiting import until
from tests.situations import NOW, after, data_gap, failed, job, jobs, missing, no_data, stale, waiting
from tui.screens import settling
from tui.screens.help import HelpScreen
from tui.screens.leave import LeaveScreen
from tui.screens.menu import MenuScreen
from tui.screens.plan import PlanScreen
from tui.stage import TAKEN

TYPED_AGO = settling.typed_ago
"""The real one: tests stop the time that keys take."""


@dataclass
class Recorder:
    """Stands where plans are run, and keeps them."""

    plans: list[Plan] = field(default_factory=list)
    brake: Brake = field(default_factory=Brake)

    async def forbidden(self, plan: Plan) -> Refusal | None:
        return None

    async def run(self, plan: Plan, report: Report) -> Outcome | Refusal:
        self.plans.append(plan)
        verdicts = tuple(TargetVerdict(target, Word.WORKED, "completed") for target in plan.targets)
        return Outcome("run", Verdict.over(verdicts), ())

    async def refused(self, plan: Plan, refusal: Refusal) -> Refusal:
        return refusal

    @property
    def targets(self) -> list[list[str]]:
        return [[target.label for target in plan.targets] for plan in self.plans]


@dataclass(frozen=True)
class Dialog:
    """The application with a dialog that one key opened."""

    rig: Rig
    pilot: Pilot[None]
    runs: Recorder

    @property
    def screen(self) -> PlanScreen:
        assert isinstance(self.rig.app.screen, PlanScreen)
        return self.rig.app.screen

    def is_open(self) -> bool:
        return isinstance(self.rig.app.screen, PlanScreen)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def press_at_once(self, *keys: str) -> None:
        """What a terminal writes in one go, as when something is pasted that it does not tell to be so."""
        for key in keys:
            self.rig.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await self.pilot.pause()

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, and let the dialog look at it."""
        self.rig.clock.move(seconds)
        if self.is_open():
            self.screen._tick()
        await self.pilot.pause()

    async def until(self, done: Callable[[], bool]) -> None:
        """Let the application work until something is so."""
        await until(self.pilot, done)


@asynccontextmanager
async def dialog(
    rig: Rig, *keys: str, found: Situation | None = None, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Dialog]:
    """The application after these keys, with an open dialog."""
    async with rig.run(*size) as pilot:
        runs = Recorder()
        rig.app.dispatcher.runner = lambda _spec: runs  # type: ignore[assignment,return-value]
        await rig.know(pilot, found or data_gap())
        opened = Dialog(rig, pilot, runs)
        await opened.press(*keys)
        await opened.until(lambda: opened.is_open() and "[n] Cancel" in rig.text)
        yield opened


@pytest.mark.parametrize(
    ("keys", "targets"),
    [
        (["down", "r"], ["8841"]),
        (["down", "down", "r"], ["8839"]),
        (["down", "space", "down", "r"], ["8841"]),
        (["end", "r"], ["8832"]),
        (["r"], [str(8841 - 2 * number) for number in range(11)]),
    ],
    ids=["the row under the cursor", "another row", "what is marked, not the cursor", "a folded group", "a group"],
)
async def test_r_means_what_is_marked_else_what_is_under_the_cursor(
    rig: Rig, keys: list[str], targets: list[str]
) -> None:
    async with dialog(rig, *keys) as open_:
        count = f"{len(targets)} job{'s' if len(targets) > 1 else ''}"
        assert f"requeue {count}  on production" in rig.text
        await open_.pass_time(2)
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))
        assert open_.runs.targets == [targets]


async def test_the_dialog_shows_all_that_one_confirms(rig: Rig) -> None:
    async with dialog(rig, "down", "r"):
        for words in (
            "risk low", "8841  mean-revert-eu  high  attempt 1  failed 2m ago", "No data for SAP.DE",
            "POST /api/research/backtests/8841/requeue", "only if", "effect", "checked", "facts   0s old",
            "[n] Cancel", "[y] requeue", "expires in 60s",
        ):  # fmt: skip
            assert words in rig.text


async def test_what_lies_below_is_counted_until_one_has_scrolled_there(rig: Rig) -> None:
    async with dialog(rig, "r") as open_:
        await open_.pilot.resize_terminal(80, 24)
        await open_.until(lambda: "more lines" in rig.text)
        assert all(words in rig.text for words in ("effect", "checked", "facts", "targets", "[n] Cancel"))
        await open_.pass_time(0.5)
        for _ in range(6):
            await open_.press("pagedown")
        await open_.until(lambda: "more line" not in rig.text)
        assert "8821/requeue" in rig.text


@pytest.mark.parametrize("keys", [("asterisk", "r"), ("1", "S")], ids=["y", "word"])
@pytest.mark.parametrize("held", ["", "ctrl+"])
async def test_long_lists_are_gone_through_at_once(rig: Rig, keys: tuple[str, ...], held: str) -> None:
    async with rig.run(60, 17) as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press(*keys)
        open_ = Dialog(rig, pilot, Recorder())
        await open_.until(lambda: open_.is_open() and "more lines" in rig.text)
        await open_.pass_time(2)
        facts = open_.screen.query_one("#plan-facts")
        await open_.press(f"{held}end")
        if held or keys[0] != "1":
            await open_.until(lambda: facts.scroll_y == facts.max_scroll_y > 0 and "more line" not in rig.text)
            await open_.press(f"{held}home")
        await open_.until(lambda: facts.scroll_y == 0 and "more lines" in rig.text)


@asynccontextmanager
async def on_its_way(
    rig: Rig, *keys: str, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Dialog, asyncio.Event]]:
    """The application after these keys, with a dialog that opens once the event is set."""
    async with rig.run(*size) as pilot:
        runs, may_open = Recorder(), asyncio.Event()

        async def looks(plan: Plan) -> Refusal | None:
            await may_open.wait()
            return None

        runs.forbidden = looks  # type: ignore[method-assign]
        rig.app.dispatcher.runner = lambda _spec: runs  # type: ignore[assignment,return-value]
        await rig.know(pilot, data_gap())
        coming = Dialog(rig, pilot, runs)
        await coming.press(*keys, "r")
        await coming.until(lambda: "requeue: looks whether it may run" in rig.text)
        yield coming, may_open


@pytest.mark.parametrize("key", ["slash", "a", "question_mark", "ctrl+p"])
async def test_what_takes_text_or_asks_drops_a_dialog_that_is_on_its_way(rig: Rig, key: str) -> None:
    async with on_its_way(rig, "down") as (coming, may_open):
        await coming.press(key)
        await coming.until(lambda: rig.app.dispatcher.busy is None)
        assert "requeue: dropped; nothing was sent" in rig.told
        stack = [*rig.app.screen_stack]
        assert (len(stack), rig.app.dashboard.is_typed_in) == ((1, True) if key == "slash" else (2, False))
        may_open.set()
        await coming.press(*"sty")
        assert rig.app.screen_stack == stack
        assert not coming.runs.plans


async def test_a_filter_that_is_typed_while_a_dialog_is_on_its_way_is_a_filter(rig: Rig) -> None:
    async with on_its_way(rig, "down") as (coming, may_open):
        await coming.press("slash", *"strateg")
        may_open.set()
        await coming.pass_time(5)
        await coming.press(*"y:momentum", "enter")
        await coming.until(lambda: "2 Failures /strategy:momentum" in rig.text)
        assert rig.app.screen is rig.app.dashboard
        assert not coming.runs.plans


async def test_who_leaves_while_a_dialog_is_on_its_way_leaves(rig: Rig) -> None:
    async with on_its_way(rig, "down") as (coming, may_open):
        await coming.press("ctrl+q")
        may_open.set()
        await coming.until(lambda: not rig.app.is_running)
        assert not coming.runs.plans


async def test_x_drops_a_dialog_that_is_on_its_way(rig: Rig) -> None:
    async with on_its_way(rig, "down") as (coming, may_open):
        await coming.press("x")
        await coming.until(lambda: rig.app.dispatcher.busy is None)
        may_open.set()
        await coming.press("down")
        assert rig.app.screen is rig.app.dashboard
        assert rig.told == ["requeue: dropped; nothing was sent"]


async def test_a_refusal_that_is_slow_to_be_written_down_is_no_dialog(rig: Rig) -> None:
    begun, written = asyncio.Event(), asyncio.Event()

    async def refused(plan: Plan, refusal: Refusal) -> Refusal:
        begun.set()
        await written.wait()
        return refusal

    async with dialog(rig, "down", "r") as open_:
        open_.runs.refused = refused  # type: ignore[method-assign]
        await open_.pass_time(2)
        await rig.know(open_.pilot, after(data_gap(), {JOBS_FAILED: jobs()}))
        await open_.press("y")
        await open_.until(begun.is_set)
        for key, kind in (("a", MenuScreen), ("question_mark", HelpScreen), ("ctrl+p", CommandPalette)):
            await open_.press(key)
            await open_.until(lambda kind=kind: rig.shows(kind))  # type: ignore[misc]
            await open_.press("escape")
            await open_.until(lambda: rig.app.screen is rig.app.dashboard)
        await open_.press("ctrl+q")
        await open_.until(lambda: not rig.app.is_running)


async def test_no_dialog_opens_over_what_came_there_otherwise(rig: Rig) -> None:
    async with on_its_way(rig, "down") as (coming, may_open):
        rig.app.dashboard.ask_filter()
        may_open.set()
        await coming.until(lambda: rig.app.dispatcher.busy is None)
        assert rig.app.screen is rig.app.dashboard
        assert rig.told == [f"requeue: {TAKEN}"]
        await coming.press("escape", "r")
        await coming.until(coming.is_open)


async def test_an_action_from_the_palette_is_not_asked_about_over_a_filter(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("slash", *"sap", "ctrl+p")
        await until(pilot, lambda: isinstance(rig.app.screen, CommandPalette))
        await pilot.press(*"requeue")
        await until(pilot, lambda: "again as they were" in rig.text)
        await pilot.press("down", "enter")
        await until(pilot, lambda: rig.told == [f"requeue: {TAKEN}"])
        assert rig.app.screen is rig.app.dashboard


async def test_y_confirms_once_the_dialog_could_be_read(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(0.29)
        await open_.press("y")
        assert open_.is_open()
        await open_.pass_time(0.02)
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))
        assert not open_.is_open()
        await open_.until(lambda: "requeue: worked: completed" in rig.told)
        assert rig.app.dispatcher.busy is None


@pytest.mark.parametrize("key", ["y", "enter", "n", "escape", "r"])
async def test_keys_typed_ahead_do_nothing(rig: Rig, key: str) -> None:
    async with dialog(rig, "down", "r", key) as open_:
        await open_.press(key)
        assert open_.is_open()
        assert not open_.runs.plans


async def test_a_key_counts_by_when_it_was_typed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(0.5)
        monkeypatch.setattr(settling, "typed_ago", lambda _: 0.25)
        for key in ("y", "n", "escape", "enter"):
            await open_.press(key)
            assert open_.is_open(), "the program stood still meanwhile"
        await open_.pass_time(1)
        monkeypatch.setattr(settling, "typed_ago", lambda _: 0.15)
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_a_key_that_was_typed_before_the_time_to_think_was_over_does_not_confirm(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dialog(rig, "asterisk", "r") as open_:
        await open_.pass_time(2)
        monkeypatch.setattr(settling, "typed_ago", lambda _: 1.1)
        await open_.press("y")
        assert open_.is_open()
        monkeypatch.setattr(settling, "typed_ago", lambda _: 0.9)
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))


def test_how_long_ago_a_key_was_typed() -> None:
    event = events.Key("y", "y")
    event.time -= 0.3
    assert 0.3 <= TYPED_AGO(event) < 60
    event.time += 60
    assert TYPED_AGO(event) == 0.0


async def test_what_was_never_drawn_hears_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    wrap = PlanScreen._wrap
    monkeypatch.setattr(PlanScreen, "_wrap", lambda _: None)
    async with rig.run(100, 30) as pilot:
        open_ = Dialog(rig, pilot, Recorder())
        await rig.know(pilot, data_gap())
        await open_.press("down", "r")
        await open_.until(open_.is_open)
        await open_.pass_time(5)
        await open_.press("y", "escape")
        assert open_.is_open(), "nothing of it could be seen yet"
        wrap(open_.screen)
        await open_.until(lambda: "[n] Cancel" in rig.text)
        await open_.press("escape")
        assert open_.is_open(), "it is counted from now on"
        await open_.pass_time(1)
        await open_.press("escape")
        assert not open_.is_open()


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_n_escape_and_enter_cancel(rig: Rig, key: str) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(1)
        await open_.press(key)
        assert not open_.is_open()
        await open_.until(lambda: rig.app.dispatcher.busy is None)
        assert not open_.runs.plans


async def test_the_key_that_opens_it_never_confirms_it(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(5)
        await open_.press("r", "r", "space", "tab", "Y")
        assert open_.is_open()
        assert not open_.runs.plans


async def test_pasted_text_confirms_nothing(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(5)
        rig.app.post_message(events.Paste("y\n"))
        open_.screen.post_message(events.Paste("y"))
        await open_.pilot.pause()
        assert open_.is_open()
        assert not open_.runs.plans


async def test_its_facts_age_while_it_is_open(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        assert "facts   0s old" in rig.text
        await open_.pass_time(45)
        await open_.until(lambda: "facts   45s old" in rig.text)
        await open_.pilot.resize_terminal(80, 24)
        await open_.until(lambda: len(rig.lines) == 24 and "facts   45s old" in rig.text)


@pytest.mark.parametrize("width", [44, 60, 80])
@pytest.mark.parametrize(("keys", "confirms"), [(("down", "r"), "y"), (("asterisk", "r"), "y"), (("1", "S"), "enter")])
async def test_what_was_wrong_is_told_whole_for_a_while(
    rig: Rig, keys: tuple[str, ...], confirms: str, width: int
) -> None:
    async with rig.run(width, 17) as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press(*keys)
        open_ = Dialog(rig, pilot, Recorder())
        await open_.until(lambda: open_.is_open() and "Cancel" in rig.text)
        await open_.pass_time(2)
        if confirms == "enter":
            await open_.press(*"adaf-backtest-engine")
        await open_.press_at_once("left", confirms)
        note = f"not taken: it came with other keys; press {confirms} again"
        await open_.until(lambda: note.replace(" ", "") in "".join(line.strip(" │┃") for line in inside(rig)))
        assert "Cancel" in inside(rig)[-1]
        assert "60s" in inside(rig)[-1]
        await open_.pass_time(6)
        await open_.until(lambda: "not taken" not in rig.text)


def inside(rig: Rig) -> list[str]:
    """What the dialog shows, without the gaps in its lines."""
    at = rig.app.screen.query_one("#plan").content_region
    return ["".join(line[at.x : at.right].split()) for line in rig.lines[at.y : at.bottom]]


async def test_it_expires_because_facts_age(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(59)
        assert "expires in 1s" in rig.text
        assert open_.is_open()
        await open_.pass_time(1)
        await open_.until(lambda: not open_.is_open())
        assert "requeue: The dialog expired: its facts are a minute old." in rig.told
        assert not open_.runs.plans


async def test_several_targets_need_a_second_to_think(rig: Rig) -> None:
    async with dialog(rig, "asterisk", "r") as open_:
        assert "risk medium" in rig.text
        await open_.pass_time(0.99)
        await open_.press("y")
        assert open_.is_open()
        await open_.pass_time(0.02)
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))
        assert len(open_.runs.targets[0]) == 11


async def test_the_palette_stays_closed_and_leaving_asks(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(1)
        await open_.press("ctrl+p")
        assert not any(isinstance(screen, CommandPalette) for screen in rig.app.screen_stack)
        await open_.press("ctrl+q")
        assert rig.app.is_running
        assert isinstance(rig.app.screen, LeaveScreen)
        assert "requeue is open; nothing was sent." in rig.text
        await open_.press("y", "n")
        assert isinstance(rig.app.screen, LeaveScreen), "what was typed ahead is no answer"
        await open_.pass_time(1)
        await open_.press("n")
        assert open_.is_open()
        await open_.press("ctrl+q")
        await open_.pass_time(1)
        await open_.press("y")
        await open_.until(lambda: not rig.app.is_running)
        assert not open_.runs.plans


@pytest.mark.parametrize("keys", [("y", "x"), ("x", "y"), ("y", "y"), ("down", "y"), ("x", "y", "e", "s")])
async def test_what_confirms_counts_only_where_it_comes_by_itself(rig: Rig, keys: tuple[str, ...]) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(2)
        await open_.press_at_once(*keys)
        await open_.until(lambda: "not taken: it came with other keys" in rig.text)
        assert open_.is_open()
        assert not open_.runs.plans
        await open_.press("ctrl+q")
        await open_.until(lambda: isinstance(rig.app.screen, LeaveScreen))
        await open_.pass_time(1)
        await open_.press_at_once(*keys)
        await open_.press("n")
        assert open_.is_open(), "the question too is answered by hand only"
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))


@pytest.mark.parametrize("text", ["strategy", "by", "y m y"])
async def test_a_letter_of_a_text_that_is_typed_by_hand_confirms_nothing(rig: Rig, text: str) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(2)
        for letter in text.removeprefix("y"):
            await open_.pass_time(0.16)
            await open_.press("space" if letter == " " else letter)
        await open_.until(lambda: "not taken: it came with other keys; press y again" in rig.text)
        await open_.pass_time(0.5)
        await open_.press("y")
        assert not open_.runs.plans
        await open_.pass_time(0.6)
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_who_scrolls_confirms_without_waiting(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(2)
        await open_.press("down", "pagedown", "y")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_what_is_pasted_with_a_line_end_cancels(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(2)
        await open_.press_at_once("y", "e", "s", "enter")
        await open_.until(lambda: not open_.is_open())
        assert not open_.runs.plans


async def test_a_long_text_behind_the_key_that_confirms_does_not_make_it_one(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(2)
        await open_.press_at_once("y", *("0123456789abcdef" * 4))
        await open_.press("escape")
        await open_.until(lambda: not open_.is_open())
        assert not open_.runs.plans


async def test_the_palette_opens_when_no_dialog_is(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("ctrl+p")
        assert isinstance(rig.app.screen, CommandPalette)
        await pilot.press("escape")


async def test_targets_are_frozen_while_rows_move_below(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        listed = data_gap().value(JOBS_FAILED)
        assert listed is not None
        moved = jobs(no_data("9001", "SAP.DE", 0), no_data("9002", "SAP.DE", 0), *listed.jobs)
        await rig.know(open_.pilot, after(data_gap(), {JOBS_FAILED: moved}))
        await open_.press("j", "down", "space")
        assert "8841" in rig.text
        await open_.pass_time(1)
        await rig.know(open_.pilot, after(data_gap().seen_at(rig.clock.now()), {JOBS_FAILED: moved}))
        await open_.press("y")
        await open_.until(lambda: bool(open_.runs.plans))
        assert open_.runs.targets == [["8841"]]


@pytest.mark.parametrize(
    ("now_failed", "words"),
    [
        ((), "Job 8841 is not among the failed jobs any more"),
        ((replace(no_data("8841", "SAP.DE", 0), attempt=2),), "Job 8841 has moved on to another attempt"),
    ],
    ids=["gone", "another attempt"],
)
async def test_a_target_that_changed_meanwhile_is_refused_after_y(
    rig: Rig, now_failed: tuple[object, ...], words: str
) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(1)
        changed = jobs(job("1"), *now_failed)  # type: ignore[arg-type]
        await rig.know(open_.pilot, after(data_gap().seen_at(rig.clock.now()), {JOBS_FAILED: changed}))
        await open_.press("y")
        await open_.until(lambda: rig.app.dispatcher.busy is None)
        assert any(f"requeue: refused: {words}" in told for told in rig.told), rig.told
        assert not open_.runs.plans


async def test_facts_that_aged_under_the_dialog_are_refused_after_y(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        await open_.pass_time(30)
        await open_.press("y")
        await open_.until(lambda: rig.app.dispatcher.busy is None)
        assert any("is 30 s old and it is stale" in told for told in rig.told), rig.told
        assert not open_.runs.plans


REFUSED = {
    "waiting": (waiting(), "Nothing has been read of jobs.failed yet"),
    "stale": (stale(), "What is shown of jobs.failed is 600 s old and it is stale"),
    "failed": (failed(), "is 20 s old and the last reading failed"),
    "missing": (missing(), "The server has no route for jobs.failed"),
    "nothing chosen": (after(data_gap(), {JOBS_FAILED: jobs()}), "No failed job is chosen"),
    "unsafe id": (after(data_gap(), {JOBS_FAILED: jobs(job("../x"))}), "cannot be put into a request safely"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refusals_are_told(rig: Rig, name: str) -> None:
    found, words = REFUSED[name]
    async with rig.run() as pilot:
        rig.clock.move((found.at - NOW).total_seconds())
        await rig.know(pilot, found)
        await pilot.press("down", "r")
        await pilot.pause()
        assert rig.app.screen is rig.app.dashboard
        assert any(told.startswith("requeue: refused:") and words in told for told in rig.told), rig.told
        assert words.split()[0] in rig.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"environment": Environment("production", "red", locked=True)}, "Actions are locked; L unlocks them"),
        ({"read_only": True}, "This backtop is read-only"),
    ],
)
async def test_locked_and_read_only_refuse(rigged: Callable[..., Rig], settings: dict[str, object], words: str) -> None:
    rig = rigged(**settings)
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("down", "r")
        await pilot.pause()
        assert any(words in told for told in rig.told)


async def test_a_key_of_another_pane_says_where_it_works(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, data_gap())
        await pilot.press("5", "r")
        assert "not here: r means requeue in failures; go there first" in rig.told


async def test_what_reads_long_before_its_dialog_is_seen_and_esc_drops_it(rig: Rig) -> None:
    async with on_its_way(rig, "down", size=(60, 17)) as (coming, _):
        assert "esc drops it" in rig.text
        await coming.press("escape")
        await coming.until(lambda: rig.app.dispatcher.busy is None)
        await coming.until(lambda: "looks whether" not in rig.text)
        assert rig.told == ["requeue: dropped; nothing was sent"]
        assert rig.app.screen is rig.app.dashboard
        assert not coming.runs.plans


async def test_a_second_action_waits_for_the_first(rig: Rig) -> None:
    async with dialog(rig, "down", "r") as open_:
        rig.app.action_act("r")
        await open_.pilot.pause()
        assert "requeue: refused: requeue is open or runs; one action at a time." in rig.told
        assert len([screen for screen in rig.app.screen_stack if isinstance(screen, PlanScreen)]) == 1


async def test_what_is_below_and_when_it_expires_have_room_at_every_width(rig: Rig) -> None:
    async with dialog(rig, "r", size=(60, 17)) as open_:
        assert "more lines" in rig.text
        assert "[n] Cancel   [y] requeue   expires in 60s" in rig.text
        await open_.pass_time(57)
        assert "expires in 3s" in rig.text


async def test_many_targets_scroll_and_the_keys_stay_in_sight(rig: Rig) -> None:
    many = after(data_gap(), {JOBS_FAILED: jobs(*(no_data(str(number), "SAP.DE", 3) for number in range(300)))})
    async with dialog(rig, "r", found=many) as open_:
        assert "requeue 300 jobs" in rig.text
        assert "[n] Cancel" in rig.text
        before = rig.text
        await open_.pass_time(1)
        await open_.press("pagedown", "down")
        assert rig.text != before
        assert "[n] Cancel" in rig.text
        assert open_.is_open()
