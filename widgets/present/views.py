"""What each pane shows of a situation: pure functions."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from widgets.present import data, database, failures, jobs, resources
from widgets.present.view import Look, PaneView

VIEWS: Mapping[str, Callable[[Look], PaneView]] = MappingProxyType(
    {
        "jobs": jobs.view,
        "failures": failures.view,
        "resources": resources.view,
        "data": data.view,
        "database": database.view,
    }
)
"""By the pane's id."""
