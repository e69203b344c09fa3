"""Since when the incident runs, as long as somebody watches it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backend.failures import WINDOW
from backend.incident.alert import Alert, AlertState

BELIEVED = timedelta(days=7)
"""How long an incident can have lasted when it is first seen: what is older is a time that nobody meant."""


@dataclass(slots=True)
class IncidentClock:
    """Keeps the beginning of the incident, which is not over because its oldest failure was mended.

    What one look tells comes from the jobs that are failed by then. Whoever requeues the first of them would win time
    that nobody has: an incident lasts from the alert's firing until the alert has been seen to be over.

    A beginning of more than a week ago is told as long as the jobs tell it, and not kept: no incident lasts so long
    before anyone sees it, and one job with a senseless time, as of the year 2001, would else be every later beginning.
    """

    _began: datetime | None = None
    _recorded: datetime | None = None
    """The beginning that the journal tells, until it is seen whether that incident goes on."""
    _written_at: datetime | None = None
    """When the journal was written last before this clock was started."""

    def recall(self, since: datetime | None, written_at: datetime) -> None:
        """An alert that was firing when the journal was written last, as whoever watched before has it on record.

        It is the same incident if what fires now began within an hour of that: nobody can have seen its end between.
        """
        self._recorded, self._written_at = since, written_at

    def told(self, alert: Alert) -> Alert:
        """The alert with the earliest beginning that was seen of it and can be believed."""
        if alert.state is AlertState.OK:
            self._began = self._recorded = None
            return alert
        if alert.firing and alert.since is not None:
            self._take_up(alert.since, alert.at)
        if alert.lasted is not None and alert.lasted <= BELIEVED:
            self._began = self._earliest(alert)
        return replace(alert, since=self._earliest(alert)) if alert.firing or alert.fired_at else alert

    def _take_up(self, since: datetime, now: datetime) -> None:
        recorded, self._recorded = self._recorded, None
        if recorded is None or self._written_at is None or now - recorded > BELIEVED:
            return
        if since - self._written_at <= WINDOW:
            self._began = recorded

    def _earliest(self, alert: Alert) -> datetime | None:
        return min((moment for moment in (alert.since, self._began) if moment is not None), default=None)
