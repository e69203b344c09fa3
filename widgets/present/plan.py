"""What the dialog shows of a plan."""

from collections.abc import Sequence
from math import ceil

from backend.frozen import dataclass
from backend.text import counted
from widgets.present.words import risk_tone, span
from widgets.text import Glyphs, Line, Span, Tone, crop, line_width, wrapped


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan in words, as the dialog needs it."""

    title: str
    what: str
    """What it acts on, in a word: `3 jobs`."""
    risk: str
    environment: str
    about: tuple[str, ...]
    steps: tuple[str, ...]
    preconditions: tuple[str, ...]
    effects: tuple[str, ...]
    checks: tuple[str, ...]
    facts_age_s: float
    before: tuple[str, ...] = ()
    """How often it was done before, and with what verdict."""


def heading(facts: PlanFacts) -> Line:
    """The verb, how many targets, where, and how grave."""
    return (
        Span(facts.title, "strong"), Span(f" {facts.what}" if facts.what else ""), Span("  on ", "dim"),
        Span(facts.environment, "place"), Span("   risk ", "dim"), Span(facts.risk, risk_tone(facts.risk)),
    )  # fmt: skip


LABEL = 8
"""Cells of the labels at the left."""
ENOUGH = 400
"""Cells of what is told about one target; what is sent is always told whole."""


def body(facts: PlanFacts, width: int) -> tuple[Line, ...]:
    """Everything between the heading and the keys, wrapped to `width` cells; it scrolls.

    One target and what is sent for it come first. Long lists of them come last, so that they hide nothing.
    """
    acts = [
        *_block("targets", [crop(about, ENOUGH) for about in facts.about], width),
        *_block("sends", facts.steps, width, "accent"),
    ]
    means = [
        *_block("effect", facts.effects, width),
        *_block("checked", facts.checks, width),
        *_block("before", facts.before, width, "warn"),
        *_block("only if", facts.preconditions, width),
        age_line(facts.facts_age_s),
    ]
    return tuple(means + acts if len(facts.about) > 1 else acts + means)


def age_line(seconds: float) -> Line:
    """How old the facts are."""
    return (Span(f"{'facts':<{LABEL}}", "dim"), Span(f"{span(seconds)} old"))


def key_lines(title: str, width: int, *, typing: bool, ready: bool, left: float, note: str) -> tuple[Line, ...]:
    """What the keys do and for how long; above it what was wrong with the last ones, which hides nothing of that."""
    noted = wrapped(note, max(8, width)) if note else ()
    seconds = f"{10 * -(-int(left) // 10)}s" if left > 10 else f"{ceil(left)}s"
    long, short = Span(f"   expires in {seconds}", "dim"), Span(f"   {seconds}", "dim")
    if typing:
        cancel = Span("[esc] Cancel", "strong")
        ways: tuple[Line, ...] = ((cancel, long), (cancel, short))
    else:
        cancel, hint = Span("[n] Cancel", "strong"), Span("  esc, enter", "dim")
        yes = Span("   [y] ", "accent" if ready else "dim"), Span(title, "plain" if ready else "dim")
        ways = (cancel, hint, *yes, long), (cancel, *yes, long), (cancel, *yes, short)
    keys = next((line for line in ways if line_width(line) <= width), ways[-1])
    return (*(((Span(line, "warn"),)) for line in noted), keys)


def more_below(lines: int, glyphs: Glyphs) -> Line:
    """That so many lines of the facts are not to be seen yet."""
    return (Span(f"{glyphs.opened} {counted(lines, 'more line')}", "warn"),) if lines > 0 else ()


def _block(label: str, texts: Sequence[str], width: int, tone: Tone = "plain") -> list[Line]:
    lines: list[Line] = []
    numbered = len(texts) > 1 and label in ("targets", "sends")
    for number, text in enumerate(texts, start=1):
        mark = f"{number:>{len(str(len(texts)))}}  " if numbered else ""
        for part in wrapped(text, max(8, width - LABEL - len(mark))):
            lines.append((Span(f"{label:<{LABEL}}", "dim"), Span(mark, "dim"), Span(part, tone)))
            label, mark = "", " " * len(mark)
    return lines
