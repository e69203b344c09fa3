"""The shapes of what the research API answers."""

from collections.abc import Mapping

from tui.demo.contract.words import (
    COUNT,
    DAY,
    MOMENT,
    NUMBER,
    PERCENT,
    SHARE,
    TEXT,
    TRUTH,
    Schema,
    many,
    maybe,
    one_of,
    ref,
    shape,
    table,
)

STATUS = one_of("failed", "running", "pending", "completed")
PRIORITY = one_of("high", "normal", "low")
FEED_STATUS = one_of("healthy", "degraded", "down")
CONNECTION = shape(status=FEED_STATUS, response_time_ms=maybe(NUMBER))
VALIDATION: dict[str, Schema] = {
    "name": TEXT, "path": TEXT, "validation_status": one_of("valid", "invalid"), "validation_errors": many(TEXT),
}  # fmt: skip

SHAPES: Mapping[str, Schema] = {
    "Failure": shape(success={"const": False}, error=TEXT),
    "Config": shape(
        symbols=many(TEXT), start_date=DAY, end_date=DAY, timeframe=TEXT, use_sample_data=TRUTH,
        parameters=table(NUMBER),
    ),
    "Job": shape(
        id=TEXT, strategy_name=TEXT, status=STATUS, priority=PRIORITY, attempt={"type": "integer", "minimum": 1},
        error_message=maybe(TEXT), created_at=MOMENT, started_at=maybe(MOMENT), finished_at=maybe(MOMENT),
        original_job_id=maybe(TEXT), strategy_config=ref("Config"),
    ),
    "Counts": shape(counts=shape(failed=COUNT, running=COUNT, pending=COUNT, completed=COUNT)),
    "Jobs": shape(backtests=many(ref("Job")), total=COUNT, limit=COUNT, offset=COUNT),
    "EngineHealth": shape(
        status=FEED_STATUS, active_jobs=COUNT, pending_jobs=COUNT, worker_utilization_percent=NUMBER,
        last_successful_completion=maybe(MOMENT),
    ),
    "Requeued": shape(id=TEXT, status=STATUS, attempt=COUNT),
    "Retried": shape(id=TEXT, original_job_id=TEXT),
    "Cleared": shape(success={"const": True}, cleared=COUNT),
    "Performance": shape(
        period=TEXT, finished_jobs=COUNT, success_rate_percent=maybe(PERCENT), average_runtime_minutes=maybe(NUMBER),
        failure_breakdown=table(COUNT),
        resource_usage_trends=many(shape(hour=MOMENT, jobs=COUNT, worker_minutes=NUMBER, memory_mb=NUMBER)),
    ),
    "Failures": shape(
        period=TEXT, most_failed_strategies=many(shape(name=TEXT, count=COUNT)),
        failure_time_distribution=table(COUNT), common_error_types=many(shape(type=TEXT, count=COUNT)),
    ),
    "Gap": shape(symbol=TEXT, start=DAY, end=DAY, days=COUNT),
    "Rebuild": shape(
        status=one_of("running", "completed", "failed"), tables=many(TEXT), started_at=MOMENT,
        finished_at=maybe(MOMENT), error=maybe(TEXT),
    ),
    "DataStatus": shape(
        status=FEED_STATUS, active_source=TEXT, symbols_with_gaps=COUNT, completeness_percent=PERCENT,
        repair=shape(running=TRUTH, symbols_left=many(TEXT), error=maybe(TEXT)),
        index_rebuild=maybe(ref("Rebuild")), refreshing=TRUTH, last_refresh=MOMENT,
    ),
    "Availability": shape(
        symbol_count=COUNT, earliest_date=DAY, latest_date=DAY, gaps=many(ref("Gap")),
        quality_metrics=shape(completeness_percent=PERCENT, missing_days=COUNT),
    ),
    "SymbolHealth": shape(
        symbol=TEXT, completeness_percent=PERCENT, last_update=MOMENT, gaps=many(ref("Gap"))
    ),
    "Connectivity": shape(connections=shape(historical_data=CONNECTION, backup_historical=CONNECTION)),
    "Sources": shape(
        sources=many(shape(name=TEXT, role=one_of("primary", "backup"), active=TRUTH, status=FEED_STATUS))
    ),
    "ValidationReport": shape(
        summary=shape(
            status=one_of("valid", "invalid"), checked_symbols=COUNT, valid_symbols=COUNT, symbols_with_gaps=COUNT,
            missing_days=COUNT, completeness_percent=PERCENT, generated_at=MOMENT,
        ),
        issues=many(shape(kind={"const": "gap"}, symbol=TEXT, start=DAY, end=DAY, days=COUNT)),
    ),
    "RepairBegun": shape(
        status={"const": "accepted"}, symbols=many(TEXT), date_range=shape(start=DAY, end=DAY), expected_done=MOMENT
    ),
    "Switched": shape(success={"const": True}, changed=TRUTH, active_source=TEXT),
    "RefreshBegun": shape(status={"const": "accepted"}, expected_done=MOMENT),
    "Validations": shape(strategies=many(shape(**VALIDATION))),
    "Metrics": shape(
        strategies=many(shape(name=TEXT, recent_failure_rate=SHARE, avg_runtime_minutes=maybe(NUMBER)))
    ),
    "StrategyHealth": shape(
        **VALIDATION, status=one_of("healthy", "degraded"), recent_failure_rate=SHARE, finished_jobs=COUNT
    ),
    "StrategyCost": shape(
        name=TEXT, code_complexity=NUMBER, estimated_memory_usage=NUMBER, average_execution_time=maybe(NUMBER)
    ),
    "Impact": shape(
        incident_period=shape(start=MOMENT, end=MOMENT), affected_projects=many(shape(name=TEXT, failed_jobs=COUNT)),
        failed_jobs=COUNT, high_priority_jobs=COUNT,
    ),
}  # fmt: skip
