"""An engine's unit in a test's hand, under a service manager that keeps what it is asked."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from actions.engine import EngineExecutor, plan_reset_failed, plan_restart, reset_executor, restart_executor
from actions.means import Means
from actions.outcome import Outcome, Progress
from actions.plan import Plan, Refusal
from actions.run import Runner
from actions.spec import Ask, Planner
from backend.clients.api import ApiClient
from backend.clients.engine import EngineClient
from backend.config.model import Config
from backend.errors import SourceError
from backend.holding import Locks
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader
from backend.incident.scribe import Scribe
from backend.model.engine import Unit, UnitVerb
from backend.model.jobs import JobsHealth
from backend.model.situation import Situation
from backend.model.target import UnitTarget
from backend.parts import ENGINE_UNIT
from tests.fakes import NOW, Time, known, without_threads
from tests.journals import MANY
from tests.situations import unit

OLD, NEW = "a3f1" * 8, "b702" * 8
Course = Sequence[tuple[float, dict[str, Any]]]
"""What the unit becomes, so many seconds after it was asked."""

UP: dict[str, Any] = {"active": "active", "sub": "running", "result": "success", "invocation": NEW}
FAILED: dict[str, Any] = {"active": "failed", "sub": "failed", "result": "start-limit-hit"}
STARTING: dict[str, Any] = {"active": "activating", "sub": "start", "invocation": NEW}
LOOPS: dict[str, Any] = {"active": "activating", "sub": "auto-restart", "result": "exit-code"}
CLEARED: dict[str, Any] = {"active": "inactive", "sub": "dead", "result": "success"}


class Engine:
    """The service manager and the health route of one engine."""

    def __init__(self, time: Time, unit: Unit) -> None:
        self.time = time
        self.place = "here"
        self.stands = unit
        self.asked: list[UnitVerb] = []
        self.course: Course = ((0.0, UP),)
        self.takes = 0.0
        """Seconds until the service manager answers."""
        self.on_ask: Callable[[], None] = lambda: None
        self.trouble: SourceError | None = None
        """What comes of asking it, in place of an answer."""
        self.read_error: SourceError | None = None
        self.health_is: Callable[[float], str | SourceError] = lambda _: "healthy"
        """What the health route says, so many seconds after the last question to the unit."""
        self.sudoers: dict[UnitVerb, str] = {}
        """Lines that are missing."""
        self._asked_at = 0.0
        self._due: list[tuple[float, dict[str, Any]]] = []

    def becomes(self, **fields: Any) -> None:
        """From now on the unit is this."""
        self.stands = replace(self.stands, **fields)

    async def unit(self) -> Unit:
        if self.read_error is not None:
            raise self.read_error
        for at, fields in [due for due in self._due if due[0] <= self.time.passed]:
            self._due.remove((at, fields))
            self.becomes(**fields)
        return self.stands

    async def control(self, verb: UnitVerb) -> str:
        self.on_ask()
        self.asked.append(verb)
        self._asked_at = self.time.passed
        self._due = [(self.time.passed + delay, fields) for delay, fields in self.course]
        if self.takes:
            await self.time.sleep(self.takes)
        if self.trouble is not None:
            raise self.trouble
        return "exit 0"

    async def needs_password(self, verb: UnitVerb) -> str | None:
        return self.sudoers.get(verb)

    async def health(self) -> JobsHealth:
        said = self.health_is(self.time.passed - self._asked_at)
        if isinstance(said, SourceError):
            raise said
        return JobsHealth(said)


def executor_of(verb: UnitVerb, engine: object, time: Time) -> EngineExecutor:
    """The real one that asks for this, on an engine that is none."""
    if verb == "reset-failed":
        return reset_executor(cast("EngineClient", engine), time)
    return restart_executor(cast("EngineClient", engine), cast("ApiClient", engine), time)


class EngineRig:
    """A runner on an engine that stands still until it is told otherwise."""

    def __init__(self, folder: Path, **fields: Any) -> None:
        without_threads()
        self.time = Time()
        self.unit = unit(**fields)
        self.engine = Engine(self.time, self.unit)
        self.path = folder / "journal.jsonl"
        self.locks = folder / "locks"
        self.locks.mkdir(exist_ok=True)
        self.progress: list[Progress] = []

    def runner(self, verb: UnitVerb = "restart") -> Runner:
        """A backtop on this host, on the one journal."""
        executor = executor_of(verb, self.engine, self.time)
        scribe = Scribe(Journal(self.path, "ann@research-01", self.time))
        return Runner(Means(executor, scribe, Locks(self.locks, self.time), self.time, self.time.sleep))

    async def restart(self) -> Outcome | Refusal:
        return await self.runner().run(planned(plan_restart, self.unit), self.progress.append)

    async def reset(self) -> Outcome | Refusal:
        return await self.runner("reset-failed").run(planned(plan_reset_failed, self.unit), self.progress.append)

    @property
    def kinds(self) -> list[str]:
        """What stands in the journal, by its kinds."""
        return [entry.kind for entry in self.entries()]

    def entries(self, kind: str | None = None) -> list[Entry]:
        return [entry for entry in JournalReader(self.path).tail(MANY) if kind in (None, entry.kind)]


def seen(unit: Unit) -> Situation:
    """Where this unit was just looked at."""
    return known(Situation(NOW), ENGINE_UNIT, unit)


def planned(planner: Planner, unit: Unit, found: Situation | None = None, config: Config | None = None) -> Plan:
    """The plan for this unit."""
    plan = planner(Ask(found or seen(unit), (UnitTarget.of(unit, NOW),), config or Config()))
    assert isinstance(plan, Plan), plan
    return plan


def told(result: Outcome | Refusal) -> tuple[str, str]:
    """What the person is told: the verdict's word and text, or that it was refused and why."""
    if isinstance(result, Refusal):
        return "refused", result.reason
    assert not result.verdict.so_far
    return result.verdict.word.value, result.verdict.text
