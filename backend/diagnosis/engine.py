"""Cause `engine`: the unit does not run, cannot stay up, or takes no jobs (runbook, Diagnostics 1)."""

from collections.abc import Iterable
from datetime import timedelta

from backend.config.model import Limits
from backend.diagnosis.facts import evidence
from backend.frozen import dataclass
from backend.model.engine import START_LIMIT, Unit
from backend.model.finding import Evidence, Finding, Severity
from backend.model.jobs import JobsHealth
from backend.model.situation import Situation
from backend.parts import ENGINE_UNIT, JOBS_COUNTS, JOBS_HEALTH
from backend.text import counted

RUNBOOK = "Recovery Actions: Service Recovery"
SETTLED = timedelta(minutes=10)
"""A unit that restarted by itself is trusted again after so long; so long may pass between two successes."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    severity: Severity
    sentence: str
    weight: float
    actions: tuple[str, ...] = ("engine.restart",)


def explain(situation: Situation, limits: Limits) -> Finding | None:  # noqa: ARG001 - all rules have this shape
    """The finding, or None while the engine works, or nothing live is known of it."""
    unit, health = situation.fresh(ENGINE_UNIT), situation.fresh(JOBS_HEALTH)
    trouble = _unit_trouble(situation, unit) or _health_trouble(health, unit) or _idle_trouble(situation, health)
    if trouble is None:
        return None
    waiting = _waiting(situation)
    queue = f"; {counted(waiting, 'job waits', 'jobs wait')}" if waiting and trouble.weight == 1.0 else ""
    return Finding(
        cause="engine",
        severity=trouble.severity,
        summary=trouble.sentence + queue,
        evidence=tuple(_evidence(situation, unit, health)),
        actions=trouble.actions,
        runbook=RUNBOOK,
        weight=trouble.weight,
    )


def _unit_trouble(situation: Situation, unit: Unit | None) -> _Trouble | None:
    if unit is None or unit.load == "not-found":
        return None
    restarts = unit.restarts or 0
    after = f" after {counted(restarts, 'restart')}" if restarts else ""
    if unit.active == "failed":
        said = f"engine {unit.name} has failed ({unit.result or 'no reason given'}){after}"
        return _Trouble(Severity.CRITICAL, said, 1.0, _after_failure(unit))
    if unit.active == "inactive":
        return _Trouble(Severity.CRITICAL, f"engine {unit.name} is stopped", 1.0)
    if unit.active == "activating" and (restarts or unit.sub == "auto-restart"):
        return _Trouble(Severity.CRITICAL, f"engine {unit.name} does not come up ({unit.sub}){after}", 1.0)
    if unit.running and restarts and _came_up_lately(situation, unit):
        return _Trouble(Severity.WARNING, f"engine {unit.name} came up only now{after}", 0.5, actions=())
    return None


def _after_failure(unit: Unit) -> tuple[str, ...]:
    """A unit that hit its start limit may not be started until that is forgotten."""
    return ("engine.reset-failed", "engine.restart") if unit.result == START_LIMIT else ("engine.restart",)


def _came_up_lately(situation: Situation, unit: Unit) -> bool:
    return unit.active_since is not None and situation.at - unit.active_since < SETTLED


def _health_trouble(health: JobsHealth | None, unit: Unit | None) -> _Trouble | None:
    if health is None or not health.down(engine_runs=unit is not None and unit.running):
        return None
    return _Trouble(Severity.CRITICAL, f"the backtest service calls itself {health.status}", 1.0)


def _idle_trouble(situation: Situation, health: JobsHealth | None) -> _Trouble | None:
    """Jobs wait, none runs, and none has succeeded for a while."""
    if health is None or not health.pending or health.active != 0 or health.last_success is None:
        return None
    quiet = situation.server_now(JOBS_HEALTH) - health.last_success
    if quiet < SETTLED:
        return None
    waiting = counted(health.pending, "job waits", "jobs wait")
    minutes = int(quiet.total_seconds() // 60)
    return _Trouble(Severity.WARNING, f"{waiting} and none runs; the last success was {minutes} min ago", 0.5)


def _waiting(situation: Situation) -> int:
    health, counts = situation.fresh(JOBS_HEALTH), situation.fresh(JOBS_COUNTS)
    return (health.pending if health else None) or (counts.pending if counts else None) or 0


def _evidence(situation: Situation, unit: Unit | None, health: JobsHealth | None) -> Iterable[Evidence]:
    if unit is not None:
        yield evidence(situation, ENGINE_UNIT, "unit state", f"{unit.active} ({unit.sub})")
        yield evidence(situation, ENGINE_UNIT, "unit result", unit.result)
        if unit.restarts is not None:
            yield evidence(situation, ENGINE_UNIT, "restarts", unit.restarts)
        if unit.changed_at is not None:
            yield evidence(situation, ENGINE_UNIT, "state since", unit.changed_at.isoformat(timespec="seconds"))
    if health is not None:
        yield evidence(situation, JOBS_HEALTH, "service health", health.status)
        if health.active is not None:
            yield evidence(situation, JOBS_HEALTH, "active jobs", health.active, "jobs")
        if health.pending is not None:
            yield evidence(situation, JOBS_HEALTH, "pending jobs", health.pending, "jobs")
