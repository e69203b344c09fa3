"""What the tables of the panes tell of each row; what goes first where there is little room is of low priority."""

from collections.abc import Mapping
from types import MappingProxyType

from widgets.table_columns import Column, Flex

JOBS = (
    Column("strategy", "strategy", width=Flex(14, most=24, weight=2), priority=9, essential=True),
    Column("runtime", "of limit", width=Flex(8, most=40, weight=3), priority=5, quiet=True),
    Column("time", "run", width=4, align="right", priority=8, quiet=True),
    Column("over", "", width=8, priority=7),
    Column("prio", "prio", width=4, priority=6),
    Column("id", "id", width=6, priority=4, keeps_end=True),
    Column("started", "started", width=8, priority=2),
    Column("symbols", "symbols", width=Flex(16), priority=1),
)

FAILURES = (
    Column("id", "id", width=6, priority=7, essential=True, keeps_end=True),
    Column("strategy", "strategy", width=Flex(10, most=18, weight=4), priority=5),
    Column("prio", "prio", width=4, priority=3),
    Column("age", "age", width=4, align="right", priority=6, quiet=True),
    Column("attempt", "attempt", width=7, align="right", priority=2),
    Column("error", "error", width=Flex(18, weight=3, ample=32), priority=9, essential=True),
)

RESOURCES = (
    Column("pid", "pid", width=7, priority=7),
    Column("job", "job", width=6, priority=5, keeps_end=True),
    Column("run", "run", width=4, align="right", priority=6, quiet=True),
    Column("cpu", "cpu", width=5, align="right", priority=4, quiet=True),
    Column("mem", "mem", width=5, align="right", priority=8, quiet=True),
    Column("command", "command", width=Flex(10, weight=3), priority=9, essential=True),
)

DATABASE = (
    Column("pid", "pid", width=7, priority=7),
    Column("age", "age", width=4, align="right", priority=8, quiet=True),
    Column("state", "state", width=7, priority=5),
    Column("waits", "waits", width=Flex(8, most=14), priority=6, quiet=True),
    Column("application", "application", width=Flex(15, most=24), priority=3),
    Column("query", "query", width=Flex(12, weight=4, ample=20), priority=9, essential=True),
)

COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {"jobs": JOBS, "failures": FAILURES, "resources": RESOURCES, "data": (), "database": DATABASE}
)
"""By the pane's id."""
