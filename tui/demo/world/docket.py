"""The docket of one platform: what was done, what it led to, and whether the incident is over."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tui.demo.world.conditions import is_of, wrong_now
from tui.demo.world.seed import Cause, Summary
from tui.demo.world.world import World

Effect = Literal["healed", "nothing", "harm"]
Outcome = tuple[Effect, str]
Later = Callable[[], Outcome | None]
"""Looks whether it is known by now what a deed led to."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done. `action` is the id of the action that does this, `about` what it was done to."""

    at: datetime
    action: str
    about: str
    effect: Effect
    detail: str

    @property
    def what(self) -> str:
        """Action and target in one line."""
        return f"{self.action}: {self.about}"


class Docket:
    """Deeds in one world. `look` comes before every verdict, and often enough to see what happens in between."""

    def __init__(self, world: World, summary: Summary) -> None:
        self.summary = summary
        self.done: list[Deed] = []
        self.open: dict[Cause, str] = {}
        self.healed_at: datetime | None = None
        self.world = world
        self._seen: set[Cause] = set()
        self._waiting: list[tuple[int, Later]] = []

    def look(self) -> None:
        """Settle what became of deeds, and whether anything is still wrong."""
        now = self.world.settle()
        self.open = wrong_now(self.world, now)
        self._seen.update(self.open)
        self._waiting = [(place, later) for place, later in self._waiting if not self._settled(place, later)]
        if not self.over:
            self.healed_at = None
        elif self.summary.causes and self.healed_at is None:
            self.healed_at = now

    @property
    def over(self) -> bool:
        """Whether all that the scenario has wrong was there and is gone, and nothing else is wrong or to come."""
        return (
            not self.open
            and not self.world.unfolding
            and (self._seen | self.world.spared).issuperset(self.summary.causes)
        )

    @property
    def since(self) -> datetime | None:
        """When the incident began: with the first of the failures that led to it; None when there is none."""
        if not self.summary.causes or self.world.quiet:
            return None
        if self.world.struck is not None:
            return self.world.struck
        scenario = self.world.scenario
        failed = (job for job in scenario.with_status("failed") if is_of(job, self.summary.causes, scenario))
        ends = (job.finished_at for job in failed if job.finished_at is not None)
        return min((at for at in ends if (scenario.now - at).total_seconds() < 3600), default=scenario.now)

    @property
    def harm(self) -> list[Deed]:
        """What should not have been done."""
        return [deed for deed in self.done if deed.effect == "harm"]

    def _settled(self, place: int, later: Later) -> bool:
        outcome = later()
        if outcome is not None:
            self.done[place] = replace(self.done[place], effect=outcome[0], detail=outcome[1])
        return outcome is not None

    def _weighed(self, deed: Deed) -> Deed:
        """What heals nothing and is not free is harm."""
        if deed.effect == "nothing" and deed.action in self.summary.harmful:
            return replace(deed, effect="harm")
        return deed

    def note(self, action: str, about: str, effect: Effect, detail: str) -> None:
        """Something was done, and it is known what it led to."""
        self.done.append(self._weighed(Deed(self.world.settle(), action, about, effect, detail)))

    def await_outcome(self, action: str, about: str, detail: str, later: Later) -> None:
        """Something was done; what it led to, `later` will know."""
        self.done.append(Deed(self.world.settle(), action, about, "nothing", detail))
        self._waiting.append((len(self.done) - 1, later))

    def idle(self, action: str, about: str, why: str) -> None:
        """Something was done that changed nothing, and so cost nothing."""
        self.done.append(Deed(self.world.settle(), action, about, "nothing", why))

    def refused(self, action: str, about: str, why: str) -> None:
        """Something was asked for, and the platform did not do it."""
        self.idle(action, about, f"refused: {why}")
