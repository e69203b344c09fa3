"""The help: all keys and all actions, in two columns, told whole at every width."""

from collections.abc import Iterator, Sequence

from widgets.text import Line, Span, Tone, wrapped

KEY_CELLS = 10
INDENT = 2
LEAST = 16
"""Cells of what is told beside a key, however narrow the terminal."""


def help_lines(
    keys: Sequence[tuple[str, str, str]], actions: Sequence[tuple[str, str, str, str]], width: int
) -> tuple[Line, ...]:
    """Lines for `(where, key, what)` and `(pane, key, title with risk, what)`, each at most `width` cells wide."""
    lines: list[Line] = []
    place = ""
    for where, key, what in keys:
        if where != place:
            lines.extend(((), _heading(where)) if lines else (_heading(where),))
            place = where
        lines.extend(_beside(key, what, width))
    lines.extend(((), _heading("actions")))
    for pane, key, title, what in actions:
        lines.extend(_beside(key, f"{title}, in {pane}", width))
        lines.extend(_beside("", what, width, "dim"))
    return tuple(lines)


def _heading(text: str) -> Line:
    return (Span(text, "strong"),)


def _beside(key: str, what: str, width: int, tone: Tone = "plain") -> Iterator[Line]:
    """A key, and what it does beside it, on as many lines as that takes."""
    lead = f"{' ' * INDENT}{key:<{KEY_CELLS}}"
    for part in wrapped(what, max(LEAST, width - len(lead))):
        yield (Span(lead, "accent"), Span(part, tone))
        lead = " " * len(lead)
