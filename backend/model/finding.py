"""What the rules conclude from a situation."""

from enum import StrEnum
from typing import Literal

from backend.frozen import dataclass

Cause = Literal["data", "memory", "timeout", "strategy", "database", "storage", "engine", "provider"]


class Severity(StrEnum):
    """How grave a finding is."""

    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return 0 if self is Severity.CRITICAL else 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number, or word, that supports a finding, and where it was read."""

    name: str
    value: float | str
    unit: str
    limit: float | None
    source: str
    """The part's key."""
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One probable cause, with its evidence in numbers and the actions that answer it."""

    cause: Cause
    severity: Severity
    summary: str
    """One sentence with its numbers."""
    evidence: tuple[Evidence, ...]
    actions: tuple[str, ...]
    """Ids of the registry, the most fitting first."""
    runbook: str
    """The section of the runbook that treats it."""
    weight: float = 0.0
    """What share of the failures it explains, 0 to 1; orders findings of one severity."""
