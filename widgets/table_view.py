"""Where the cursor of a table is and which part of the listing is seen: both follow keys, not places."""

from collections.abc import Sequence


class View:
    """A window of `height` lines over a listing, and a cursor that stays within it."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.index = 0
        self.top = 0
        self.height = 0

    def follow(self, before: Sequence[str], after: Sequence[str], refuge: str | None = None) -> None:
        """Keep cursor and picture where their keys went.

        A cursor whose key is listed no more goes to the `refuge` if that is, else to its nearest neighbour.
        """
        top = before[self.top] if self.top < len(before) else None
        hidden = self.cursor if self.cursor is not None else (after[0] if after else None)
        place = _find(after, hidden, self.index)
        if place is None:
            place = _find(after, refuge, self.index)
        if place is None:
            place = _nearest(before, after, self.index)
        self._put(after, place)
        if top is not None:
            place = _find(after, top, self.top)
            self.top = _nearest(before, after, self.top) if place is None else place
        self._show_cursor(len(after))

    def go(self, keys: Sequence[str], index: int) -> None:
        """Move the cursor to a place in the listing, or the nearest there is."""
        self._put(keys, index)
        self._show_cursor(len(keys))

    def scroll(self, keys: Sequence[str], lines: int) -> None:
        """Move the window; the cursor is taken along at its edge."""
        self.top = max(0, min(self.top + lines, len(keys) - self.height))
        index = max(self.top, min(self.index, self.top + max(1, self.height) - 1))
        if index != self.index:
            self.go(keys, index)

    def resize(self, height: int, count: int) -> None:
        """Take another height, in lines."""
        self.height = max(0, height)
        self._show_cursor(count)

    def seen(self, keys: Sequence[str]) -> Sequence[str]:
        """Return the keys in the window, top down."""
        return keys[self.top : self.top + self.height]

    def thumb(self, count: int) -> range:
        """Return the lines of the window that the thumb of a scroll bar takes; none if all rows are seen."""
        height = self.height
        if not 0 < height < count:
            return range(0)
        size = max(1, height * height // count)
        start = round(self.top * (height - size) / (count - height))
        return range(start, start + size)

    def _put(self, keys: Sequence[str], index: int) -> None:
        self.index = max(0, min(index, len(keys) - 1))
        self.cursor = keys[self.index] if keys else None

    def _show_cursor(self, count: int) -> None:
        height = max(1, self.height)
        self.top = max(0, min(self.top, count - height))
        if self.index < self.top:
            self.top = self.index
        elif self.index >= self.top + height:
            self.top = self.index - height + 1


def _find(keys: Sequence[str], key: str | None, hint: int) -> int | None:
    """Return where a key is; looks at the hint first."""
    if key is None:
        return None
    if hint < len(keys) and keys[hint] == key:
        return hint
    try:
        return keys.index(key)
    except ValueError:
        return None


def _nearest(before: Sequence[str], after: Sequence[str], index: int) -> int:
    """Return where the nearest survivor of `before[index]` is now, of two equally near the lower one; 0 if none is."""
    survivors = {key: place for place, key in enumerate(after)}
    for distance in range(len(before)):
        for neighbour in (index + distance, index - distance):
            if 0 <= neighbour < len(before) and before[neighbour] in survivors:
                return survivors[before[neighbour]]
    return 0
