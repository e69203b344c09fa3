"""The one thing that a killed PostgreSQL leaves outside its folder: a small System V shared memory segment."""

import ctypes
from pathlib import Path

from tui.demo.libc import LIBC

_IPC_RMID = 0
_LINE_OF_SEGMENT = 6


def release(postmaster_pid: Path) -> None:
    """Remove the segment that `postmaster.pid` names (key and id on its seventh line), if it is still there.

    The id must still belong to the key: an id alone may have been given to somebody else since.
    """
    try:
        key, segment = (int(word) for word in postmaster_pid.read_bytes().splitlines()[_LINE_OF_SEGMENT].split())
    except (OSError, ValueError, IndexError):
        return
    if LIBC.shmget(ctypes.c_int(key), ctypes.c_size_t(0), 0) == segment:
        LIBC.shmctl(segment, _IPC_RMID, None)
