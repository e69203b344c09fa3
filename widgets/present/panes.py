"""The five panes: number, name, columns, and the pure function that says what each shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from widgets.present import data, database, failures, jobs, resources
from widgets.present.view import Look, PaneView
from widgets.table_columns import Column


@dataclass(frozen=True, slots=True)
class PaneKind:
    """What a pane is, apart from what it shows at the moment."""

    id: str
    key: str
    title: str
    view: Callable[[Look], PaneView]
    columns: tuple[Column, ...] = ()
    nothing: str = ""
    """What an empty table says."""


PANES: Mapping[str, PaneKind] = MappingProxyType(
    {
        kind.id: kind
        for kind in (
            PaneKind("jobs", "1", "Jobs", jobs.view, jobs.COLUMNS, "no job is running"),
            PaneKind("failures", "2", "Failures", failures.view, failures.COLUMNS, "no failed jobs"),
            PaneKind("resources", "3", "Resources", resources.view, resources.COLUMNS, "no backtest process"),
            PaneKind("data", "4", "Data", data.view),
            PaneKind("database", "5", "Database", database.view, database.COLUMNS, "no backtest session"),
        )
    }
)
