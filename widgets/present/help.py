"""The help: all keys and all actions, in two columns."""

from collections.abc import Sequence

from widgets.text import Line, Span

KEY_CELLS = 10


def help_lines(keys: Sequence[tuple[str, str, str]], actions: Sequence[tuple[str, str, str, str]]) -> tuple[Line, ...]:
    """Lines for `(where, key, what)` and `(pane, key, title with risk, what)`."""
    lines: list[Line] = []
    place = ""
    for where, key, what in keys:
        if where != place:
            lines.extend(((), (Span(where, "strong"),)) if lines else ((Span(where, "strong"),),))
            place = where
        lines.append((Span(f"  {key:<{KEY_CELLS}}", "accent"), Span(what)))
    lines.extend(((), (Span("actions", "strong"),)))
    for pane, key, title, what in actions:
        lines.append((Span(f"  {key:<{KEY_CELLS}}", "accent"), Span(f"{title}  "), Span(f"({pane}) {what}", "dim")))
    return tuple(lines)
