"""Hosts outside that deliver data: whether they answer a ping, or a HEAD request."""

from backend.frozen import dataclass


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What one provider said when it was asked whether it is there."""

    name: str
    address: str
    reachable: bool
    latency_ms: float | None
    word: str
    """Why not, or what it answered: `HTTP 200`, `no answer`, …"""
