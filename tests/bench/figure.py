"""One measured number beside its budget."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, how much, of what, and how much it may be; None where there is no budget."""

    name: str
    value: float
    unit: str
    budget: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept."""
        return None if self.budget is None else self.value <= self.budget

    def __str__(self) -> str:
        budget = "" if self.budget is None else f"   budget {self.budget:g} {'kept' if self.kept else 'MISSED'}"
        return f"{self.name:<44} {self.value:>9.2f} {self.unit:<5}{budget}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
