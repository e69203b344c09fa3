"""New jobs that researchers send while the platform runs."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from tui.demo.world.draft import config, fate
from tui.demo.world.outcome import BLOCKED_TIMEFRAME
from tui.demo.world.seed import PRIORITIES, Scenario, SeedJob
from tui.demo.world.symbols import last_full_day

WEIGHTS = (1, 4, 2)
"""How often each of the priorities comes."""

INSISTENCE = 3
"""So many more jobs come of what was given up because of a lock."""


class Arrivals:
    """Drafts of new jobs at irregular moments; the same ones for the same scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._rng = Random(f"arrivals:{scenario.name}:{scenario.seed}")
        self._next = scenario.now + self._pause()
        self.expect(scenario)

    def expect(self, scenario: Scenario) -> None:
        """From now on what comes is what `scenario` has later, and jobs of its sound strategies.

        Of those that a blockade stops more come than of the others, for they are sent again and again.
        """
        self._later: list[SeedJob] = []
        self.add(scenario.later)
        self._sound = [strategy for strategy in scenario.strategies if not strategy.validation_errors]
        if scenario.blockade is not None:
            self._sound += INSISTENCE * [each for each in self._sound if each.timeframe == BLOCKED_TIMEFRAME]

    def add(self, jobs: Iterable[SeedJob]) -> None:
        """These come too, each in its time."""
        self._later = sorted((*self._later, *jobs), key=lambda job: job.created_at)

    @property
    def expected(self) -> bool:
        """Whether jobs of the scenario are still to come."""
        return bool(self._later)

    def _pause(self) -> timedelta:
        return timedelta(seconds=self._scenario.arrival_seconds * self._rng.uniform(0.4, 1.6))

    def told(self, now: datetime) -> Iterator[SeedJob]:
        """The jobs of the scenario that came up to `now`."""
        while self._later and self._later[0].created_at <= now:
            yield self._later.pop(0)

    def due(self, now: datetime, avoid: Iterable[str]) -> Iterator[SeedJob]:
        """The jobs that came up to `now` without being named by the scenario; they trade nothing of `avoid`."""
        shunned = tuple(avoid)
        while self._next <= now:
            yield self._draft(self._next, shunned)
            self._next += self._pause()

    def _draft(self, at: datetime, avoid: tuple[str, ...]) -> SeedJob:
        strategy = self._rng.choice(self._sound)
        return SeedJob(
            id="",
            strategy_name=strategy.name,
            status="pending",
            priority=self._rng.choices(PRIORITIES, WEIGHTS)[0],
            attempt=1,
            error_message=None,
            created_at=at,
            started_at=None,
            finished_at=None,
            strategy_config=config(self._rng, strategy, last_full_day(self._scenario.now), avoid),
            fate=fate(self._rng, strategy),
        )
