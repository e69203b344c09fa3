"""The dialog: what will be done, to what, on which facts, and the key that confirms it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll

from actions.plan import Plan, Risk
from backend.clock import Clock
from tui.screens.settling import IN_A_BURST, SETTLE, SettlingScreen
from tui.screens.word import WordInput
from widgets.present.plan import PlanFacts, age_line, body, heading, key_lines, more_below
from widgets.readout import Readout
from widgets.text import Line, Span, line_width

THINK = 1.0
"""Seconds before a plan of medium risk can be confirmed."""
EXPIRES = 60.0
"""Seconds after which the dialog closes, because facts age."""
AROUND = 8
"""Lines of the screen that the scrolling facts leave to the heading, the keys, the frame and what lies around it."""
TYPING = 4
"""As many more where a word is typed."""
LOOSE = 5
"""Of them those that are taken, but for the heading and what is said above the keys."""
TIGHT, TIGHT_TYPING = 4, 2
"""The same where not all facts have room: no empty lines, and no frame around the word."""
NOTED = 6.0
"""Seconds for which it is told what was wrong with what was typed."""
WRONG = "not the word that is shown"
PASTED = "not taken: it was pasted; type it"


class PlanScreen(SettlingScreen[bool]):
    """Shows one plan; dismisses with whether the person confirmed it.

    Low and medium risk: everything but `y` cancels or does nothing. High risk: the plan's word is typed, then enter.
    """

    CSS_PATH = "../styles/plan.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "cancel", "cancel"),
        Binding("y", "confirm", "confirm"),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-8)", show=False),
        Binding("pagedown", "scroll(8)", show=False),
        Binding("home,ctrl+home", "end(-1)", show=False),
        Binding("end,ctrl+end", "end(1)", show=False),
        Binding("ctrl+q", "app.leave", show=False),
    ]

    def __init__(self, plan: Plan, facts: PlanFacts, clock: Clock) -> None:
        super().__init__(clock)
        self._facts = facts
        self._wait = SETTLE if plan.risk is Risk.LOW else THINK
        self._word = plan.confirm
        self._confirms = "y" if plan.confirm is None else "enter"
        self.expired = False
        """Whether it closed because nobody answered."""
        self._has_text = False
        self._note = ""
        """What was wrong with what was typed last."""
        self._noted_at = 0.0
        self._made_at = clock.monotonic()
        self._age_line: Line = ()
        self._body = Readout(id="plan-body")
        self._scrolls = VerticalScroll(self._body, id="plan-facts", can_focus=False)
        self._more = Readout(((),), id="plan-more")
        self._heading = Readout(id="plan-heading")
        self._heading.styles.height = "auto"  # two lines on a small screen
        self._keys = Readout(id="plan-keys")

    def compose(self) -> ComposeResult:
        """Heading, the scrolling facts, the keys."""
        with Vertical(id="plan", classes=f"risk-{self._facts.risk}"):
            yield self._heading
            yield self._scrolls
            yield self._more
            if self._word is not None:
                yield Readout(((Span("type "), Span(self._word, "bad"), Span(", then enter")),), id="plan-type")
                yield WordInput(self._word, self.hears, lambda: self.letters_together)
            yield self._keys

    def on_mount(self) -> None:
        """Take the keys; the clocks start once its text is drawn."""
        if self._word is not None:
            self.query_one(WordInput).focus()
        self._tick()
        for what in ("scroll_y", "virtual_size"):
            self.watch(self._scrolls, what, self._has_scrolled, init=False)
        self.set_interval(0.25, self._tick)
        self.call_after_refresh(self._wrap)  # its size may have been told before there was anything in it

    def on_resize(self) -> None:
        """Wrap the facts to the new width; they scroll where they are too many, the keys always show."""
        self.call_after_refresh(self._wrap)

    def _wrap(self) -> None:
        if not self._body.size.width:  # not laid out yet
            return
        self._heading.show(_folded(heading(self._facts), self._heading.size.width))
        self._age_line = age_line(self._facts.facts_age_s)
        self._body.show(body(self._facts, self._body.size.width))
        self._age()
        self._make_room()
        self._show_keys()
        self._has_text = True
        self.call_after_refresh(self._tell_more)
        self.call_after_refresh(self.drawn)

    def _has_scrolled(self) -> None:
        self.call_after_refresh(self._tell_more)  # its other sizes follow

    def _tell_more(self) -> None:
        below = self._scrolls.max_scroll_y - round(self._scrolls.scroll_y)
        self._more.show((more_below(below, self._more.glyphs),))

    def _make_room(self) -> None:
        """As many lines for the facts as they need, as far as the screen has them."""
        typing, lines, notes = self._word is not None, len(self._body.lines), max(0, len(self._keys.lines) - 1)
        tight = lines > self.size.height - AROUND - TYPING * typing
        self.set_class(tight, "tight")
        around = TIGHT + TIGHT_TYPING * typing if tight else LOOSE + TYPING * typing
        self._scrolls.styles.max_height = max(1, self.size.height - around - len(self._heading.lines) - notes)

    def drawn(self) -> None:
        """It can be seen, once there is text in it."""
        if self._has_text:
            super().drawn()

    def deaf_to(self, key: str) -> float:
        """The key that confirms waits for the time to think to be over."""
        return self._wait if key == self._confirms else SETTLE

    @property
    def _may_confirm(self) -> bool:
        """After the time to think, and only as long as the facts are young."""
        return self._wait <= self.open_for < EXPIRES

    def _tick(self) -> None:
        if not self.is_active:  # the question whether to leave lies over it, and has to be answered first
            return
        if self.open_for >= EXPIRES:
            self.expired = True
            self.dismiss(False)
            return
        if self.open_for - self._noted_at >= NOTED:
            self._note = ""
        self._age()
        self._show_keys()

    def _show_keys(self) -> None:
        before = len(self._keys.lines)
        self._keys.show(
            key_lines(
                self._facts.title, self._keys.size.width, typing=self._word is not None,
                ready=self.open_for >= self._wait, left=EXPIRES - self.open_for, note=self._note,
            )
        )  # fmt: skip
        if len(self._keys.lines) != before:
            self._make_room()
            self.call_after_refresh(self._tell_more)

    @property
    def _facts_age(self) -> float:
        """Seconds: the facts age while it is open."""
        return self._facts.facts_age_s + self._clock.monotonic() - self._made_at

    def _age(self) -> None:
        old, self._age_line = self._age_line, age_line(self._facts_age)
        if self._age_line != old:
            self._body.show(tuple(self._age_line if line == old else line for line in self._body.lines))

    def _remark(self, note: str) -> None:
        """Say it above the keys, for a while: a window over the dialog would hide what is typed."""
        self._note, self._noted_at = note, self.open_for
        self._show_keys()

    def on_input_changed(self) -> None:
        """What was wrong is being mended."""
        self._remark("")

    def on_word_input_pasted(self) -> None:
        """Say why nothing came of it."""
        self._remark(PASTED)

    def on_input_submitted(self, event: WordInput.Submitted) -> None:
        """Enter confirms the word that was typed in full; anything else stays where it is, to be mended."""
        event.stop()
        if event.value != self._word:
            self._remark(WRONG)
        else:
            self._confirm_if_alone()

    def action_cancel(self) -> None:
        """Close without doing anything."""
        self.dismiss(False)

    def action_confirm(self) -> None:
        """Confirm, if that is enough and the time to think is over."""
        if self._word is None:
            self._confirm_if_alone()

    def _confirm_if_alone(self) -> None:
        if self._may_confirm:
            self.if_alone(
                self._confirms, self._confirm, lambda: self._remark(f"{IN_A_BURST}; press {self._confirms} again")
            )

    def _confirm(self) -> None:
        if self._may_confirm and (self._word is None or self.query_one(WordInput).value == self._word):
            self.dismiss(True)

    def action_scroll(self, lines: int) -> None:
        """Scroll the facts."""
        self._scrolls.scroll_relative(y=lines, animate=False)
        self.call_after_refresh(self._tick)

    def action_end(self, way: int) -> None:
        """Go to the first of the facts, or to the last; where a word is typed, only with ctrl."""
        self._scrolls.scroll_to(y=0 if way < 0 else self._scrolls.max_scroll_y, animate=False)
        self.call_after_refresh(self._tick)


def _folded(line: Line, width: int) -> tuple[Line, ...]:
    """The line, gone on below where its next span has no room."""
    folded: list[Line] = [()]
    for span in line:
        if folded[-1] and line_width((*folded[-1], span)) > width:
            folded.append(())
        folded[-1] = (*folded[-1], span)
    return tuple(folded)
