"""Where one is: the beginning of the header, which is known before anything is read."""

from widgets.text import Glyphs, Line, Span


def where(environment: str, host: str, glyphs: Glyphs, without: frozenset[str] = frozenset()) -> Line:
    """Program, environment and host; `without` are the ones that find no room."""
    program = () if "program" in without else (Span(" backtop ", "strong"),)
    placed = () if "environment" in without else (Span(f" {environment}", "place"),)
    named = () if "host" in without else (Span(f" {glyphs.dot} {host}"),)
    return (*program, *placed, *named)
