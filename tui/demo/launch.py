"""Starts the embedded platform from a dashboard, tied to it: when the dashboard goes, in whatever way, it goes too."""

import asyncio
import json
import os
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

from tui.demo.world.scenario import SCENARIOS, Summary

PATIENCE = 60.0
"""Seconds that the platform has to come up."""
FAREWELL = 20.0
"""Seconds that it has to take itself down."""


class LaunchError(Exception):
    """A sentence: why the platform does not come up. `code` is the exit code that it left with."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


class Platform:
    """A running platform. `config` is what a dashboard reads, `root` the folder that it lives in.

    `api`, `bin` and `readme` are for a person who works on it by hand.
    """

    def __init__(self, process: asyncio.subprocess.Process, said: dict[str, object]) -> None:
        self.config = Path(str(said["config"]))
        self.root = Path(str(said["root"]))
        self.scenario = str(said["scenario"])
        self.api = str(said["api"])
        self.bin = Path(str(said["bin"]))
        self.readme = Path(str(said["readme"]))
        self.troubles: deque[str] = deque(maxlen=100)
        """What it said of parts that ended by themselves."""
        self._process = process
        self._listening = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        """The pid of its supervisor."""
        return self._process.pid

    async def _listen(self) -> None:
        if self._process.stderr is not None:
            async for line in self._process.stderr:
                self.troubles.append(line.decode("utf-8", "replace").rstrip())

    async def stop(self) -> None:
        """Let it go, and wait until nothing of it is left."""
        await _let_go(self._process)
        await self._listening


async def launch(scenario: str, seed: int = 1, directory: Path | None = None, *more: str) -> Platform:
    """Start the platform and wait until it is up; `more` are further words for its command line.

    Raises LaunchError with the reason when it does not come up.
    """
    place = [] if directory is None else ["--dir", str(directory)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "tui.demo", scenario, "--seed", str(seed), "--tether", *place, *more,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=_environment(), start_new_session=True,
    )  # fmt: skip
    try:
        return Platform(process, await asyncio.wait_for(_announcement(process), PATIENCE))
    except TimeoutError:
        await _let_go(process)
        raise LaunchError(f"the embedded platform was not up within {PATIENCE:g} s") from None
    except BaseException:
        await _let_go(process)
        raise


def _environment() -> dict[str, str]:
    house = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{house}{os.pathsep}{known}" if known else house}


async def _announcement(process: asyncio.subprocess.Process) -> dict[str, object]:
    line = b"" if process.stdout is None else await process.stdout.readline()
    if not line:
        reason = b"" if process.stderr is None else await process.stderr.read()
        words = reason.decode("utf-8", "replace").strip().splitlines()
        sentence = words[-1] if words else "the embedded platform ended before it was up"
        raise LaunchError(sentence, await process.wait())
    said: dict[str, object] = json.loads(line)
    return said


async def _let_go(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), FAREWELL)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def listing() -> tuple[Summary, ...]:
    """What there is to start, with what is wrong in it and what is right to do."""
    return tuple(SCENARIOS.values())
