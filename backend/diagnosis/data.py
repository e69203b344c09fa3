"""Cause `data`: missing days, or a source of historical data that is not well (runbook, Diagnostics 3)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from backend.config.model import Limits
from backend.diagnosis.facts import evidence, failures_now
from backend.diagnosis.words import names_in, speaks_of
from backend.frozen import dataclass
from backend.model.data import Availability, DataSource, DataSources
from backend.model.finding import Evidence, Finding, Severity
from backend.model.jobs import Job
from backend.model.situation import Situation
from backend.parts import DATA_AVAILABILITY, DATA_SOURCES, DATA_STATUS, JOBS_FAILED
from backend.same import Same
from backend.text import counted, listed, percent

RUNBOOK = "Immediate Mitigation: For Data Issues"
LEAST_COMPLETENESS = 90.0
"""Percent; below it the data is a problem even while no job needs what is missing."""
MOST = 0.5
"""More than this share of the failures makes a cause critical."""


MOST_JUDGED = 500
"""The newest failures of the incident stand for all of them when there are more."""


@dataclass(frozen=True, slots=True)
class _Facts:
    failures: tuple[Job, ...]
    """Those that are judged."""
    total: int
    """All of the incident."""
    explained: tuple[Job, ...]
    availability: Availability | None
    needed: tuple[str, ...]
    """Symbols with gaps that the explained jobs need, the most needed first."""
    source: DataSource | None
    """The one in use, if the server tells."""
    sources: DataSources | None

    @property
    def share(self) -> float:
        return len(self.explained) / len(self.failures) if self.failures else 0.0

    @property
    def source_down(self) -> bool:
        return self.source is not None and not self.source.healthy

    @property
    def incomplete(self) -> bool:
        percent = None if self.availability is None else self.availability.completeness
        return percent is not None and percent < LEAST_COMPLETENESS

    @property
    def since(self) -> datetime | None:
        return min((job.broke_at for job in self.explained if job.broke_at is not None), default=None)


def explain(situation: Situation, limits: Limits) -> Finding | None:  # noqa: ARG001 - all rules have this shape
    """The finding, or None: gaps that no failed job needs are none while the data is nearly complete."""
    facts = _facts(situation)
    if not (facts.explained or facts.source_down or facts.incomplete):
        return None
    critical = facts.source_down or facts.share > MOST
    return Finding(
        cause="data",
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        summary=_summary(facts),
        evidence=tuple(_evidence(situation, facts)),
        actions=_actions(facts),
        runbook=RUNBOOK,
        weight=facts.share,
    )


def _facts(situation: Situation) -> _Facts:
    recent = failures_now(situation)
    failures = recent[-MOST_JUDGED:]
    availability, sources = situation.fresh(DATA_AVAILABILITY), situation.fresh(DATA_SOURCES)
    explained, needed = _explained(Same(recent), Same(availability))
    return _Facts(failures, len(recent), explained, availability, needed, _in_use(sources), sources)


def _in_use(sources: DataSources | None) -> DataSource | None:
    """The source in use: the one that is called active, else the primary one."""
    if sources is None:
        return None
    return sources.active or next((source for source in sources.sources if source.role == "primary"), None)


@lru_cache(maxsize=2)
def _explained(
    recent: Same[tuple[Job, ...]], availability: Same[Availability | None]
) -> tuple[tuple[Job, ...], tuple[str, ...]]:
    """The failures for want of data and the gaps that they need, sought once for as long as both are looked at.

    A job wants data when its error says so; or says nothing that we understand, and one of its symbols has gaps.
    """
    known = availability.value
    gaps = frozenset(gap.symbol for gap in known.gaps) if known else frozenset[str]()
    explained: list[Job] = []
    times = Counter[str]()
    for job in recent.value[-MOST_JUDGED:]:
        said = speaks_of(job.error)
        wanted = _gaps_of(job, gaps) if said in (None, "data") else frozenset[str]()
        if wanted or said == "data":
            explained.append(job)
            times.update(wanted)
    return tuple(explained), tuple(sorted(times, key=lambda symbol: (-times[symbol], symbol)))


def _gaps_of(job: Job, gaps: frozenset[str]) -> frozenset[str]:
    """The gaps that its error names, else those among all its symbols."""
    return (gaps & names_in(job.error)) or gaps.intersection(job.symbols)


def _summary(facts: _Facts) -> str:
    said = []
    if facts.source is not None and facts.source_down:
        said.append(f"data source {facts.source.name} is {facts.source.status or 'not healthy'}")
    if facts.explained:
        said.append(_about_failures(facts))
    elif facts.incomplete and facts.availability is not None:
        complete = percent(facts.availability.completeness, 1)
        symbols = counted(len({gap.symbol for gap in facts.availability.gaps}), "symbol")
        said.append(f"data is {complete} complete, gaps in {symbols}")
    return "; ".join(said)


def _about_failures(facts: _Facts) -> str:
    of = "the newest " if facts.total > len(facts.failures) else ""
    count = f"{len(facts.explained)} of {of}{counted(len(facts.failures), 'failure')} ({percent(100 * facts.share)})"
    if not facts.needed:
        return f"missing data explains {count}"
    since = f" since {facts.since:%H:%M} UTC" if facts.since else ""
    return f"gaps in {counted(len(facts.needed), 'symbol')}{since} explain {count}"


def _evidence(situation: Situation, facts: _Facts) -> Iterable[Evidence]:
    if facts.failures:
        yield evidence(situation, JOBS_FAILED, "failures explained", round(100 * facts.share, 1), "%", 100 * MOST)
        yield evidence(situation, JOBS_FAILED, "failures for want of data", len(facts.explained), "jobs")
        yield evidence(situation, JOBS_FAILED, "failures of this incident", facts.total, "jobs")
    if facts.since:
        yield evidence(situation, JOBS_FAILED, "first failure", facts.since.isoformat(timespec="seconds"))
    if facts.needed:
        yield evidence(situation, DATA_AVAILABILITY, "gaps that failed jobs need", listed(facts.needed))
    if facts.availability is not None:
        symbols = len({gap.symbol for gap in facts.availability.gaps})
        yield evidence(situation, DATA_AVAILABILITY, "symbols with gaps", symbols, "symbols")
        if unread := facts.availability.bad_rows + facts.availability.unread:
            yield evidence(situation, DATA_AVAILABILITY, "gaps that were not read", unread, "gaps")
        if facts.availability.completeness is not None:
            complete = facts.availability.completeness
            yield evidence(situation, DATA_AVAILABILITY, "completeness", complete, "%", LEAST_COMPLETENESS)
    if facts.source is not None:
        yield evidence(situation, DATA_SOURCES, "source in use", f"{facts.source.name}: {facts.source.status}")
    status = situation.fresh(DATA_STATUS)
    if status is not None:
        yield evidence(situation, DATA_STATUS, "data status", status.status)


def _actions(facts: _Facts) -> tuple[str, ...]:
    """Repair first; while the source in use is down there is nothing to repair from, so the switch comes first."""
    on_backup = facts.source is not None and facts.source.role == "backup"
    switch = "data.failback" if on_backup else "data.failover"
    if not _another_is_healthy(facts):
        return ("data.repair",)
    return (switch, "data.repair") if facts.source_down else ("data.repair", switch)


def _another_is_healthy(facts: _Facts) -> bool:
    """Whether there is a source to switch to, as far as the server tells."""
    if facts.sources is None or facts.source is None:
        return True
    return any(source.healthy for source in facts.sources.sources if source is not facts.source)
