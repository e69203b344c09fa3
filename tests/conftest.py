"""The application under a clock that is moved by hand, on readings that are handed in."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from backend.config.model import Api, Config, Environment
from backend.model.situation import Situation
from tests.situations import NOW
from tui.app import BacktopApp
from tui.screens import settling
from widgets.table import LiveTable

HOST = "research-01"

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

asyncio.set_event_loop(None)
"""The asyncio plugin keeps aside what loop there is before each of its tests, and Python makes one for who asks first:
that one would never be closed, and complain in the middle of a test that is not at fault."""


class HandClock:
    """Time that stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self._at = at
        self._seconds = 1000.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._seconds

    def move(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._seconds += seconds


@dataclass(frozen=True)
class Rig:
    """The application, its clock, and what a test does with both."""

    app: BacktopApp
    clock: HandClock

    @asynccontextmanager
    async def run(self, width: int = 120, height: int = 40) -> AsyncIterator[Pilot[None]]:
        """The application on a screen of this size."""
        async with self.app.run_test(size=(width, height), notifications=True) as pilot:
            feed = self.app.desk.open_feed()
            await self.app.desk.read_journal()
            try:
                yield pilot
            finally:
                await feed.platform.aclose()

    async def know(self, pilot: Pilot[None], situation: Situation) -> None:
        """Show a situation as if it had been read."""
        self.app.desk.feed.situation = situation
        self.app.redraw()
        await pilot.pause()

    def table(self, pane: str = "failures") -> LiveTable:
        """The table of a pane."""
        table = self.app.dashboard.panes[pane].table
        assert table is not None
        return table

    def shows(self, kind: type[Screen[Any]]) -> bool:
        """Whether the screen on top is of this kind."""
        return isinstance(self.app.screen, kind)

    @property
    def strips(self) -> list[Strip]:
        """The lines of the screen as they are drawn."""
        return self.app.screen._compositor.render_strips()

    @property
    def lines(self) -> list[str]:
        """The text of the screen, line by line."""
        return [strip.text for strip in self.strips]

    @property
    def text(self) -> str:
        """The text of the screen."""
        return "\n".join(self.lines)

    @property
    def told(self) -> list[str]:
        """What was said to the person: titles and messages."""
        return [f"{each.title}: {each.message}" for each in self.app._notifications]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "COLUMNS", "LINES", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _typed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a clock stands still a key takes no time; else a slow machine would make it one that was typed ahead."""
    monkeypatch.setattr(settling, "typed_ago", lambda _: 0.0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Config]:
    """A configuration whose files lie below the test's own folder, and whose API nobody answers."""

    def make(**settings: Any) -> Config:
        fields: dict[str, Any] = {
            "state_dir": tmp_path / "state",
            "lock_dir": tmp_path / "locks",
            "environment": Environment("production", "red", locked=False),
            "api": Api("http://127.0.0.1:9"),
        }
        return Config(**{**fields, **settings})

    return make


@pytest.fixture
def rigged(configured: Callable[..., Config], clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Rig]:
    """What makes an application that reads nothing by itself, on a host of a fixed name."""
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)

    def make(**settings: Any) -> Rig:
        app = BacktopApp(configured(**settings), clock, live=False)
        app.animation_level = "none"
        return Rig(app, clock)

    return make


@pytest.fixture
def rig(rigged: Callable[..., Rig]) -> Rig:
    """An unlocked application."""
    return rigged()
