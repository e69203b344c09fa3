"""Every part that is read, and how often unless a setting says otherwise: as often as it can matter, not more."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backend.model.part import Part

if TYPE_CHECKING:  # every value that is read is named here, and the first picture needs none of them
    from backend.model.data import Availability, Connectivity, DataSources, DataStatus, SymbolsHealth, Validation
    from backend.model.database import OwnConnection, Sessions, TablesUse
    from backend.model.engine import Unit
    from backend.model.files import DiskUse, FileTree
    from backend.model.host import HostCounters, ProcessTable
    from backend.model.jobs import JobCounts, JobList, JobsHealth
    from backend.model.providers import ProviderAnswer

JOBS_HEALTH: Part[JobsHealth] = Part("jobs", "health", 2.0)
JOBS_RUNNING: Part[JobList] = Part("jobs", "running", 2.0)
JOBS_FAILED: Part[JobList] = Part("jobs", "failed", 3.0)
JOBS_COUNTS: Part[JobCounts] = Part("jobs", "status", 10.0)
JOBS_PENDING: Part[JobList] = Part("jobs", "pending", 15.0)

ENGINE_UNIT: Part[Unit] = Part("engine", "unit", 5.0)

HOST_COUNTERS: Part[HostCounters] = Part(
    "host",
    "counters",
    1.0,
    trace=MappingProxyType({"cpu": lambda host: host.cpu_percent, "memory": lambda host: host.memory_percent}),
)
HOST_PROCESSES: Part[ProcessTable] = Part("host", "processes", 5.0)

FILES_DISK: Part[DiskUse] = Part("files", "disk", 5.0, trace=MappingProxyType({"disk": lambda disk: disk.percent}))
FILES_TREE: Part[FileTree] = Part("files", "tree", 60.0, deadline=30.0)

DATA_STATUS: Part[DataStatus] = Part("data", "status", 15.0)
DATA_AVAILABILITY: Part[Availability] = Part("data", "availability", 15.0)
DATA_CONNECTIVITY: Part[Connectivity] = Part("data", "connectivity", 5.0)
DATA_SOURCES: Part[DataSources] = Part("data", "sources", 10.0)
DATA_VALIDATION: Part[Validation] = Part("data", "validation", 60.0)
DATA_SYMBOLS: Part[SymbolsHealth] = Part("data", "symbols", 15.0)
"""The symbols of the selected failed job; read only while one is selected."""

DATABASE_OWN: Part[OwnConnection] = Part(
    "database", "own", 1.0, trace=MappingProxyType({"latency": lambda own: own.latency_ms})
)
DATABASE_SESSIONS: Part[Sessions] = Part("database", "sessions", 1.0)
DATABASE_TABLES: Part[TablesUse] = Part("database", "tables", 15.0)

PARTS: Mapping[str, Part[Any]] = MappingProxyType(
    {
        part.key: part
        for part in (
            JOBS_HEALTH, JOBS_RUNNING, JOBS_FAILED, JOBS_COUNTS, JOBS_PENDING,
            ENGINE_UNIT,
            HOST_COUNTERS, HOST_PROCESSES,
            FILES_DISK, FILES_TREE,
            DATA_STATUS, DATA_AVAILABILITY, DATA_CONNECTIVITY, DATA_SOURCES, DATA_VALIDATION, DATA_SYMBOLS,
            DATABASE_OWN, DATABASE_SESSIONS, DATABASE_TABLES,
        )
    }
)  # fmt: skip


def provider(name: str) -> Part[ProviderAnswer]:
    """The part of one provider, by its name in the configuration."""
    return Part("providers", name, 10.0)
