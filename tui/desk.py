"""What the application works with: configuration, feed, journal, posture; and the lines around the panes."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from actions.guard import UNLOCKED_FOR, Posture
from actions.means import Means
from actions.registry import REGISTRY
from actions.run import Runner
from actions.spec import ActionSpec
from backend.clock import Clock
from backend.config.model import Config
from backend.diagnosis.rules import diagnose
from backend.errors import JournalError
from backend.holding import Locks
from backend.incident.alert import Alert, AlertState, alert_watched
from backend.incident.alert_record import last_alert
from backend.incident.clock import IncidentClock
from backend.incident.journal import Journal
from backend.incident.scribe import Scribe
from backend.locks import whoami
from backend.model.jobs import Job
from backend.model.situation import Face, Situation
from tui.keys import KEYS
from tui.screens.dashboard import Dashboard, Frame
from widgets.present.header import HeaderFacts, first_finding, header
from widgets.present.panes import PANES
from widgets.present.words import fitting
from widgets.text import Glyphs, Line, Span, line_width

if TYPE_CHECKING:
    from tui.feed import Feed

HELP = "?"
"""The key that tells of all others; it is told at every width."""


class Desk:
    """Holds what one run of the program knows and may do."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.scribe = Scribe(Journal(config.journal_path, whoami(), clock))
        self.locks = Locks(config.lock_dir, clock)
        self.posture = Posture(config.read_only, config.environment.locked)
        self._feed: Feed | None = None
        self._incident = IncidentClock()
        self.unread = ""
        """Why the journal could not be read when it was tried last."""
        self._recalled = False
        self.host = socket.gethostname()
        self._keys = {spec.id: (spec.key, spec.title) for spec in REGISTRY.values()}

    def open_feed(self) -> "Feed":
        """The feed and its clients; slow, for it imports them: call it in a thread."""
        from tui.feed import Feed

        self._feed = Feed(self.config, self.clock)
        return self._feed

    @property
    def feed(self) -> "Feed":
        """The feed, once it is open."""
        if self._feed is None:
            raise RuntimeError("the feed is not open yet")
        return self._feed

    def situation(self) -> Situation:
        """What is known now."""
        return self._feed.now() if self._feed else Situation(self.clock.now())

    def runner(self, spec: ActionSpec) -> Runner:
        """What runs plans on this platform."""
        return Runner(self.means(spec))

    def means(self, spec: ActionSpec) -> Means:
        """What runs of this action work with."""
        executor = spec.executor(self.feed.platform, self.clock)
        return Means(executor, self.scribe, self.locks, self.clock)

    def select(self, job: Job | None) -> None:
        """Show the data of this failed job's symbols."""
        if self._feed:
            self._feed.select(job)

    def toggle_lock(self) -> str:
        """Unlock for a while, or lock; returns the sentence for the person."""
        now = self.clock.now()
        if self.posture.read_only:
            return "this backtop is read-only; that cannot be lifted"
        if self.posture.locked(now):
            self.posture = replace(self.posture, unlocked_until=now + UNLOCKED_FOR)
            return "actions are unlocked for 15 minutes"
        self.posture = replace(self.posture, starts_locked=True, unlocked_until=None)
        return "actions are locked"

    async def read_journal(self) -> None:
        """Read what was added to the journal."""
        with self.reads_journal():
            await self.scribe.catch_up()

    @contextmanager
    def reads_journal(self) -> Iterator[None]:
        """What reads the journal: where that fails it is shown, and the first action is refused for it."""
        try:
            yield
            self.unread = ""
        except JournalError as error:
            self.unread = str(error)

    def recall_incident(self) -> None:
        """Go on with the clock of an incident that the journal tells of, once it was read for the first time."""
        if self._recalled:
            return
        self._recalled, ledger = True, self.scribe.ledger
        recorded = last_alert(ledger)
        if recorded is not None and recorded.state is AlertState.FIRING:
            self._incident.recall(recorded.since, ledger.entries[-1].at)

    def alert(self, situation: Situation) -> Alert:
        """The alert, since the beginning of the incident."""
        return self._incident.told(alert_watched(situation, self.config.limits))

    def frame(
        self, situation: Situation, dashboard: Dashboard, progress: str | None, *, held: datetime | None = None
    ) -> Frame:
        """The lines around the panes; they say since when the panes are held still, if they are."""
        width = dashboard.size.width
        glyphs = dashboard.panes["jobs"].glyphs
        findings = diagnose(situation, self.config.limits)
        firing = self.alert(situation)
        facts = HeaderFacts(
            environment=self.config.environment.name,
            host=self.host,
            lock=self._lock(situation.at),
            now=situation.at,
            worst_age=_worst_age(situation),
            width=width,
            held=held,
        )
        return Frame(
            header=header(firing, facts, glyphs),
            finding=first_finding(findings, self._keys, firing, width, glyphs),
            footers={name: _footer(name, width, glyphs) for name in (*PANES, "")},
            entries=self.scribe.ledger.entries,
            actor=self.scribe.journal.actor,
            now=situation.at,
            unread=self.unread,
            is_read=self.scribe.ledger.is_read,
            progress=(Span(" now       ", "dim"), Span(progress, "accent")) if progress else None,
        )

    def _lock(self, now: datetime) -> str:
        if self.posture.read_only:
            return "read-only"
        if self.posture.locked(now):
            return "locked"
        until = self.posture.unlocked_until
        return "unlocked" if until is None else f"unlocked {-((now - until) // timedelta(minutes=1))}m"


@lru_cache(maxsize=len(PANES) + 1)
def _footer(pane: str, width: int, glyphs: Glyphs) -> Line:
    """The keys that work while this pane has them; the empty name is none."""
    on_table = bool(pane and PANES[pane].columns)
    acts = [(spec.key, spec.title) for spec in REGISTRY.values() if pane in spec.panes]
    keys = [(key.shown, key.title) for key in KEYS if key.footer and (key.on != "table" or on_table)]
    bar: list[Line] = [(Span(glyphs.upright, "dim"),)] if acts else []
    *others, last = _pairs([key for key in keys if key[0] != HELP] + [key for key in keys if key[0] == HELP])
    room = width - line_width(last) - 3
    return (Span(" "), *fitting([*_pairs(acts), *bar, *others], room, "  "), Span("  "), *last)


def _pairs(keys: Sequence[tuple[str, str]]) -> list[Line]:
    return [(Span(key, "accent"), Span(f" {title}", "dim")) for key, title in keys]


def _worst_age(situation: Situation) -> float | None:
    ages = (
        state.age(situation.at)
        for state in situation.parts.values()
        if state.face(situation.at) in (Face.STALE, Face.FAILED)
    )
    return max((age for age in ages if age is not None), default=None)
