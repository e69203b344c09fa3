"""The data pane: what data there is, where it has gaps, where it comes from (runbook, Diagnostics 3 and 5)."""

from collections.abc import Sequence

from backend.model.data import Availability, Connectivity, DataSources, Gap, SymbolHealth, SymbolsHealth, Validation
from backend.model.providers import ProviderAnswer
from backend.model.situation import Situation
from backend.parts import (
    DATA_AVAILABILITY,
    DATA_CONNECTIVITY,
    DATA_SOURCES,
    DATA_STATUS,
    DATA_SYMBOLS,
    DATA_VALIDATION,
    JOBS_FAILED,
)  # fmt: skip
from widgets.present.view import Look, PaneView, grave, standing, state_line
from widgets.present.words import bar, fitting, joined, number, percent, since
from widgets.text import Glyphs, Line, Span, Tone

PARTS = (DATA_AVAILABILITY, DATA_CONNECTIVITY, DATA_SOURCES, DATA_STATUS, DATA_VALIDATION)
BAR_CELLS = 10
MOST_GAPS = 40


def view(look: Look) -> PaneView:
    """Everything the data pane shows."""
    situation, glyphs, providers = look.situation, look.glyphs, look.providers
    stand = standing(look, (*PARTS, *providers))
    there = situation.value(DATA_AVAILABILITY)
    sources = situation.value(DATA_SOURCES)
    gaps = len({gap.symbol for gap in there.gaps}) if there else 0
    tone = grave("bad" if gaps else "ok", _source_tone(sources))
    word = f"{gaps} gap{'s' if gaps != 1 else ''}" if gaps else "ok" if tone == "ok" else "source"
    answers = [situation.value(part) for part in providers]
    overview = _overview(there, sources, answers, situation.value(DATA_CONNECTIVITY), glyphs)
    lines = (
        fitting(overview, look.width),
        _gaps(there, _needed(situation), look),
        fitting((_selected(situation), _validation(situation.value(DATA_VALIDATION))), look.width),
    )
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, glyphs),
        head=tuple(line for line in lines if line),
        notices=stand.notices,
    )


def _source_tone(sources: DataSources | None) -> Tone:
    if sources is None:
        return "ok"
    if sources.active is not None and not sources.active.healthy:
        return "bad"
    return "ok" if all(source.healthy for source in sources.sources) else "warn"


def _overview(
    there: Availability | None,
    sources: DataSources | None,
    answers: Sequence[ProviderAnswer | None],
    reach: Connectivity | None,
    glyphs: Glyphs,
) -> list[Line]:
    parts: list[Line] = []
    if there is not None:
        parts.append((Span(number(there.symbol_count)), Span(" symbols", "dim")))
        if there.completeness is not None:
            tone: Tone = "ok" if there.completeness >= 99 else "warn" if there.completeness >= 90 else "bad"
            parts.append(
                (Span("complete ", "dim"), Span(bar(there.completeness / 100, BAR_CELLS, glyphs), tone),
                 Span(f" {percent(there.completeness, 1)}", tone))
            )  # fmt: skip
    if sources is not None:
        parts.append(_source(sources))
    if answered := [answer for answer in answers if answer is not None]:
        up = sum(answer.reachable for answer in answered)
        parts.append(
            (Span("providers ", "dim"), Span(f"{up} of {len(answered)}", "ok" if up == len(answered) else "bad"))
        )
    if there is not None and there.earliest and there.latest:
        parts.append((Span(f"{there.earliest} {glyphs.more} {there.latest}", "dim"),))
    if reach is not None and reach.response_ms is not None:
        parts.append((Span("answers in ", "dim"), Span(f"{reach.response_ms:.0f} ms")))
    return parts


def _source(sources: DataSources) -> Line:
    active = sources.active
    if active is None:
        sick = [source.name for source in sources.sources if not source.healthy]
        return (
            Span("sources ", "dim"),
            Span(f"{', '.join(sick)} unhealthy" if sick else "healthy", "bad" if sick else "ok"),
        )
    return (Span("source ", "dim"), Span(active.role or active.name),
            Span(f", {active.status}", "ok" if active.healthy else "bad"))  # fmt: skip


def _needed(situation: Situation) -> frozenset[str]:
    failed = situation.value(JOBS_FAILED)
    return frozenset(symbol for job in failed.jobs for symbol in job.symbols) if failed else frozenset()


def _gaps(there: Availability | None, needed: frozenset[str], look: Look) -> Line:
    glyphs = look.glyphs
    if there is None:
        return ()
    if not there.gaps:
        return (Span("gaps ", "dim"), Span("none", "ok"))
    ordered = sorted(there.gaps[:MOST_GAPS], key=lambda gap: (gap.symbol not in needed, -(gap.days or 0), gap.symbol))
    parts = [_gap(gap, needed, glyphs) for gap in ordered]
    hint: Line = (Span(f"({glyphs.ok} in failed jobs)", "dim"),) if any(gap.symbol in needed for gap in ordered) else ()
    return (Span("gaps ", "dim"), *fitting((*parts[:3], hint, *parts[3:]), look.width - 5, "  "))


def _gap(gap: Gap, needed: frozenset[str], glyphs: Glyphs) -> Line:
    days = f" {gap.days}d" if gap.days is not None else ""
    if gap.symbol in needed:
        return (Span(f"{gap.symbol}{days} {glyphs.ok}", "bad"),)
    return (Span(f"{gap.symbol}{days}"),)


def _selected(situation: Situation) -> Line:
    chosen: SymbolsHealth | None = situation.value(DATA_SYMBOLS)
    if chosen is None or not chosen.job:
        return ()
    parts = [_symbol(symbol, situation) for symbol in chosen.symbols]
    parts.extend((Span(f"{symbol} unknown", "bad"),) for symbol in chosen.unknown)
    return (Span(f"job {chosen.job}: ", "dim"), *joined(parts, "  "))


def _symbol(symbol: SymbolHealth, situation: Situation) -> Line:
    share = symbol.completeness
    tone: Tone = "plain" if share is None else "ok" if share >= 99 else "warn" if share >= 90 else "bad"
    age = since(symbol.last_update, situation.server_now(DATA_SYMBOLS))
    return (
        Span(symbol.symbol),
        Span(f" {percent(share)}", tone),
        Span(f" {age} ago" if symbol.last_update else "", "dim"),
    )


def _validation(report: Validation | None) -> Line:
    if report is None or not report.summary:
        return ()
    return (Span("validation ", "dim"), Span(" · ".join(f"{name} {value}" for name, value in report.summary[:4])))
