"""The bearer token of the API: from the environment, or from the command that prints it. It is never shown."""

import asyncio
import os
from collections.abc import Mapping, Sequence

from backend.clock import Clock, SystemClock
from backend.command import CommandResult, CommandRunner, pointing_at
from backend.errors import NotAllowed, SourceError, TimedOut

COMMAND_SECONDS = 10.0
"""What the command may take."""
KEPT_SECONDS = 300.0
"""How long its token is used; a command for each request would be a load of its own."""
SURE_SECONDS = 10.0
"""How old a token must be for the server's no to be about its age; as long a failure is not tried again."""


class TokenFromEnvironment:
    """Reads the variable for each request: nothing is kept."""

    def __init__(self, name: str, environ: Mapping[str, str] = os.environ) -> None:
        self._name = name
        self._environ = environ

    async def fetch(self) -> str:
        """The token; raises `NotAllowed` when there is none that could be sent."""
        told = self._environ.get(self._name, "")
        if not told:
            raise NotAllowed(f"the environment has no {self._name}; api.token_env names it for the token")
        return _sendable(told, f"{self._name} of the environment, which api.token_env names,")

    def refused(self) -> None:
        """The next request reads it anew in any case."""


class TokenFromCommand:
    """Runs the command when a token is needed, one run for all who wait, and keeps what it gave for a while."""

    def __init__(self, argv: Sequence[str], runner: CommandRunner, clock: Clock | None = None) -> None:
        self._argv = argv
        self._runner = runner
        self._clock = clock or SystemClock()
        self._asking = asyncio.Lock()
        self._token: str | None = None
        self._failure: SourceError | None = None
        self._asked_at = 0.0

    async def fetch(self) -> str:
        """The token; raises `NotAllowed`, `Refused` or `TimedOut` when the command gives none that could be sent."""
        async with self._asking:
            if self._failure is not None and self._age < SURE_SECONDS:
                raise type(self._failure)(self._failure.summary, self._failure.detail)
            if self._token is None or self._age >= KEPT_SECONDS:
                await self._ask()
            return self._token or ""

    def refused(self) -> None:
        """The server did not accept the token: the next request asks for another, unless this one is quite new."""
        if self._age >= SURE_SECONDS:
            self._token = None

    @property
    def _age(self) -> float:
        return self._clock.monotonic() - self._asked_at

    async def _ask(self) -> None:
        self._token = self._failure = None
        try:
            self._token = _printed(await self._run())
        except SourceError as error:
            self._failure = error
            raise
        finally:
            self._asked_at = self._clock.monotonic()

    async def _run(self) -> CommandResult:
        try:
            with pointing_at("api.token_command"):
                return await self._runner.run(self._argv, timeout=COMMAND_SECONDS)
        except TimedOut as error:
            raise TimedOut(f"api.token_command gave no token within {COMMAND_SECONDS:g} s and was ended") from error


def _printed(result: CommandResult) -> str:
    """What the command printed, as a token. No sentence repeats any of it: it may be the secret."""
    if result.code:
        how = f"ended with exit code {result.code}" if result.code > 0 else f"was ended by signal {-result.code}"
        raise NotAllowed(f"api.token_command {how}; its output may be secret and is not shown")
    if not result.stdout.strip():
        raise NotAllowed("api.token_command printed no token")
    return _sendable(result.stdout.strip(), "what api.token_command printed")


def _sendable(token: str, what: str) -> str:
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise NotAllowed(f"{what} is no token: one line of letters, digits and signs, without a space")
    return token
