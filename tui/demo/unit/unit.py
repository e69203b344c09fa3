"""One unit under its manager: started, watched, started again when it fails, given up when it fails too often."""

import asyncio
import secrets
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tui.demo.processes import Child, Process, end, everyone, tell
from tui.demo.unit.journal import ERROR, INFO, NOTICE, WARNING, Journal, Lines, Speaker
from tui.demo.unit.state import Definition, State, publish

Answer = tuple[int, str]
"""Exit code and sentence for the one who asked."""

DONE: Answer = (0, "done")
_REASONS = {"exit-code": " because the control process exited with error code"}
"""What `systemctl` says of a result when a start fails; of others, as of a start limit, it says nothing."""
_CLEAN = (0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, -signal.SIGPIPE)


class Unit:
    """The life of one unit. Every change of its state is written to `folder`, every event to `journal`."""

    def __init__(self, definition: Definition, folder: Path, journal: Journal) -> None:
        self.definition = definition
        self.state = State()
        self._folder = folder
        self._journal = journal
        self._manager = Speaker("systemd", 1)
        self._child: Child | None = None
        self._life: asyncio.Task[None] | None = None
        self._starts: deque[float] = deque()
        self._turn = asyncio.Lock()
        self.died: Callable[[int], None] = lambda _code: None
        """Told with its exit code when the main process ended though nobody had asked the unit for that."""
        self.gave_up: Callable[[], None] = lambda: None
        """Told when it was not started because it had been too often."""
        self._become(self.state)

    async def start(self) -> Answer:
        """Start it, unless it runs. A unit that waits for its restart is started at once."""
        async with self._turn:
            if self._child is not None:
                return DONE
            await self._forget()
            self._become(replace(self.state, restarts=0))
            if self._launch():
                return DONE
            why = _REASONS.get(self.state.result, "")
            return 1, f"Job for {self.definition.name} failed{why}."

    async def stop(self) -> Answer:
        """Stop it: TERM, and after its patience KILL to everything that is left of it."""
        async with self._turn:
            if self._child is None:
                await self._forget()
                if self.state.active != "failed":
                    self._become(replace(self.state, active="inactive", sub="dead"))
                return DONE
            child, life = self._child, self._life
            self._say(INFO, "Stopping")
            self._become(replace(self.state, active="deactivating", sub="stop-sigterm"))
            child.popen.send_signal(signal.SIGTERM)
            tell(_group(self.state.invocation), signal.SIGCONT)  # who was stopped hears of TERM only once it goes on
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), self.definition.stop_patience)
            if child.running:
                self._become(replace(self.state, sub="stop-sigkill"))
                self._event(WARNING, "State 'stop-sigterm' timed out. Killing.")
                child.popen.kill()
            if life is not None:
                await life
            return DONE

    async def restart(self) -> Answer:
        """Stop it and start it again."""
        await self.stop()
        return await self.start()

    async def try_restart(self) -> Answer:
        """Restart it if it runs, or waits to be started again."""
        return await self.restart() if self.state.active in ("active", "activating") else DONE

    async def kill(self, number: int, whom: str = "all") -> Answer:
        """Send a signal to `all` that runs in it, its main process first, or to that one alone (`main`).

        The unit was asked for nothing by that. It has no `control` process.
        """
        main = [] if self._child is None else [self._child.process]
        if whom == "control" or (whom == "main" and not main):
            return 1, f"No {whom} process to kill"
        rest = (process for process in _group(self.state.invocation) if process not in main)
        tell([*main, *(rest if whom == "all" else ())], number)
        return DONE

    async def reset_failed(self) -> Answer:
        """Forget that it failed, and how often it was started."""
        async with self._turn:
            self._starts.clear()
            if self.state.active == "failed":
                self._become(replace(self.state, active="inactive", sub="dead", result="success", restarts=0))
            return DONE

    def _launch(self) -> bool:
        if not self._may_start():
            self._event(WARNING, "Start request repeated too quickly.")
            self._fail("start-limit-hit")
            self.gave_up()
            return False
        unit, invocation = self.definition, secrets.token_hex(16)
        try:
            child = Child.start(
                unit.argv,
                environment={**unit.environment, "INVOCATION_ID": invocation},
                folder=unit.folder,
                output=subprocess.PIPE,
                death=signal.SIGTERM,
            )
        except OSError as error:
            self._event(ERROR, f"Failed to execute {unit.argv[0]}: {error.strerror}")
            self._fail("exit-code")
            return False
        self._child = child
        now = datetime.now(UTC)
        self._become(
            State(
                active="active",
                sub="running",
                main_pid=child.pid,
                last_pid=child.pid,
                restarts=self.state.restarts,
                invocation=invocation,
                changed=self.state.changed,
                activated=now,
                deactivated=self.state.deactivated,
                exec_started=now,
            )
        )
        self._say(INFO, "Started")
        self._life = asyncio.create_task(self._live(child, invocation))
        return True

    def _may_start(self) -> bool:
        now = time.monotonic()
        while self._starts and now - self._starts[0] > self.definition.interval:
            self._starts.popleft()
        if len(self._starts) >= self.definition.burst:
            return False
        self._starts.append(now)
        return True

    async def _live(self, child: Child, invocation: str) -> None:
        reading = asyncio.create_task(self._read(child, Speaker(_name_of(self.definition), child.pid, invocation)))
        code = await child.wait()
        end(_group(invocation), first=signal.SIGKILL)
        await reading
        self._child = None
        self._become(
            replace(
                self.state,
                main_pid=0,
                code="exited" if code >= 0 else "killed",
                status=abs(code),
                exec_exited=datetime.now(UTC),
            )
        )
        self._after(code)

    async def _read(self, child: Child, speaker: Speaker) -> None:
        lines, stream = Lines(), asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), child.popen.stdout)
        while chunk := await stream.read(65536):
            for line in lines.feed(chunk):
                self._journal.line(speaker, line)
        for line in lines.flush():
            self._journal.line(speaker, line)
        transport.close()

    def _after(self, code: int) -> None:
        stopping = self.state.active == "deactivating"
        if not stopping:
            self.died(code)
        if code not in _CLEAN:
            self._event(NOTICE, f"Main process exited, {_ending(code)}")
        result = "success" if code in _CLEAN else "signal" if code < 0 else "exit-code"
        if self.state.sub == "stop-sigkill":
            result = "timeout"
        if result != "success" and not stopping:
            self._event(WARNING, f"Failed with result '{result}'.")
            self._become(replace(self.state, active="activating", sub="auto-restart", result=result))
            self._life = asyncio.create_task(self._again())
            return
        if result == "success":
            self._event(INFO, "Deactivated successfully.")
            self._become(replace(self.state, active="inactive", sub="dead", deactivated=datetime.now(UTC)))
        else:
            self._fail(result)
        if stopping:
            self._say(INFO, "Stopped")

    async def _again(self) -> None:
        await asyncio.sleep(self.definition.restart_delay)
        self._become(replace(self.state, restarts=self.state.restarts + 1))
        self._event(INFO, f"Scheduled restart job, restart counter is at {self.state.restarts}.")
        self._launch()

    async def _forget(self) -> None:
        """Give up a restart that waits."""
        if self._life is not None and not self._life.done():
            self._life.cancel()
            with suppress(asyncio.CancelledError):
                await self._life

    def _fail(self, result: str) -> None:
        self._become(replace(self.state, active="failed", sub="failed", result=result, deactivated=datetime.now(UTC)))
        self._event(WARNING, f"Failed with result '{result}'.")

    def _become(self, state: State) -> None:
        before = self.state
        if (state.active, state.sub) != (before.active, before.sub):
            state = replace(state, changed=datetime.now(UTC))
        self.state = state
        publish(self._folder, self.definition, state)

    def _say(self, priority: int, verb: str) -> None:
        dots = "..." if verb.endswith("ing") else "."
        self._journal.event(
            self._manager, priority, f"{verb} {self.definition.name} - {self.definition.description}{dots}"
        )

    def remark(self, sentence: str) -> None:
        """Write to the unit log what happened to the unit."""
        self._event(NOTICE, sentence)

    def _event(self, priority: int, sentence: str) -> None:
        self._journal.event(self._manager, priority, f"{self.definition.name}: {sentence}")


def _group(invocation: str) -> Iterator[Process]:
    """All processes of one run of a unit."""
    variable = f"INVOCATION_ID={invocation}".encode()
    return (process for process in everyone() if variable in process.environment)


def _name_of(unit: Definition) -> str:
    return unit.name.removesuffix(".service")


def _ending(code: int) -> str:
    if code >= 0:
        return f"code=exited, status={code}"
    known = {number.value: number.name.removeprefix("SIG") for number in signal.Signals}
    return f"code=killed, status={-code}/{known.get(-code, '?')}"
