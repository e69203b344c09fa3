"""The dialog of what cannot be taken back: its word is typed in full, by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from backend.model.situation import Situation
from backend.parts import ENGINE_UNIT, JOBS_RUNNING
from tests.conftest import Rig
from tests.pilot.test_dialog import Dialog, Recorder
from tests.pilot.waiting import until
from tests.situations import RUNNING, after, data_gap, data_gap_values, given_up, jobs, unit
from tui.screens.leave import LeaveScreen
from tui.screens.plan import PlanScreen
from tui.screens.word import WordInput, pasted_at

WORD = "adaf-backtest-engine"


@asynccontextmanager
async def dialog(
    rig: Rig, *ahead: str, found: Situation | None = None, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[Dialog]:
    """The application with the open dialog of a restart; the keys `ahead` were typed before it could be seen."""
    async with rig.run(*size) as pilot:
        runs = Recorder()
        rig.app.dispatcher.runner = lambda _spec: runs  # type: ignore[assignment,return-value]
        await rig.know(pilot, found or data_gap())
        opened = Dialog(rig, pilot, runs)
        await opened.press("1", "S", *ahead)
        await opened.until(lambda: opened.is_open() and "[esc] Cancel" in rig.text)
        yield opened


def typed(open_: Dialog) -> str:
    """What stands in the input."""
    return open_.screen.query_one(WordInput).value


async def later(open_: Dialog, seconds: float, **fields: str) -> None:
    """So much later, while the unit is still looked at."""
    await open_.pass_time(seconds)
    values = {**data_gap_values(), ENGINE_UNIT: unit(**fields)}
    await open_.rig.know(open_.pilot, after(data_gap().seen_at(open_.rig.clock.now()), values))


async def is_closed(open_: Dialog) -> None:
    """Wait until nothing is open, and see that nothing ran."""
    await open_.until(lambda: not open_.is_open() and open_.rig.app.dispatcher.busy is None)
    assert not open_.runs.plans


async def test_the_word_in_full_and_enter_confirm(rig: Rig) -> None:
    async with dialog(rig) as open_:
        assert isinstance(rig.app.focused, WordInput), "the input has the keys"
        await open_.pass_time(2)
        await open_.press(*WORD)
        assert typed(open_) == WORD
        assert open_.is_open()
        assert not open_.runs.plans
        await open_.press("enter")
        await open_.until(lambda: bool(open_.runs.plans))
        assert not open_.is_open()
        (plan,) = open_.runs.plans
        assert (plan.action, plan.confirm) == ("engine.restart", WORD)
        assert open_.runs.targets == [["adaf-backtest-engine.service"]]


BURST = "not taken: it was pasted; type it"


@pytest.mark.parametrize("ahead", [(), tuple(WORD[:6])], ids=["all of it", "its end"])
@pytest.mark.parametrize("behind", [(), ("enter",)], ids=["alone", "with enter"])
async def test_a_word_that_comes_in_one_burst_is_thrown_away(
    rig: Rig, ahead: tuple[str, ...], behind: tuple[str, ...]
) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(2)
        await open_.press(*ahead)
        await open_.press_at_once(*WORD[len(ahead) :], *behind)
        await open_.until(lambda: BURST in rig.text)
        assert typed(open_) == ""
        await open_.press("enter")
        assert open_.is_open()
        assert not open_.runs.plans
        await open_.press(*WORD, "enter")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_two_letters_may_come_together(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(2)
        for start in range(0, len(WORD), 2):
            await open_.press_at_once(*WORD[start : start + 2])
            await open_.until(lambda start=start: typed(open_) == WORD[: start + 2])  # type: ignore[misc]
            await open_.press("down")
        await open_.press("enter")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_a_key_that_is_held_down_pastes_nothing(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(2)
        await open_.press(*"abcdef")
        await open_.press_at_once(*["backspace"] * 5)
        await open_.until(lambda: typed(open_) == "a")
        assert BURST not in rig.text


async def test_the_word_by_hand_and_its_enter_in_a_burst_confirm_nothing(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(2)
        await open_.press(*WORD[:-1])
        await open_.press_at_once(WORD[-1], "enter")
        await open_.until(lambda: "not taken: it came with other keys" in rig.text)
        assert typed(open_) == WORD
        assert not open_.runs.plans
        await open_.press("enter")
        await open_.until(lambda: bool(open_.runs.plans))


@pytest.mark.parametrize(("word", "letters"), [("3", 2), ("14", 2), ("11500", 2), ("vm-one", 3), (WORD, 3)])
def test_of_a_short_word_fewer_letters_are_a_burst(word: str, letters: int) -> None:
    assert pasted_at(word) == letters


async def test_it_shows_all_that_one_confirms(rig: Rig) -> None:
    async with dialog(rig, size=(120, 40)) as open_:
        for words in (
            "restart engine", "on production", "risk high", "active (running)", "run a3f1a3f1",
            "systemctl restart adaf-backtest-engine", "4 running jobs lose what they have", "8850 mean-revert-eu",
            "ends 4 worker processes", "cannot be undone", "only if", "checked", "facts   0s old",
            f"type {WORD}, then enter", "[esc] Cancel", "expires in 60s",
        ):  # fmt: skip
            assert words in rig.text, words
        assert "[y]" not in rig.text
        assert open_.is_open()


@pytest.mark.parametrize(
    "keys",
    [
        "", "y", WORD[:-1], WORD[1:], f"{WORD} ", f" {WORD}", WORD.upper(), f"{WORD}.service", WORD * 2,
        WORD.replace("-", "_"), "restart engine", "production",
    ],
)  # fmt: skip
async def test_nothing_but_the_word_confirms(rig: Rig, keys: str) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*keys, "enter", "enter")
        assert typed(open_) == keys, "what was typed stays, to be mended"
        assert open_.is_open()
        assert not open_.runs.plans


async def test_a_wrong_word_can_be_mended(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*WORD[:-1], "x", "enter")
        assert open_.is_open()
        await open_.press("backspace", WORD[-1], "enter")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_letters_are_letters(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*"ynqzSrahL?!/1 ")
        assert typed(open_) == "ynqzSrahL?!/1 "
        assert open_.is_open()
        assert rig.app.screen_stack == [rig.app.dashboard, open_.screen]
        assert (rig.app.dashboard.zoomed, rig.told) == (False, [])


async def test_what_is_typed_ahead_is_lost(rig: Rig) -> None:
    async with dialog(rig, *WORD, "enter", "y", "escape") as open_:
        await open_.press(*WORD, "backspace", "enter")
        assert (typed(open_), open_.is_open()) == ("", True)
        await open_.pass_time(0.29)
        await open_.press(*WORD, "enter", "ctrl+v", "escape", "ctrl+q")
        assert (typed(open_), open_.is_open()) == ("", True)
        await open_.pass_time(0.02)
        await open_.press("a")
        assert typed(open_) == "a"
        assert not open_.runs.plans


async def test_a_second_to_think(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(0.5)
        await open_.press(*WORD, "enter")
        assert open_.is_open()
        await open_.pass_time(0.5)
        await open_.press("enter")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_pasted_text_is_not_taken(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        for where in (rig.app, open_.screen, open_.screen.query_one(WordInput)):
            where.post_message(events.Paste(f"{WORD}\n"))
            await open_.pilot.pause()
        rig.app.copy_to_clipboard(WORD)
        await open_.press("ctrl+v", "shift+insert", "enter")
        assert (typed(open_), open_.is_open()) == ("", True)
        await open_.press(*WORD, "shift+home", "ctrl+x", "ctrl+v", "enter")
        assert (typed(open_), open_.is_open()) == ("", True)
        assert not open_.runs.plans


async def test_what_is_wrong_is_said_where_it_hides_nothing(rig: Rig) -> None:
    async with dialog(rig, size=(60, 17)) as open_:
        await open_.pass_time(5)
        await open_.press("enter")
        assert "not the word that is shown" in rig.text
        assert "[esc] Cancel   expires in 60s" in rig.text
        await open_.press("x")
        assert "not the word" not in rig.text
        await open_.press(*WORD, "enter")
        assert "not the word that is shown" in rig.text
        rig.app.post_message(events.Paste(WORD))
        await open_.until(lambda: "not taken: it was pasted; type it" in rig.text)
        await open_.press("backspace", "ctrl+v")
        assert "not taken: it was pasted; type it" in rig.text
        assert typed(open_) == f"x{WORD}"[:-1]
        assert rig.told == []
        await open_.press("y")
        assert "expires in" in rig.text


async def test_what_is_said_meanwhile_hides_neither_keys_nor_word(rig: Rig) -> None:
    async with rig.run(60, 17) as pilot:
        runs = Recorder()
        rig.app.dispatcher.runner = lambda _spec: runs  # type: ignore[assignment,return-value]
        await rig.know(pilot, data_gap())
        rig.app.stage.tell("said before", title="before", grave=True)
        await until(pilot, lambda: "said before" in rig.text)
        await pilot.press("1", "S")
        await until(pilot, lambda: rig.shows(PlanScreen) and "[esc] Cancel" in rig.text)
        await until(pilot, lambda: "said before" not in rig.text)
        rig.app.stage.tell("said meanwhile", title="meanwhile", grave=True)
        await until(pilot, lambda: "said meanwhile" in rig.text)
        for words in (f"type {WORD}, then enter", "[esc] Cancel", "expires in 60s"):
            assert words in rig.text
        rows = [number for number, line in enumerate(rig.lines) if "meanwhile" in line]
        assert max(rows) < 6


@pytest.mark.parametrize(("size", "seen"), [((60, 17), 9), ((80, 24), 11)])
async def test_where_room_is_scarce_the_facts_have_it_and_more_is_told(
    rig: Rig, size: tuple[int, int], seen: int
) -> None:
    async with dialog(rig, size=size) as open_:
        body = open_.screen.query_one("#plan-facts")
        assert body.size.height >= seen
        await open_.pass_time(1)
        while "more line" in rig.text:
            before = body.scroll_y
            await open_.press("down")
            await open_.until(lambda before=before: body.scroll_y > before)  # type: ignore[misc]
            await open_.pilot.pause()
        assert "facts   1s old" in rig.text


async def test_escape_cancels(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*WORD, "escape")
        await is_closed(open_)
        assert rig.told == []


async def test_it_expires(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*WORD)
        await open_.pass_time(54)
        assert "expires in 1s" in rig.text
        rig.clock.move(1)
        await open_.press("enter")
        assert not open_.runs.plans, "too late, though the dialog has not looked at the clock yet"
        await open_.pass_time(0)
        await is_closed(open_)
        await open_.until(lambda: bool(rig.told))
        assert rig.told == ["restart engine: The dialog expired: its facts are a minute old."]


async def test_leaving_asks_and_the_palette_stays_closed(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*WORD, "ctrl+p")
        assert not any(isinstance(screen, CommandPalette) for screen in rig.app.screen_stack)
        assert typed(open_) == WORD
        await open_.press("ctrl+q")
        assert isinstance(rig.app.screen, LeaveScreen)
        assert "restart engine is open; nothing was sent." in rig.text
        await open_.pass_time(1)
        await open_.press("enter")
        assert open_.is_open()
        assert not open_.runs.plans, "the enter that stays confirms nothing"
        await open_.press("ctrl+q")
        await open_.pass_time(1)
        await open_.press("y")
        await open_.until(lambda: not rig.app.is_running)
        assert not open_.runs.plans


async def test_it_expires_once_when_leaving_was_asked(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(5)
        await open_.press(*WORD, "ctrl+q")
        plan = rig.app.screen_stack[-2]
        rig.clock.move(100)
        for _ in range(3):
            plan._tick()  # type: ignore[attr-defined]
            await open_.pilot.pause()
        assert isinstance(rig.app.screen, LeaveScreen)
        assert rig.told == []
        await open_.press("n", "enter")
        assert not open_.runs.plans
        await open_.until(lambda: not open_.is_open())
        await is_closed(open_)
        await open_.until(lambda: bool(rig.told))
        assert rig.told == ["restart engine: The dialog expired: its facts are a minute old."]


async def test_its_target_is_frozen_while_the_world_moves(rig: Rig) -> None:
    async with dialog(rig) as open_:
        shown = open_.screen.query_one("#plan-body").lines  # type: ignore[attr-defined]
        moved = after(data_gap(), {JOBS_RUNNING: jobs(*RUNNING[2:]), ENGINE_UNIT: unit(restarts=7)}, seconds=1)
        await rig.know(open_.pilot, moved)
        await open_.press("3", "down", "tab")
        assert open_.screen.query_one("#plan-body").lines == shown  # type: ignore[attr-defined]
        await later(open_, 5)
        await open_.press(*WORD, "enter")
        await open_.until(lambda: bool(open_.runs.plans))
        (plan,) = open_.runs.plans
        assert plan.targets[0].invocation == unit().invocation  # type: ignore[union-attr]


@pytest.mark.parametrize("now", [{"invocation": "b702" * 8}, {"active": "failed"}, {"load": "not-found"}])
async def test_a_unit_that_moved_on_meanwhile_is_refused_after_the_word(rig: Rig, now: dict[str, str]) -> None:
    async with dialog(rig) as open_:
        await later(open_, 5, **now)
        await open_.press(*WORD, "enter")
        await is_closed(open_)
        (told,) = rig.told
        words = "does not know" if "load" in now else "The unit is not what it was when the action was asked for"
        assert told.startswith("restart engine: refused: ")
        assert words in told


async def test_facts_that_aged_under_it_are_refused_after_the_word(rig: Rig) -> None:
    async with dialog(rig) as open_:
        await open_.pass_time(30)
        await open_.press(*WORD, "enter")
        await is_closed(open_)
        assert "What is shown of engine.unit is 30 s old and it is stale" in rig.told[0]


async def test_on_a_small_screen_everything_can_be_reached(rig: Rig) -> None:
    async with dialog(rig, size=(60, 17)) as open_:
        await open_.pass_time(1)
        always = ("restart engine", "risk high", f"type {WORD}, then enter", "[esc] Cancel", "expires in 60s")
        seen = ""
        for _ in range(12):
            seen += rig.text
            for words in always:
                assert words in rig.text, words
            await open_.press("down", "down")
        for words in (
            "targets", "sends", "systemctl restart", "only if", "effect", "8850 mean-revert-eu", "ends 4 worker",
            "cannot be undone", "checked", "facts   1s old",
        ):  # fmt: skip
            assert words in seen, words
        end = rig.text
        await open_.press("pageup", "pageup", "pageup", "pageup")
        assert rig.text != end
        await open_.press(*WORD)
        assert WORD in rig.app.screen.query_one(Input).value
        await open_.press("enter")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_a_screen_that_changes_its_size_keeps_what_was_typed(rig: Rig) -> None:
    async with dialog(rig, size=(120, 40)) as open_:
        await open_.pass_time(1)
        await open_.press(*WORD[:6])
        await open_.pilot.resize_terminal(60, 17)
        await open_.pilot.pause()
        assert typed(open_) == WORD[:6]
        assert "[esc] Cancel" in rig.text
        assert f"type {WORD}, then enter" in rig.text
        await open_.press(*WORD[6:], "enter")
        await open_.until(lambda: bool(open_.runs.plans))


async def test_what_cannot_run_opens_nothing(rig: Rig) -> None:
    gone = after(data_gap(), {ENGINE_UNIT: given_up()})
    async with rig.run() as pilot:
        await rig.know(pilot, gone)
        await pilot.press("1", "S")
        await pilot.pause()
        assert rig.app.screen is rig.app.dashboard
        (told,) = rig.told
        assert told.startswith("restart engine: refused: The unit hit its start limit")
