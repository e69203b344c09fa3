"""The five panes: number, name, and what each shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from widgets.present.view import Look, PaneView
    from widgets.table_columns import Column


class PaneKind(NamedTuple):
    """What a pane is, apart from what it shows at the moment. The frames of the first picture need no more of it."""

    id: str
    key: str
    title: str
    nothing: str = ""
    """What its empty table says; it has no table where that says nothing."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its table."""
        from widgets.present.columns import COLUMNS

        return COLUMNS[self.id]

    def view(self, look: Look) -> PaneView:
        """What it shows; the pure function that its id names."""
        from widgets.present.views import VIEWS

        return VIEWS[self.id](look)


PANES: Mapping[str, PaneKind] = MappingProxyType(
    {
        kind.id: kind
        for kind in (
            PaneKind("jobs", "1", "Jobs", "no job is running"),
            PaneKind("failures", "2", "Failures", "no failed jobs"),
            PaneKind("resources", "3", "Resources", "no backtest process"),
            PaneKind("data", "4", "Data"),
            PaneKind("database", "5", "Database", "no backtest session"),
        )
    }
)
