"""Targets as the journal keeps them: whole, so that what became of one can be judged after its run was broken off."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.incident.runs import RunRecord
from backend.model.target import JobTarget, Target, UnitTarget

_KINDS: Mapping[str, type[Target]] = {"job": JobTarget, "unit": UnitTarget}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def as_data(target: Target) -> dict[str, Any]:
    """The target as plain JSON values, with the name of its kind."""
    return {"kind": _NAMES[type(target)], **msgspec.to_builtins(target)}


def targets_of(run: RunRecord) -> tuple[Target, ...]:
    """The targets that a run's intent names; those that cannot be understood are left out."""
    told = run.intent.data.get("targets")
    found = (_target(each) for each in told) if isinstance(told, list) else ()
    return tuple(target for target in found if target is not None and target.key in run.intent.targets)


def _target(told: object) -> Target | None:
    kind = _KINDS.get(str(told.get("kind"))) if isinstance(told, Mapping) else None
    if kind is None:
        return None
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError:
        return None
