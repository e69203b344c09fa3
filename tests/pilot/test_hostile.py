"""Hostile words in every text that comes from outside: the screen stays whole, and nothing is obeyed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest
from wcwidth import wcswidth

from backend.config.model import Environment
from backend.incident.entry import Entry, Kind
from backend.model.situation import PartState, Situation
from backend.parts import JOBS_FAILED, PARTS
from tests.conftest import Rig
from tests.journals import add
from tests.pilot.waiting import until
from tests.situations import NOW, PROVIDERS, data_gap, failed, partly
from tui.dispatch import Leaving
from tui.screens.leave import LeaveScreen
from tui.screens.menu import MenuScreen
from tui.screens.plan import PlanScreen
from widgets.filter import FilterLine
from widgets.present.menu import MenuEntry

WORDS = {
    "clipboard": "\x1b]52;c;AAAA\x07",
    "colour": "\x1b[31mred\x1b[0m",
    "C1": "\x9b31m\x90q\x9c\x85",
    "direction": "a\u202eb\u2066c\u200fd",
    "zero width": "a\u200bb\u200dc\ufeffd\u2060",
    "closing tag": "x[/foo]y",
    "click": "[@click=app.quit]x[/]",
    "variable": "[$error]x",
    "bracket": "[",
    "backslash": "\\[/\\",
    "long": "x" * 100_000,
    "long and wide": "株" * 100_000,
    "emoji": "👩\u200d👩\u200d👧 ❤\ufe0f 👍🏽 🇩🇪",
    "marks": "e" + "\u0301" * 1000,
    "tabs": "a\tb\tc",
    "lines": "a\nb\r\nc\u2028d\ve",
    "surrogates": "\ud800x\udfff",
    "private": "\ue0b0\U000e0041\ufff9",
    "null": "\0",
    "fillers": "\u3164\u115f\xa0\u3000",
    "spacing marks": "डेटा नहीं मिला \u302e",
    "changed width": "☰⚊㉈䷀\U0001d300",
}
OBEYED = frozenset(map(chr, [*range(32), *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F)]))


def poisoned(value: Any, words: str) -> Any:
    """The same value with these words in each of its texts, however deep."""
    match value:
        case Enum() | bool():
            return value
        case str():
            return words
        case tuple():
            return tuple(poisoned(each, words) for each in value)
        case frozenset():
            return frozenset(poisoned(each, words) for each in value)
        case Mapping():
            return MappingProxyType({poisoned(key, words): poisoned(each, words) for key, each in value.items()})
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {each.name: poisoned(getattr(value, each.name), words) for each in fields(value)}
            return replace(value, **changed)
    return value


def hostile(found: Situation, words: str) -> Situation:
    """The same situation, in which every text of every value and failure is hostile; parts keep their names."""

    def spoil(state: PartState[Any]) -> PartState[Any]:
        value, failure, missing = (poisoned(each, words) for each in (state.value, state.failure, state.missing))
        history = MappingProxyType({**state.history, words: (1.0, 2.0)})
        return replace(state, value=value, failure=failure, missing=missing, history=history)

    return replace(found, parts=MappingProxyType({key: spoil(state) for key, state in found.parts.items()}))


def texts(value: object) -> Iterator[str]:
    """All texts in a value."""
    match value:
        case Enum():
            return
        case str():
            yield value
        case tuple() | frozenset():
            for each in value:
                yield from texts(each)
        case Mapping():
            for pair in value.items():
                yield from texts(pair)
        case None | int() | float() | date() | timedelta():
            return
        case _ if is_dataclass(value) and not isinstance(value, type):
            for each in fields(value):
                yield from texts(getattr(value, each.name))
        case _:
            raise AssertionError(f"nobody knows whether there is text in a {type(value).__name__}")


def whole(rig: Rig, width: int, height: int) -> None:
    """Every line has exactly the screen's width, and nothing in it is obeyed by a terminal."""
    strips = rig.strips
    assert len(strips) == height
    for strip in strips:
        assert strip.cell_length == wcswidth(strip.text) == width, strip.text
        assert OBEYED.isdisjoint(strip.text), ascii(strip.text)
        assert all(char.isprintable() for char in strip.text), ascii(strip.text)


def test_every_text_is_poisoned() -> None:
    for found in (data_gap(), failed()):
        for state in hostile(found, "bad").parts.values():
            assert set(texts((state.value, state.failure, state.missing))) <= {"bad"}
            assert "bad" in state.history


def test_every_part_has_something_to_poison() -> None:
    filled = {key for key, state in data_gap().parts.items() if state.value is not None}
    assert filled == {*PARTS, *(part.key for part in PROVIDERS)}


@pytest.mark.parametrize("name", WORDS)
async def test_windows_over_the_dashboard(rigged: Callable[..., Rig], name: str) -> None:
    words = WORDS[name]
    rig = rigged(environment=Environment(words, "red", locked=False))
    async with rig.run(80, 24) as pilot:
        await rig.know(pilot, hostile(data_gap(), words))
        for keys in (("a",), ("question_mark",), ("slash",), ("1", "S")):
            await pilot.press(*keys)
            await pilot.pause()
            whole(rig, 80, 24)
            await pilot.press("escape")
            rig.clock.move(1)
            await pilot.press("escape")
            await pilot.pause()
        rig.app.dashboard.ask_filter()
        rig.app.dashboard.query_one(FilterLine).value = words
        await pilot.press("enter")
        await pilot.pause()
        whole(rig, 80, 24)
        rig.app.push_screen(LeaveScreen(words, rig.clock, lambda: Leaving.ENDS))
        await pilot.pause()
        whole(rig, 80, 24)
        rig.app.pop_screen()
        entry = MenuEntry(words, words, words, words, words, words, words)
        rig.app.push_screen(MenuScreen(lambda: [entry], lambda _: None))
        await pilot.pause()
        whole(rig, 80, 24)


@pytest.mark.parametrize(("width", "height"), [(120, 40), (60, 17)])
async def test_panes(rig: Rig, width: int, height: int) -> None:
    async with rig.run(width, height) as pilot:
        for words in WORDS.values():
            for found in (data_gap(), failed(), partly()):
                await rig.know(pilot, hostile(found, words))
                whole(rig, width, height)
        for key in ("1", "2", "3", "4", "5", "z", "z"):
            await pilot.press(key)
            whole(rig, width, height)


async def test_frames_stay_in_their_place(rig: Rig) -> None:
    async with rig.run() as pilot:
        for words in WORDS.values():
            await rig.know(pilot, hostile(data_gap(), f"good {words} end"))
            whole(rig, 120, 40)
            for line in rig.lines[rig.app.dashboard.panes["jobs"].region.y : -3]:
                assert line[0] + line[-1] in ("╭╮", "││", "╰╯")


def with_hostile_failures(words: str) -> Situation:
    """Hostile texts everywhere, but ids that can be acted on."""
    found = hostile(data_gap(), words)
    spoilt, good = found[JOBS_FAILED], data_gap().value(JOBS_FAILED)
    assert spoilt.value is not None
    assert good is not None
    listed = tuple(replace(bad, id=job.id) for bad, job in zip(spoilt.value.jobs, good.jobs, strict=True))
    state = replace(spoilt, value=replace(spoilt.value, jobs=listed))
    return replace(found, parts=MappingProxyType({**found.parts, JOBS_FAILED.key: state}))


@pytest.mark.parametrize("keys", [["down", "r"], ["home", "r"]], ids=["one target", "several"])
async def test_the_dialog(rig: Rig, keys: list[str]) -> None:
    async with rig.run(80, 24) as pilot:
        for name in ("clipboard", "closing tag", "click", "long and wide", "emoji", "marks", "lines", "surrogates"):
            await rig.know(pilot, with_hostile_failures(WORDS[name]))
            await pilot.press("home", *keys)
            await until(pilot, lambda: isinstance(rig.app.screen, PlanScreen) and "Cancel" in rig.text)
            whole(rig, 80, 24)
            rig.clock.move(1)
            await pilot.press("escape")
            await until(pilot, lambda: rig.app.dispatcher.busy is None)
            rig.clock.move(-1)


async def test_notifications(rig: Rig) -> None:
    async with rig.run(80, 24) as pilot:
        await rig.know(pilot, data_gap())
        for words in WORDS.values():
            rig.app.stage.tell(words, title=words, grave=True)
            await pilot.pause()
            await until(pilot, lambda: bool(rig.app.screen.query("Toast")))
            whole(rig, 80, 24)
            rig.app.clear_notifications()
            await until(pilot, lambda: not rig.app.screen.query("Toast"))


async def test_refusals_that_quote_an_id(rig: Rig) -> None:
    async with rig.run(80, 24) as pilot:
        for words in WORDS.values():
            rig.app.clear_notifications()
            await rig.know(pilot, hostile(data_gap(), words))
            await pilot.press("home", "r")
            await until(pilot, lambda: bool(rig.told))
            await pilot.pause()
            whole(rig, 80, 24)


@pytest.mark.parametrize("name", WORDS)
async def test_header_finding_and_footer(rigged: Callable[..., Rig], name: str) -> None:
    words = WORDS[name]
    rig = rigged(environment=Environment(words, "red", locked=False))
    rig.app.desk.host = words
    async with rig.run() as pilot:
        for found in (data_gap(), hostile(data_gap(), words)):
            await rig.know(pilot, found)
            whole(rig, 120, 40)
            assert "unlocked" in rig.lines[0]


async def test_journal_and_progress(rig: Rig) -> None:
    kinds: tuple[Kind, ...] = ("intent", "verdict", "note", "alert", "refusal")
    async with rig.run() as pilot:
        for words in WORDS.values():
            data = {"text": words, "verdict": words, "final": True}
            add(
                rig.app.desk.config.journal_path,
                [Entry(1, NOW, "0" * 64, kind, kind, words, words, (words, f"job:{words}"), data) for kind in kinds],
            )
            await rig.app.desk.read_journal()
            for progress in (None, words):
                rig.app.stage.progress = progress
                await rig.know(pilot, data_gap())
                whole(rig, 120, 40)


async def test_a_link_in_a_text_does_nothing(rig: Rig) -> None:
    async with rig.run() as pilot:
        await rig.know(pilot, hostile(data_gap(), "[@click=app.quit]quit[/]"))
        for y in range(0, 40, 3):
            for x in range(6, 120, 40):
                await pilot.click(offset=(x, y))
        assert rig.app.is_running
        assert rig.app.screen is rig.app.dashboard
