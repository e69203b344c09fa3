"""The pipe from the API, where quirks are switched, to the supervisor, who does those that are not the API's."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path


class Channel:
    """A pipe of lines at `path`. One end tells, the other hears; who tells does not wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pipe = -1
        self._rest = b""

    def tell(self, line: str) -> None:
        """Pass on one line. Raises OSError when nobody hears."""
        pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, f"{line}\n".encode("ascii"))
        finally:
            os.close(pipe)

    def hear(self, told: Callable[[str], None]) -> None:
        """From now on call `told` with every line."""
        os.mkfifo(self._path, 0o600)
        self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._pipe, self._read, told)

    def _read(self, told: Callable[[str], None]) -> None:
        *lines, self._rest = (self._rest + os.read(self._pipe, 65536)).split(b"\n")
        for line in lines:
            told(line.decode("ascii", "replace"))

    def close(self) -> None:
        """Hear no more."""
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
