"""How toned text becomes styled cells: the palette of the current theme, and a widget that sends only what changed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Literal, NamedTuple

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from widgets.text import ASCII, UNICODE, Glyphs, Line, Span, Tone, fit_line, in_ascii, line_width

Ground = Literal["row", "cursor", "blurred"]
"""What a line stands on: nothing special, the cursor of the focused widget, the cursor of another one."""


class Picture(NamedTuple):
    """One drawn line: harmless text that takes exactly the width of its widget."""

    ground: Ground
    spans: Line


def merged(spans: Iterable[Span]) -> Line:
    """Return the same picture in as few spans as possible: each costs a full set of escape sequences."""
    texts: list[str] = []
    tones: list[Tone] = []
    for span in spans:
        if not span.text:
            continue
        if tones and (span.tone == tones[-1] or span.text.isspace() or texts[-1].isspace()):
            tones[-1] = tones[-1] if span.text.isspace() else span.tone
            texts[-1] += span.text
        else:
            texts.append(span.text)
            tones.append(span.tone)
    return tuple(map(Span, texts, tones))


@lru_cache(maxsize=1024)
def fitted(spans: Line, width: int, more: str, before: Line = (), after: Line = ()) -> Picture:
    """Return the picture of a line in exactly `width` cells between two others; most are the same as a second ago."""
    return Picture("row", merged((*before, *fit_line(spans, width, more), *after)))


def changed_cells(old: Picture, new: Picture) -> tuple[int, int] | None:
    """Return the first and the last-plus-one cell in which two pictures of one width look different, or None.

    The end never falls where cutting the line there would lose half a wide character or a combining mark.
    """
    if old == new:
        return None
    if old.ground != new.ground:
        return 0, line_width(new.spans)
    start, was_spans, now_spans = _different_spans(old.spans, new.spans)
    before, after = _cells(was_spans), _cells(now_spans)
    unlike = [x for x, (was, now) in enumerate(zip_longest(before, after)) if was != now]
    if not unlike:
        return None
    end = unlike[-1] + 1
    while end < len(after) and (after[end].right_half or after[end - 1].marks):
        end += 1
    return start + unlike[0], start + end


def _different_spans(old: Line, new: Line) -> tuple[int, Line, Line]:
    """Return the spans between those that both lines begin and end with, and in which cell they start."""
    first, last, most = 0, 0, min(len(old), len(new))
    while first < most and old[first] == new[first]:
        first += 1
    while first and not (_stands_alone(old[first:]) and _stands_alone(new[first:])):
        first -= 1
    while last < most - first and old[-1 - last] == new[-1 - last] and _stands_alone(new[-1 - last :]):
        last += 1
    return line_width(new[:first]), old[first : len(old) - last], new[first : len(new) - last]


def _stands_alone(spans: Line) -> bool:
    """Say whether the first character takes a cell of its own, and is no mark on what stands before."""
    return not spans or spans[0].text[0] < "\u0300" or get_character_cell_size(spans[0].text[0]) > 0


class _Cell(NamedTuple):
    """What stands in one cell; a wide character stands in two. A space looks the same in all tones."""

    char: str
    tone: Tone
    right_half: bool = False
    marks: tuple[tuple[str, Tone], ...] = ()


def _cells(spans: Line) -> list[_Cell]:
    """Return what stands in each cell."""
    cells: list[_Cell] = []
    for text, tone in spans:
        for char in text:
            if taken := _cells_of(char, tone):
                cells += taken
            elif cells:
                cells[-1] = cells[-1]._replace(marks=(*cells[-1].marks, (char, tone)))
    return cells


@lru_cache(maxsize=1024)
def _cells_of(char: str, tone: Tone) -> tuple[_Cell, ...]:
    """Return the cells that a character takes; none if it is a mark on the one before."""
    size = 1 if char < "\u0300" else get_character_cell_size(char)
    cell = _Cell(char, "plain" if char == " " else tone)
    return (cell, _Cell(char, tone, right_half=True)) if size == 2 else (cell,) * size


_INKS: dict[Tone, tuple[str, ...]] = {
    "ok": ("tone-ok", "text-success"),
    "warn": ("tone-warn", "text-warning"),
    "bad": ("tone-bad", "text-error"),
    "accent": ("tone-accent", "text-accent"),
    "changed": ("tone-changed", "text-primary"),
    "place": ("tone-place", "tone-accent", "text-accent"),
}
_HEAVY: frozenset[Tone] = frozenset({"strong", "bad"})


class Palette:
    """The styles of all tones on one background, for one theme.

    A theme may define ``tone-ok``, ``tone-warn``, ``tone-bad``, ``tone-accent``, ``tone-changed`` and ``tone-place``;
    without them they are the theme's own success, warning, error, accent and primary text, and a place is an accent.
    Where colours cannot be mixed (themes of the terminal's own colours) or are not wanted (``NO_COLOR``) the cursor is
    reversed video, or underlined when the widget has no focus.
    """

    def __init__(self, backdrop: Color, text: Color, variables: Mapping[str, str], *, mixes: bool, stale: bool) -> None:
        self._backdrop = backdrop
        self._text = text
        self._variables = variables
        self.mixes = mixes and backdrop.ansi is None and text.ansi is None
        self._stale = stale
        self._styles: dict[tuple[Ground, Tone], Style] = {}

    def style(self, ground: Ground, tone: Tone) -> Style:
        """Return the style of a tone on a ground."""
        style = self._styles.get((ground, tone))
        if style is None:
            make = self._mixed if self.mixes else self._plain
            style = self._styles[ground, tone] = make(ground, "dim" if self._stale else tone)
        return style

    def _mixed(self, ground: Ground, tone: Tone) -> Style:
        backdrop, text = self._backdrop, self._ink(tone)
        if ground == "cursor":
            backdrop = backdrop.blend(self._color("primary") or text, 0.25)
        elif ground == "blurred":
            backdrop = backdrop.blend(self._text, 0.1)
        text = backdrop.blend(text, 0.75) if tone == "dim" else backdrop + text
        return Style.from_color(text.rich_color, backdrop.rich_color) + Style(bold=tone in _HEAVY or None)

    def _plain(self, ground: Ground, tone: Tone) -> Style:
        text = self._text if ground == "cursor" else self._ink(tone)
        return Style.from_color(text.rich_color, self._backdrop.rich_color) + Style(
            bold=tone in _HEAVY or None,
            dim=tone == "dim" or None,
            reverse=ground == "cursor" or None,
            underline=ground == "blurred" or None,
        )

    def _ink(self, tone: Tone) -> Color:
        """Return the colour of a tone, which is that of the text where the theme has none for it."""
        return next(filter(None, map(self._color, _INKS.get(tone, ()))), self._text)

    def _color(self, variable: str) -> Color | None:
        try:
            return Color.parse(self._variables[variable])
        except (KeyError, ColorParseError):
            return None


class Stroke(Strip):
    """One line of a widget, gone as soon as it is replaced.

    Textual's own remembers itself as its only piece; so many of them keep the garbage collector at work.
    """

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Cut it at these cells; what nothing is cut off is one piece."""
        places = [*cuts]
        return [self] if places == [self.cell_length] else super().divide(places)


class Painted(Widget):
    """A widget of toned lines that refreshes only the cells which differ from what it showed before.

    Whoever derives from it says in `draw` what there is to see at the present size, and calls `repaint` when that may
    have changed. A new size is seen to by itself, before the first cell of it is sent. There is no room for padding or
    a border: every cell of the widget is drawn.
    """

    DEFAULT_CSS = """
    Painted { width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, classes=classes)
        self._pictures: Sequence[Picture] = ()
        self._drawn_for: tuple[object, ...] = ()
        self._strips: dict[int, tuple[Picture | None, Strip]] = {}
        self._rendered: tuple[Region, list[Strip]] | None = None
        """What was asked for last, as long as it would look the same."""
        self._stale = False
        self._palette: Palette | None = None
        self._palette_key: tuple[object, ...] = ()

    def draw(self) -> Sequence[Picture]:
        """Return the lines, top down, each as wide as the widget."""
        raise NotImplementedError

    @property
    def glyphs(self) -> Glyphs:
        """The signs to draw with: the application's ``glyphs`` if it has some, else the Unicode set."""
        glyphs = getattr(self.app, "glyphs", UNICODE)
        return glyphs if isinstance(glyphs, Glyphs) else UNICODE

    @property
    def stale(self) -> bool:
        """Whether what is shown is too old to be taken for the present; it is grey then."""
        return self._stale

    @stale.setter
    def stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.refresh()

    def repaint(self) -> None:
        """Show what there is to see now; refreshes exactly the cells that differ."""
        if not (self.is_mounted and self.outer_size.width):
            return
        if not self._fits:
            self._redraw()
            self.refresh()
            return
        nothing = Picture("row", (Span(" " * self.outer_size.width),))
        old, self._pictures = self._pictures, self.draw()
        regions = []
        for y, (before, after) in enumerate(zip_longest(old, self._pictures, fillvalue=nothing)):
            if cells := changed_cells(before, after):
                regions.append(Region(cells[0], y, cells[1] - cells[0], 1))
        if regions:
            self._rendered = None
            self.refresh(*regions)

    @property
    def _fits(self) -> bool:
        """Whether what was drawn last is of the present size, in the present signs."""
        return self._drawn_for == (self.outer_size, self.glyphs)

    def _redraw(self) -> None:
        self._drawn_for = self.outer_size, self.glyphs
        self._pictures = self.draw()
        self._rendered = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render lines of the widget, all of them anew if size, theme, background or staleness changed since."""
        old = self._palette
        palette = self._now_palette()
        if palette is not old:
            self._styles_cache.clear()
            self._strips.clear()
            self._rendered = None
        if not self._fits:
            self._redraw()
        if not palette.mixes:
            return super().render_lines(crop)  # it knows what to do with other colours than ours
        if self._rendered is None or self._rendered[0] != crop:
            width = self.outer_size.width
            strips = [self._strip(y, width) for y in crop.line_range]
            if (crop.x, crop.right) != (0, width):
                strips = [strip.crop(crop.x, crop.right) for strip in strips]
            self._rendered = crop, strips
        return self._rendered[1]

    def _strip(self, y: int, width: int) -> Strip:
        """One line; as it was made before, as long as it shows the same."""
        picture = self._pictures[y] if y < len(self._pictures) else None
        made = self._strips.get(y)
        if made is None or made[0] is not picture or made[1].cell_length != width:
            made = self._strips[y] = picture, self.render_line(y).adjust_cell_length(width)
        return made[1]

    def render_line(self, y: int) -> Strip:
        """Render one line of the content."""
        palette = self._palette or self._now_palette()
        if y >= len(self._pictures):
            return Strip.blank(self.outer_size.width, palette.style("row", "plain"))
        ground, spans = self._pictures[y]
        plain = self.glyphs is ASCII
        return Stroke(
            [Segment(in_ascii(span.text) if plain else span.text, palette.style(ground, span.tone)) for span in spans]
        )

    def _now_palette(self) -> Palette:
        """Return the palette for the present theme and background."""
        _, _, backdrop, text = self.colors
        mixes = not (self.app.native_ansi_color or self.app.no_color)
        key = (self.app.theme_variables, mixes, backdrop, text, self._stale)
        if key != self._palette_key or self._palette is None:
            self._palette_key = key
            self._palette = Palette(backdrop, text, self.app.theme_variables, mixes=mixes, stale=self._stale)
        return self._palette
