"""The marked rows of a table, by key."""

from collections.abc import Callable, Collection, Iterable, Sequence

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

    def span(self, listed: Sequence[str], end: int) -> Sequence[str]:
        """Return what is listed from the anchor to `end`; nothing where no range is being drawn."""
        if self._anchor is None or self._anchor not in listed:
            return ()
        anchor = listed.index(self._anchor)
        return listed[min(anchor, end) : max(anchor, end) + 1]

    def release(self) -> None:
        """End the range: the next one starts anew."""
        self._anchor = None

    def extend(self, listed: Sequence[str], start: int, end: int, rows: Callable[[str], Iterable[str]]) -> None:
        """Mark from the anchor to `end`; without an anchor `start` becomes it. What the range gives up is as before.

        `rows` says which rows a listed key stands for.
        """
        if self._anchor not in listed:
            self._anchor, self._before = listed[start], self.keys
        self.keys = self._before.union(*map(rows, self.span(listed, end)))

    def keep(self, rows: Rows) -> None:
        """Forget keys that are no rows any more."""
        if self.keys or self._before:
            there = frozenset(key for key in self.keys | self._before if rows.is_row(key))
            self._before &= there
            if not self.keys <= there:
                self.keys &= there
