"""What the journal says of the alert: when it began and when it ended, as dashboards saw it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

from backend.clock import Clock
from backend.errors import JournalError
from backend.frozen import dataclass
from backend.incident.alert import NAME, Alert, AlertState
from backend.incident.entry import Entry
from backend.incident.ledger import Ledger
from backend.incident.scribe import Scribe

REST = 30.0
"""Seconds until a change is written down again whose entry could not be."""
ENOUGH = 300
"""Signs of the reasons that an entry keeps."""


@dataclass(frozen=True, slots=True)
class RecordedAlert:
    """What an entry says of the alert."""

    state: AlertState
    """`FIRING` or `OK`."""
    since: datetime | None
    """Since when it was firing, or since when the one was that is over; None where nobody knew."""
    at: datetime
    """When it was written."""


def last_alert(ledger: Ledger) -> RecordedAlert | None:
    """What the last such entry says; None when there is none, or none that can be understood."""
    return None if ledger.alert is None else _recorded(ledger.alert)


class AlertKeeper:
    """Writes down each change of the alert, as one dashboard sees it; of several that see it, one does.

    Each writes only when its own view changes, so that two who judge differently do not answer each other for ever.
    """

    def __init__(self, scribe: Scribe, clock: Clock) -> None:
        self._scribe = scribe
        self._clock = clock
        self._settled: AlertState | None = None
        """What it saw when it last agreed with the journal."""
        self._rests_until = 0.0

    async def tell(self, seen: Alert) -> None:
        """Write down what is news; without a journal that can be written this changes nothing.

        The ledger has been read just now: what it does not know yet is looked at while nobody writes.
        """
        unknown = seen.state is AlertState.UNKNOWN
        if unknown or seen.state is self._settled or self._clock.monotonic() < self._rests_until:
            return
        if self._is_news(last_alert(self._scribe.ledger), seen) and not await self._written(seen):
            self._rests_until = self._clock.monotonic() + REST
            return
        self._settled = seen.state

    async def _written(self, seen: Alert) -> bool:
        before = last_alert(self._scribe.ledger)
        known = self._scribe.ledger.entries[-1].seq if self._scribe.ledger.entries else 0

        def wanted(newest_first: Iterator[Entry]) -> bool:
            for entry in newest_first:
                if entry.seq <= known:
                    break
                if entry.kind == "alert" and (found := _recorded(entry)) is not None:
                    return self._is_news(found, seen)
            return self._is_news(before, seen)

        data = {
            "state": seen.state.value,
            "since": _since(before, seen),
            "text": f"firing: {'; '.join(seen.reasons)}"[:ENOUGH] if seen.firing else "it is over",
        }
        try:
            await self._scribe.append_if(wanted, "alert", id=uuid4().hex[:12], action=NAME, data=data)
        except JournalError:
            return False
        return True

    @staticmethod
    def _is_news(last: RecordedAlert | None, seen: Alert) -> bool:
        """That all is well is news only after it was not."""
        return seen.firing if last is None else seen.state is not last.state


def _since(before: RecordedAlert | None, seen: Alert) -> str | None:
    since = seen.since if seen.firing else before.since if before else None
    return None if since is None else since.astimezone(UTC).isoformat()


def _recorded(entry: Entry) -> RecordedAlert | None:
    state, since = entry.data.get("state"), entry.data.get("since")
    if state not in (AlertState.FIRING, AlertState.OK):
        return None
    return RecordedAlert(AlertState(state), _moment(since), entry.at)


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None
