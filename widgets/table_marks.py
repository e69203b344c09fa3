"""The marked rows of a table, by key."""

from collections.abc import Callable, Collection, Sequence

from widgets.table_rows import Rows


class Marks:
    """A set of marked keys, and the range that is being drawn from an anchor."""

    def __init__(self) -> None:
        self.keys: frozenset[str] = frozenset()
        self._anchor: str | None = None
        self._before: frozenset[str] = frozenset()

    def toggle(self, keys: Collection[str]) -> None:
        """Mark all of these, or if all of them are marked none."""
        wanted = frozenset(keys)
        self.keys = self.keys - wanted if wanted <= self.keys else self.keys | wanted
        self._anchor = None

    def clear(self) -> None:
        """Take all marks away."""
        self.keys = frozenset()
        self._anchor = None

    def release(self) -> None:
        """End the range: the next one starts anew."""
        self._anchor = None

    def extend(self, listed: Sequence[str], start: int, end: int, markable: Callable[[str], bool]) -> None:
        """Mark from the anchor to `end`; without an anchor `start` becomes it. What the range gives up is as before."""
        anchor = listed.index(self._anchor) if self._anchor in listed else None
        if anchor is None:
            anchor, self._anchor, self._before = start, listed[start], self.keys
        self.keys = self._before.union(filter(markable, listed[min(anchor, end) : max(anchor, end) + 1]))

    def keep(self, rows: Rows) -> None:
        """Forget keys that are no rows any more."""
        if self.keys or self._before:
            there = frozenset(key for key in self.keys | self._before if rows.is_row(key))
            self._before &= there
            if not self.keys <= there:
                self.keys &= there
