"""The last lines of the journal: what was done here, by whom, and what came of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from backend.incident.entry import Entry, verdict_word
from widgets.present.words import time_of_day
from widgets.text import Line, Span, Tone

_TONES: dict[str, Tone] = {"worked": "ok", "no effect": "warn", "worse": "bad", "unknown": "warn"}
GIVEN_UP_AFTER = timedelta(minutes=5)
"""A run that wrote nothing for so long does not run any more."""
_SHOWN = frozenset({"intent", "verdict", "refusal", "note", "alert"})


def timeline(entries: Sequence[Entry], actor: str, lines: int, now: datetime | None = None) -> tuple[Line, ...]:
    """One line a run: its verdict where there is one, else that it runs or was given up; the newest last.

    Without `now` nothing is told by its age.
    """
    newest: dict[str, Entry] = {}
    alive: dict[str, datetime] = {}
    for entry in entries:
        alive[entry.id] = entry.at
        if entry.kind in _SHOWN:
            newest.pop(entry.id, None)
            newest[entry.id] = entry
    return tuple(_line(entry, actor, alive[entry.id], now) for entry in list(newest.values())[-lines:])


def _line(entry: Entry, actor: str, alive: datetime, now: datetime | None) -> Line:
    who = "you" if entry.actor == actor else entry.actor
    targets = " ".join(target.partition(":")[2] or target for target in entry.targets[:3])
    more = f" +{len(entry.targets) - 3}" if len(entry.targets) > 3 else ""
    word, tone = _word(entry, given_up=now is not None and now - alive > GIVEN_UP_AFTER)
    return (
        Span(f" {_moment(entry.at, now)}  ", "dim"),
        Span(f"{who:<5} ", "dim"),
        Span(f"{entry.action} {targets}{more}  ".lstrip()),
        Span(word, tone),
        Span(f": {entry.data['text']}" if entry.data.get("text") else ""),
    )


def _moment(at: datetime, now: datetime | None) -> str:
    """The time of day, behind the date where that is not today's, in UTC."""
    day = at.astimezone(UTC).date()
    return time_of_day(at) if now is None or day == now.astimezone(UTC).date() else f"{day} {time_of_day(at)}"


def _word(entry: Entry, *, given_up: bool) -> tuple[str, Tone]:
    if entry.kind == "intent":
        return ("no verdict", "warn") if given_up else ("running", "accent")
    if entry.kind != "verdict":
        return entry.kind, "plain"
    return verdict_word(entry), _TONES.get(str(entry.data.get("verdict")), "warn")
