"""Where everything stands: the screen is covered to its last cell, whatever its size, and nothing lies over another."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Size

from tui.screens.places import LEAST, ROWS, Wish, is_single, places

PANES = [name for row in ROWS for name in row]
sizes = st.builds(Size, st.integers(1, 300), st.integers(10, 100))
wishes = st.builds(Wish, st.integers(1, 3), st.integers(5, 20), st.sampled_from(PANES), st.booleans())


@given(sizes, wishes)
def test_everything_has_its_place_and_no_cell_is_left(size: Size, wish: Wish) -> None:
    found = places(size, wish)
    assert set(found) == {*PANES, "header", "finding", "journal", "footer"}
    assert sum(region.area for region in found.values()) == size.area
    assert all(size.region.contains_region(region) for region in found.values())
    assert not any(one.overlaps(other) for one, other in combinations(found.values(), 2))


@given(sizes, wishes)
def test_one_pane_is_whole_where_the_others_are_a_line(size: Size, wish: Wish) -> None:
    found = places(size, wish)
    if is_single(size, zoomed=wish.zoomed):
        assert [name for name in PANES if found[name].height > 1] in ([wish.whole], [])
    else:
        assert all(found[name].height >= LEAST for name in PANES if name != "data")


@pytest.mark.parametrize(("data", "height"), [(5, 5), (9, 9), (20, 9)])
def test_the_data_pane_is_as_high_as_what_it_tells_up_to_a_limit(data: int, height: int) -> None:
    assert places(Size(120, 40), Wish(1, data, "failures"))["data"].height == height


def test_a_wide_screen_has_data_beside_the_rest() -> None:
    found = places(Size(200, 50), Wish(1, 9, "failures"))
    assert found["data"].y == found["resources"].y == found["database"].y
    assert found["failures"].width > found["jobs"].width


@pytest.mark.parametrize("height", range(1, 10))
def test_the_smallest_screens_are_no_mistake(height: int) -> None:
    assert all(region.width == 5 for region in places(Size(5, height), Wish(2, 5, "failures")).values())
