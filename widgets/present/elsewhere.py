"""What other sources know while a pane's own cannot tell: one line of live facts, empty where there are none."""

from typing import Any

from backend.failures import symbols_needed
from backend.model.data import Connectivity
from backend.model.host import ProcessTable
from backend.model.situation import Face, Part, Situation
from backend.parts import (
    DATA_CONNECTIVITY,
    DATA_STATUS,
    DATABASE_OWN,
    DATABASE_SESSIONS,
    DATABASE_TABLES,
    ENGINE_UNIT,
    HOST_PROCESSES,
    JOBS_COUNTS,
    JOBS_FAILED,
    JOBS_HEALTH,
    JOBS_RUNNING,
)
from backend.text import counted, percent
from widgets.present.view import Look
from widgets.present.words import fitting, number, rough, since
from widgets.text import Line, Span

LABEL = "elsewhere  "


def elsewhere(look: Look, main: Part[Any], known: list[str]) -> Line:
    """The facts that others know, as long as the main part of a pane does not give any itself."""
    face = look.situation[main].face(look.situation.at)
    if face not in (Face.MISSING, Face.FAILED) or not known:
        return ()
    facts: list[Line] = [(Span(fact),) for fact in known]
    return (Span(LABEL, "dim"), *fitting(facts, look.width - len(LABEL)))


def of_work(situation: Situation) -> list[str]:
    """What engine, processes and database tell of jobs."""
    unit, table = situation.fresh(ENGINE_UNIT), situation.fresh(HOST_PROCESSES)
    sessions = situation.fresh(DATABASE_SESSIONS)
    known = []
    if unit is not None:
        known.append(f"engine {unit.active} {since(unit.active_since, situation.at)}")
    if table is not None:
        known.append(_workers(table))
    if sessions is not None:
        known.append(counted(sum(session.backtest for session in sessions.sessions), "session"))
    return known


def _workers(table: ProcessTable) -> str:
    """How many workers there are; or may be, where nobody knows what belongs to the engine."""
    if not table.doubtful:
        return counted(len(table.workers), "worker") if table.workers or table.unit_known else "no worker process"
    count = len(table.workers) + len(table.doubtful)
    return f"{counted(count, 'worker process', 'worker processes')}, ownership unknown"


def of_failures(situation: Situation) -> list[str]:
    """What the counts tell of failed jobs; and what there is to tell of jobs at all."""
    counts = situation.fresh(JOBS_COUNTS)
    failed = [f"{number(counts.failed)} failed"] if counts and counts.failed is not None else []
    return [*failed, *of_work(situation)]


def of_load(situation: Situation) -> list[str]:
    """What the platform tells of the load on its machine."""
    health, running = situation.fresh(JOBS_HEALTH), situation.fresh(JOBS_RUNNING)
    known = []
    if health is not None and health.utilisation is not None:
        known.append(f"workers used {percent(health.utilisation)}")
    if running is not None:
        known.append(counted(len(running.jobs), "running job"))
    return known


def of_data(situation: Situation) -> list[str]:
    """What PostgreSQL itself and the failed jobs tell of the data."""
    own, use, failed = situation.fresh(DATABASE_OWN), situation.fresh(DATABASE_TABLES), situation.fresh(JOBS_FAILED)
    known = []
    if own is not None:
        known.append(f"PostgreSQL answers in {own.latency_ms:.0f} ms")
    if failed is not None and (symbols := sorted(symbols_needed(failed))):
        known.append(f"failed jobs need {', '.join(symbols[:4])}{'' if len(symbols) < 5 else f' +{len(symbols) - 4}'}")
    if use is not None and use.tables:
        known.append(f"most read {use.tables[0].name} {rough(use.tables[0].sequential_rows)} rows")
    return known


def of_database(situation: Situation) -> list[str]:
    """What the platform says of its database."""
    said: Connectivity | None = situation.fresh(DATA_CONNECTIVITY)
    status = situation.fresh(DATA_STATUS)
    known = [f"the platform says: primary {said.primary}"] if said is not None else []
    return [*known, *([f"data {status.status}"] if status is not None else [])]
