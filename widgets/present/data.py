"""The data pane: what data there is, where it has gaps, where it comes from (runbook, Diagnostics 3 and 5)."""

from collections.abc import Sequence
from datetime import datetime

from backend.failures import symbols_needed
from backend.model.data import Availability, DataSources, Gap, SymbolHealth
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
from backend.text import counted
from widgets.present import data_list
from widgets.present.elsewhere import elsewhere, of_data
from widgets.present.faces import Standing, aged, dated, standing, state_line
from widgets.present.view import Look, PaneView
from widgets.present.words import ago, bar, completeness, first, fitting, joined, number, share_tone, weightiest
from widgets.text import Line, Span, Tone, crop, crop_front, line_width

PARTS = (DATA_AVAILABILITY, DATA_CONNECTIVITY, DATA_SOURCES, DATA_STATUS, DATA_VALIDATION)
BAR_CELLS = 10
MOST_GAPS = 40
LONGEST_ID = 24
"""Cells of an id beside which its symbols find room."""
CHECKS = 4
"""How many lines of the validation's summary are told."""


def view(look: Look) -> PaneView:
    """Everything the data pane shows: a line for each fact where there is room, else three lines in all."""
    situation = look.situation
    stand = standing(look, (*PARTS, *look.providers))
    tone, word = _state(situation.fresh(DATA_AVAILABILITY), situation.fresh(DATA_SOURCES))
    overview, wanted = _overview(look, stand), needed(situation)
    lines = data_list.lines(look, stand, wanted) if look.tall else _three_lines(look, stand, overview, wanted)
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, look.glyphs),
        head=tuple(line for line in lines if line),
        notices=stand.notices,
        why=stand.why,
        elsewhere=elsewhere(look, DATA_AVAILABILITY, of_data(situation)),
        brief=_brief(look, overview, wanted),
    )


def _state(there: Availability | None, sources: DataSources | None) -> tuple[Tone, str]:
    """Tone and word for the title; what could not be read is no all-clear."""
    gaps = len({gap.symbol for gap in there.gaps}) if there else 0
    source = _source_tone(sources)
    if there is not None and gaps:
        more = ", source" if source == "bad" else ""
        return "bad", f"{gaps}{'+' if there.unread else ''} gap{'s' if gaps != 1 else ''}{more}"
    if source != "ok":
        return source, "source"
    bad = (there.bad_rows if there else 0) + (sources.bad_rows if sources else 0)
    return ("warn", counted(bad, "bad row")) if bad else ("ok", "ok")


def _brief(look: Look, overview: Sequence[Line], wanted: frozenset[str]) -> tuple[Line, ...]:
    """What is complete and what is not, before everything else."""
    there = look.situation.value(DATA_AVAILABILITY)
    odd = data_list.remarks(look)
    if there is None or not there.gaps:
        return (*odd, *overview)
    names = list(dict.fromkeys(gap.symbol for gap in data_list.ordered(there.gaps, wanted)))
    more = f" +{len(names) - 3}" if len(names) > 3 else ""
    gaps = (Span("gaps ", "dim"), Span(f"{', '.join(names[:3])}{more}", "bad"))
    return (aged(look, DATA_AVAILABILITY, gaps), *odd, *overview)


def _three_lines(look: Look, stand: Standing, overview: Sequence[Line], wanted: frozenset[str]) -> tuple[Line, ...]:
    below = (*data_list.remarks(look), _selected(look, stand), _validation(look, stand))
    return (weightiest(overview, look.width), _gaps(look, wanted),
            fitting([part for part in below if part], look.width))  # fmt: skip


def _source_tone(sources: DataSources | None) -> Tone:
    if sources is None:
        return "ok"
    if sources.active is not None and not sources.active.healthy:
        return "bad"
    return "ok" if all(source.healthy for source in sources.sources) else "warn"


def _overview(look: Look, stand: Standing) -> list[Line]:
    situation = look.situation
    there, sources = situation.value(DATA_AVAILABILITY), situation.value(DATA_SOURCES)
    reach = situation.value(DATA_CONNECTIVITY)
    parts: list[Line] = []
    if there is not None:
        parts.extend(dated(look, stand, DATA_AVAILABILITY, _amount(there, look)))
    if sources is not None:
        parts.extend(dated(look, stand, DATA_SOURCES, [_source(sources)]))
    parts.append(_providers(look))
    if there is not None and there.earliest and there.latest:
        parts.append((Span(f"{there.earliest} {look.glyphs.more} {there.latest}", "dim"),))
    if reach is not None and reach.response_ms is not None:
        words = (Span("answers in ", "dim"), Span(f"{reach.response_ms:.0f} ms"))
        parts.extend(dated(look, stand, DATA_CONNECTIVITY, [words]))
    return [part for part in parts if part]


def _amount(there: Availability, look: Look) -> list[Line]:
    amount: list[Line] = [(Span(number(there.symbol_count)), Span(" symbols", "dim"))]
    if there.completeness is not None:
        tone = share_tone(there.completeness)
        drawn = bar(there.completeness / 100, BAR_CELLS, look.glyphs)
        amount.append(
            (Span("complete ", "dim"), Span(drawn, tone), Span(f" {completeness(there.completeness, 1)}", tone))
        )
    return amount


def _providers(look: Look) -> Line:
    """How many are there, of all that can be asked, once one was; grey when one of the answers is old."""
    answers = [(part, answer) for part in look.providers if (answer := look.situation.value(part)) is not None]
    if not answers:
        return ()
    up = sum(answer.reachable for _, answer in answers)
    silent = len(data_list.silent_providers(look))
    tone: Tone = "bad" if up < len(answers) else "warn" if silent else "ok"
    words: Line = (Span("providers ", "dim"), Span(f"{up} of {len(answers) + silent}", tone))
    for part, _ in answers:
        words = aged(look, part, words)
    return words


def _source(sources: DataSources) -> Line:
    active = sources.active
    if active is None:
        return (Span("sources ", "dim"), _health(sources))
    return (Span("source ", "dim"), Span(active.role or active.name),
            Span(f", {active.status}", "ok" if active.healthy else "bad"))  # fmt: skip


def _health(sources: DataSources) -> Span:
    """Of sources of which the server does not tell the one in use; what could not be read is not called healthy."""
    sick = [source.name for source in sources.sources if not source.healthy]
    if sick:
        return Span(f"{', '.join(sick)} unhealthy", "bad")
    if sources.bad_rows:
        return Span("not all can be read", "warn")
    return Span("healthy", "ok") if sources.sources else Span("none")


def needed(situation: Situation) -> frozenset[str]:
    """The symbols that failed jobs need."""
    failed = situation.value(JOBS_FAILED)
    return symbols_needed(failed) if failed else frozenset()


def _gaps(look: Look, wanted: frozenset[str]) -> Line:
    there, glyphs = look.situation.value(DATA_AVAILABILITY), look.glyphs
    if there is None:
        return ()
    if not there.gaps:
        return aged(look, DATA_AVAILABILITY, (Span("gaps ", "dim"), data_list.no_gaps(there)))
    ordered = data_list.ordered(there.gaps, wanted)
    count = len(ordered) + there.unread
    parts = [_gap(gap, wanted, glyphs.ok) for gap in ordered[:MOST_GAPS]]
    hint: Line = (Span(f"({glyphs.ok} in failed jobs)", "dim"),) if ordered[0].symbol in wanted else ()
    room = look.width - len("gaps ")
    told = first(parts, room - line_width(hint) - 2, "  ", count) if hint else []
    if told[:3] != parts[:3]:
        hint, told = (), first(parts, room, "  ", count)
    return aged(look, DATA_AVAILABILITY, (Span("gaps ", "dim"), *joined((*told, hint), "  ")))


def _gap(gap: Gap, wanted: frozenset[str], sign: str) -> Line:
    days = f" {gap.days}d" if gap.days is not None else ""
    if gap.symbol in wanted:
        return (Span(f"{gap.symbol}{days} {sign}", "bad"),)
    return (Span(f"{gap.symbol}{days}"),)


def _selected(look: Look, stand: Standing) -> Line:
    chosen = look.situation.value(DATA_SYMBOLS)
    if chosen is None or not chosen.job:
        return ()
    now = look.situation.server_now(DATA_SYMBOLS)
    # The line may be cut: what is missing most stands first.
    parts: list[Line] = [(Span(f"{symbol} unknown", "bad"),) for symbol in chosen.unknown]
    parts.extend(_symbol(symbol, now) for symbol in data_list.least_complete_first(chosen.symbols))
    more = look.glyphs.more
    name = f"job {crop(crop_front(chosen.job, LONGEST_ID, more), LONGEST_ID, more)}"
    label = (*dated(look, stand, DATA_SYMBOLS, [(Span(name, "dim"),)])[0], Span(": ", "dim"))
    return (*label, *aged(look, DATA_SYMBOLS, joined(parts, "  ")))


def _symbol(symbol: SymbolHealth, now: datetime) -> Line:
    return (
        Span(symbol.symbol),
        Span(f" {completeness(symbol.completeness)}", share_tone(symbol.completeness)),
        Span(f" {ago(symbol.last_update, now)}" if symbol.last_update else "", "dim"),
    )


def _validation(look: Look, stand: Standing) -> Line:
    report = look.situation.value(DATA_VALIDATION)
    if report is None or not report.summary:
        return ()
    words = f" {look.glyphs.dot} ".join(f"{name} {value}" for name, value in report.summary[:CHECKS])
    more = f" +{len(report.summary) - CHECKS} more" if len(report.summary) > CHECKS else ""
    label = dated(look, stand, DATA_VALIDATION, [(Span("validation", "dim"),)])[0]
    return (*label, *aged(look, DATA_VALIDATION, (Span(f" {words}"), Span(more, "dim"))))
