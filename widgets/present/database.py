"""The database pane: the platform's word beside our own connection, sessions, tables (runbook, Diagnostics 5)."""

from collections import Counter
from datetime import datetime

from backend.config.model import Limits
from backend.model.data import Connectivity, is_healthy
from backend.model.database import Session, Sessions
from backend.parts import DATA_CONNECTIVITY, DATABASE_OWN, DATABASE_SESSIONS, DATABASE_TABLES
from backend.same import Same
from widgets.present.blocking import Chains, chains
from widgets.present.elsewhere import elsewhere, of_database
from widgets.present.faces import Standing, aged, dated, old, standing, state_line
from widgets.present.view import Look, PaneView, grave
from widgets.present.words import first, joined, labelled, rough, span, spark, weightiest
from widgets.table_rows import Cell, Row
from widgets.text import Line, Span, Tone, line_width

PARTS = (DATABASE_OWN, DATABASE_SESSIONS, DATABASE_TABLES)
"""Its own; what the platform says of its databases is told with its age where it is old."""
SPARK_CELLS = 8
BUSIEST = 6
"""How many tables are told at most."""
SLOW_MS = 50.0
"""Latency at which the sparkline stands full."""
BLOCKERS = 2
"""How many of those that a session waits for are named."""

_STATES = {
    "idle in transaction": "idle tx",
    "idle in transaction (aborted)": "aborted",
    "fastpath function call": "call",
}


def view(look: Look) -> PaneView:
    """Everything the database pane shows."""
    situation, limits = look.situation, look.limits
    stand = standing(look, PARTS)
    sessions, fresh = situation.value(DATABASE_SESSIONS), situation.fresh(DATABASE_SESSIONS)
    tone, word = _state(fresh, situation.fresh(DATA_CONNECTIVITY), limits)
    links, counts = _links(look, stand), dated(look, stand, DATABASE_SESSIONS, _summary(sessions, limits))
    head = (weightiest(links, look.width), weightiest(counts, look.width))
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, look.glyphs),
        head=tuple(line for line in head if line),
        rows=tuple(_rows(sessions, limits)),
        foot=() if look.low else _tables(look, stand),
        notices=stand.notices,
        why=stand.why,
        elsewhere=elsewhere(look, DATABASE_OWN, of_database(situation)),
        brief=(*links, *counts),
        rows_stale=old(look, DATABASE_SESSIONS),
        complete=fresh is not None and not fresh.hidden,
    )


def _is_long(session: Session, now: datetime, limits: Limits) -> bool:
    """Whether it works, or holds a transaction open, for longer than it may, whoever it belongs to."""
    return session.state != "idle" and (session.running_for(now) or 0.0) > limits.session_minutes * 60


def _long(sessions: Sessions, limits: Limits) -> int:
    return sum(_is_long(session, sessions.server_time, limits) for session in sessions.sessions)


def _state(sessions: Sessions | None, said: Connectivity | None, limits: Limits) -> tuple[Tone, str]:
    if said is not None and not is_healthy(said.primary):
        return "bad", f"primary {said.primary}"
    if sessions is None:
        return "ok", "ok"
    blocked, long = len(sessions.blocked), _long(sessions, limits)
    tone = grave("warn" if blocked else "ok", "warn" if long else "ok")
    return tone, f"{blocked} blocked" if blocked else f"{long} long" if long else "ok"


def _links(look: Look, stand: Standing) -> list[Line]:
    situation = look.situation
    own, said = situation.value(DATABASE_OWN), situation.value(DATA_CONNECTIVITY)
    parts: list[Line] = []
    if own is not None:
        history = situation[DATABASE_OWN].history.get("latency", ())
        drawn = spark(history, SPARK_CELLS, look.glyphs, high=SLOW_MS)
        words = (Span("own ", "dim"), Span(f"{own.latency_ms:.0f} ms "), Span(drawn, "accent"))
        standby = [(Span("standby", "warn"),)] if own.in_recovery else []
        parts += dated(look, stand, DATABASE_OWN, [words, *standby])
    if said is not None:
        answers = f" {said.response_ms:.0f} ms" if said.response_ms is not None else ""
        primary = (Span("primary ", "dim"), Span(said.primary, _tone(said.primary)), Span(answers))
        backup = (Span("backup ", "dim"), Span(said.backup, _tone(said.backup)))
        parts += dated(look, stand, DATA_CONNECTIVITY, [primary, backup])
    return parts


def _tone(word: str) -> Tone:
    return "ok" if is_healthy(word) else "bad"


def _summary(sessions: Sessions | None, limits: Limits) -> tuple[Line, ...]:
    if sessions is None:
        return ()
    counted = Counter(session.state for session in sessions.sessions)
    idle = sum(count for state, count in counted.items() if state.startswith("idle in"))
    long = _long(sessions, limits)
    return (
        labelled("sessions", str(len(sessions.sessions))),
        labelled("blocked", str(blocked), "bad") if (blocked := len(sessions.blocked)) else (),
        labelled(f"> {limits.session_minutes:g} min", str(long), "warn" if long else "plain"),
        labelled("active", str(counted["active"])),
        labelled("idle in txn", str(idle), "warn" if idle else "plain"),
        labelled("hidden", str(sessions.hidden), "warn") if sessions.hidden else (),
    )


def _rows(sessions: Sessions | None, limits: Limits) -> list[Row]:
    if sessions is None:
        return []
    now, found = sessions.server_time, chains(Same(sessions))
    shown = (
        one
        for one in found.sessions
        if one.backtest or one.blocked_by or one.pid in found.holders or _is_long(one, now, limits)
    )
    return [_row(session, now, limits, found) for session in shown]


def _row(session: Session, now: datetime, limits: Limits, found: Chains) -> Row:
    ran, behind = session.running_for(now), found.behind.get(session.pid, 0)
    tone: Tone = "dim" if session.state == "idle" else "plain"
    return Row(
        f"{session.pid}@{session.backend_start.timestamp():.6f}",
        (
            Cell(str(session.pid), "strong" if session.pid in found.holders else tone, session.pid),
            Cell(span(ran), "warn" if _is_long(session, now, limits) else tone, ran),
            Cell(_STATES.get(session.state, session.state), tone),
            Cell(_waits(session, behind), "bad" if session.blocked_by else "warn" if behind else "dim"),
            Cell(_who(session), tone),
            Cell(session.query, tone),
        ),
    )


def _who(session: Session) -> str:
    """The application; of a session that is no backtest's, whose it is as well: that person is to be asked."""
    if session.backtest or not session.user:
        return session.application
    return f"{session.application} ({session.user})" if session.application else session.user


def _waits(session: Session, behind: int) -> str:
    if session.blocked_by:
        more = len(session.blocked_by) - BLOCKERS
        return f"by {', '.join(map(str, session.blocked_by[:BLOCKERS]))}{f' +{more}' if more > 0 else ''}"
    if behind:
        return f"holds {behind}"
    return "" if session.wait_type in ("", "Client", "Activity") else session.wait_type


def _tables(look: Look, stand: Standing) -> tuple[Line, ...]:
    use = look.situation.value(DATABASE_TABLES)
    if use is None or not use.tables:
        return ()
    label = (*dated(look, stand, DATABASE_TABLES, [(Span("rows scanned", "dim"),)])[0], Span("  "))
    busiest = [(Span(f"{table.name} "), Span(rough(table.sequential_rows), "strong")) for table in use.tables[:BUSIEST]]
    told = first(busiest, look.width - line_width(label), of=len(use.tables))
    return ((*label, *aged(look, DATABASE_TABLES, joined(told))),)
