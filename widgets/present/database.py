"""The database pane: the platform's word beside our own connection, sessions, tables (runbook, Diagnostics 5)."""

from collections import Counter
from datetime import datetime

from backend.config.model import Limits
from backend.model.data import Connectivity, is_healthy
from backend.model.database import OwnConnection, Session, Sessions, TablesUse
from backend.model.situation import Situation
from backend.parts import DATA_CONNECTIVITY, DATABASE_OWN, DATABASE_SESSIONS, DATABASE_TABLES
from widgets.present.view import Look, PaneView, grave, standing, state_line
from widgets.present.words import fitting, labelled, rough, span, spark
from widgets.table_columns import Column, Flex
from widgets.table_rows import Cell, Row
from widgets.text import Glyphs, Line, Span, Tone

PARTS = (DATABASE_OWN, DATABASE_SESSIONS, DATABASE_TABLES)
SPARK_CELLS = 8
SLOW_MS = 50.0
"""Latency at which the sparkline stands full."""

COLUMNS = (
    Column("pid", "pid", width=7, align="right", priority=7),
    Column("age", "age", width=4, align="right", priority=8, quiet=True),
    Column("state", "state", width=7, priority=5),
    Column("waits", "waits", width=14, priority=6, quiet=True),
    Column("application", "application", width=14, priority=3),
    Column("query", "query", width=Flex(12, weight=4), priority=9, essential=True),
)

_STATES = {
    "idle in transaction": "idle tx",
    "idle in transaction (aborted)": "aborted",
    "fastpath function call": "call",
}


def view(look: Look) -> PaneView:
    """Everything the database pane shows."""
    situation, limits, glyphs = look.situation, look.limits, look.glyphs
    stand = standing(look, PARTS)
    own, sessions = situation.value(DATABASE_OWN), situation.value(DATABASE_SESSIONS)
    tone, word = _state(sessions, limits)
    links = _links(situation, own, situation.value(DATA_CONNECTIVITY), glyphs)
    head = (fitting(links, look.width), fitting(_summary(sessions, limits), look.width))
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, glyphs),
        head=tuple(line for line in head if line),
        rows=tuple(_rows(sessions, limits)),
        foot=() if look.low else _tables(situation.value(DATABASE_TABLES), look.width),
        notices=stand.notices,
    )


def _long(sessions: Sessions, limits: Limits) -> list[Session]:
    limit = limits.session_minutes * 60
    return [
        session
        for session in sessions.sessions
        if session.state != "idle" and (session.running_for(sessions.server_time) or 0.0) > limit
    ]


def _state(sessions: Sessions | None, limits: Limits) -> tuple[Tone, str]:
    if sessions is None:
        return "ok", "ok"
    blocked, long = len(sessions.blocked), len(_long(sessions, limits))
    tone = grave("warn" if blocked else "ok", "warn" if long else "ok")
    return tone, f"{blocked} blocked" if blocked else f"{long} long" if long else "ok"


def _links(situation: Situation, own: OwnConnection | None, said: Connectivity | None, glyphs: Glyphs) -> list[Line]:
    parts: list[Line] = []
    if own is not None:
        history = situation[DATABASE_OWN].history.get("latency", ())
        drawn = spark(history, SPARK_CELLS, glyphs, high=SLOW_MS)
        parts.append((Span("own ", "dim"), Span(f"{own.latency_ms:.0f} ms "), Span(drawn, "accent")))
        if own.in_recovery:
            parts.append((Span("standby", "warn"),))
    if said is not None:
        answers = f" {said.response_ms:.0f} ms" if said.response_ms is not None else ""
        parts.append((Span("primary ", "dim"), Span(said.primary, _tone(said.primary)), Span(answers)))
        parts.append((Span("backup ", "dim"), Span(said.backup, _tone(said.backup))))
    return parts


def _tone(word: str) -> Tone:
    return "ok" if is_healthy(word) else "bad"


def _summary(sessions: Sessions | None, limits: Limits) -> tuple[Line, ...]:
    if sessions is None:
        return ()
    counted = Counter(session.state for session in sessions.sessions)
    idle = sum(count for state, count in counted.items() if state.startswith("idle in"))
    long = len(_long(sessions, limits))
    return (
        labelled("sessions", str(len(sessions.sessions))),
        labelled(f"> {limits.session_minutes:g} min", str(long), "warn" if long else "plain"),
        labelled("active", str(counted["active"])),
        labelled("idle in txn", str(idle), "warn" if idle else "plain"),
        labelled("hidden", str(sessions.hidden), "warn") if sessions.hidden else (),
    )


def _rows(sessions: Sessions | None, limits: Limits) -> list[Row]:
    if sessions is None:
        return []
    now = sessions.server_time
    shown = [
        session for session in sessions.sessions if session.backtest or session.blocked_by or _blocks(session, sessions)
    ]
    ordered = sorted(shown, key=lambda one: (not one.blocked_by, one.state == "idle", -(one.running_for(now) or 0.0)))
    return [_row(session, now, sessions, limits) for session in ordered]


def _blocks(session: Session, sessions: Sessions) -> bool:
    return any(session.pid in other.blocked_by for other in sessions.blocked)


def _row(session: Session, now: datetime, sessions: Sessions, limits: Limits) -> Row:
    ran = session.running_for(now)
    long = session.state != "idle" and (ran or 0.0) > limits.session_minutes * 60
    tone: Tone = "dim" if session.state == "idle" else "plain"
    blocks = _blocks(session, sessions)
    return Row(
        f"{session.pid}@{session.backend_start.timestamp():.6f}",
        (
            Cell(str(session.pid), "strong" if blocks else tone, session.pid),
            Cell(span(ran), "warn" if long else tone, ran),
            Cell(_STATES.get(session.state, session.state), tone),
            Cell(_waits(session), "bad" if session.blocked_by else "dim"),
            Cell(session.application, tone),
            Cell(session.query, tone),
        ),
    )


def _waits(session: Session) -> str:
    if session.blocked_by:
        return f"by {', '.join(map(str, session.blocked_by))}"
    return "" if session.wait_type in ("", "Client", "Activity") else session.wait_type


def _tables(use: TablesUse | None, width: int) -> tuple[Line, ...]:
    if use is None or not use.tables:
        return ()
    label = "rows scanned  "
    busiest = [(Span(f"{table.name} "), Span(rough(table.sequential_rows), "strong")) for table in use.tables[:3]]
    return ((Span(label, "dim"), *fitting(busiest, width - len(label))),)
