"""Answers about historical data, folded into ours."""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

from backend.clients.decode import Fields
from backend.clients.decode_jobs import said_status
from backend.errors import BadAnswer
from backend.model.data import (
    Availability,
    Connectivity,
    DataSource,
    DataSources,
    DataStatus,
    Gap,
    SymbolHealth,
    Validation,
)
from backend.text import clean

MOST_GAPS = 2000
MOST_LINES = 100

Row = TypeVar("Row")


def decode_status(body: object) -> DataStatus:
    """The data side's word on itself."""
    return DataStatus(said_status(Fields(body), "the data's health"))


def decode_availability(body: object) -> Availability:
    """What data there is; a gap without a symbol is a bad row, and so is what should be a list of gaps and is none."""
    fields = Fields(body)
    said = fields.get("gaps", "missing_data_gaps")
    listed: list[object] = said if isinstance(said, list) else [] if said is None else [None]
    gaps, bad_rows = _good_rows([_gap(row) for row in listed[:MOST_GAPS]])
    quality = fields.child("quality_metrics", "quality")
    found = Availability(
        symbol_count=fields.count("symbol_count", "symbols", "total_symbols"),
        earliest=fields.day("earliest_date", "earliest"),
        latest=fields.day("latest_date", "latest"),
        gaps=gaps,
        completeness=_first(quality.number("completeness_percent"), fields.number("completeness_percent")),
        bad_rows=bad_rows,
        unread=max(0, len(listed) - MOST_GAPS),
    )
    if found == Availability(None, None, None, (), None) and "gaps" not in fields:
        raise BadAnswer("the answer on available data says nothing of it")
    return found


def _gap(row: object) -> Gap | None:
    fields = Fields(row)
    symbol = fields.text("symbol", "ticker", limit=64)
    start, end = fields.day("start", "start_date", "from"), fields.day("end", "end_date", "to")
    days = fields.count("days", "missing_days")
    if days is None and start and end:
        days = max(0, (end - start).days + 1)
    return Gap(symbol, start, end, days) if symbol else None


def decode_connectivity(body: object) -> Connectivity:
    """How the platform reaches its databases."""
    connections = Fields(body).child("connections")
    primary = connections.child("historical_data", "primary")
    backup = connections.child("backup_historical", "backup")
    if not primary.text("status") and not backup.text("status"):
        raise BadAnswer("the answer on connectivity names no connection")
    return Connectivity(
        primary=primary.text("status", limit=60) or "unknown",
        response_ms=primary.number("response_time_ms", "latency_ms"),
        backup=backup.text("status", limit=60) or "unknown",
    )


def decode_sources(body: object) -> DataSources:
    """All sources; one without a name is a bad row."""
    listed = body if isinstance(body, list) else Fields(body).get("sources", "items")
    if not isinstance(listed, list):
        raise BadAnswer("the answer on data sources holds no list of them")
    return DataSources(*_good_rows([_source(row) for row in _rows(listed, 200)]))


def _source(row: object) -> DataSource | None:
    fields = Fields(row)
    name = fields.text("name", "id", "source", limit=80)
    if not name:
        return None
    return DataSource(
        name,
        fields.text("role", "type", limit=40),
        fields.flag("active", "is_active", "in_use"),
        fields.text("status", "state", limit=60) or "unknown",
    )


def decode_validation(body: object) -> Validation:
    """The summary of the report, flattened to names and values; a summary in words is one line."""
    summary = Fields(body).get("summary")
    if summary is None:
        raise BadAnswer("the validation report has no summary")
    fields = Fields(summary)
    lines = tuple((clean(name, 60), _said(value)) for name, value in islice(fields.items(), MOST_LINES))
    return Validation(lines if isinstance(summary, dict) else (("summary", _said(summary)),))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{len(value)} entries" if isinstance(value, list | dict) else clean(value, 200)


def decode_symbol(body: object, symbol: str) -> SymbolHealth:
    """The data of one symbol; `symbol` is the one that was asked for."""
    fields = Fields(body)
    completeness = _first(
        fields.number("completeness_percent"), fields.child("quality_metrics").number("completeness_percent")
    )
    last_update = fields.when("last_update", "last_updated", "updated_at")
    if completeness is None and last_update is None:
        raise BadAnswer(f"the answer on {clean(symbol, 64)} says nothing of its data")
    return SymbolHealth(clean(symbol, 64), completeness, last_update)


def _first(*found: float | None) -> float | None:
    return next((value for value in found if value is not None), None)


def _rows(value: object, most: int) -> list[object]:
    return value[:most] if isinstance(value, list) else []


def _good_rows(rows: Sequence[Row | None]) -> tuple[tuple[Row, ...], int]:
    good = tuple(row for row in rows if row is not None)
    return good, len(rows) - len(good)
