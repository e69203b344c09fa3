"""What a pane shows, as data; and the faces that every pane has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.config.model import Limits
from backend.model.providers import ProviderAnswer
from backend.model.situation import Face, Part, PartState, Situation
from widgets.present.words import span, time_of_day
from widgets.table_rows import Group, Row
from widgets.text import Glyphs, Line, Span, Tone, line_width

LOW = 10
"""Lines inside a pane below which the rows matter more than what stands around them."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a view is made from: the situation, what counts as wrong, and how much room there is."""

    situation: Situation
    limits: Limits
    glyphs: Glyphs
    width: int
    """Cells of a line inside the pane."""
    height: int
    """Lines inside the pane."""
    providers: tuple[Part[ProviderAnswer], ...] = ()

    @property
    def low(self) -> bool:
        """Whether there is room for little more than rows."""
        return self.height < LOW


@dataclass(frozen=True, slots=True)
class PaneView:
    """Everything that one pane shows at one moment."""

    face: Face
    state: Line
    """At the right of the title: glyph, word, number, age."""
    head: tuple[Line, ...] = ()
    rows: tuple[Row | Group, ...] = ()
    foot: tuple[Line, ...] = ()
    notices: tuple[Line, ...] = ()
    """What could not be read, why, and when it is tried next."""

    @property
    def stale(self) -> bool:
        """Whether what is shown must not pass for live."""
        return self.face in (Face.STALE, Face.FAILED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the parts of a pane stand together."""

    face: Face
    age: float | None
    """Seconds: of the main part, or of the oldest that is not fresh."""
    notices: tuple[Line, ...]


_GRAVITY = (Face.OK, Face.MISSING, Face.WAITING, Face.STALE, Face.FAILED)


def standing(look: Look, parts: Sequence[Part[Any]]) -> Standing:
    """How these parts stand; the first is the pane's main one."""
    situation = look.situation
    states = [situation[part] for part in parts]
    now = situation.at
    faces = [state.face(now) for state in states]
    present = [face for face in faces if face is not Face.MISSING]
    if not present:
        worst = Face.MISSING
    elif faces[0] is not Face.WAITING and set(present) == {Face.OK, Face.WAITING}:
        worst = Face.OK  # what is still to come does not make doubtful what is there
    else:
        worst = max(present, key=_GRAVITY.index)
    troubled = [state for state, face in zip(states, faces, strict=True) if face in (Face.FAILED, Face.STALE)]
    ages = [age for state in (troubled or states[:1]) if (age := state.age(now)) is not None]
    return Standing(worst, max(ages, default=None), _notices(states, faces, look))


def _notices(states: Sequence[PartState[Any]], faces: Sequence[Face], look: Look) -> tuple[Line, ...]:
    lines: list[Line] = []
    told: set[str] = set()
    for state, face in zip(states, faces, strict=True):
        if face is Face.FAILED and state.failure and state.failure.summary not in told:
            told.add(state.failure.summary)
            lines.extend(_failed(state, look))
    missing = [state for state, face in zip(states, faces, strict=True) if face is Face.MISSING]
    if missing:
        names = ", ".join(state.part.name for state in missing)
        count = f"{len(states) - len(missing)} of {len(states)} parts, " if len(missing) < len(states) else ""
        lines.append((Span(f"{look.glyphs.unknown} {count}no route for {names}", "dim"),))
    return tuple(lines)


def _failed(state: PartState[Any], look: Look) -> tuple[Line, ...]:
    """What failed and why; since when and when it is tried again follow on the same line if they find room there."""
    glyphs = look.glyphs
    why = (Span(f"{glyphs.bad} {state.part.name}: {state.failure.summary if state.failure else ''}", "bad"),)
    times = f"since {time_of_day(state.failed_since)}"
    if state.next_at is not None and state.next_at > look.situation.at:
        times += f" {glyphs.dot} next try {time_of_day(state.next_at)}"
    if look.low or line_width(why) + len(times) + 3 <= look.width:
        return ((*why, Span(f" {glyphs.dot} {times}", "dim")),)
    return (why, (Span(f"  {times}", "dim"),))


_WORDS: dict[Face, tuple[Tone, str]] = {
    Face.WAITING: ("dim", "waiting"),
    Face.MISSING: ("dim", "missing"),
    Face.STALE: ("dim", "stale"),
    Face.FAILED: ("bad", "failed"),
}


def state_line(stand: Standing, tone: Tone, word: str, glyphs: Glyphs) -> Line:
    """Glyph, word and age for the title: the given word while the facts are live, else the face's own."""
    tone, word = _WORDS.get(stand.face, (tone, word))
    sign = {"ok": glyphs.ok, "warn": glyphs.warn, "bad": glyphs.bad}.get(tone, glyphs.unknown)
    age = () if stand.age is None else (Span(f"  {span(stand.age)}", "dim"),)
    return (Span(f"{sign} {word}", tone), *age)


def grave(*tones: Tone) -> Tone:
    """The gravest of some tones."""
    order: tuple[Tone, ...] = ("ok", "warn", "bad")
    return max((tone for tone in tones if tone in order), key=order.index, default="ok")
