"""What a pane shows, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend.model.part import Face
from widgets.text import Glyphs, Line, Tone

if TYPE_CHECKING:
    from backend.config.model import Limits
    from backend.model.providers import ProviderAnswer
    from backend.model.situation import Part, Situation
    from widgets.table_rows import Group, Row

LOW = 10
"""Lines inside a pane below which the rows matter more than what stands around them."""
TALL = 12
"""Lines inside a pane from which each fact has a line of its own."""
MARGIN = 3
"""Cells of a line that a table keeps for its marks and its scroll bar."""


class Look(NamedTuple):
    """What a view is made from: the situation, what counts as wrong, and how much room there is."""

    situation: Situation
    limits: Limits
    glyphs: Glyphs
    width: int
    """Cells of a line inside the pane."""
    height: int
    """Lines inside the pane."""
    providers: tuple[Part[ProviderAnswer], ...] = ()

    def within(self, width: int, height: int) -> Look:
        """The same for so many cells and lines."""
        return self if (width, height) == (self.width, self.height) else self._replace(width=width, height=height)

    @property
    def low(self) -> bool:
        """Whether there is room for little more than rows."""
        return self.height < LOW

    @property
    def tall(self) -> bool:
        """Whether there is room for a line for each fact."""
        return self.height >= TALL


class PaneView(NamedTuple):
    """Everything that one pane shows at one moment."""

    face: Face
    state: Line
    """At the right of the title: glyph, word, number, age."""
    head: tuple[Line, ...] = ()
    rows: tuple[Row | Group, ...] = ()
    foot: tuple[Line, ...] = ()
    notices: tuple[Line, ...] = ()
    """What could not be read, why, and when it is tried next."""
    why: Line = ()
    """Of a pane that could not be read, why: for the one line that it may shrink to."""
    elsewhere: Line = ()
    """What other sources know while this pane's own cannot tell."""
    brief: tuple[Line, ...] = ()
    """What is told on the one line that a pane may shrink to; what matters most comes first."""
    rows_stale: bool = False
    """Whether the rows must not pass for live."""
    complete: bool = True
    """Whether there is nothing where no row is listed; not where some are counted that could not be listed."""

    def within(self, height: int) -> PaneView:
        """The same with less around the rows, until so many lines hold it with one row at least.

        What goes first is what stands below, then all of the head but its first line. Of a pane that could not be read
        the old figures go before what others know, and why it could not stays longest.
        """
        failed, most = self.face is Face.FAILED, max(2, height)
        rows = 0 if not self.rows else 1 if self.elsewhere else 2
        shorter = self
        for without in (
            {"foot": ()},
            {"head": self.head[:1]},
            {"head": ()} if failed else {},
            {"elsewhere": ()} if failed else {"notices": self.notices[: 2 if self.rows else most]},
            {"notices": self.notices[:most]} if failed else {},
            {"head": ()},
        ):
            if shorter.around + rows <= height:
                break
            shorter = shorter._replace(**without)
        return shorter

    @property
    def around(self) -> int:
        """How many lines stand around the rows."""
        return len(self.head) + len(self.notices) + len(self.foot) + bool(self.elsewhere)


def grave(*tones: Tone) -> Tone:
    """The gravest of some tones."""
    order: tuple[Tone, ...] = ("ok", "warn", "bad")
    return max((tone for tone in tones if tone in order), key=order.index, default="ok")
