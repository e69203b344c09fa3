"""Since when the incident runs, as long as somebody watches it."""

from dataclasses import dataclass, replace
from datetime import datetime

from backend.incident.alert import Alert, AlertState


@dataclass(slots=True)
class IncidentClock:
    """Keeps the beginning of the incident, which is not over because its oldest failure was mended.

    What one look tells comes from the jobs that are failed by then. Whoever requeues the first of them would win time
    that nobody has: an incident lasts from the alert's firing until the alert has been seen to be over.
    """

    _began: datetime | None = None

    def told(self, alert: Alert) -> Alert:
        """The alert with the earliest beginning that was seen of it."""
        if alert.state is AlertState.OK:
            self._began = None
        elif alert.since is not None:
            self._began = min(alert.since, self._began or alert.since)
        return replace(alert, since=self._began or alert.since) if alert.firing else alert
