"""What else answers the gravest finding, for when an action did not."""

from actions.registry import REGISTRY
from actions.spec import ActionSpec
from backend.config.model import Limits
from backend.diagnosis.rules import diagnose
from backend.frozen import dataclass
from backend.model.situation import Situation


@dataclass(frozen=True, slots=True)
class Advice:
    """An action that a finding names."""

    cause: str
    spec: ActionSpec


def next_action(situation: Situation, limits: Limits, done: ActionSpec) -> Advice | None:
    """Of the gravest finding that names another action than the one that was done, the first such action."""
    for finding in diagnose(situation, limits):
        for name in finding.actions:
            if name in REGISTRY and name != done.id:
                return Advice(finding.cause, REGISTRY[name])
    return None
