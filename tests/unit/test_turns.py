"""Whose turn it is among the keys of a burst."""

from textual.events import Key

from tests.conftest import HandClock
from tui.turns import PATIENCE, KeyTurns


def typed(*names: str) -> tuple[KeyTurns, HandClock]:
    clock = HandClock()
    turns = KeyTurns(clock)
    for name in names:
        turns.take(Key(name, name))
    return turns, clock


def name(key: Key | None) -> str | None:
    return None if key is None else key.key


def test_one_goes_on_when_the_one_before_was_acted_on() -> None:
    turns, _ = typed("a", "b", "c")
    assert name(turns.next()) == "a"
    assert turns.next() is None
    turns.end(turns.follower().turn)
    assert name(turns.next()) == "b"
    turns.end(turns.follower().turn)
    assert name(turns.next()) == "c"
    turns.end(turns.follower().turn)
    assert turns.next() is None


def test_one_that_was_lost_on_its_way_holds_nobody_up_for_long() -> None:
    turns, clock = typed("a", "b")
    assert name(turns.next()) == "a"
    clock.move(PATIENCE / 2)
    assert turns.next() is None
    clock.move(PATIENCE)
    assert name(turns.next()) == "b"


def test_the_follower_of_an_earlier_key_ends_no_later_turn() -> None:
    turns, clock = typed("a", "b", "c")
    turns.next()
    late = turns.follower()
    clock.move(2 * PATIENCE)
    assert name(turns.next()) == "b"
    turns.end(late.turn)
    assert turns.next() is None
