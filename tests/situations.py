"""Situations for tests, built the way the program builds them: by readings."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend.errors import FailureKind
from backend.model.data import (
    Availability,
    Connectivity,
    DataSource,
    DataSources,
    DataStatus,
    Gap,
    SymbolHealth,
    SymbolsHealth,
    Validation,
)
from backend.model.database import OwnConnection, Session, Sessions, TablesUse, TableUse
from backend.model.engine import Unit
from backend.model.files import DiskUse, FileTree, Folder, OldFiles
from backend.model.host import HostCounters, Process, ProcessTable
from backend.model.jobs import Job, JobCounts, JobList, JobsHealth, JobState, Priority
from backend.model.providers import ProviderAnswer
from backend.model.situation import Failure, Missing, Part, Reading, Situation, Value
from backend.parts import (
    DATA_AVAILABILITY,
    DATA_CONNECTIVITY,
    DATA_SOURCES,
    DATA_STATUS,
    DATA_SYMBOLS,
    DATA_VALIDATION,
    DATABASE_OWN,
    DATABASE_SESSIONS,
    DATABASE_TABLES,
    ENGINE_UNIT,
    FILES_DISK,
    FILES_TREE,
    HOST_COUNTERS,
    HOST_PROCESSES,
    JOBS_COUNTS,
    JOBS_FAILED,
    JOBS_HEALTH,
    JOBS_PENDING,
    JOBS_RUNNING,
    provider,
)  # fmt: skip
from backend.store import reduce

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
MIB, GIB = 2**20, 2**30
PROVIDERS = (provider("data-provider-1"), provider("marketdata"))
Readings = Mapping[Part[Any], object]


def ago(minutes: float) -> datetime:
    """So many minutes before the test's now."""
    return NOW - timedelta(minutes=minutes)


def situation(values: Readings, *, at: datetime = NOW, skew: float | None = None) -> Situation:
    """Where each part was just read with this value; a `Failure` or `Missing` stands for itself."""
    return after(Situation(at), values, skew=skew)


def after(found: Situation, values: Readings, *, seconds: float = 0.0, skew: float | None = None) -> Situation:
    """The same situation after these readings, so many seconds later."""
    at = found.at + timedelta(seconds=seconds)
    for part, value in values.items():
        outcome: Value[Any] | Failure | Missing = value if isinstance(value, Failure | Missing) else Value(value)
        found = reduce(found, Reading(part, at, 0.01, outcome, skew=skew))
    return found


def failing(found: Situation, part: Part[Any], kind: FailureKind = "refused", seconds: float = 1.0) -> Situation:
    """The same situation after this part could not be read, a little later."""
    at = found.at + timedelta(seconds=seconds)
    return reduce(found, Reading(part, at, 0.01, Failure(kind, "nobody listens")))


def job(name: str = "8841", state: JobState = JobState.FAILED, **fields: Any) -> Job:
    """A job, failed two minutes ago unless told otherwise."""
    if state is JobState.FAILED:
        fields.setdefault("finished_at", ago(2))
    return Job(name, name, fields.pop("strategy", "mean-revert-eu"), state, **fields)


def jobs(*listed: Job) -> JobList:
    """A list of these."""
    return JobList(listed)


def running(name: str, strategy: str, minutes: float, priority: Priority) -> Job:
    """A job that has been running for so many minutes."""
    return job(name, JobState.RUNNING, strategy=strategy, priority=priority, attempt=1, started_at=ago(minutes))


def no_data(name: str, symbol: str, minutes: float, **fields: Any) -> Job:
    """A job that failed because this symbol has a gap."""
    error = f"No data for {symbol} in 2026-11-17..2026-11-19"
    return job(name, error=error, symbols=(symbol, "DTE.DE"), finished_at=ago(minutes), attempt=1, **fields)


GAPPED = ("SAP.DE", "BMW.DE", "ALV.DE")
FOR_WANT_OF_DATA = tuple(
    no_data(
        str(8841 - 2 * number),
        GAPPED[number % 3],
        2 + 4 * number,
        strategy="momentum-eu" if number % 3 else "mean-revert-eu",
        priority=Priority.NORMAL if number % 3 else Priority.HIGH,
    )
    for number in range(11)
)
OTHER_FAILURES = (
    job("8832", error="worker killed (signal 9)", priority=Priority.HIGH, finished_at=ago(11), attempt=1),
    job("8826", strategy="pairs-fx", error="ZeroDivisionError in /srv/adaf/src/strategies/pairs_fx.py:88",
        priority=Priority.NORMAL, finished_at=ago(24), attempt=2),
    job("8824", strategy="carry-g10", error="exceeded the runtime limit of 45 minutes", priority=Priority.LOW,
        finished_at=ago(31), attempt=1),
)  # fmt: skip
RUNNING = (
    running("8850", "mean-revert-eu", 51, Priority.HIGH),
    running("8852", "momentum-us", 39, Priority.HIGH),
    running("8853", "pairs-fx", 17, Priority.NORMAL),
    running("8857", "carry-g10", 5, Priority.LOW),
)


def pending(high: int, normal: int, low: int) -> JobList:
    """A queue of so many jobs."""
    wanted = [*[Priority.HIGH] * high, *[Priority.NORMAL] * normal, *[Priority.LOW] * low]
    return jobs(*(job(f"{8860 + n}", JobState.PENDING, priority=each) for n, each in enumerate(wanted)))


def host(cpu: float = 61.0, memory: float = 71.0) -> HostCounters:
    """A machine of 8 cores and 32 GiB."""
    total = 32 * GIB
    return HostCounters(cpu, 8, (3.1, 2.8, 2.5), total, round(total * (1 - memory / 100)), 8 * GIB, 0)


def worker(pid: int, name: str | None, minutes: float, cpu: float, gib: float, *, ours: bool = True) -> Process:
    """A process on a job."""
    module = "backtest.worker" if ours else "backtest.notebook"
    command = f"/opt/adaf/venv/bin/python -m {module} --job {name}"
    return Process(pid, ago(minutes), command, 1000, cpu, round(gib * GIB), name, ours)


def unit(**fields: Any) -> Unit:
    """The engine, up for three days."""
    facts: dict[str, Any] = {
        "name": "adaf-backtest-engine.service", "load": "loaded", "active": "active", "sub": "running",
        "result": "success", "main_pid": 4021, "restarts": 0, "invocation": "a3f1" * 8,
        "active_since": ago(3 * 1440 + 90), "changed_at": ago(3 * 1440 + 90),
        "memory_current": 6 * GIB, "memory_max": 12 * GIB,
    }  # fmt: skip
    return Unit(**{**facts, **fields})


def given_up(**fields: Any) -> Unit:
    """The engine's unit, right after it hit its start limit."""
    facts = {"active": "failed", "sub": "failed", "result": "start-limit-hit", "start_limit": 60.0, "changed_at": NOW}
    return unit(**{**facts, **fields})


def session(pid: int, minutes: float, query: str, **fields: Any) -> Session:
    """A session of a backtest whose query began so many minutes ago."""
    facts: dict[str, Any] = {
        "state": "active", "wait_type": "", "wait_event": "", "application": "backtest-worker", "user": "adaf_research",
        "query": query, "backtest": True,
    }  # fmt: skip
    return Session(pid, ago(minutes + 60), ago(minutes), ago(minutes), **{**facts, **fields})


def tables() -> TablesUse:
    """Three tables."""
    rows = (("minute_bars", 812_004_113), ("daily_prices", 40_118_002), ("corporate_actions", 91_220))
    return TablesUse(tuple(TableUse(name, 1200, 40, 2, 310, count) for name, count in rows))


def data(*gaps: Gap, completeness: float = 99.8) -> dict[Part[Any], object]:
    """The data side, well but for these gaps."""
    return {
        DATA_AVAILABILITY: Availability(4812, date(2009, 1, 2), date(2026, 11, 20), gaps, completeness),
        DATA_CONNECTIVITY: Connectivity("connected", 4.0, "connected"),
        DATA_SOURCES: DataSources(
            (
                DataSource("adaf-primary", "primary", True, "healthy"),
                DataSource("adaf-backup", "backup", False, "standby"),
            )
        ),
        DATA_STATUS: DataStatus("healthy"),
        DATA_VALIDATION: Validation((("rows checked", "81,200"), ("rejected", "12"))),
    }


def answers(second: bool = True) -> dict[Part[Any], object]:
    """What the providers say."""
    return {
        PROVIDERS[0]: ProviderAnswer("data-provider-1", "data-provider-1.adaf.local", True, 12.0, "answered"),
        PROVIDERS[1]: ProviderAnswer("marketdata", "https://api.marketdata.provider.com/health", second,
                                     48.0 if second else None, "HTTP 200" if second else "HTTP 503"),
    }  # fmt: skip


def calm_values() -> dict[Part[Any], object]:
    """Everything is well: three jobs run, none has failed."""
    return {
        JOBS_HEALTH: JobsHealth("healthy", 3, 2, 38.0, ago(4)),
        JOBS_RUNNING: jobs(*(replace(each, started_at=ago(4 + 9 * n)) for n, each in enumerate(RUNNING[1:]))),
        JOBS_FAILED: jobs(),
        JOBS_COUNTS: JobCounts(0, 3, 2, 4118),
        JOBS_PENDING: pending(0, 1, 1),
        ENGINE_UNIT: unit(memory_current=3 * GIB),
        HOST_PROCESSES: ProcessTable(
            (
                worker(4188, "8852", 22, 74.0, 1.4), worker(4190, "8853", 13, 52.0, 0.7),
                worker(4197, "8857", 4, 33.0, 0.3),
            ),
            118,
        ),
        FILES_DISK: DiskUse(500 * GIB, 260 * GIB, 240 * GIB, 52.0, False),
        FILES_TREE: FileTree((Folder("momentum-us", 900 * MIB, 12), Folder("pairs-fx", 310 * MIB, 7)), ()),
        **data(),
        **answers(),
        DATABASE_SESSIONS: Sessions((session(2201, 0.2, "SELECT close FROM market_data.minute_bars"),), NOW),
        DATABASE_TABLES: tables(),
    }  # fmt: skip


def data_gap_values() -> dict[Part[Any], object]:
    """14 jobs failed, 11 of them because three symbols have gaps; one job is over its limit, one session is blocked."""
    gaps = (
        *(Gap(symbol, date(2026, 11, 17), date(2026, 11, 19), 3) for symbol in GAPPED),
        Gap("VOW3.DE", None, None, 1),
    )
    failed = (*FOR_WANT_OF_DATA, *OTHER_FAILURES)
    return {
        JOBS_HEALTH: JobsHealth("healthy", 4, 11, 80.0, ago(41)),
        JOBS_RUNNING: jobs(*RUNNING),
        JOBS_FAILED: jobs(*failed),
        JOBS_COUNTS: JobCounts(len(failed), 4, 11, 4118),
        JOBS_PENDING: pending(3, 6, 2),
        ENGINE_UNIT: unit(),
        HOST_PROCESSES: ProcessTable(
            (
                worker(4121, "8850", 51, 98.0, 2.1), worker(4188, "8852", 39, 97.0, 1.4),
                worker(4190, "8853", 17, 61.0, 0.7), worker(4197, "8857", 5, 44.0, 0.3),
                worker(9011, None, 240, 3.0, 0.2, ours=False),
            ),
            118,
        ),
        FILES_DISK: DiskUse(500 * GIB, 390 * GIB, 110 * GIB, 78.0, False),
        FILES_TREE: FileTree(
            (Folder("mean-revert-eu", round(2.2 * GIB), 40), Folder("momentum-us", round(1.1 * GIB), 12)),
            (OldFiles("temp", 38, 410 * MIB), OldFiles("results", 212, round(18.4 * GIB))),
        ),
        **data(*gaps, completeness=96.2),
        **answers(second=False),
        DATA_SYMBOLS: SymbolsHealth(
            "8841", (SymbolHealth("SAP.DE", 81.0, ago(3 * 1440)), SymbolHealth("DTE.DE", 100.0, ago(61)))
        ),
        DATABASE_SESSIONS: Sessions(blocked_sessions(), NOW),
        DATABASE_TABLES: tables(),
    }  # fmt: skip


def blocked_sessions() -> tuple[Session, ...]:
    """One that waits for another, which idles in a transaction; and some that work."""
    return (
        session(2210, 12, "UPDATE market_data.minute_bars SET close = $1 WHERE symbol = $2", wait_type="Lock",
                wait_event="transactionid", blocked_by=(2187,)),
        session(2187, 14, "SELECT 1", state="idle in transaction", wait_type="Client", application="notebook",
                backtest=False),
        session(2231, 7, "SELECT * FROM market_data.daily_prices WHERE symbol = ANY($1)", wait_type="IO"),
        session(2240, 0.1, "SELECT close FROM market_data.minute_bars WHERE symbol = $1"),
    )  # fmt: skip


def with_history(values: Readings, *, cpu: Iterable[float], memory: float) -> Situation:
    """The situation of these values, and before it one reading a second of what is traced."""
    found, use = Situation(NOW - timedelta(seconds=30)), 0.0
    for number, use in enumerate(cpu):
        latency = 3.0 + 9.0 * (number % 5 == 4)
        found = after(found, {HOST_COUNTERS: host(use, memory - 8 + number), DATABASE_OWN: own(latency)}, seconds=1)
        found = after(found, {FILES_DISK: values[FILES_DISK]})
    last: Readings = {HOST_COUNTERS: host(use, memory), DATABASE_OWN: own(4.0)}
    return after(found.seen_at(NOW), {**values, **last})


def own(latency: float) -> OwnConnection:
    """Our own connection."""
    return OwnConnection(latency, "18.1", False)


def calm() -> Situation:
    """Nothing is wrong."""
    return with_history(calm_values(), cpu=(12, 18, 22, 19, 24, 30, 27, 22), memory=44)


def data_gap() -> Situation:
    """Three symbols have gaps, and most failures come from them."""
    return with_history(data_gap_values(), cpu=(25, 38, 52, 66, 81, 64, 58, 61), memory=71)


def parts() -> tuple[Part[Any], ...]:
    """Every part that a pane shows."""
    return tuple(state.part for state in data_gap().parts.values())


def waiting() -> Situation:
    """Nothing was read yet."""
    return Situation(NOW)


def empty() -> Situation:
    """Everything answered, and there is nothing of anything."""
    return after(
        calm(),
        {
            JOBS_HEALTH: JobsHealth("healthy", 0, 0, 0.0, None),
            JOBS_RUNNING: jobs(),
            JOBS_PENDING: jobs(),
            JOBS_COUNTS: JobCounts(0, 0, 0, 0),
            HOST_PROCESSES: ProcessTable((), 118),
            FILES_TREE: FileTree((), ()),
            DATA_SYMBOLS: SymbolsHealth("", ()),
            DATABASE_SESSIONS: Sessions((), NOW),
            DATABASE_TABLES: TablesUse(()),
        },
    )


def stale() -> Situation:
    """What was known of the gaps, looked at ten minutes later."""
    return data_gap().seen_at(NOW + timedelta(minutes=10))


def failed(*, known: bool = True) -> Situation:
    """Nothing can be read any more; with the last values, or without any."""
    before = data_gap() if known else waiting()
    refused = Failure("refused", "nobody listens at 127.0.0.1:3000")
    return retried(after(before, dict.fromkeys(parts(), refused), seconds=20))


def retried(found: Situation) -> Situation:
    """The same, where each part that failed is tried again in 8 seconds."""
    for state in tuple(found.parts.values()):
        if state.failure is not None:
            again = found.at + timedelta(seconds=8)
            found = reduce(found, Reading(state.part, found.at, 0.01, state.failure, next_at=again))
    return found


def missing() -> Situation:
    """The server has none of the routes."""
    return situation(dict.fromkeys(parts(), Missing("no such route")))


def gone() -> Situation:
    """The server lost its routes for jobs and data; what they told before is still known."""
    routes = [part for part in parts() if part.source in ("jobs", "data")]
    return after(data_gap(), dict.fromkeys(routes, Missing("no such route")), seconds=1)


def partly() -> Situation:
    """Some routes are not there, one part has not answered yet and one failed."""
    without = {JOBS_HEALTH, JOBS_PENDING, DATA_VALIDATION, DATA_SOURCES, DATABASE_TABLES, FILES_TREE}
    values = {part: value for part, value in data_gap_values().items() if part not in without}
    found = situation({**values, HOST_COUNTERS: host(), DATABASE_OWN: own(4.0)})
    gone = (JOBS_HEALTH, JOBS_PENDING, DATA_VALIDATION, DATA_SOURCES)
    return failing(after(found, dict.fromkeys(gone, Missing("no such route"))), FILES_TREE)
