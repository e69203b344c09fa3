"""What the research API promises, as an OpenAPI document: every route, what it takes, and every answer it may give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.demo.contract.shapes import PRIORITY, SHAPES, STATUS
from tui.demo.contract.words import DAY, LARGEST, MOMENT, PERIOD, TEXT, TRUTH, Schema, body, many, ref

ROOT = "/api/research"
REASONS: Mapping[int, str] = {
    200: "As asked.",
    202: "Begun, or queued.",
    400: "The question makes no sense.",
    404: "What it names does not exist.",
    409: "What it names is not in a state for it.",
    413: "It is too long.",
    503: "Something that it needs cannot be reached.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One route under one method: the good answers by status, and which refusals there may be."""

    method: str
    path: str
    summary: str
    answers: Mapping[int, str]
    refusals: tuple[int, ...] = ()
    query: Mapping[str, Schema] = field(default_factory=dict)
    sent: Schema | None = None

    def described(self) -> dict[str, Any]:
        """The operation in OpenAPI's words."""
        responses = {str(status): _answer(status, name) for status, name in self.answers.items()}
        responses |= {str(status): _answer(status, "Failure") for status in self._refused()}
        said: dict[str, Any] = {"summary": self.summary, "parameters": self._parameters(), "responses": responses}
        if self.sent is not None:
            said["requestBody"] = {"required": True, "content": {"application/json": {"schema": self.sent}}}
        return said

    def _refused(self) -> tuple[int, ...]:
        return self.refusals if self.sent is None else (*self.refusals, 413)

    def _parameters(self) -> list[dict[str, Any]]:
        places = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        fixed = [{"name": name, "in": "path", "required": True, "schema": _PLACES[name]} for name in places]
        return fixed + [{"name": name, "in": "query", "schema": schema} for name, schema in self.query.items()]


def _answer(status: int, name: str) -> dict[str, Any]:
    return {"description": REASONS[status], "content": {"application/json": {"schema": ref(name)}}}


_WORD: Schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"}
_PLACES: Mapping[str, Schema] = {
    "job_id": {"type": "string", "pattern": "^[0-9]{1,18}$"}, "symbol": _WORD, "name": _WORD,
}  # fmt: skip
_PERIOD = {"period": {"type": "string", "pattern": f"^{PERIOD}$", "default": "7d"}}
_PAGE: Mapping[str, Schema] = {
    "limit": {
        "type": "integer", "minimum": 1, "maximum": LARGEST, "default": 50, "description": "at most 500 are given",
    },
    "offset": {"type": "integer", "minimum": 0, "maximum": LARGEST, "default": 0},
}  # fmt: skip
_LIST: Mapping[str, Schema] = {"status": STATUS, "priority": PRIORITY, **_PAGE}
_RETRY = body(
    ("original_job_id",),
    original_job_id=TEXT,
    modifications=body(
        reduce_timeframe=TRUTH, use_sample_data=TRUTH, limit_symbols={"type": "integer", "minimum": 1}
    ),
)  # fmt: skip
_DATE_RANGE: Schema = {
    "anyOf": [{"type": "string", "pattern": "^last_[0-9]{1,5}d$"}, body(("start", "end"), start=DAY, end=DAY)]
}
_REPAIR = body(
    ("symbols", "date_range", "repair_gaps"),
    symbols={**many(TEXT), "minItems": 1}, date_range=_DATE_RANGE, repair_gaps={"const": True},
)  # fmt: skip
_REFRESH = body(symbols={"anyOf": [{"const": "all"}, {**many(TEXT), "minItems": 1}]}, force=TRUTH, priority=PRIORITY)
_TABLES = body(
    ("tables",),
    tables={**many({"type": "string", "enum": ["daily_prices", "minute_bars"]}), "minItems": 1}, background=TRUTH,
)  # fmt: skip
_PERIOD_OF_INCIDENT = body(("incident_period",), incident_period=body(("start", "end"), start=MOMENT, end=MOMENT))

OPERATIONS: tuple[Operation, ...] = (
    Operation("get", "/backtests/status", "How many jobs are in each state", {200: "Counts"}),
    Operation("get", "/backtests", "Jobs, the latest first", {200: "Jobs"}, (400,), _LIST),
    Operation("get", "/backtests/health", "Engine and queue", {200: "EngineHealth"}),
    Operation("get", "/backtests/{job_id}", "The whole of one job", {200: "Job"}, (404,)),
    Operation("post", "/backtests/{job_id}/requeue", "Run a failed job again", {202: "Requeued"}, (404, 409)),
    Operation(
        "post", "/backtests/retry", "Run a changed copy of a failed job", {202: "Retried"}, (400, 404, 409), {}, _RETRY
    ),
    Operation("delete", "/backtests/queue/failed", "Forget all failed jobs", {200: "Cleared"}),
    Operation("get", "/backtests/analytics/performance", "A period", {200: "Performance"}, (400,), _PERIOD),
    Operation("get", "/backtests/analytics/failures", "A period's failures", {200: "Failures"}, (400,), _PERIOD),
    Operation("get", "/data/status", "The data side", {200: "DataStatus"}),
    Operation("get", "/data/availability", "How much history there is", {200: "Availability"}),
    Operation("get", "/data/{symbol}/health", "How complete a symbol is", {200: "SymbolHealth"}, (404,)),
    Operation("get", "/data/connectivity", "Whether the databases answer", {200: "Connectivity"}),
    Operation("get", "/data/sources", "The feeds, and which is in use", {200: "Sources"}, (400,), _PAGE),
    Operation("get", "/data/validation/report", "The last validation", {200: "ValidationReport"}),
    Operation("post", "/data/repair", "Fill gaps", {202: "RepairBegun"}, (400, 503), {}, _REPAIR),
    Operation(
        "post", "/data/sources/failover", "Use the other feed", {200: "Switched"}, (400,), {},
        body(("to_backup",), to_backup=TRUTH, reason=TEXT),
    ),
    Operation("post", "/data/refresh", "Load the cache anew", {202: "RefreshBegun"}, (400, 503), {}, _REFRESH),
    Operation(
        "post", "/data/indexes/rebuild", "Build indexes anew", {200: "Rebuild", 202: "Rebuild"}, (400, 409, 503), {},
        _TABLES,
    ),
    Operation("get", "/strategies/validation", "Whether they pass checks", {200: "Validations"}, (400,), _PAGE),
    Operation("get", "/strategies/metrics", "How strategies fare", {200: "Metrics"}, (400,), _PAGE),
    Operation("get", "/strategies/{name}/health", "How one strategy fares", {200: "StrategyHealth"}, (404,)),
    Operation("get", "/strategies/{name}/metrics", "What one strategy costs", {200: "StrategyCost"}, (404,)),
    Operation(
        "post", "/projects/impact-analysis", "Who lost work in a period", {200: "Impact"}, (400,), {},
        _PERIOD_OF_INCIDENT,
    ),
)  # fmt: skip


def document() -> dict[str, Any]:
    """The contract as OpenAPI 3.1 has it."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(ROOT + operation.path, {})[operation.method] = operation.described()
    return {
        "openapi": "3.1.0",
        "info": {"title": "ADAF research API", "version": "1"},
        "paths": paths,
        "components": {"schemas": dict(SHAPES)},
    }
