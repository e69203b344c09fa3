"""What is asked for when a platform is started."""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.demo.instance import GroundError
from tui.demo.quirks.table import UnknownQuirkError, chosen
from tui.demo.world.scale import MOST_JOBS, MOST_SYMBOLS
from tui.demo.world.scenario import SCENARIOS, USUAL

ONSET = 8.0
"""Seconds for which all is well, unless something else is asked for: long enough to see what that looks like."""
LATEST = 3600.0
"""Seconds after which an incident has begun at the latest."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A scenario, its seed, how large it shall be (`scale.grown`), and the quirks that are on from the start."""

    scenario: str = USUAL
    seed: int = 1
    jobs: int = 0
    symbols: int = 0
    quirks: tuple[str, ...] = ()
    onset: float = 0.0
    """Seconds for which all is well when it is up; 0: the incident is under way, or there is none."""

    @classmethod
    def of(cls, scenario: str, seed: int, jobs: int, symbols: int, quirks: str, onset: float = ONSET) -> "Wish":
        """What was typed. Raises GroundError, with exit code 2, for what cannot be had."""
        if scenario not in SCENARIOS:
            raise GroundError(f"there is no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}", 2)
        for name, number, most in (("jobs", jobs, MOST_JOBS), ("symbols", symbols, MOST_SYMBOLS)):
            if not 0 <= number <= most:
                raise GroundError(f"{number} {name} are not possible; 0 to {most} are", 2)
        if not 0 <= onset <= LATEST:
            raise GroundError(f"an onset after {onset:g} s is not possible; 0 to {LATEST:g} are", 2)
        try:
            return cls(scenario, seed, jobs, symbols, chosen(quirks), onset if SCENARIOS[scenario].causes else 0.0)
        except UnknownQuirkError as error:
            raise GroundError(str(error), 2) from None

    def words(self) -> Sequence[str]:
        """How all but the scenario stands on a command line."""
        numbers = (("--seed", self.seed), ("--jobs", self.jobs), ("--symbols", self.symbols))
        words = [word for name, number in numbers for word in (name, str(number))]
        words += ["--onset", f"{self.onset:g}"] if self.onset else []
        return [*words, f"--quirks={','.join(self.quirks)}"] if self.quirks else words
