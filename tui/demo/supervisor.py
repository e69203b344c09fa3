"""Brings the parts of one instance up, as far as possible at once, and takes them all down again."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tui.demo import configuration, kernel, market, outside, past, readme, repository, tree
from tui.demo.instance import GroundError, Instance, create, remove
from tui.demo.postgres import Postgres
from tui.demo.processes import Child, end_children
from tui.demo.quirks.ground import Ground
from tui.demo.unit.install import UNIT, install
from tui.demo.unit.manager import Manager
from tui.demo.unit.state import Definition
from tui.demo.unit.unit import Unit
from tui.demo.wish import Wish
from tui.demo.world.onset import healthy
from tui.demo.world.scale import added
from tui.demo.world.scenario import Scenario, build

PATIENCE = 20.0
"""Seconds that a part has to come up."""
START_LIMIT = 10.0
PATIENT_START_LIMIT = 30.0
"""Seconds in which the unit may start so often; longer where it shall be seen to give up on a slow host too."""

SESSIONS = "sessions"
"""The part that is an application of its own, which comes back when somebody ends it."""
ABSENCE = 1.0
"""Seconds that it takes for that."""

BLOCKED_SESSION_MINUTES = 0.5
"""From when on a session counts as long where sessions are the matter: nobody waits five minutes to see them."""


@dataclass(slots=True)
class Platform:
    """One instance and its parts, as far as they are there."""

    instance: Instance
    wish: Wish
    scenario: Scenario
    begin: Scenario
    """What it is like when it comes up."""
    parts: dict[str, Child] = field(default_factory=dict)
    server: Postgres | None = None
    manager: Manager | None = None
    troubles: Ground | None = None

    @classmethod
    def ground(cls, wish: Wish, directory: Path | None) -> "Platform":
        """Sweep, and make the folder. Raises GroundError when that is not possible."""
        instance = create(directory)
        story = build(wish.scenario, wish.seed, instance.layout.began())
        return cls(instance, wish, story, healthy(story, wish.onset) if wish.onset else story)

    async def rise(self) -> None:
        """Start everything. Raises GroundError when a part does not come up; `fall` cleans up then too."""
        error: BaseException | None = None
        try:
            await self._rise()
        except BaseExceptionGroup as several:
            error = _first(several)
        except OSError as single:
            error = single
        # Only here: what is raised while a group is handled would carry all of it along.
        if isinstance(error, OSError):
            raise GroundError(f"the platform cannot be set up: {error}") from error
        if error is not None:
            raise error

    async def _rise(self) -> None:
        layout = self.instance.layout
        self._start("api", "tui.demo.api", "--scenario", self.wish.scenario, *self.wish.words())
        self.server = Postgres.prepare(self.instance)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database(self.server))
            tasks.create_task(self._disk())
            tasks.create_task(self._written("api", layout.api))
        minutes = BLOCKED_SESSION_MINUTES if self.scenario.blockade else None
        configuration.write(layout, self.api_port, self.server.port, minutes)
        readme.write(layout, self.api_port)
        unit, _ = await asyncio.gather(self._engine(), self._written(SESSIONS, layout.sessions))
        self.troubles = Ground(self.instance, self.server, unit)
        self.troubles.open(self.wish.quirks)

    async def _database(self, server: Postgres) -> None:
        starting = asyncio.create_task(server.start())
        await asyncio.sleep(0)
        script = market.script(self.begin, server.passwords, added(self.scenario, self.wish.symbols))
        await starting
        self._start_sessions()
        await server.run(script)
        server.publish()

    async def _disk(self) -> None:
        layout = self.instance.layout
        install(layout)
        outside.set_hosts(layout, outside.hosts_of(self.begin.sources))
        outside.boot(layout, self.scenario.now)
        for at, sentences in past.kernel_log(self.begin):
            kernel.write(layout, *sentences, at=at)
        tree.grow(layout, self.begin)
        await repository.found(layout, self.begin, self.instance.environment())

    async def _engine(self) -> Unit:
        layout = self.instance.layout
        self.manager = Manager(layout, engine_unit(self.instance, self.scenario))
        self.manager.recall(past.unit_log(self.begin, self.manager.unit.definition.name))
        self.manager.open()
        code, sentence = await self.manager.unit.start()
        if code != 0:
            raise GroundError(f"the engine does not start: {sentence}")
        if not await _until(layout.engine_pid.exists, lambda: True):
            raise GroundError("the engine does not come up")
        return self.manager.unit

    def _start(self, name: str, module: str, *words: str) -> None:
        layout = self.instance.layout
        with (layout.log / name).open("ab") as output:
            self.parts[name] = Child.start(
                [sys.executable, "-m", module, "--root", str(layout.root), *words],
                environment=self.instance.environment(), folder=layout.root, output=output,
            )  # fmt: skip

    def _start_sessions(self) -> None:
        self._start(SESSIONS, "tui.demo.sessions")

    async def _written(self, name: str, path: Path) -> None:
        def up() -> bool:
            return name not in self.parts or self.parts[name].running

        if not await _until(path.exists, up):
            raise GroundError(f"the part {name} does not come up: {self._last_words(name)}")

    def _last_words(self, name: str) -> str:
        lines = (self.instance.layout.log / name).read_text("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    @property
    def api_port(self) -> int:
        """Where the API listens."""
        return int(json.loads(self.instance.layout.api.read_text("utf-8"))["port"])

    def announcement(self) -> str:
        """The one line of JSON that says that everything is there."""
        layout = self.instance.layout
        return json.dumps(
            {
                "config": str(layout.config),
                "root": str(layout.root),
                "bin": str(layout.bin),
                "readme": str(layout.readme),
                "scenario": self.scenario.name,
                "seed": self.scenario.seed,
                "token": self.instance.token,
                "api": f"http://127.0.0.1:{self.api_port}",
            }
        )

    async def watch(self) -> None:
        """Do as the kernel does, and say on standard error which part ended though nobody wanted it to; for ever."""
        parts = dict(self.parts)
        if self.server is not None and self.server.child is not None:
            parts["postgres"] = self.server.child
        watching = [_watch(name, part) for name, part in parts.items() if name != SESSIONS]
        watching.append(self._keep_sessions())
        if self.manager is not None:
            watching.append(kernel.Kernel(self.instance.layout, self.manager.unit).watch())
        await asyncio.gather(*watching)

    async def _keep_sessions(self) -> None:
        """Without them a lock that stood would be gone, and nobody would know whether it had been for good."""
        while True:
            await _watch(SESSIONS, self.parts[SESSIONS])
            await asyncio.sleep(ABSENCE)
            self._start_sessions()

    async def fall(self) -> None:
        """End every process and remove every folder of this instance."""
        try:
            if self.troubles is not None:
                await self.troubles.close()
            if self.manager is not None:
                await self.manager.close()
            end_children(self.parts.values(), patience=2.0)
            if self.server is not None:
                self.server.end()
        finally:
            if self.server is not None and self.server.elsewhere is not None:
                remove(self.server.elsewhere, self.instance.token)
            remove(self.instance.root, self.instance.token)


def engine_unit(instance: Instance, scenario: Scenario) -> Definition:
    """What the engine's unit runs."""
    return Definition(
        name=f"{UNIT}.service",
        description="ADAF backtest engine",
        argv=(sys.executable, "-m", "tui.demo.engine", "--root", str(instance.root)),
        environment=instance.environment(),
        folder=instance.root,
        memory_max=scenario.memory_max_mb << 20,
        interval=PATIENT_START_LIMIT if scenario.later else START_LIMIT,
    )


def _first(error: BaseException) -> BaseException:
    """The first of what went wrong in parts that come up at once."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _until(reached: Callable[[], bool], possible: Callable[[], bool]) -> bool:
    """Wait until it is `reached`; False when it is not `possible` any more, or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if not possible() or time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def _watch(name: str, part: Child) -> None:
    code = await part.wait()
    if part.dismissed:
        return
    sys.stderr.write(f"backtop demo: the part {name} has ended by itself (exit code {code})\n")
    sys.stderr.flush()
