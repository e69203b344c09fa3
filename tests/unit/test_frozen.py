import copy
import dataclasses
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, field
from types import MappingProxyType

import pytest

from backend.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """What a class of the house may be like."""

    name: str
    size: float = 1.5
    marks: Mapping[str, int] = field(default_factory=dict, hash=False, compare=False)

    @property
    def double(self) -> float:
        return 2 * self.size


@dataclasses.dataclass(frozen=True, slots=True)
class Thing2:
    """The same, as Python makes it."""

    name: str
    size: float = 1.5
    marks: Mapping[str, int] = field(default_factory=dict, hash=False, compare=False)


def test_it_is_made_and_told_as_python_does() -> None:
    ours, theirs = Thing("a", marks={"x": 1}), Thing2("a", marks={"x": 1})
    assert repr(ours) == repr(theirs).replace("Thing2", "Thing")
    assert hash(ours) == hash(theirs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert [each.name for each in dataclasses.fields(ours)] == [each.name for each in dataclasses.fields(theirs)]
    assert ours.double == 3.0
    assert Thing("a").marks is not Thing("a").marks


def test_two_are_equal_by_what_is_compared_and_never_across_classes() -> None:
    assert Thing("a") == Thing("a", 1.5, {"x": 1})
    assert Thing("a") != Thing("b")
    assert Thing("a") != Thing2("a")  # type: ignore[comparison-overlap]
    assert len({Thing("a"), Thing("a", marks=MappingProxyType({"x": 1}))}) == 1


def test_nothing_of_it_can_be_changed() -> None:
    thing = Thing("a")
    with pytest.raises(FrozenInstanceError):
        thing.name = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del thing.name
    with pytest.raises(FrozenInstanceError):
        thing.other = "b"  # type: ignore[attr-defined]
    assert not hasattr(thing, "__dict__")


def test_another_one_is_made_from_it() -> None:
    thing = Thing("a", 2.0)
    assert dataclasses.replace(thing, name="b") == Thing("b", 2.0)
    assert copy.deepcopy(thing) == thing
    assert pickle.loads(pickle.dumps(thing)) == thing  # noqa: S301
    with pytest.raises(TypeError, match="name"):
        Thing()  # type: ignore[call-arg]


def test_what_it_cannot_make_it_refuses() -> None:
    with pytest.raises(TypeError, match="frozen"):
        dataclass(frozen=False, slots=True)
