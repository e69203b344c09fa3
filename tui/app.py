"""The application: wiring only.

What watches and acts is imported when it is first asked for, which is after the first picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingsMap, BindingType
from textual.events import AppBlur, Event, Key
from textual.filter import Monochrome, NoColor
from textual.screen import Screen

from backend.clock import Clock, SystemClock
from backend.config.model import Config
from backend.parts import JOBS_FAILED, provider
from tui import garbage
from tui.keys import KEYS
from tui.screens.dashboard import Dashboard
from tui.themes import IN_TERMINAL_COLOURS, THEMES
from tui.turns import Acted, KeyTurns
from widgets.text import ASCII, UNICODE, Glyphs

if TYPE_CHECKING:
    from actions.spec import ActionSpec
    from backend.model.situation import Situation
    from tui.desk import Desk
    from tui.dispatch import Dispatcher
    from tui.life import Life
    from tui.reasons import Reasons
    from tui.screens.menu import MenuScreen
    from tui.stage import AppStage
    from widgets.table import LiveTable


STARTED = 3.0
"""Seconds after the first picture by which nearly all is made that stays until the end."""


class BacktopApp(App[None]):
    """Watches one platform, and acts on it."""

    TITLE = "backtop"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["styles/dashboard.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.key, key.action, key.title, show=False, id=f"key.{key.title}") for key in KEYS if key.action
    ]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self, config: Config, clock: Clock | None = None, *, glyphs: Glyphs = UNICODE, live: bool = True
    ) -> None:
        self._config = config
        super().__init__()
        self.glyphs = glyphs
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.dashboard = Dashboard(config, tuple(provider(each.name) for each in config.providers))
        self._clock = clock or SystemClock()
        self._turns = KeyTurns(self._clock)
        self._meant_for: Screen[Any] | None = None
        """The screen on which the key was typed that is on its way."""
        self._live = live
        self._begun = False
        self._held: datetime | None = None
        """Since when the picture is held still."""
        self._menu: MenuScreen | None = None
        """While it is open."""

    @cached_property
    def desk(self) -> Desk:
        """What the application works with."""
        from tui.desk import Desk

        return Desk(self._config, self._clock)

    @cached_property
    def stage(self) -> AppStage:
        """What shows dialogs and words."""
        from tui.stage import AppStage

        return AppStage(self, self.desk, self.redraw)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """What takes an action from its key to its verdict."""
        from tui.dispatch import Dispatcher

        return Dispatcher(self.stage, self.desk.runner, self._config)

    @cached_property
    def reasons(self) -> Reasons:
        """Why each action cannot run now."""
        from tui.reasons import Reasons

        return Reasons(self.desk, self.dispatcher, self.dashboard)

    @cached_property
    def life(self) -> Life:
        """What begins and ends."""
        from tui.life import Life

        return Life(self, self.desk, self.stage, self.dispatcher, self.reasons)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The name of the environment has its colour where the header cannot be tinted with it."""
        if not self.native_ansi_color:
            return {}
        dark, light = IN_TERMINAL_COLOURS[self._config.environment.colour]
        return {"tone-place": dark if self.current_theme.dark else light}

    def watch_theme(self) -> None:
        """Without colours the greys of a theme stay apart; of the terminal's own nobody knows how dark each is."""
        if self.no_color:
            plain = NoColor() if self.native_ansi_color else Monochrome()
            self._filters = [plain if isinstance(each, NoColor | Monochrome) else each for each in self._filters]

    def get_default_screen(self) -> Screen[None]:
        """The dashboard is the only full screen."""
        return self.dashboard

    def on_mount(self) -> None:
        """Draw first; all else comes after."""
        self.set_class(self.glyphs is ASCII, "-ascii")
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Make the keys of actions work, and read."""
        if not self.dashboard.is_attached:
            return  # it was left meanwhile
        from tui.commands import bindings

        self._bindings = BindingsMap.merge((self._bindings, BindingsMap(bindings())))
        self._begun = True
        self.redraw()
        if self._live:
            self.run_worker(self.life.live(self.show), name="feed")
            self.set_timer(STARTED, garbage.resume)

    def show(self, situation: Situation) -> None:
        """Draw this situation, unless the picture is held."""
        frame = self.desk.frame(situation, self.dashboard, self.stage.progress, held=self._held)
        if self._held is not None:
            self.dashboard.show_frame(frame)
        else:
            self.dashboard.show(situation, frame)
        if self._menu is not None:
            self._menu.follow()

    async def on_event(self, event: Event) -> None:
        """Any key means that the person looks: what changed until now is no news any more.

        That a terminal loses the focus is left alone: Textual would take the keys from whoever has them, which ends
        what is being typed, and gives them back to nobody who is not shown any more.
        """
        if isinstance(event, AppBlur):
            return
        if isinstance(event, Key) and not event.is_forwarded:
            self.dashboard.acknowledge()
            self._turns.take(event)
            await self._hand_on_keys()
        else:
            await super().on_event(event)

    async def on_acted(self, event: Acted) -> None:
        """A key was acted on; the next one may go on."""
        self._turns.end(event.turn)
        await self._hand_on_keys()

    async def _hand_on_keys(self) -> None:
        while (key := self._turns.next()) is not None:
            way = self.focused or self.screen
            self._meant_for = self.screen
            await super().on_event(key)
            follower = self._turns.follower()
            if not way.post_message(follower):
                self._turns.end(follower.turn)

    def on_key(self, event: Key) -> None:
        """What no widget took is for the screen on which it was typed, and nothing to one that opened meanwhile."""
        if self._meant_for is not self.screen:
            event.prevent_default()

    def push_screen(self, *arguments: Any, **options: Any) -> Any:
        """Show another screen; what was said before lies in nobody's way there, and no dialog opens over it later."""
        self.clear_notifications()
        if self._begun:
            self.dispatcher.drop()
        return super().push_screen(*arguments, **options)

    def action_command_palette(self) -> None:
        """Open the palette."""
        from tui.screens.palette import Palette

        if self.use_command_palette and not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def redraw(self) -> None:
        """Draw what is known now."""
        self.show(self.desk.situation())

    def on_dashboard_resized(self) -> None:
        """Fit the lines around the panes to the new width."""
        if self._begun:
            self.redraw()

    def on_dashboard_said(self, event: Dashboard.Said) -> None:
        """Tell it like everything else."""
        self.stage.tell(event.text, title="filter", grave=True)

    def action_go(self, pane: str) -> None:
        """Give the keys to a pane."""
        self.dashboard.go(pane)
        self.redraw()

    def action_zoom(self) -> None:
        """One pane whole, or all."""
        self.dashboard.zoom()

    def action_hold(self) -> None:
        """Hold the picture, or let it go on."""
        self._held = self._clock.now() if self._held is None else None
        self.stage.tell("held; h lets it go on" if self._held else "live again", title="picture", grave=False)
        self.redraw()

    def action_filter(self) -> None:
        """Ask for a filter on the list that has the keys; who would type one expects no dialog any more."""
        self.dispatcher.drop()
        self.dashboard.ask_filter()

    def action_broken(self) -> None:
        """List only what is broken, or everything again."""
        self.dashboard.toggle_broken()

    def action_lock(self) -> None:
        """Unlock actions for a while, or lock them."""
        self.stage.tell(self.desk.toggle_lock(), title="lock", grave=False)
        self.redraw()

    def action_stop(self) -> None:
        """Let the action that runs send nothing more; one whose dialog is still on its way is dropped."""
        from actions.brake import BY_HAND

        if self.dispatcher.drop():
            return
        stopped = self.dispatcher.stop(BY_HAND)
        text = "nothing more is sent; what was sent is looked at" if stopped else "no action runs"
        self.stage.tell(text, title="stop", grave=False)

    def action_drop(self) -> None:
        """Leave the action whose dialog is not open yet."""
        self.dispatcher.drop()

    def action_menu(self) -> None:
        """List all actions; the chosen one is planned as if its key had been pressed."""
        from actions.registry import REGISTRY
        from tui.screens.menu import MenuScreen

        def closed(chosen: str | None) -> None:
            self._menu = None
            if chosen is not None:
                self.act(REGISTRY[chosen])

        self._menu = MenuScreen(self.reasons.entries, self.reasons.told)
        self.push_screen(self._menu, closed)

    def action_help(self) -> None:
        """Show all keys."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self._config))

    def action_act(self, key: str) -> None:
        """Run the action that this key means in the pane that has the keys."""
        from tui.commands import meant

        pane = self.dashboard.current
        spec = meant(key, pane.kind.id if pane else None)
        if isinstance(spec, str):
            self.stage.tell(spec, title="not here", grave=False)
        else:
            self.act(spec)

    def act(self, spec: ActionSpec) -> None:
        """Plan, confirm and run one action on what is marked or under the cursor."""
        from actions.plan import Refusal
        from tui.targets import aimed, doubtful, left_out, model_of

        model = model_of(spec, self.dashboard)
        if model is not None and (doubt := doubtful(model)):
            self.stage.tell(doubt, title=spec.title, grave=True)
            return
        targets = aimed(spec, self.desk.situation(), model)
        if isinstance(targets, Refusal):
            self.stage.tell(targets.reason, title=spec.title, grave=True)
            return
        beside = left_out(model.marks.keys, model.meant, targets) if model is not None else ()
        self.run_worker(self.dispatcher.act(spec, targets, beside), group="action", exclusive=False)

    async def action_leave(self) -> None:
        """Leave; asks while an action is open or runs. One whose dialog is still on its way is dropped."""
        from tui.dispatch import Leaving

        busy = self.dispatcher.busy
        if busy is None or self.dispatcher.leaving is Leaving.FREE:
            self.dispatcher.drop()
            self.exit()
            return
        from tui.screens.leave import LeaveScreen

        if not isinstance(self.screen, LeaveScreen):
            screen = LeaveScreen(busy.title, self.desk.clock, lambda: self.dispatcher.leaving)
            self.push_screen(screen, lambda answer: self.life.end() if answer else None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Nothing that takes text or asks opens beside a dialog, nor the palette while an action runs."""
        if action in ("menu", "help", "filter"):
            return not self.dispatcher.asks
        return not (action == "command_palette" and (self.dispatcher.asks or self.dispatcher.running))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's
        """The registry and the keys, by name."""
        from tui.commands import palette

        return palette(self.act, lambda action: self.call_later(self.run_action, action), self.reasons.of)

    def on_live_table_doubted(self, event: LiveTable.Doubted) -> None:
        """Nothing was marked, and this is why."""
        from tui.targets import STRAYED

        self.stage.tell(STRAYED[event.strayed], title="mark", grave=True)

    def on_live_table_cursor_moved(self, event: LiveTable.CursorMoved) -> None:
        """The data pane follows the failed job under the cursor."""
        if event.table is self.dashboard.panes["failures"].table:
            failed = self.desk.situation().value(JOBS_FAILED)
            self.desk.select(next((job for job in failed.jobs if job.id == event.key), None) if failed else None)
