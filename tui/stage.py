"""What the dispatcher needs of the application, on Textual."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from textual.app import App
from textual.notifications import SeverityLevel

from actions.advice import next_action
from actions.guard import Posture
from actions.outcome import Progress
from actions.plan import Plan
from actions.spec import ActionSpec
from actions.unfinished import MOST_TOLD, told_broken_off
from backend.incident.alert import RTO
from backend.incident.entry import verdict_word
from backend.incident.runs import RunRecord
from backend.model.situation import Situation
from backend.parts import JOBS_COUNTS, JOBS_HEALTH, JOBS_PENDING, JOBS_RUNNING
from tui.desk import Desk
from tui.screens.dashboard import Dashboard
from tui.screens.plan import PlanScreen
from widgets.present.plan import PlanFacts
from widgets.text import crop, shown

LONGEST = 400
"""Cells of what is said to the person at once."""
AT_LEAST = 5.0
"""Seconds for which what is said can be read; longer texts stay longer."""
READ_PER_SECOND = 12.0
"""Cells that somebody who is not at ease reads in a second."""
READ_WITHIN = 2.0
"""Seconds that what came of an action may wait for fresh facts."""
TAKEN = "Not opened over what is being typed or answered; nothing was sent. End that, then ask for it again."


class AppStage:
    """Shows dialogs and words, and runs what goes on in the background."""

    def __init__(self, app: App[None], desk: Desk, redraw: Callable[[], None]) -> None:
        self._app = app
        self._desk = desk
        self._redraw = redraw
        self.progress: str | None = None
        self._drawn = desk.scribe.ledger.entries
        """The lines of the journal that were drawn last, whoever had them read."""
        self.ending = False
        """Once the application closes, nothing new goes on in the background."""

    def situation(self) -> Situation:
        """What is known now."""
        return self._desk.situation()

    def posture(self) -> Posture:
        """Whether this program may act."""
        return self._desk.posture

    async def confirm(self, plan: Plan) -> bool:
        """Show the dialog; whether the person confirmed.

        It never opens over something that is being typed or answered, for what is meant for that would answer it.
        """
        if not self._is_free:
            self.tell(TAKEN, title=plan.title, grave=True)
            return False
        desk = self._desk
        since = desk.alert(self.situation()).since or desk.clock.now() - RTO
        facts = PlanFacts(
            title=plan.title,
            what=plan.what,
            risk=plan.risk.value,
            environment=desk.config.environment.name,
            about=plan.about,
            steps=tuple(step.text for step in plan.steps),
            preconditions=plan.preconditions,
            effects=plan.effects,
            checks=plan.checks,
            facts_age_s=plan.facts_age_s,
            before=tuple(before(plan, desk.scribe.ledger.runs, since)),
        )
        screen = PlanScreen(plan, facts, desk.clock)
        confirmed = await self._app.push_screen_wait(screen)
        if screen.expired:
            self.tell("The dialog expired: its facts are a minute old.", title=plan.title, grave=False)
        return confirmed

    @property
    def _is_free(self) -> bool:
        """Whether nothing is typed or answered now."""
        return isinstance(self._app.screen, Dashboard) and not self._app.screen.is_typed_in

    def tell(self, text: str, *, title: str, grave: bool) -> None:
        """Say something to the person, literally; lines below it that are to be copied are said whole."""
        severity: SeverityLevel = "warning" if grave else "information"
        seconds = max(AT_LEAST, len(text) / READ_PER_SECOND)
        sentence, *lines = text.split("\n")
        self._app.notify(
            "\n".join((crop(sentence, LONGEST), *map(shown, lines))),
            title=crop(title, LONGEST),
            severity=severity,
            markup=False,
            timeout=seconds,
        )

    def progressed(self, progress: Progress | None) -> None:
        """Show how far a run is."""
        self.progress = _how_far(progress) if progress else None
        self._redraw()

    def reads(self, text: str | None) -> None:
        """Show that facts are read before a dialog can open."""
        self.progress = text
        self._redraw()

    def leave(self, waits: str) -> None:
        """Begin nothing new in the background any more, and show what the end waits for, if it does."""
        self.ending = True
        if waits and waits != self.progress:
            self.progress = waits
            self.tell(waits, title="leaving", grave=True)
            self._redraw()

    def recorded(self, spec: ActionSpec) -> None:
        """Read the journal, and what the action touched."""
        self._desk.feed.nudge(*spec.facts, JOBS_RUNNING, JOBS_HEALTH, JOBS_COUNTS, JOBS_PENDING)
        if not self.ending:
            self._app.run_worker(self.reread(), group="journal")

    async def reread(self) -> None:
        """Read what anybody, also another backtop, added to the journal, and draw it."""
        await self._desk.read_journal()
        self.draw_journal()

    def draw_journal(self) -> None:
        """Draw what was read of the journal since it was drawn last."""
        if self._drawn is not self._desk.scribe.ledger.entries:
            self._drawn = self._desk.scribe.ledger.entries
            self._redraw()

    async def advice(self, spec: ActionSpec) -> str:
        """What else answers the gravest finding, by what is read now."""
        await self._desk.feed.read_afresh(spec.facts, READ_WITHIN)
        found = next_action(self.situation(), self._desk.config.limits, spec)
        if found is None:
            return ""
        return f"the finding is {found.cause}: {found.spec.key} {found.spec.title} in {found.spec.pane}"

    def tell_broken_off(self, runs: Sequence[RunRecord]) -> None:
        """Tell of runs that were begun and never ended, and what is known of the steps of each."""
        for run in runs[-MOST_TOLD:]:
            self.tell(told_broken_off(run), title="unfinished", grave=True)
        if len(runs) > MOST_TOLD:
            more = f"{len(runs) - MOST_TOLD} more runs were broken off; backtop journal tells of them"
            self.tell(more, title="unfinished", grave=True)


def _how_far(progress: Progress) -> str:
    """How far a run is, and what stops it until that is done."""
    stops = "nothing more is sent" if progress.stops else "x stops"
    return f"{progress.done} of {progress.of}, {stops}   {progress.text}"


def before(plan: Plan, runs: Sequence[RunRecord], since: datetime) -> list[str]:
    """How often this was done to these targets since then, and what came of it: the last word on each run."""
    keys = {target.key for target in plan.targets}
    done = [
        run for run in runs if run.intent.action == plan.action and run.intent.at >= since and keys & run.touched.keys()
    ]
    words = Counter("no verdict yet" if run.verdict is None else verdict_word(run.verdict) for run in done)
    return [f"{count} x {plan.title} here: {word}" for word, count in words.items()]
