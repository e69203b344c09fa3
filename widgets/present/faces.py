"""The faces that every pane has: waiting, missing, stale, failed; and what is told of parts that gave nothing."""

from collections.abc import Sequence
from typing import Any

from backend.frozen import dataclass
from backend.model.situation import GRAVITY, Face, Failure, Part, PartState, SourceName
from backend.text import first_line
from widgets.present.view import Look, grave
from widgets.present.words import first, joined, span, time_of_day
from widgets.text import Glyphs, Line, Span, Tone, crop, line_width, plain, shown, wrapped

OLD = (Face.STALE, Face.FAILED)
NOT_LIVE = (*OLD, Face.MISSING)
"""Of a route that has gone the last value is still there, and no more live than any other old one."""
READABLE = 10
"""Cells below which no sentence can be read, on however many lines."""
LONGEST_WORD = 28
"""Cells of a state in a title: a server's own word must leave room for the age."""
SAID_LINES = 3
"""Lines that a sentence takes at most; a server's own words are the last in it."""
SAID_MOST = 2000
"""Characters of a sentence that are looked at: more than the widest pane holds on those lines."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the parts of a pane stand together."""

    face: Face
    """That of the main part; where the server has no such route, that of the others."""
    age: float | None
    """Seconds: of the main part, or of the first that there is."""
    notices: tuple[Line, ...]
    lesser: str = ""
    """What is wrong with the other parts while the face is that of a good one: `tree not read`, `2 parts stale`."""
    partly: str = ""
    """How many parts there are where some are missing, and not all: `2 of 4 parts`."""
    why: Line = ()
    """Of a failed pane, why its first failed part could not be read, in as few words as tell it."""


def standing(look: Look, parts: Sequence[Part[Any]]) -> Standing:
    """How these parts stand; the first is the pane's main one."""
    now = look.situation.at
    states = [look.situation[part] for part in parts]
    faces = [state.face(now) for state in states]
    there = [state for state, face in zip(states, faces, strict=True) if face is not Face.MISSING]
    face = _face(faces)
    return Standing(
        face,
        there[0].age(now) if there else None,
        _notices(states, faces, look),
        _lesser(states, faces) if face is Face.OK else "",
        partly=_partly(len(there), len(parts)),
        why=_why(states[faces.index(Face.FAILED)]) if face is Face.FAILED else (),
    )


def _partly(there: int, of: int) -> str:
    return f"{there} of {of} parts" if 0 < there < of else ""


def _why(state: PartState[Any]) -> Line:
    """Why a part failed, without the route that a server's own words begin with: what matters more than where."""
    said = _briefly(state.failure) if state.failure else ""
    route, _, words = said.partition(" ")
    return (Span(words if route.startswith("/") and words else said, "bad"),)


def _briefly(failure: Failure) -> str:
    """A pane has no room for lines to copy: a refusal tells them whole."""
    return first_line(failure.summary)


def _face(faces: Sequence[Face]) -> Face:
    if faces[0] is not Face.MISSING:
        return faces[0]
    others = [face for face in faces if face is not Face.MISSING]
    if not others:
        return Face.MISSING
    return Face.OK if Face.OK in others else max(others, key=GRAVITY.index)


def _lesser(states: Sequence[PartState[Any]], faces: Sequence[Face]) -> str:
    names = [state.part.name for state, face in zip(states, faces, strict=True) if face in OLD]
    # A part that "failed" would be a unit or a disk that did: systemd calls a dead unit that.
    word = "not read" if Face.FAILED in faces else "stale"
    return f"{names[0]} {word}" if len(names) == 1 else f"{len(names)} parts {word}" if names else ""


def old(look: Look, part: Part[Any]) -> bool:
    """Whether what is known of a part must not pass for live."""
    return look.situation[part].face(look.situation.at) in NOT_LIVE


def aged(look: Look, part: Part[Any], words: Line) -> Line:
    """These words, grey when the part that they tell of is no longer live."""
    return tuple(Span(each.text, "dim") for each in words) if old(look, part) else words


def dated(look: Look, stand: Standing, part: Part[Any], figures: Sequence[Line]) -> tuple[Line, ...]:
    """Figures of one part: when no longer live grey, and the first of them with their age unless the title tells it."""
    if not figures or not old(look, part):
        return tuple(figures)
    age = span(look.situation[part].age(look.situation.at))
    told = stand.face in NOT_LIVE and age == span(stand.age)
    foremost, *others = (aged(look, part, figure) for figure in figures)
    return (foremost if told else (*foremost, Span(f" {age} ago", "dim")), *others)


def _notices(states: Sequence[PartState[Any]], faces: Sequence[Face], look: Look) -> tuple[Line, ...]:
    failed: dict[str, list[PartState[Any]]] = {}
    for state, face in zip(states, faces, strict=True):
        if face is Face.FAILED and state.failure:
            failed.setdefault(_briefly(state.failure), []).append(state)
    alone = len(failed) == 1 and {*faces} <= {Face.FAILED, Face.MISSING}
    lines = [line for why, which in failed.items() for line in _failed(which, why, look, named=not alone)]
    missing = [state.part for state, face in zip(states, faces, strict=True) if face is Face.MISSING]
    return (*lines, *_missing(missing, len(states), look))


_NOT_TOLD: dict[SourceName, str] = {
    "engine": "not told by systemd:",
    "host": "not told by this host:",
    "files": "not told by the files:",
    "database": "not told by PostgreSQL:",
    "providers": "providers that cannot be asked:",
    "repository": "not told by git:",
}
"""How a source that is not asked through the API says that it has no such part."""


def _missing(missing: Sequence[Part[Any]], of: int, look: Look) -> tuple[Line, ...]:
    """What is not there, a sentence for each way of asking."""
    names: dict[str, list[str]] = {}
    for part in missing:
        names.setdefault(_NOT_TOLD.get(part.source, "no route for"), []).append(part.name)
    count = f"{told}, " if (told := _partly(of - len(missing), of)) else ""
    lines: list[Line] = []
    for number, (how, which) in enumerate(names.items()):
        lines.extend(_said(look.glyphs.unknown, f"{'' if number else count}{how} {', '.join(which)}", "dim", look))
    return tuple(lines)


def _failed(which: Sequence[PartState[Any]], why: str, look: Look, *, named: bool) -> tuple[Line, ...]:
    """What failed and why; since when and when it is tried again follow on the same line if they find room there.

    Parts need not be `named` where the whole pane fails for one reason. Of many the names take two thirds of a line:
    why they failed matters more.
    """
    names = first([(Span(state.part.name),) for state in which], look.width * 2 // 3, gap=", ")
    *above, last = _said(look.glyphs.bad, f"{plain(joined(names, ', '))}: {why}" if named else why, "bad", look)
    times = _times(which, look)
    if line_width(last) + len(times) + 3 <= look.width:
        return (*above, (*last, Span(f" {look.glyphs.dot} {times}", "dim")))
    return (*above, last, (Span(f"  {times}", "dim"),))


def _times(which: Sequence[PartState[Any]], look: Look) -> str:
    """Since when, and when the first is tried again; in fewer words where there is no room for all."""
    began = min((state.failed_since for state in which if state.failed_since is not None), default=None)
    since = f"since {time_of_day(began)}"
    tries = [state.next_at for state in which if state.next_at is not None and state.next_at > look.situation.at]
    if not tries:
        return since
    again = time_of_day(min(tries))
    whole = f"{since} {look.glyphs.dot} next try {again}"
    return whole if len(whole) + 2 <= look.width else f"{since}, next {again}"


def _said(sign: str, sentence: str, tone: Tone, look: Look) -> tuple[Line, ...]:
    """A sentence behind its sign, on as many lines as it takes."""
    room = look.width - 2
    if room < READABLE:
        return ((Span(f"{sign} {shown(sentence[:SAID_MOST])}", tone),),)
    lines = wrapped(sentence[:SAID_MOST], room, SAID_LINES, look.glyphs.more)
    return tuple((Span(f"{' ' if number else sign} {line}", tone),) for number, line in enumerate(lines))


_WORDS: dict[Face, tuple[Tone, str]] = {
    Face.WAITING: ("dim", "waiting"),
    Face.MISSING: ("dim", "missing"),
    Face.STALE: ("dim", "stale"),
    Face.FAILED: ("bad", "failed"),
}


def state_line(stand: Standing, tone: Tone, word: str, glyphs: Glyphs) -> Line:
    """Glyph, word and age for the title: the given word while the facts are live, else the face's own.

    The word must be judged on live values only. What is wrong with lesser parts stands beside it, and in the place of
    an all-clear.
    """
    word = crop(word, LONGEST_WORD, glyphs.more)
    if stand.lesser:
        word = stand.lesser if tone == "ok" else f"{word}, {stand.lesser}"
        tone = grave(tone, "warn")
    elif stand.partly and tone == "ok":
        tone, word = "dim", stand.partly
    tone, word = _WORDS.get(stand.face, (tone, word))
    sign = {"ok": glyphs.ok, "warn": glyphs.warn, "bad": glyphs.bad}.get(tone, glyphs.unknown)
    age = () if stand.age is None else (Span(f"  {span(stand.age)}", "dim"),)
    return (Span(f"{sign} {word}", tone), *age)
