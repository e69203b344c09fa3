"""Drafts the jobs of a scenario."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from tui.demo.world.calendar import trading_day_before
from tui.demo.world.outcome import KILLED
from tui.demo.world.seed import Fate, Priority, SeedJob, Strategy, StrategyConfig
from tui.demo.world.strategies import STRATEGIES
from tui.demo.world.symbols import last_full_day

Failed = tuple[float, str, Priority]
"""How many minutes ago a job failed, its strategy and its priority."""

FIRST_ID = 8760
MOST_SYMBOLS = 5
MIX: tuple[Priority, ...] = ("high", "normal", "normal", "normal", "low")


def fate(rng: Random, strategy: Strategy) -> Fate:
    """A job that runs through in one to five minutes, and in two to three seconds when it runs again."""
    seconds = round(rng.uniform(60.0, 300.0), 1)
    return Fate(seconds, round(rng.uniform(2.0, 3.0), 1), max(5, strategy.memory_mb + rng.randint(-3, 3)))


def config(rng: Random, strategy: Strategy, last: date, avoid: Iterable[str] = ()) -> StrategyConfig:
    """A configuration that ends at `last` and trades none of the symbols in `avoid`."""
    allowed = [name for name in strategy.universe if name not in set(avoid)]
    symbols = rng.sample(allowed, min(len(allowed), rng.randint(3, MOST_SYMBOLS)))
    return StrategyConfig(
        symbols=tuple(symbols),
        start_date=trading_day_before(last, rng.choice((60, 120, 180, 240))),
        end_date=last,
        timeframe=strategy.timeframe,
        parameters={"lookback": rng.choice((10, 20, 50, 100)), "entry_z": rng.choice((1.5, 2.0, 2.5))},
    )


def named(name: str) -> Strategy:
    """The strategy called `name`; KeyError when there is none."""
    return {strategy.name: strategy for strategy in STRATEGIES}[name]


class Draft:
    """Collects jobs by their age; `jobs()` numbers them in the order of their creation."""

    def __init__(self, rng: Random, now: datetime, avoid: Iterable[str] = ()) -> None:
        self._rng = rng
        self._now = now
        self._last = last_full_day(now)
        self._avoid = frozenset(avoid)
        self._drafted: list[SeedJob] = []

    def _job(self, created: float, strategy: str | None, priority: Priority | None) -> SeedJob:
        plan = named(strategy) if strategy else self._rng.choice(STRATEGIES)
        return SeedJob(
            id="",
            strategy_name=plan.name,
            status="pending",
            priority=self._rng.choice(MIX) if priority is None else priority,
            attempt=1,
            error_message=None,
            created_at=self._ago(created),
            started_at=None,
            finished_at=None,
            strategy_config=config(self._rng, plan, self._last, self._avoid),
            fate=fate(self._rng, plan),
        )

    def _ago(self, minutes: float) -> datetime:
        return (self._now - timedelta(minutes=minutes)).replace(microsecond=0)

    def pending(
        self, minutes: float, strategy: str | None = None, priority: Priority | None = None, again: Fate | None = None
    ) -> None:
        """A job that has waited for `minutes`; `again` is its fate."""
        job = self._job(minutes, strategy, priority)
        self._drafted.append(replace(job, fate=again or job.fate))

    def running(
        self, minutes: float, seconds_left: float, strategy: str, priority: Priority, again: Fate | None = None
    ) -> None:
        """A job that has run for `minutes` and ends in `seconds_left`, or after what its fate `again` says."""
        job = self._job(minutes + self._rng.uniform(0.5, 6.0), strategy, priority)
        ends = again or replace(job.fate, seconds=seconds_left)
        self._drafted.append(replace(job, status="running", started_at=self._ago(minutes), fate=ends))

    def completed(self, minutes: float, took: float) -> None:
        """A job that ended well `minutes` ago after `took` minutes."""
        job = self._job(minutes + took + self._rng.uniform(0.2, 4.0), None, None)
        self._drafted.append(
            replace(job, status="completed", started_at=self._ago(minutes + took), finished_at=self._ago(minutes))
        )

    def failed(
        self,
        minutes: float,
        error: str,
        strategy: str,
        priority: Priority,
        *,
        symbols: tuple[str, ...] = (),
        again: Fate | None = None,
        took: float | None = None,
    ) -> None:
        """A job that failed with `error` `minutes` ago.

        `symbols` stand first in its list, `again` is its fate, and `took` the minutes that it ran.
        """
        took = self._rng.uniform(0.3, 6.0) if took is None else took
        job = self._job(minutes + took + self._rng.uniform(0.2, 4.0), strategy, priority)
        others = tuple(name for name in job.strategy_config.symbols if name not in symbols)
        self._drafted.append(
            replace(
                job,
                status="failed",
                error_message=error,
                started_at=self._ago(minutes + took),
                finished_at=self._ago(minutes),
                strategy_config=replace(job.strategy_config, symbols=(symbols + others)[:MOST_SYMBOLS]),
                fate=again or job.fate,
            )
        )

    def failures(self, error: str, jobs: Iterable[Failed], took: float | None = None) -> None:
        """Jobs that all failed with `error`, and will run through once its reason is gone."""
        for minutes, strategy, priority in jobs:
            self.failed(minutes, error, strategy, priority, took=took)

    def greedy(self, minutes: float, strategy: str, priority: Priority = "low") -> None:
        """A job that was killed for its memory, and will be again unless its timeframe is reduced."""
        again = replace(fate(self._rng, named(strategy)), signal=9, eased_by=("reduce_timeframe",))
        self.failed(minutes, KILLED, strategy, priority, again=again)

    def broken(self, minutes: float, error: str, strategy: str) -> None:
        """A job that nobody waits for, whose strategy raises `error` whenever it runs."""
        again = replace(fate(self._rng, named(strategy)), error=error)
        self.failed(minutes, error, strategy, "low", again=again)

    def history(self, hours: float, count: int, newest: float) -> None:
        """`count` completed jobs over the last `hours`, the newest of them `newest` minutes ago."""
        self.completed(newest, self._rng.uniform(2.0, 30.0))
        for _ in range(count - 1):
            self.completed(self._rng.uniform(newest + 1.0, hours * 60.0), self._rng.uniform(2.0, 40.0))

    def jobs(self) -> tuple[SeedJob, ...]:
        """Every drafted job, oldest first, with its id."""
        ordered = sorted(self._drafted, key=lambda job: job.created_at)
        return tuple(replace(job, id=str(FIRST_ID + number)) for number, job in enumerate(ordered))
