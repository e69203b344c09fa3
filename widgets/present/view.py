"""What a pane shows, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from backend.model.part import Face
from widgets.text import Glyphs, Line, Span, Tone

if TYPE_CHECKING:
    from backend.config.model import Limits
    from backend.model.providers import ProviderAnswer
    from backend.model.situation import Part, Situation
    from widgets.table_rows import Group, Row

Around = Literal["foot", "head", "notices", "elsewhere"]
"""What stands around the rows of a pane."""
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

        What goes first is what stands below, then the head but for its first line, a line at a time. Of a pane that
        could not be read the old figures go before what others know, and why it could not stays longest.
        """
        rows = 0 if not self.rows else 1 if self.elsewhere else 2
        most = max(2, height)
        told = 2 if self.rows else max(1, height - 1)
        order: tuple[tuple[Around, int], ...] = (
            (("foot", 0), ("head", 0), ("elsewhere", 0), ("notices", most))
            if self.face is Face.FAILED
            else (("foot", 0), ("head", 1), ("notices", told), ("notices", most), ("head", 0))
        )
        shorter = self
        for where, least in order:
            shorter = shorter._less(where, shorter.around + rows - height, least)
        return shorter

    def _less(self, where: Around, lines: int, least: int) -> PaneView:
        """The same with so many lines less there, as long as at least so many stay."""
        if lines <= 0:
            return self
        if where == "elsewhere":
            return self._replace(elsewhere=())
        if where == "foot":
            return self._replace(foot=self.foot[: max(least, len(self.foot) - lines)])
        if where == "head":
            return self._replace(head=self.head[: max(least, len(self.head) - lines)])
        return self._replace(notices=_shortened(self.notices, max(least, len(self.notices) - lines)))

    @property
    def around(self) -> int:
        """How many lines stand around the rows."""
        return len(self.head) + len(self.notices) + len(self.foot) + bool(self.elsewhere)


def _shortened(notices: tuple[Line, ...], most: int) -> tuple[Line, ...]:
    """As many lines of these sentences; one that does not end there says so, and keeps its times if it has two."""
    most = min(most, len(notices))
    end = next((place for place in range(most, len(notices)) if not _goes_on(notices[place])), len(notices))
    if end == most or not most:
        return notices[:most]
    last = notices[end - 1]
    timed = last[-1].tone == "dim" and not any(span.tone == "dim" for span in notices[most - 1])
    if timed and most > 1 and _goes_on(notices[most - 1]):
        return (*notices[: most - 2], _broken_off(notices[most - 2]), last)
    return (*notices[: most - 1], _broken_off(notices[most - 1]))


def _goes_on(line: Line) -> bool:
    """Whether it goes on with the sentence of the line before, which began with a sign."""
    return bool(line) and line[0].text.startswith(" ")


def _broken_off(line: Line) -> Line:
    return (*line, Span("…", line[-1].tone)) if line else line


def grave(*tones: Tone) -> Tone:
    """The gravest of some tones."""
    order: tuple[Tone, ...] = ("ok", "warn", "bad")
    return max((tone for tone in tones if tone in order), key=order.index, default="ok")
