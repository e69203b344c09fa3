"""Asks a platform on a bare socket, and switches its quirks."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.demo.platform_rig import Site

PATIENCE = 20.0


@dataclass(frozen=True)
class Heard:
    """What came over the wire: the head by lines, the body, and how it ended: `whole`, `closed`, `reset`, `silent`."""

    head: tuple[str, ...]
    body: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.head[0].split()[1])

    def header(self, name: str) -> str | None:
        found = (line.partition(":")[2].strip() for line in self.head[1:] if line.lower().startswith(f"{name}:"))
        return next(found, None)


def heard(site: Site, method: str, target: str, patience: float = PATIENCE) -> Heard:
    """One request, and all that comes until the answer is whole or nothing more comes."""
    address = urlsplit(site.said["api"])
    with socket.create_connection((address.hostname, address.port or 0), timeout=patience) as wire:
        wire.sendall(f"{method} {target} HTTP/1.1\r\nHost: platform\r\nContent-Length: 0\r\n\r\n".encode())
        return _read(wire)


def _read(wire: socket.socket) -> Heard:
    data = b""
    while not _whole(data):
        try:
            chunk = wire.recv(65536)
        except ConnectionResetError:
            return _parsed(data, "reset")
        except TimeoutError:
            return _parsed(data, "silent")
        if not chunk:
            return _parsed(data, "closed")
        data += chunk
    return _parsed(data, "whole")


def _whole(data: bytes) -> bool:
    if b"\r\n\r\n" not in data:
        return False
    said = _parsed(data, "")
    return len(said.body) >= int(said.header("content-length") or 0)


def _parsed(data: bytes, end: str) -> Heard:
    head, _, body = data.partition(b"\r\n\r\n")
    return Heard(tuple(head.decode("latin-1").split("\r\n")), body, end)


@contextmanager
def quirk(site: Site, name: str, seconds: float | None = None) -> Iterator[None]:
    """The quirk is on within."""
    place = f"/judge/quirks/{name}"
    body = {} if seconds is None else {"seconds": seconds}
    assert site.client.put(place, json=body).raise_for_status().json()["on"] is True
    try:
        yield
    finally:
        assert site.client.delete(place).raise_for_status().json()["on"] is False
