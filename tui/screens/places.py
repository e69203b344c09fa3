"""Where everything on the dashboard stands, for every size of the terminal: pure arithmetic."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from textual.geometry import Region, Size

from widgets.table_columns import NARROW

ROWS = (("jobs", "failures"), ("data",), ("resources", "database"))
"""The panes, as they stand."""
SMALL = Size(72, 20)
"""Below this width or height one pane is shown whole and the others as a line each."""
LOW = 30
"""Below this height the journal has one line, and most of the rest goes to jobs and failures."""
BROAD = 140
"""From this width failures have more room than jobs: what they tell is longer."""
WIDE = Size(190, 40)
"""From this width and height data stand beside resources and database, with a line for each fact."""
DATA_MOST = 9
"""Lines that the data pane takes at most where it is as high as what it has to tell."""
FINDING_MOST = 2
LEAST = 5
"""Lines that a pane with a table should have."""


class Wish(NamedTuple):
    """What the places depend on beside the size of the terminal."""

    finding: int
    """Lines of the finding."""
    data: int
    """Lines of the data pane, its frame included."""
    whole: str
    """The pane that is shown whole where the others are a line each."""
    zoomed: bool = False


def is_single(size: Size, *, zoomed: bool) -> bool:
    """Whether one pane is shown whole and the others as a line each."""
    return zoomed or size.width < SMALL.width or size.height < SMALL.height


def places(size: Size, wish: Wish) -> Mapping[str, Region]:
    """The region of each pane, and of `header`, `finding`, `journal` and `footer`."""
    width, height = size
    finding = min(wish.finding, FINDING_MOST)
    wide = width >= WIDE.width and height >= WIDE.height
    journal = 1 if height < LOW else 4 if wide else 2
    top, bottom = 1 + finding, max(1 + finding, height - journal - 1)
    middle = Region(0, top, width, bottom - top)
    if is_single(size, zoomed=wish.zoomed):
        panes = _one_whole(middle, wish.whole)
    else:
        # On a narrow terminal failures have a little more room than jobs, so that an error can be read.
        weights = (9, 11) if width < NARROW else (2, 3) if width >= BROAD else (1, 1)
        panes = _all(middle, wish.data, weights, wide=wide)
    return {
        "header": Region(0, 0, width, 1),
        "finding": Region(0, 1, width, finding),
        "journal": Region(0, bottom, width, journal),
        "footer": Region(0, bottom + journal, width, 1),
        **panes,
    }


def _one_whole(middle: Region, whole: str) -> dict[str, Region]:
    names = [name for row in ROWS for name in row]
    rest = max(1, middle.height - len(names) + 1)
    heights = [rest if name == whole else 1 for name in names]
    return dict(zip(names, _below_each_other(middle, heights), strict=True))


def _all(middle: Region, data: int, weights: tuple[int, int], *, wide: bool) -> dict[str, Region]:
    upper_height = _shares(middle.height, (1, 1) if wide else (2, 3))[0]
    upper, lower = _below_each_other(middle, [upper_height, middle.height - upper_height])
    if wide:
        left, right = _side_by_side(lower, (1, 2))
    else:
        high = max(0, min(data, DATA_MOST, lower.height - LEAST))
        left, right = _below_each_other(lower, [high, lower.height - high])
    regions = [*_side_by_side(upper, weights), left, *_side_by_side(right, (1, 1))]
    return dict(zip([name for row in ROWS for name in row], regions, strict=True))


def _below_each_other(place: Region, heights: Sequence[int]) -> Iterator[Region]:
    y = place.y
    for height in heights:
        yield Region(place.x, y, place.width, height)
        y += height


def _side_by_side(place: Region, weights: Sequence[int]) -> Iterator[Region]:
    x = place.x
    for width in _shares(place.width, weights):
        yield Region(x, place.y, width, place.height)
        x += width


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """The total in whole cells by weight: what is left over comes to those who stand last."""
    edges = [total * sum(weights[:number]) // sum(weights) for number in range(len(weights) + 1)]
    return [end - start for start, end in pairwise(edges)]
