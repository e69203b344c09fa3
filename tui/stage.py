"""What the dispatcher needs of the application, on Textual."""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence

from textual.app import App
from textual.notifications import SeverityLevel

from actions.execution import Progress
from actions.guard import Posture
from actions.plan import Plan
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from backend.diagnosis.rules import diagnose
from backend.incident.entry import Entry
from backend.model.situation import Situation
from backend.parts import JOBS_COUNTS, JOBS_HEALTH, JOBS_PENDING, JOBS_RUNNING
from tui.desk import Desk
from tui.screens.plan import PlanScreen
from widgets.present.plan import PlanFacts
from widgets.text import crop

LONGEST = 400
"""Cells of what is said to the person at once."""


class AppStage:
    """Shows dialogs and words, and runs what goes on in the background."""

    def __init__(self, app: App[None], desk: Desk, redraw: Callable[[], None]) -> None:
        self._app = app
        self._desk = desk
        self._redraw = redraw
        self.progress: str | None = None
        self.ending = False
        """Once the application closes, nothing new goes on in the background."""

    def situation(self) -> Situation:
        """What is known now."""
        return self._desk.situation()

    def posture(self) -> Posture:
        """Whether this program may act."""
        return self._desk.posture

    async def confirm(self, plan: Plan) -> bool:
        """Show the dialog; whether the person confirmed."""
        desk = self._desk
        await desk.read_journal()
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
            before=tuple(_before(plan, desk.entries)),
        )
        return await self._app.push_screen_wait(PlanScreen(plan, facts, desk.clock))

    def tell(self, text: str, *, title: str, grave: bool) -> None:
        """Say something to the person, literally."""
        severity: SeverityLevel = "warning" if grave else "information"
        self._app.notify(crop(text, LONGEST), title=crop(title, LONGEST), severity=severity, markup=False)

    def progressed(self, progress: Progress | None) -> None:
        """Show how far a run is."""
        self.progress = f"{progress.text}  ({progress.done} of {progress.of})" if progress else None
        self._redraw()

    def recorded(self, spec: ActionSpec) -> None:
        """Read the journal, and what the action touched."""
        self._desk.feed.nudge(*spec.facts, JOBS_RUNNING, JOBS_HEALTH, JOBS_COUNTS, JOBS_PENDING)
        if not self.ending:
            self._app.run_worker(self.reread(), group="journal")

    async def reread(self) -> None:
        """Read the journal again, and draw it."""
        await self._desk.read_journal()
        self._redraw()

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Do this while the person goes on; not at all when the application closes."""
        if self.ending:
            work.close()
            return
        self._app.run_worker(work, group="follow")

    def advice(self, spec: ActionSpec) -> str:
        """What else answers the gravest finding."""
        for finding in diagnose(self.situation(), self._desk.config.limits):
            others = [REGISTRY[name] for name in finding.actions if name in REGISTRY and name != spec.id]
            if others:
                return f". The finding is {finding.cause}: {others[0].key} {others[0].title} in {others[0].pane}"
        return ""

    def tell_unfinished(self, entry: Entry) -> None:
        """Tell of an action that an earlier run began and never ended."""
        self.tell(
            f"{entry.action} {' '.join(entry.targets)} was begun at {entry.at:%H:%M:%S} by {entry.actor} and has no "
            "verdict: it may have been done in part; look before you act",
            title="unfinished",
            grave=True,
        )


def _before(plan: Plan, entries: Sequence[Entry]) -> list[str]:
    """How often this was done to these targets, and what came of it: the last word on each run."""
    keys = {target.key for target in plan.targets}
    verdicts = [entry for entry in entries if entry.kind == "verdict" and entry.action == plan.action]
    here = {entry.id for entry in verdicts if keys & set(entry.targets)}
    last = {entry.id: str(entry.data.get("verdict")) for entry in verdicts if entry.id in here}
    return [f"{count} x {plan.title} here: {word}" for word, count in Counter(last.values()).items()]
