"""A name in the kernel that one process at a time can have. No cleaner of files can take it away."""

import errno
import hashlib
import os
import socket
import time
from contextlib import suppress

RETRY_S = 0.01


class Claim:
    """The right to a name, on this host; it ends with its process. Where the system has no such names, all have it.

    It is an address without a file. Containers with a network of their own have names of their own.
    """

    def __init__(self, key: str) -> None:
        self._address = f"\0backtop-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        self._fd: int | None = None

    def take(self, seconds: float) -> bool:
        """Whether it is ours, or was let go by somebody else within so many seconds."""
        deadline = time.monotonic() + seconds
        while self._fd is None:
            made = None
            try:
                made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                made.bind(self._address)
            except OSError as error:
                if made is not None:
                    made.close()
                if error.errno != errno.EADDRINUSE:
                    return True  # there are no such names here
                if time.monotonic() >= deadline:
                    return False
                time.sleep(RETRY_S)
            else:
                self._fd = made.detach()
        return True

    def taken(self) -> bool:
        """Whether anybody has it, as far as that can be seen; takes nothing."""
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.connect(self._address)
            return True
        return False

    def release(self) -> None:
        """Give it back; without it nothing happens."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)
