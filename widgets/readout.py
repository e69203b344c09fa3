"""A fixed block of lines: headers, gauges, bars."""

from collections.abc import Sequence

from textual.geometry import Size

from widgets.paint import Painted, Picture, fitted
from widgets.text import Line


class Readout(Painted):
    """Shows a few lines of toned text, literally; each call of `show` sends only the cells that differ."""

    DEFAULT_CSS = """
    Readout { height: auto; }
    """

    def __init__(
        self,
        lines: Sequence[Line] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines = tuple(lines)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that are shown."""
        return self._lines

    def show(self, lines: Sequence[Line], *, stale: bool = False) -> None:
        """Show these lines instead; nothing is sent where nothing differs."""
        self.stale = stale
        new = tuple(lines)
        if new == self._lines:
            return
        grown = len(new) != len(self._lines)
        self._lines = new
        self.repaint()
        if grown and self.styles.height is not None and self.styles.height.is_auto:
            self.refresh(repaint=False, layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return one cell for each line."""
        return len(self._lines)

    def draw(self) -> list[Picture]:
        """Fit the lines to the width."""
        width, more = self.outer_size.width, self.glyphs.more
        return [fitted(spans, width, more) for spans in self._lines]
