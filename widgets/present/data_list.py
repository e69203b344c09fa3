"""The data pane where there is room: a line for each gap, symbol, source and provider."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any

from backend.model.data import Availability, Connectivity, DataSource, Gap, SymbolHealth
from backend.model.providers import ProviderAnswer
from backend.model.situation import Part
from backend.parts import DATA_AVAILABILITY, DATA_CONNECTIVITY, DATA_SOURCES, DATA_SYMBOLS, DATA_VALIDATION
from widgets.present.faces import Standing, aged, dated
from widgets.present.view import Look
from widgets.present.words import ago, bar, completeness, number, remarked, share_tone
from widgets.text import Glyphs, Line, Span, crop_front, fit

LABEL = 12
"""Cells of the labels at the left."""
NAME = 16
"""Cells of the name of a symbol, a source or a provider."""
BAR_CELLS = 20
SYMBOLS, SOURCES, PROVIDERS, CHECKS = 12, 6, 8, 6
"""How many lines each block has at most."""


def ordered(gaps: Iterable[Gap], wanted: frozenset[str]) -> list[Gap]:
    """What failed jobs need first, then what lacks most."""
    return sorted(gaps, key=lambda gap: (gap.symbol not in wanted, -(gap.days or 0), gap.symbol))


def lines(look: Look, stand: Standing, wanted: frozenset[str]) -> tuple[Line, ...]:
    """All there is to tell; of gaps so many as there is room for beside the rest."""
    above = [*_amount(look, stand), *_reach(look, stand)]
    below = [
        *_block("remarks", remarks(look)),
        *_selected(look, stand),
        *_sources(look, stand),
        *_providers(look, stand),
        *_validation(look, stand),
    ]
    room = max(3, look.height - len(above) - len(below) - 4)
    return (*above, *_gaps(look, wanted, room), *below)


def remarks(look: Look) -> tuple[Line, ...]:
    """What of the lists could not be read, or was not."""
    told: list[Line] = []
    if there := look.situation.value(DATA_AVAILABILITY):
        told.append(aged(look, DATA_AVAILABILITY, remarked([f"gaps: {remark}" for remark in there.remarks])))
    if sources := look.situation.value(DATA_SOURCES):
        told.append(aged(look, DATA_SOURCES, remarked([f"sources: {remark}" for remark in sources.remarks])))
    return tuple(line for line in told if line)


def no_gaps(there: Availability) -> Span:
    """That there are none; or none among what could be read, which is no good news."""
    return Span("none that can be read", "warn") if there.bad_rows else Span("none", "ok")


def _block(label: str, told: Sequence[Line]) -> list[Line]:
    """Lines behind a label that stands once."""
    return [(Span(fit("" if n else label, LABEL), "dim"), *each) for n, each in enumerate(told)]


def least_complete_first(symbols: Sequence[SymbolHealth]) -> list[SymbolHealth]:
    """The order in which symbols are told where not all may find room."""
    return sorted(symbols, key=lambda each: each.completeness or 0.0)


def _at_most(most: int, told: list[Line], of: int | None = None) -> list[Line]:
    """So many lines; where there are more, or more things `of` which they are the first, the last one counts them."""
    there = len(told) if of is None else of
    return told if there <= most else [*told[: most - 1], (Span(f"+{number(there - most + 1)} more", "dim"),)]


def _amount(look: Look, stand: Standing) -> list[Line]:
    there = look.situation.value(DATA_AVAILABILITY)
    if there is None:
        return []
    told = _block("symbols", [(Span(number(there.symbol_count), "strong"), *_period(there, look.glyphs))])
    if there.completeness is not None:
        tone = share_tone(there.completeness)
        drawn = bar(there.completeness / 100, BAR_CELLS, look.glyphs)
        told += _block("complete", [(Span(drawn, tone), Span(f" {completeness(there.completeness, 1)}", tone))])
    return [*dated(look, stand, DATA_AVAILABILITY, told)]


def _period(there: Availability, glyphs: Glyphs) -> Line:
    if not (there.earliest and there.latest):
        return ()
    return (Span(f"   {there.earliest} {glyphs.more} {there.latest}", "dim"),)


def _reach(look: Look, stand: Standing) -> list[Line]:
    reach: Connectivity | None = look.situation.value(DATA_CONNECTIVITY)
    if reach is None or reach.response_ms is None:
        return []
    return [*dated(look, stand, DATA_CONNECTIVITY, _block("answers in", [(Span(f"{reach.response_ms:.0f} ms"),)]))]


def _gaps(look: Look, wanted: frozenset[str], room: int) -> list[Line]:
    there = look.situation.value(DATA_AVAILABILITY)
    if there is None:
        return []
    if not there.gaps:
        return _all_aged(look, DATA_AVAILABILITY, _block("gaps", [(no_gaps(there),)]))
    shown = ordered(there.gaps, wanted)
    told = _at_most(room, [_gap(gap, wanted, look) for gap in shown[: room + 1]], len(shown) + there.unread)
    if any(gap.symbol in wanted for gap in shown):
        told.append((Span(f"{look.glyphs.ok} in failed jobs", "dim"),))
    return _all_aged(look, DATA_AVAILABILITY, _block("gaps", told))


def _gap(gap: Gap, wanted: frozenset[str], look: Look) -> Line:
    glyphs = look.glyphs
    days = "" if gap.days is None else f"{gap.days}d"
    period = f" {_day(gap.start)} {glyphs.more} {_day(gap.end)}" if gap.start or gap.end else ""
    if LABEL + NAME + len(period) + 7 > look.width:
        period = ""
    needed = gap.symbol in wanted
    return (
        Span(fit(gap.symbol, NAME, more=glyphs.more), "bad" if needed else "plain"),
        Span(f"{days:>5} "),
        Span(glyphs.ok if needed else " ", "bad"),
        Span(period, "dim"),
    )


def _day(day: date | None) -> str:
    return "?" if day is None else f"{day}"


def _selected(look: Look, stand: Standing) -> list[Line]:
    chosen = look.situation.value(DATA_SYMBOLS)
    if chosen is None or not chosen.job:
        return []
    now = look.situation.server_now(DATA_SYMBOLS)
    told: list[Line] = [(Span(f"{symbol} unknown", "bad"),) for symbol in chosen.unknown]
    told += [_symbol(symbol, now, look.glyphs) for symbol in least_complete_first(chosen.symbols)]
    label = fit(f"job {crop_front(chosen.job, LABEL - 5, look.glyphs.more)}", LABEL - 1, more=look.glyphs.more)
    return [*dated(look, stand, DATA_SYMBOLS, _block(label, _at_most(SYMBOLS, told)))]


def _symbol(symbol: SymbolHealth, now: datetime, glyphs: Glyphs) -> Line:
    return (
        Span(fit(symbol.symbol, NAME, more=glyphs.more)),
        Span(f"{completeness(symbol.completeness):>5}", share_tone(symbol.completeness)),
        Span(f"  {ago(symbol.last_update, now)}" if symbol.last_update else "", "dim"),
    )


def _sources(look: Look, stand: Standing) -> list[Line]:
    sources = look.situation.value(DATA_SOURCES)
    if sources is None:
        return []
    first = sorted(sources.sources, key=lambda each: (not each.active, each.healthy))
    told = _at_most(SOURCES, [_source(each, look.glyphs) for each in first])
    return [*dated(look, stand, DATA_SOURCES, _block("sources", told))]


def _source(source: DataSource, glyphs: Glyphs) -> Line:
    return (
        Span(fit(source.role or source.name, NAME, more=glyphs.more), "strong" if source.active else "plain"),
        Span(f" {source.status}", "ok" if source.healthy else "bad"),
        Span("  in use" if source.active else "", "accent"),
    )


def _providers(look: Look, stand: Standing) -> list[Line]:
    """What each one answered; once one did, those that told nothing yet as well."""
    answers = [(part, answer) for part in look.providers if (answer := look.situation.value(part)) is not None]
    told = [*chain(*(dated(look, stand, part, [_provider(answer, look.glyphs)]) for part, answer in answers))]
    if told:
        told += [_no_answer(look, part) for part in silent_providers(look)]
    return _block("providers", _at_most(PROVIDERS, told))


def silent_providers(look: Look) -> list[Part[ProviderAnswer]]:
    """The providers that have told nothing yet, though they can be asked."""
    states = [look.situation[part] for part in look.providers]
    return [state.part for state in states if state.value is None and state.missing is None]


def _no_answer(look: Look, part: Part[ProviderAnswer]) -> Line:
    failure = look.situation[part].failure
    what = Span(" no answer yet", "warn") if failure is None else Span(f" not read: {failure.kind}", "bad")
    return (Span(fit(part.name, NAME, more=look.glyphs.more)), what)


def _provider(answer: ProviderAnswer, glyphs: Glyphs) -> Line:
    took = "" if answer.latency_ms is None else f"  {answer.latency_ms:.0f} ms"
    return (
        Span(fit(answer.name, NAME, more=glyphs.more)),
        Span(f" {answer.word}", "ok" if answer.reachable else "bad"),
        Span(took, "dim"),
    )


def _validation(look: Look, stand: Standing) -> list[Line]:
    report = look.situation.value(DATA_VALIDATION)
    if report is None:
        return []
    told: list[Line] = [(Span(f"{name} "), Span(value, "strong")) for name, value in report.summary]
    return [*dated(look, stand, DATA_VALIDATION, _block("validation", _at_most(CHECKS, told)))]


def _all_aged(look: Look, part: Part[Any], told: Sequence[Line]) -> list[Line]:
    return [aged(look, part, each) for each in told]
