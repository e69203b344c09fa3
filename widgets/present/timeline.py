"""The last lines of the journal: what was done here, by whom, and what came of it."""

from collections.abc import Sequence

from backend.incident.entry import Entry
from widgets.present.words import time_of_day
from widgets.text import Line, Span, Tone

_TONES: dict[str, Tone] = {"worked": "ok", "no effect": "warn", "worse": "bad", "unknown": "warn"}
_SHOWN = frozenset({"intent", "verdict", "refusal", "note", "alert"})


def timeline(entries: Sequence[Entry], actor: str, lines: int) -> tuple[Line, ...]:
    """One line a run: its verdict where there is one, else that it runs; the newest last."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind in _SHOWN:
            newest.pop(entry.id, None)
            newest[entry.id] = entry
    return tuple(_line(entry, actor) for entry in list(newest.values())[-lines:])


def _line(entry: Entry, actor: str) -> Line:
    who = "you" if entry.actor == actor else entry.actor
    targets = " ".join(target.partition(":")[2] or target for target in entry.targets[:3])
    more = f" +{len(entry.targets) - 3}" if len(entry.targets) > 3 else ""
    word, tone = _word(entry)
    return (
        Span(f" {time_of_day(entry.at)}  ", "dim"),
        Span(f"{who:<5} ", "dim"),
        Span(f"{entry.action} {targets}{more}  ".lstrip()),
        Span(word, tone),
        Span(f": {entry.data['text']}" if entry.data.get("text") else ""),
    )


def _word(entry: Entry) -> tuple[str, Tone]:
    if entry.kind == "intent":
        return "running", "accent"
    if entry.kind != "verdict":
        return entry.kind, "plain"
    word = str(entry.data.get("verdict", "unknown"))
    tone = _TONES.get(word, "warn")
    return (word if entry.data.get("final", True) else f"{word} so far"), tone
