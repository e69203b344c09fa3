"""Numbers as an on-call reads them: short, aligned, and without ticking where it does not matter."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate

from backend import spans
from backend.text import percent
from widgets.text import Glyphs, Line, Span, Tone, line_width

KIB = 1024
LONGEST_NUMBER = 18
"""Digits of a name that is sorted as a number."""


def span(seconds: float | None) -> str:
    """A length of time in at most four cells; a dash where nobody knows it."""
    return "–" if seconds is None else spans.span(seconds)


def clock_span(seconds: float) -> str:
    """Hours and minutes, for what is measured in hours: `3h18`, `42m`."""
    minutes = max(0, int(seconds // 60))
    return f"{minutes // 60}h{minutes % 60:02d}" if minutes >= 60 else f"{minutes}m"


def since(moment: datetime | None, now: datetime) -> str:
    """How long ago, in a word."""
    return "–" if moment is None else span((now - moment).total_seconds())


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, or in what time: `3m ago`, `in 3m`."""
    return spans.ago((now - moment).total_seconds())


def time_of_day(moment: datetime | None) -> str:
    """Hours, minutes and seconds in UTC."""
    return "–" if moment is None else f"{moment.astimezone(UTC):%H:%M:%S}"


def size(count: float | None) -> str:
    """Bytes in at most five cells: `812M`, `2.1G`."""
    if count is None:
        return "–"
    value = float(count)
    for unit in ("B", "K", "M", "G", "T"):
        if abs(value) < KIB or unit == "T":
            return f"{value:.1f}{unit}" if unit in "GT" and value < 100 else f"{value:.0f}{unit}"
        value /= KIB
    raise AssertionError("unreachable")


def completeness(value: float | None, digits: int = 0) -> str:
    """How complete data is, in percent, never more than it is; what no share of a whole can be is called odd."""
    if value is None or is_odd(value):
        return f"{percent(value, digits)}{' odd' if is_odd(value) else ''}"
    told = round(value, digits)
    return percent(told if told <= value else told - 10.0**-digits, digits)


def is_odd(share: float | None) -> bool:
    """Whether so many percent can be no part of a whole."""
    return share is not None and not 0 <= share <= 100


def number(value: int | None) -> str:
    """A count with its thousands apart."""
    return "–" if value is None else f"{value:,}"


def rough(count: float) -> str:
    """A large count in at most four cells: `812`, `91k`, `812M`."""
    value = float(count)
    for unit in ("", "k", "M", "G"):
        if abs(value) < 999.5 or unit == "G":
            return f"{value:.0f}{unit}"
        value /= 1000
    raise AssertionError("unreachable")


def risk_tone(risk: str) -> Tone:
    """The tone of what an action can do at worst."""
    tones: dict[str, Tone] = {"low": "ok", "medium": "warn", "high": "bad"}
    return tones.get(risk, "warn")


def remarked(remarks: Sequence[str]) -> Line:
    """What is odd about what is shown, on one line; nothing where nothing is."""
    return (Span(", ".join(remarks), "warn"),) if remarks else ()


def against(value: float, limit: float, margin: float = 0.9) -> Tone:
    """The tone of a value against its limit: bad beyond it, warn close to it."""
    if value >= limit:
        return "bad"
    return "warn" if value >= limit * margin else "ok"


def name_as_number(name: str) -> int | None:
    """What a name that is a number is sorted by; None for any other, which is sorted as a text."""
    return int(name) if name.isascii() and name.isdecimal() and len(name) <= LONGEST_NUMBER else None


def runtime_tone(seconds: float, limit_minutes: float) -> Tone:
    """The tone of how long something runs against how long it may."""
    return against(seconds, limit_minutes * 60, margin=0.85)


def share_tone(value: float | None) -> Tone:
    """The tone of how complete data is, in percent."""
    if value is None:
        return "plain"
    if is_odd(value):
        return "warn"
    return "ok" if value >= 99 else "warn" if value >= 90 else "bad"


def bar(share: float, cells: int, glyphs: Glyphs) -> str:
    """A bar of `cells` cells filled to `share` (0 to 1), in steps of the glyphs' scale, and full only by all of it."""
    steps = len(glyphs.bar)
    most = cells * steps if share >= 1 else max(0, cells * steps - 1)
    filled = min(most, round(max(0.0, min(1.0, share)) * cells * steps))
    whole, rest = divmod(filled, steps)
    drawn = glyphs.bar[-1] * whole + (glyphs.bar[rest - 1] if rest else "")
    return drawn + glyphs.track * (cells - len(drawn))


def spark(samples: Sequence[float], cells: int, glyphs: Glyphs, low: float = 0.0, high: float = 100.0) -> str:
    """The last `cells` samples as a line of small bars between `low` and `high`."""
    scale = glyphs.spark
    reach = (high - low) or 1.0
    drawn = "".join(
        scale[min(len(scale) - 1, max(0, int((sample - low) / reach * len(scale))))] for sample in samples[-cells:]
    )
    return drawn.rjust(cells)


def fitting(parts: Sequence[Line], cells: int, gap: str = "   ") -> Line:
    """Lines one after the other, as many from the start as find room whole; the first is always there."""
    kept: list[Line] = []
    taken = 0
    for part in filter(None, parts):
        taken += line_width(part) + (len(gap) if kept else 0)
        if kept and taken > cells:
            break
        kept.append(part)
    return joined(kept, gap)


def weightiest(parts: Sequence[Line], cells: int, gap: str = "   ") -> Line:
    """Lines one after the other, as many as find room whole, one at least; what tells of nothing wrong gives way."""
    kept: list[int] = []
    for place in sorted(range(len(parts)), key=lambda place: _weight(parts[place])):
        if kept and parts[place] and line_width(joined([parts[each] for each in (*kept, place)], gap)) > cells:
            break
        kept.append(place)
    return joined([parts[each] for each in sorted(kept)], gap)


def _weight(part: Line) -> int:
    tones = {each.tone for each in part}
    return 0 if "bad" in tones else 1 if "warn" in tones else 2


def first(parts: Sequence[Line], cells: int, gap: str = "   ", of: int | None = None) -> list[Line]:
    """The first parts, as many as find room whole, one at least; then how many more there are, `of` so many in all."""
    there = len(parts) if of is None else of
    widths = accumulate(line_width(part) + len(gap) for part in parts)
    fits = [
        count
        for count, width in enumerate(widths, 1)
        if width - len(gap) + (len(gap) + line_width(_more(there - count)) if there > count else 0) <= cells
    ]
    kept = max(fits, default=1)
    return [*parts[:kept], *([_more(there - kept)] if there > kept else ())]


def _more(count: int) -> Line:
    return (Span(f"+{number(count)}", "dim"),)


def joined(parts: Sequence[Line], gap: str = "   ") -> Line:
    """Lines one after the other, with a gap between them; empty ones are left out."""
    whole: list[Span] = []
    for part in parts:
        if part:
            whole.extend((Span(gap), *part) if whole else part)
    return tuple(whole)


def labelled(label: str, value: str, tone: Tone = "plain") -> Line:
    """A dim label and its value."""
    return (Span(f"{label} ", "dim"), Span(value, tone))
