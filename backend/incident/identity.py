"""What a run was meant to do, written whole: so that its end can be judged after its program is gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import msgspec

from backend.incident.runs import RunRecord
from backend.model.target import Target

LONGEST_SETTLE = 86_400.0
"""Seconds."""
_KINDS: Mapping[str, type[Target]] = {
    kind.__name__.removesuffix("Target").casefold(): kind for kind in get_args(Target)
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Meant:
    """What an intent tells of its run."""

    targets: tuple[Target, ...]
    place: str
    """Where they are: what has the same name in another place is another thing."""
    settle: float
    """Seconds that each has, after it was touched, until it is judged."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a verdict told of one target."""

    target: Target
    word: str
    text: str
    so_far: bool


class _Intent(msgspec.Struct, frozen=True):
    targets: list[dict[str, Any]]
    place: str
    settle_s: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_SETTLE)]


class _Told(msgspec.Struct, frozen=True):
    key: str
    verdict: str
    text: str = ""
    so_far: bool = False


def meant_as_data(meant: Meant) -> dict[str, Any]:
    """The same as plain JSON values, each target with the name of its kind."""
    targets = [{"kind": _NAMES[type(target)], **msgspec.to_builtins(target)} for target in meant.targets]
    return {"targets": targets, "place": meant.place, "settle_s": meant.settle}


def meant_by(run: RunRecord, kind: type[Target]) -> Meant | None:
    """What a run was meant to do to targets of this kind; None where any of it cannot be understood."""
    try:
        told = msgspec.convert(run.intent.data, _Intent)
        targets = tuple(msgspec.convert(each, kind) for each in told.targets if _KINDS[each["kind"]] is kind)
    except (msgspec.ValidationError, KeyError, TypeError, OverflowError):
        return None
    if tuple(target.key for target in targets) != run.intent.targets:
        return None
    return Meant(targets, told.place, told.settle_s)


def told_by(run: RunRecord, targets: Iterable[Target]) -> Sequence[Told] | None:
    """What the last verdict of a run told of these targets; None where that cannot be understood."""
    known = {target.key: target for target in targets}
    try:
        told = msgspec.convert(run.verdict.data.get("targets") if run.verdict else [], list[_Told])
        return [Told(known[each.key], each.verdict, each.text, each.so_far) for each in told]
    except (msgspec.ValidationError, KeyError):
        return None
