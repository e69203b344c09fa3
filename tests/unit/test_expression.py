"""Regular expressions that somebody types: none of them may take the keys away."""

import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widgets import expression as bounds
from widgets.expression import LONGEST, FilterError, TooSlow, expression
from widgets.table_columns import Column
from widgets.table_model import TableModel
from widgets.table_rows import Cell, Group, Item, Row

CELL = "a" * 2000 + "!"
SLOW = ("(a+)+$", "(a|aa)+$", "(.*a){20}b", "(?:a?){30}a{30}b", "(?R)", "(?<n>(?&n))")
"""What backtracks for longer than the world stands, or has no end at all."""
PATIENCE = 10.0
"""Seconds: far more than any bound here, far less than any of these would take."""


def row(key: str, text: str) -> Row:
    return Row(key, (Cell(key), Cell(text)))


def table(items: Sequence[Item]) -> TableModel:
    model = TableModel((Column("id", "id"), Column("error", "error")))
    model.update(items)
    return model


@pytest.mark.parametrize("pattern", SLOW)
@pytest.mark.parametrize("form", ["/{}/", "!/{}/", "error:/{}/"])
def test_what_is_slow_by_nature_is_refused_and_changes_nothing(pattern: str, form: str) -> None:
    model = table([row(str(number), CELL) for number in range(100)])
    assert model.filter("id:7") is None
    listed = list(model.keys)
    began = time.monotonic()
    said = model.filter(form.format(pattern))
    assert time.monotonic() - began < PATIENCE
    assert said is not None
    assert "takes too long" in said
    assert model.keys == listed == ["7", *(str(number) for number in range(17, 100) if "7" in str(number))]


def test_many_texts_together_have_a_bound_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "ALL_TEXTS", 0.0)
    with pytest.raises(TooSlow):
        expression("b")()("a")


def test_all_rows_share_a_tenth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(looks) / 1000)  # each row seems to take a millisecond
    model = table([row(str(number), "text") for number in range(90)])
    assert model.filter("/text/") is None
    model.update([row(str(number), "text") for number in range(102)])
    assert not model.listing.gave_up, "only what is new is searched again"
    said = model.filter("/tex/")
    assert said is not None
    assert "takes too long" in said
    assert len(model.keys) == 102
    assert next(looks) < 220, "and no row is looked at after that"


def test_new_rows_that_make_it_slow_lift_it() -> None:
    rows = [row(str(number), "short") for number in range(10)]
    model = table(rows)
    assert model.filter("/(a+)+$/") is None
    assert model.keys == []
    slow = [row(f"slow {number}", CELL) for number in range(1000)]
    began = time.monotonic()
    model.update([*rows, *slow])
    model.update([*rows, *slow, row("one more", CELL)])
    assert time.monotonic() - began < PATIENCE
    lifted = model.listing.gave_up
    assert len(model.keys) == 1011, "what cannot be searched hides nothing"
    assert model.filter("/short/") is None
    assert (lifted, model.listing.gave_up) == (True, False)
    assert len(model.keys) == 10


@pytest.mark.parametrize("form", ["/line/", "!/other/", "error:/other/"])
def test_the_lines_of_groups_without_rows_share_it_too(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    looks = count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(looks) / 1000)  # each line seems to take a millisecond
    model = table([Group(str(number), (), name="line") for number in range(60)])
    assert model.filter(form) is None
    assert len(model.keys) == (0 if form.startswith("error") else 60)
    assert next(looks) < 70, "each line is looked at once"


def test_a_slow_line_of_a_group_without_rows_stands() -> None:
    model = table([row("1", "short")])
    assert model.filter("/(a+)+$/") is None
    model.update([Group("g", (), name=CELL)])
    assert model.keys == ["g"]


@pytest.mark.parametrize(
    "pattern", ["[", "(a", "*", r"\L<x>", r"\p{foo}", "(?1)", "a{99999999999}", "(?", "a" * (LONGEST + 1)]
)
def test_what_is_no_expression_is_a_sentence(pattern: str) -> None:
    with pytest.raises(FilterError) as caught:
        expression(pattern)
    assert str(caught.value)


@given(st.text(st.sampled_from("ab.*+?()[]{}|\\^$,123<>=!:PRL&-"), max_size=40), st.sampled_from([CELL, "ab", ""]))
@settings(max_examples=300)
def test_anything_typed_gives_an_answer_soon(pattern: str, text: str) -> None:
    began = time.monotonic()
    with suppress(FilterError):
        expression(pattern)()(text)
    assert time.monotonic() - began < PATIENCE
