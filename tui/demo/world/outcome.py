"""How a run ends: pure decisions over a job, the way its worker ended and the data there is."""

from collections.abc import Iterable

from tui.demo.world.seed import Fate, Gap, StrategyConfig


def no_data(gap: Gap) -> str:
    """The error of a job that needs days which are missing."""
    return f"No data for {gap.symbol} in {gap.start}..{gap.end}"


def missing_for(config: StrategyConfig, gaps: Iterable[Gap]) -> Gap | None:
    """The first of `gaps`, in the order of the job's symbols, that its date range touches."""
    if config.use_sample_data:
        return None
    order = {name: place for place, name in enumerate(config.symbols)}
    hits = [gap for gap in gaps if gap.symbol in order and _overlap(config, gap)]
    return min(hits, key=lambda gap: (order[gap.symbol], gap.start), default=None)


def _overlap(config: StrategyConfig, gap: Gap) -> bool:
    return gap.start <= config.end_date and gap.end >= config.start_date


def error_of_run(config: StrategyConfig, fate: Fate, exit_code: int, gaps: Iterable[Gap]) -> str | None:
    """What a run failed with, or None when it completed.

    `exit_code` is the worker's, negative for a signal, as `subprocess` tells it.
    """
    if exit_code < 0:
        verb = "killed" if exit_code == -9 else "terminated"
        return f"worker {verb} (signal {-exit_code})"
    hit = missing_for(config, gaps)
    if hit is not None:
        return no_data(hit)
    if fate.error is not None:
        return fate.error
    return None if exit_code == 0 else f"worker ended with exit code {exit_code}"
