"""What is done to the engine's unit, and what that led to."""

from datetime import datetime

from tui.demo.world.conditions import is_poisonous
from tui.demo.world.docket import Docket, Later, Outcome
from tui.demo.world.seed import Summary
from tui.demo.world.world import World

ACTION_OF_VERB = {"stop": "engine.recover", "reset-failed": "engine.reset-failed"}
RUNNING = ("active", "stopped")
"""States of a unit whose process is there."""
AT_REST = ("inactive", "failed", "deactivating")
"""States of a unit that does not run, and will not by itself."""


class UnitDocket(Docket):
    """A docket that weighs the deeds on the engine and its unit."""

    def __init__(self, world: World, summary: Summary) -> None:
        super().__init__(world, summary)
        self._stopped = False
        """Whether the engine was well until somebody had its unit stopped."""
        self._down: datetime | None = None
        """Since when there is something wrong with the engine."""
        self._given_up = 0
        """How often the unit was not started again."""

    def look(self) -> None:
        """As every docket, and note since when the engine is not well."""
        super().look()
        if "engine" not in self.open:
            self._down = None
        elif self._down is None:
            self._down = self.world.settle()

    def unit_asked(self, verb: str, code: int, was: str, asked: datetime | None = None) -> None:
        """The engine's unit was asked to start, stop, restart or forget; it `was` so when it was `asked` (now).

        That is one of systemd's states, or `stopped` when its process was there, but stopped by a signal.
        """
        action = ACTION_OF_VERB.get(verb, "engine.restart")
        about = f"systemctl {verb}"
        if verb == "try-restart" and was in AT_REST:
            self.idle(action, about, "it did not run")
            return
        well = self._ran_well(was, asked or self.world.settle())
        if code != 0:
            self._unit_refused(action, about, code, well=well)
            return
        vain = self._in_vain(verb, was)
        if verb != "reset-failed":
            self._stopped = verb == "stop" and (self._stopped or well)
        if vain is not None:
            self.idle(action, about, vain)
        elif well:
            self.note(action, about, "nothing", "its jobs begin anew")
        else:
            self.await_outcome(action, about, "the engine is not well yet", self._engine_well())

    def _unit_refused(self, action: str, about: str, code: int, *, well: bool) -> None:
        """What was asked for was not done, or half of it: a restart may end the engine and then not start it."""
        if well and self.world.engine_status() == "down":
            self._stopped = True
            self.note(action, about, "harm", f"the engine was well and does not run any more: exit code {code}")
        else:
            self.refused(action, about, f"exit code {code}")

    def _in_vain(self, verb: str, was: str) -> str | None:
        """Why a verb changed nothing for the better or the worse in a unit that `was` so; None when it may have."""
        if verb == "reset-failed":
            if was != "failed":
                return "the unit had not failed"
            return "it was well before it was stopped" if self._stopped else None
        if verb == "start" and was in RUNNING:
            return "it ran already"
        if self._stopped and was not in RUNNING:
            return "it was stopped already" if verb == "stop" else "it was well before it was stopped"
        return None

    def _ran_well(self, was: str, asked: datetime) -> bool:
        """Whether an engine whose unit `was` so when it was `asked` ran, and no job was left that would crash it.

        In the middle of a restart no engine is well; that is no reason for it.
        """
        jobs = self.world.jobs
        missed = self._down is not None and self._down < asked
        poisoned = any(map(is_poisonous, (*jobs.select("running"), *jobs.select("pending"))))
        return was == "active" and not missed and not poisoned

    def _engine_well(self) -> Later:
        """Whether the engine becomes well before its unit gives up once more."""
        before = self._given_up

        def later() -> Outcome | None:
            if self._given_up > before:
                return "nothing", "the unit gave up once more"
            return None if "engine" in self.open else ("healed", "the engine is well")

        return later

    def unit_gave_up(self) -> None:
        """The engine's unit was started too often, and is started no more."""
        self.world.given_up = True
        self._given_up += 1

    def engine_ended(self, number: int, *, hung: bool = False, idle: bool = False) -> None:
        """Somebody ended the engine itself past its unit, by a signal or (0) so that it took leave.

        One that `hung` had lost already what ran on it; on one that was `idle` nothing ran.
        """
        about = f"the engine, signal {number}" if number else "the engine"
        if hung:
            self.await_outcome("process.terminate", about, "it did nothing any more", self._engine_well())
        elif idle:
            self.idle("process.terminate", about, "nothing ran on it")
        else:
            self.note("process.terminate", about, "harm", "what ran on it is lost, or begins anew")
