"""The header, and the finding that matters most."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from backend.frozen import dataclass
from backend.incident.alert import NAME, Alert, AlertState
from backend.model.finding import Finding, Severity
from widgets.present.where import where
from widgets.present.words import clock_span, joined, span, time_of_day
from widgets.text import Glyphs, Line, Span, Tone, both_ends, crop, line_width, wrapped
from widgets.text import width as text_width


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header tells, apart from the alert."""

    environment: str
    host: str
    lock: str
    """`unlocked`, `locked` or `read-only`."""
    now: datetime
    worst_age: float | None
    """Seconds: of the oldest value among those that are no longer fresh; None when all are."""
    width: int
    held: datetime | None = None
    """Since when the panes are held still: they are not what goes on now, but what was then."""


def header(alert: Alert, facts: HeaderFacts, glyphs: Glyphs) -> Line:
    """Where one is, whether the alert fires and since when, what time is left, and whether keys act.

    Where there is no room for all of it, what matters least is left out, and the alert last. What was left out for
    something longer comes back where it finds room after all.
    """
    lead: Line = ()
    tail: Line = ()
    for number in range(len(DISPENSABLE) + 1):
        without = frozenset(DISPENSABLE[:number])
        lead, tail = _ends(alert, facts, glyphs, without)
        spare = _spare(lead, tail, facts)
        if spare >= 0:
            lead, tail = _refilled(alert, facts, glyphs, without)
            break
        room = text_width(facts.environment) + spare
        if "held since" in without and "environment" not in without and room >= LEAST_NAME:
            shorter = replace(facts, environment=crop(facts.environment, room, glyphs.more))
            lead, tail = _ends(alert, shorter, glyphs, without)
            break
    return both_ends(lead, tail, facts.width, glyphs.more)


DISPENSABLE = (
    "host", "alert name", "program", "held key", "time", "age", "gaps", "held since", "unknown since", "lock time",
    "lock", "environment", "RTO", "held",
)  # fmt: skip
"""What goes first where the header finds no room; the environment's name becomes shorter before the lock goes."""
LEAST_NAME = 5
"""Cells of the environment's name below which it tells nothing."""
RETURNING = ("held since", "age")
"""What comes back if something that went after it left enough room, and if the lock did not have to go."""


def _refilled(alert: Alert, facts: HeaderFacts, glyphs: Glyphs, without: frozenset[str]) -> tuple[Line, Line]:
    """Both ends with what finds room after all."""
    ends = _ends(alert, facts, glyphs, without)
    for part in RETURNING if "lock" not in without else ():
        fuller = _ends(alert, facts, glyphs, without - {part})
        if _spare(*fuller, facts) >= 0:
            ends, without = fuller, without - {part}
    return ends


def _spare(lead: Line, tail: Line, facts: HeaderFacts) -> int:
    """Cells between both ends that nobody needs; fewer than none where there are too few."""
    return facts.width - 1 - line_width(lead) - line_width(tail)


def _ends(alert: Alert, facts: HeaderFacts, glyphs: Glyphs, without: frozenset[str]) -> tuple[Line, Line]:
    lock = facts.lock.partition(" ")[0] if "lock time" in without else facts.lock
    told: tuple[tuple[str, Line], ...] = (
        ("held", _held(facts.held, facts.now, without)),
        ("RTO", _rto(alert)),
        ("age", _age(facts.worst_age)),
        ("lock", (Span(lock, _lock_tone(lock)),)),
        ("time", (Span(time_of_day(facts.now)),)),
    )
    place = where(facts.environment, facts.host, glyphs, without)
    end = joined([line for part, line in told if part not in without], "  " if "gaps" in without else "   ")
    return (*place, Span("   " if place else " "), *_alert(alert, glyphs, without)), (*end, Span(" ")) if end else ()


def _alert(alert: Alert, glyphs: Glyphs, without: frozenset[str]) -> Line:
    name = "" if "alert name" in without else f" {NAME}"
    lasted = f" {clock_span(alert.lasted.total_seconds())}" if alert.lasted else ""
    if alert.fired_at is not None:
        since = "" if "unknown since" in without else f", unknown since {time_of_day(alert.fired_at)[:5]}"
        return (Span(f"{glyphs.unknown} was FIRING{name}{lasted}{since}", "warn"),)
    if alert.state == "unknown":
        return (Span(f"{glyphs.unknown} alert unknown", "warn"),)
    if alert.state == "ok":
        return (Span(f"{glyphs.ok} ok", "ok"),)
    return (Span(f"{glyphs.bad} FIRING{name}{lasted}", "bad"),)


def _held(since: datetime | None, now: datetime, without: frozenset[str]) -> Line:
    if since is None:
        return ()
    if "held since" in without:
        return (Span(f"HELD {span((now - since).total_seconds())}", "bad"),)
    return (Span(f"HELD since {time_of_day(since)}{'' if 'held key' in without else ', h goes on'}", "bad"),)


def _rto(alert: Alert) -> Line:
    if not (alert.firing or alert.fired_at) or alert.rto_left is None:
        return ()
    left = alert.rto_left.total_seconds()
    if left < 0:
        return (Span("RTO over by ", "dim"), Span(clock_span(-left), "bad"))
    return (Span("RTO left ", "dim"), Span(clock_span(left), "warn" if left < 3600 else "plain"))


def _age(worst: float | None) -> Line:
    return () if worst is None else (Span(f"oldest {span(worst)}", "warn"),)


def _lock_tone(lock: str) -> Tone:
    return "plain" if lock.startswith("unlocked") else "warn"


def first_finding(
    findings: Sequence[Finding], keys: Mapping[str, tuple[str, str]], alert: Alert, width: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """The gravest finding in one sentence, with the keys that answer it; on two lines where one does not hold both.

    `keys` gives key and title of each action that this program has. Where no rule found anything the alert says whether
    there were facts to judge by, and whether that is good news.
    """
    if not findings:
        return _no_finding(alert, width, glyphs)
    finding = findings[0]
    tone: Tone = "bad" if finding.severity is Severity.CRITICAL else "warn"
    sign = glyphs.bad if tone == "bad" else glyphs.warn
    cause = Span(f" {sign} {finding.cause.upper()}  ", tone)
    answers = [
        (Span(f"{keys[each][0]} ", "accent"), Span(f"{keys[each][1]}   ")) for each in finding.actions if each in keys
    ]
    more = (Span(f"+{len(findings) - 1} more ", "dim"),) if len(findings) > 1 else ()
    told = [*answers, more] if more else answers
    bare = [(answer[0],) for answer in answers]
    tails = [joined(parts[:count], "") for parts in (told, bare) for count in range(len(parts), 0, -1)]
    return _beside_or_below(cause, finding.summary, tails, width, glyphs.more)


def _no_finding(alert: Alert, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    match alert.state:
        case AlertState.UNKNOWN:
            return ((Span(f" {glyphs.unknown} {alert.doubt or 'no fresh facts to judge by'}", "dim"),),)
        case AlertState.FIRING:
            why = f": {alert.reasons[0]}" if alert.reasons else ""
            sentence = f"no rule explains the alert{why}"
            return _beside_or_below(Span(f" {glyphs.warn} ", "warn"), sentence, [], width, glyphs.more)
        case AlertState.OK:
            return ((Span(f" {glyphs.ok} ", "ok"), Span("nothing found", "dim")),)


def _beside_or_below(cause: Span, sentence: str, tails: Sequence[Line], width: int, more: str) -> tuple[Line, ...]:
    """Cause and sentence at the left, the rest at the right of the same line or of a second one.

    Of the rest there are several, the longest first, and keys alone last: the sentence, with its numbers at its end,
    matters more.
    """
    lead = line_width((cause,))
    tail = tails[0] if tails else ()
    if lead + line_width((Span(sentence), *tail)) + 1 <= width:
        return (both_ends((cause, Span(sentence)), tail, width, more),)
    first, *rest = wrapped(crop(sentence, 2 * width, more), max(1, width - lead - 1))
    if not rest and not tail:
        return ((cause, Span(first)),)
    below = " ".join(rest)
    left = width - text_width(below) - 1
    fits = ((indent, each) for indent in (lead, 1) for each in tails if indent + line_width(each) <= left)
    indent, tail = next(fits, (max(1, min(lead, left)), ()))
    return (cause, Span(first)), both_ends((Span(" " * indent), Span(below)), tail, width, more)
