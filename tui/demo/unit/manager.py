"""The manager of an instance's unit: takes requests from `bin/systemctl` through one pipe, answers through another."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from signal import SIGRTMAX, SIGRTMIN, Signals, valid_signals

from tui.demo.layout import Layout, replace
from tui.demo.processes import is_stopped
from tui.demo.unit.journal import Journal, Speaker
from tui.demo.unit.state import Definition, fragment, publish_not_found
from tui.demo.unit.unit import Answer, Unit

EARLIER_PID = 1893
"""The main process of the run before the first one."""
_REALTIME = re.compile(r"(?:SIG)?(?:RTMIN\+(?P<above>[0-9]+)|RTMAX-(?P<below>[0-9]+))")
_REPLY = re.compile(r"reply\.[0-9]+")


class Manager:
    """Holds the one unit of an instance and serves requests until it is closed."""

    def __init__(self, layout: Layout, definition: Definition) -> None:
        self._folder = layout.unit
        self._journal = Journal(layout.log, definition.name)
        self.unit = Unit(definition, layout.unit, self._journal)
        self.unit.died = lambda code: self._note("died", code, self.unit.state.active, time.time())
        self.unit.gave_up = lambda: self._note("gave-up", 0, self.unit.state.active, time.time())
        self._verbs: dict[str, Callable[[], Awaitable[Answer]]] = {
            "start": self.unit.start,
            "stop": self.unit.stop,
            "restart": self.unit.restart,
            "try-restart": self.unit.try_restart,
            "reset-failed": self.unit.reset_failed,
        }
        self._pipe = -1
        self._rest = b""
        self._answering: set[asyncio.Task[None]] = set()

    def recall(self, entries: Iterable[tuple[datetime, int, str]]) -> None:
        """Write what an earlier run of the unit said into its log: when, with which priority, and what.

        A sentence that begins with the unit's name is its manager's.
        """
        name = self.unit.definition.name
        engine = Speaker(name.removesuffix(".service"), EARLIER_PID, secrets.token_hex(16))
        for at, priority, sentence in entries:
            speaker = Speaker("systemd", 1) if sentence.startswith(f"{name}: ") else engine
            self._journal.past(speaker, at, priority, sentence)

    def open(self) -> None:
        """Begin to take requests."""
        publish_not_found(self._folder)
        replace(self.unit.definition.fragment, fragment(self.unit.definition))
        control = self._folder / "control"
        os.mkfifo(control, 0o600)
        self._pipe = os.open(control, os.O_RDWR | os.O_NONBLOCK)
        replace(self._folder / "manager.pid", f"{os.getpid()}\n")
        asyncio.get_running_loop().add_reader(self._pipe, self._hear)

    async def close(self) -> None:
        """Take no more requests, stop the unit, close its log."""
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        await self.unit.stop()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        self._journal.close()

    def _hear(self) -> None:
        *lines, self._rest = (self._rest + os.read(self._pipe, 65536)).split(b"\n")
        for line in lines:
            task = asyncio.create_task(self._serve(line.decode("utf-8", "replace").split()))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def _note(self, verb: str, code: int, was: str, asked: float) -> None:
        """For whoever judges: what the unit was `asked` for and when, or what it did, and how it `was` before."""
        with (self._folder / "requests").open("a", encoding="ascii") as notes:
            notes.write(f"{verb} {code} {was} {asked:.3f}\n")

    def _state(self) -> str:
        """As systemd calls it, or `stopped` when its main process is there but was stopped by a signal."""
        state = self.unit.state
        return "stopped" if state.main_pid and is_stopped(state.main_pid) else state.active

    async def _serve(self, words: list[str]) -> None:
        match words:
            case [verb, _, reply] if verb in self._verbs and _REPLY.fullmatch(reply):
                _answer(self._folder / reply, await self._ask(verb))
            case ["kill", _, reply, word, whom] if _REPLY.fullmatch(reply):
                _answer(self._folder / reply, await self._kill(word, whom))

    async def _ask(self, verb: str) -> Answer:
        """What came of it; a full disk may break it off, and take no note of it either."""
        was, asked = self._state(), time.time()
        try:
            code, sentence = await self._verbs[verb]()
        except OSError as error:
            code, sentence = 1, f"Failed to carry that out: {error.strerror}"
        with suppress(OSError):
            self._note(verb, code, was, asked)
        return code, sentence

    async def _kill(self, word: str, whom: str) -> Answer:
        number = _signal_of(word)
        return (1, f"Failed to parse signal string {word}.") if number is None else await self.unit.kill(number, whom)


def _signal_of(word: str) -> int | None:
    """`KILL`, `SIGKILL` and `9` are one, and so are `RTMIN+1` and `35`; None for what is none."""
    realtime = _REALTIME.fullmatch(word)
    if realtime is not None:
        above, below = realtime.group("above", "below")
        number = SIGRTMAX - int(below) if above is None else SIGRTMIN + int(above)
    else:
        name = f"SIG{word.removeprefix('SIG')}"
        number = int(word) if word.isdecimal() else Signals[name] if name in Signals.__members__ else 0
    return number if number in valid_signals() else None


def _answer(pipe: Path, answer: Answer) -> None:
    """Write to somebody who waits; nothing happens when nobody does any more."""
    with suppress(OSError):
        handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        try:
            code, sentence = answer
            os.write(handle, f"{code} {sentence}\n".encode())
        finally:
            os.close(handle)
