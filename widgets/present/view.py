"""What a pane shows, as data; and the faces that every pane has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.config.model import Limits
from backend.model.providers import ProviderAnswer
from backend.model.situation import Face, Part, PartState, Situation
from widgets.present.words import span, time_of_day
from widgets.table_rows import Group, Row
from widgets.text import Glyphs, Line, Span, Tone


@dataclass(frozen=True, slots=True)
class Look:
    """What a view is made from: the situation, what counts as wrong, and how much room there is."""

    situation: Situation
    limits: Limits
    glyphs: Glyphs
    width: int
    """Cells inside the pane."""
    providers: tuple[Part[ProviderAnswer], ...] = ()


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


def standing(situation: Situation, parts: Sequence[Part[Any]], glyphs: Glyphs) -> Standing:
    """How these parts stand; the first is the pane's main one."""
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
    return Standing(worst, max(ages, default=None), _notices(states, faces, now, glyphs))


def _notices(
    states: Sequence[PartState[Any]], faces: Sequence[Face], now: datetime, glyphs: Glyphs
) -> tuple[Line, ...]:
    lines: list[Line] = []
    told: set[str] = set()
    for state, face in zip(states, faces, strict=True):
        if face is Face.FAILED and state.failure and state.failure.summary not in told:
            told.add(state.failure.summary)
            lines.append(_failed(state, now, glyphs))
    missing = [state for state, face in zip(states, faces, strict=True) if face is Face.MISSING]
    if missing:
        names = ", ".join(state.part.name for state in missing)
        count = f"{len(states) - len(missing)} of {len(states)} parts" if len(missing) < len(states) else "no part"
        lines.append((Span(f"{glyphs.unknown} ", "dim"), Span(f"{count}: the server has no route for {names}", "dim")))
    return tuple(lines)


def _failed(state: PartState[Any], now: datetime, glyphs: Glyphs) -> Line:
    failure = state.failure
    summary = failure.summary if failure else ""
    tail = f" · since {time_of_day(state.failed_since)}"
    if state.next_at is not None and state.next_at > now:
        tail += f" · next try {time_of_day(state.next_at)}"
    return (Span(f"{glyphs.bad} ", "bad"), Span(f"{state.part.name}: {summary}", "bad"), Span(tail, "dim"))


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
