"""How a run ends: pure decisions over a job, the way its worker ended and the data there is."""

from collections.abc import Iterable

from tui.demo.worker import NO_ROOM, OUTPUT_GONE
from tui.demo.world.ground import DISK_FULL, Ground
from tui.demo.world.seed import Fate, Gap, Source, StrategyConfig

NO_SPACE = "OSError: [Errno 28] No space left on device"
NO_OUTPUT = "OSError: [Errno 2] No such file or directory: the folder in active is gone"
KILLED = "worker killed (signal 9)"
LOST = "worker lost: engine went away"
BLOCKED_TIMEFRAME = "1m"
"""Jobs on minute bars write to their table; a blockade of it stops them and no others."""
SHUTDOWN = "psycopg.errors.AdminShutdown: terminating connection due to administrator command"
NO_SERVER = "psycopg.OperationalError: connection failed: Connection refused"
NO_LOCK = 'psycopg.errors.LockNotAvailable: could not obtain lock on relation "minute_bars"'
"""The error of a job that asks for the lock when it begins to write, and does not wait for it."""
LOCK_TIMEOUT = "psycopg.errors.LockNotAvailable: canceling statement due to lock timeout"
"""The error of one that has written before, and waits as long as its session may."""


def no_data(gap: Gap) -> str:
    """The error of a job that needs days which are missing."""
    return f"No data for {gap.symbol} in {gap.start}..{gap.end}"


def timed_out(source: Source) -> str:
    """The error of a job whose data comes from a source that does not answer."""
    return f"ConnectionError: provider {source.name} timed out"


def missing_for(config: StrategyConfig, gaps: Iterable[Gap]) -> Gap | None:
    """The first of `gaps`, in the order of the job's symbols, that its date range touches."""
    if config.use_sample_data:
        return None
    order = {name: place for place, name in enumerate(config.symbols)}
    hits = [gap for gap in gaps if gap.symbol in order and _overlap(config, gap)]
    return min(hits, key=lambda gap: (order[gap.symbol], gap.start), default=None)


def _overlap(config: StrategyConfig, gap: Gap) -> bool:
    return gap.start <= config.end_date and gap.end >= config.start_date


def hindrance(config: StrategyConfig, source: Source, ground: Ground) -> str | None:
    """What the platform does to every run that ends now, however good it is."""
    if source.status == "down" and not config.use_sample_data:
        return timed_out(source)
    if ground.disk_used >= DISK_FULL:
        return NO_SPACE
    if ground.database_down and not config.use_sample_data:
        return NO_SERVER
    if ground.blocked and config.timeframe == BLOCKED_TIMEFRAME and not config.use_sample_data:
        return NO_LOCK
    return None


def error_of_run(
    config: StrategyConfig, fate: Fate, exit_code: int, gaps: Iterable[Gap], hindered: str | None = None
) -> str | None:
    """What a run failed with, or None when it completed.

    `exit_code` is the worker's, negative for a signal, as `subprocess` tells it; `hindered` is what stood in its way
    beside missing data.
    """
    if exit_code < 0:
        verb = "killed" if exit_code == -9 else "terminated"
        return f"worker {verb} (signal {-exit_code})"
    if exit_code == OUTPUT_GONE:
        return NO_OUTPUT
    if exit_code == NO_ROOM:
        return NO_SPACE
    hit = missing_for(config, gaps)
    if hit is not None:
        return no_data(hit)
    if hindered is not None:
        return hindered
    if fate.error is not None:
        return fate.error
    return None if exit_code == 0 else f"worker ended with exit code {exit_code}"
