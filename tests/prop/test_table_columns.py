from hypothesis import given
from hypothesis import strategies as st

from widgets.table_columns import GAP, Column, Flex, arrange

flexes = st.builds(Flex, st.integers(1, 12), st.none() | st.integers(12, 40), st.integers(0, 3), st.integers(0, 30))
columns = st.lists(
    st.builds(
        Column,
        st.text(max_size=3),
        width=st.integers(1, 15) | flexes,
        priority=st.integers(0, 9),
        essential=st.booleans(),
    ),
    max_size=8,
)


@given(columns, st.integers(-3, 120))
def test_the_columns_fit_and_stand_side_by_side(given_columns: list[Column], width: int) -> None:
    placed = arrange(given_columns, width)
    x = 0
    for place in placed:
        assert place.x == x
        assert place.width > 0
        assert given_columns[place.number] is place.column
        x += place.width + GAP
    assert x - GAP <= max(width, 0)
    assert [place.number for place in placed] == sorted(place.number for place in placed)
    assert bool(placed) == bool(given_columns and width > 0)


@given(columns, st.integers(1, 120))
def test_nothing_is_left_over_while_a_column_can_grow(given_columns: list[Column], width: int) -> None:
    placed = arrange(given_columns, width)
    used = sum(place.width for place in placed) + GAP * (len(placed) - 1)
    for place in placed:
        flex = place.column.width
        if isinstance(flex, int):
            assert place.width <= flex
        else:
            assert place.width >= flex.least or len(placed) == 1
            assert flex.most is None or place.width <= max(flex.most, flex.least)
            if flex.weight and (flex.most is None or place.width < flex.most):
                assert used == width


@given(columns, st.integers(1, 120))
def test_what_is_left_out_matters_less(given_columns: list[Column], width: int) -> None:
    kept = {place.number for place in arrange(given_columns, width)}
    weights = [(column.essential, column.priority) for column in given_columns]
    left_out = [weight for number, weight in enumerate(weights) if number not in kept]
    assert not left_out or max(left_out) <= min(weights[number] for number in kept)


def test_columns_of_lower_priority_go_first_and_the_essential_one_last() -> None:
    given_columns = [
        Column("id", width=6, priority=80),
        Column("age", width=5, priority=20),
        Column("error", width=Flex(10), priority=1, essential=True),
    ]
    names = {width: [place.column.id for place in arrange(given_columns, width)] for width in (40, 23, 22, 16, 4)}
    assert names == {
        40: ["id", "age", "error"],
        23: ["id", "age", "error"],
        22: ["id", "error"],
        16: ["error"],
        4: ["error"],
    }
    assert [place.width for place in arrange(given_columns, 40)] == [6, 5, 27]
    assert [place.width for place in arrange(given_columns, 4)] == [4]


def test_what_matters_most_has_room_before_anything_that_could_be_left_out() -> None:
    given_columns = [
        Column("id", width=6, priority=7, essential=True),
        Column("strategy", width=10, priority=5),
        Column("error", width=Flex(18, ample=40), priority=9, essential=True),
    ]
    drawn = {
        width: [(each.column.id, each.width) for each in arrange(given_columns, width, narrow=True)]
        for width in (58, 57, 30)
    }
    assert drawn == {
        58: [("id", 6), ("strategy", 10), ("error", 40)],
        57: [("id", 6), ("error", 50)],
        30: [("id", 6), ("error", 23)],
    }
