"""Hosts outside that deliver data: are they there (runbook, Diagnostics 5)."""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from backend.clients.trust import trust_for
from backend.command import CommandRunner, pointing_at
from backend.errors import NotAllowed, TimedOut
from backend.model.providers import ProviderAnswer
from backend.text import clean

if TYPE_CHECKING:
    import httpx

SECONDS = 5.0
_ROUND_TRIP = re.compile(r"time[=<]\s*(\d+(?:\.\d+)?)\s*ms")


class ProvidersClient:
    """Asks providers whether they are there. That one is not is an answer; only a missing command is an error."""

    def __init__(
        self, ping_argv: Sequence[str], runner: CommandRunner, *, transport: "httpx.AsyncBaseTransport | None" = None
    ) -> None:
        self._ping = tuple(ping_argv)
        self._runner = runner
        self._transport = transport
        self._clients: dict[str, httpx.AsyncClient] = {}
        """By the scheme of what they ask."""
        self._opening = asyncio.Lock()

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def ask(self, name: str, kind: Literal["http", "ping"], address: str) -> ProviderAnswer:
        """One answer of one provider: `http` by a HEAD to its address, `ping` by the command of the configuration."""
        return await (self._head(name, address) if kind == "http" else self._pinged(name, address))

    async def _head(self, name: str, address: str) -> ProviderAnswer:
        import httpx

        began = time.monotonic()
        try:
            async with asyncio.timeout(SECONDS):
                response = await (await self._opened(address)).head(address)
        except (TimeoutError, httpx.TimeoutException):
            return ProviderAnswer(
                name, address, reachable=False, latency_ms=None, word=f"no answer within {SECONDS:g} s"
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return ProviderAnswer(
                name, address, reachable=False, latency_ms=None, word=clean(error, 120) or "no answer"
            )
        took = 1000 * (time.monotonic() - began)
        # 405 means only that it knows no HEAD; somebody answers.
        there = response.status_code < 500
        return ProviderAnswer(name, address, reachable=there, latency_ms=took, word=f"HTTP {response.status_code}")

    async def _opened(self, address: str) -> "httpx.AsyncClient":
        import httpx

        scheme = address.partition(":")[0]
        async with self._opening:
            if scheme not in self._clients:
                trust = await asyncio.to_thread(trust_for, address)
                self._clients[scheme] = httpx.AsyncClient(
                    transport=self._transport, verify=trust, timeout=SECONDS, trust_env=False
                )
            return self._clients[scheme]

    async def _pinged(self, name: str, address: str) -> ProviderAnswer:
        if address.startswith("-"):
            raise NotAllowed(f"the address of provider {clean(name, 60)} looks like an option of a command")
        try:
            with pointing_at("commands.ping"):
                result = await self._runner.run((*self._ping, address), timeout=SECONDS)
        except TimedOut:
            return ProviderAnswer(
                name, address, reachable=False, latency_ms=None, word=f"no answer within {SECONDS:g} s"
            )
        if result.code != 0:
            word = clean(result.stderr.strip().splitlines()[-1], 120) if result.stderr.strip() else "no answer"
            return ProviderAnswer(name, address, reachable=False, latency_ms=None, word=word)
        trip = _ROUND_TRIP.search(result.stdout)
        latency = 1000 * result.took if trip is None else float(trip[1])
        return ProviderAnswer(name, address, reachable=True, latency_ms=latency, word="answers")
