"""The unit log: one record a line, kept in every format that `journalctl` is asked for, line by line the same."""

import json
import os
import re
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

FORMATS = ("json", "short", "short-iso", "cat")
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6

_PREFIX = re.compile(rb"<([0-7])>")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something: the manager, or the main process of one run of a unit."""

    name: str
    pid: int
    invocation: str = ""


class Journal:
    """The log of one unit, in `folder`. Opened for appending; `close` it."""

    def __init__(self, folder: Path, unit: str) -> None:
        self._unit = unit
        self._host = socket.gethostname()
        self._boot = _machine("sys/kernel/random/boot_id").replace("-", "")
        self._count = 0
        self._last = 0
        self._files: dict[str, BinaryIO] = {
            name: (folder / f"{unit}.{name}").open("ab", buffering=0) for name in ("index", *FORMATS)
        }

    def close(self) -> None:
        """Close its files."""
        for file in self._files.values():
            file.close()

    def line(self, speaker: Speaker, raw: bytes) -> None:
        """Write one line of a process's output; `<3>` in front gives its priority, as in sd-daemon(3)."""
        match = _PREFIX.match(raw)
        priority = int(match[1]) if match else INFO
        self._write(speaker, priority, raw[match.end() :] if match else raw, {"_TRANSPORT": "stdout"})

    def past(self, speaker: Speaker, at: datetime, priority: int, sentence: str) -> None:
        """Write what was said, by a run or by the manager, at a moment not before what is written already."""
        more = {"_TRANSPORT": "stdout"} if speaker.invocation else {"_TRANSPORT": "journal", "UNIT": self._unit}
        self._write(speaker, priority, sentence.encode(), more, at)

    def event(self, manager: Speaker, priority: int, sentence: str) -> None:
        """Write what the manager has to say about the unit."""
        self._write(manager, priority, sentence.encode(), {"_TRANSPORT": "journal", "UNIT": self._unit})

    def _write(
        self, speaker: Speaker, priority: int, raw: bytes, more: dict[str, str], at: datetime | None = None
    ) -> None:
        self._count += 1
        self._last = max(self._last, int((at or datetime.now(UTC)).timestamp() * 1_000_000))
        moment = datetime.fromtimestamp(self._last / 1_000_000, UTC)
        text = raw.decode("utf-8", "replace")
        plain = f"[{len(raw)}B blob data]" if _UNPRINTABLE.search(text) or not _is_utf8(raw) else text
        origin = f"{self._host} {speaker.name}[{speaker.pid}]: {plain}"
        record = self._fields(speaker, priority) | more | {"MESSAGE": text if plain is text else list(raw)}
        lines = {
            "json": json.dumps(record, ensure_ascii=False),
            "short": f"{moment:%b %d %H:%M:%S} {origin}",
            "short-iso": f"{moment:%Y-%m-%dT%H:%M:%S+00:00} {origin}",
            "cat": plain,
            "index": f"{self._last} {priority}",
        }
        for name, line in lines.items():
            self._files[name].write(line.encode() + b"\n")

    def _fields(self, speaker: Speaker, priority: int) -> dict[str, str | list[int]]:
        return {
            "__CURSOR": f"s={self._boot};i={self._count:x};b={self._boot};t={self._last:x}",
            "__REALTIME_TIMESTAMP": str(self._last),
            "_BOOT_ID": self._boot,
            "_HOSTNAME": self._host,
            "_PID": str(speaker.pid),
            "_UID": str(os.getuid()),
            "_SYSTEMD_UNIT": self._unit if speaker.invocation else "init.scope",
            **({"_SYSTEMD_INVOCATION_ID": speaker.invocation} if speaker.invocation else {}),
            "SYSLOG_IDENTIFIER": speaker.name,
            "PRIORITY": str(priority),
        }


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _machine(name: str) -> str:
    try:
        return Path("/proc", name).read_text("ascii").strip()
    except OSError:
        return "0" * 32


@dataclass(slots=True)
class Lines:
    """Cuts a stream of bytes into lines, none of them empty or longer than `LONGEST`."""

    LONGEST = 48 * 1024
    _rest: bytes = field(default=b"")

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        while len(self._rest) > self.LONGEST:
            whole.append(self._rest[: self.LONGEST])
            self._rest = self._rest[self.LONGEST :]
        return [line[start : start + self.LONGEST] for line in whole for start in range(0, len(line), self.LONGEST)]

    def flush(self) -> list[bytes]:
        """What is left when the stream has ended."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []
