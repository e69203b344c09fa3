"""A layout that is a function: the owner of some widgets says where each of them stands.

The owner gives it as its `layout`, a property of every widget; styles know layouts by name only.
"""

from collections.abc import Callable, Mapping

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.layouts.vertical import VerticalLayout
from textual.widget import Widget

Places = Callable[[Size], Mapping[Widget, Region]]
NOWHERE = Region(0, 0, 0, 0)
"""Where a widget stands for which there is no room."""


class PlacedLayout(Layout):
    """Asks for all places at once, and gives each widget its own; a stranger among them is laid out from the top."""

    name = "placed"

    def __init__(self, places: Places) -> None:
        self._places = places

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Put every child in its place."""
        places = self._places(size)
        strangers = [child for child in children if child not in places]
        placed = [
            WidgetPlacement(places[child], NULL_OFFSET, NULL_SPACING, child) for child in children if child in places
        ]
        return [*placed, *(VerticalLayout().arrange(parent, strangers, size, greedy) if strangers else ())]
