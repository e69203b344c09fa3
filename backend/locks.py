"""Locks that two backtops on one host share, so that they do not act on the same target at the same time.

A lock is a `flock` on a file that is named by the hash of the target's key. The system drops it when its process
ends, however it ends. What the file says is only for showing; it comes from outside. Beside it stands a claim to a name
in the kernel, for the file may be swept away while its lock is held.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from backend.claim import Claim
from backend.clock import Clock, SystemClock
from backend.errors import NotAllowed
from backend.frozen import dataclass
from backend.text import clean
from backend.user import user_name

FALLBACK = Path("/tmp/backtop-locks")  # noqa: S108 - the same for every user of the host; see _shared_folder
"""Where locks are kept when the configured folder cannot be used."""
RETRY_S = 0.01
PROBED_S = 0.03
"""So long a lock is waited for: who only looks whether somebody has it holds it for a moment."""
LARGEST_NOTE = 4096


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a lock, as far as they say, and since when."""

    who: str
    since: datetime | None


SOMEBODY = Held("another backtop", None)
"""One who left no name, or whose name was swept away."""


def whoami() -> str:
    """`user@host`; behind sudo also who called it."""
    user = user_name().removeprefix("#")
    caller = os.environ.get("SUDO_USER", user)
    return clean(f"{user if caller == user else f'{caller}({user})'}@{socket.gethostname()}", 200)


def flock_within(fd: int, seconds: float, *, shared: bool = False) -> bool:
    """Whether the lock of this file could be had within so many seconds."""
    wanted = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(fd, wanted)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(RETRY_S)
        else:
            return True


class TargetLock:
    """The right to act on one target.

    `with TargetLock(folder, key) as held:` gives None when the lock is ours, else who holds it. Raises `NotAllowed`
    when no folder for locks can be used, or the system cannot lock there; no other error leaves it.
    """

    def __init__(
        self, lock_dir: Path, key: str, *, who: str | None = None, clock: Clock | None = None, fallback: Path = FALLBACK
    ) -> None:
        self._folders = (lock_dir, fallback)
        self._name = f"backtop-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.lock"
        self._claim = Claim(f"{os.path.abspath(lock_dir)} {key}")  # noqa: PTH100 - the folder may hang
        self._who = who or whoami()
        self._clock = clock or SystemClock()
        self._fd: int | None = None
        self._folder: Path | None = None

    def __enter__(self) -> Held | None:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> Held | None:
        """None when the lock is ours now, else who has it."""
        if self._fd is not None:
            return None
        try:
            return self._acquire()
        except NotAllowed:
            self.release()
            raise
        except OSError as error:
            self.release()
            raise NotAllowed(_no_place(self._folder or self._folders[0], f"cannot be used ({_why(error)})")) from error

    def _acquire(self) -> Held | None:
        self._folder = _usable(*self._folders)
        if not self._claim.take(PROBED_S):
            return self._in_any_folder() or SOMEBODY
        with _opened(self._folder) as folder:
            held = self._take(folder)
        held = held or self._held_elsewhere()
        if held is not None:
            self.release()
        return held

    def release(self) -> None:
        """Gives the lock back; without one nothing happens."""
        self._claim.release()
        fd, self._fd = self._fd, None
        if fd is None or self._folder is None:
            return
        # Another user's file in a sticky folder stays, which does no harm; one that took the place of ours is not ours.
        with contextlib.suppress(OSError, NotAllowed), _opened(self._folder) as folder:
            if _still_there(fd, self._name, folder):
                os.unlink(self._name, dir_fd=folder)
        with contextlib.suppress(OSError):  # what a remote file system says now changes nothing: the descriptor is gone
            os.close(fd)

    def keep(self) -> bool:
        """Whether the lock is still ours for all to see; one whose file or folder was removed is made anew."""
        fd = self._fd
        if fd is None or self._folder is None:
            return False
        try:
            if self._seen_by_all(fd, self._folder):
                return True
            self._fd = None
            return self.acquire() is None
        except (NotAllowed, OSError):
            return False
        finally:
            if self._fd != fd:
                os.close(fd)

    def _seen_by_all(self, fd: int, folder: Path) -> bool:
        try:
            with _opened(folder) as opened:
                return _still_there(fd, self._name, opened)
        except NotAllowed:  # the folder itself was removed, or cannot be used any more
            return False

    def holder(self) -> Held | None:
        """Who has it, without taking it, and without leaving anything behind; `NotAllowed` when nobody can tell."""
        return self._in_any_folder() or (SOMEBODY if self._claim.taken() else None)

    def _in_any_folder(self) -> Held | None:
        """Who holds it; a fallback that is closed to us hides nobody whom a folder that we use does not show."""
        preferred, fallback = self._folders
        return self._held_in(preferred) or self._held_in(fallback, closed_is_empty=_can_be_used(preferred))

    def _take(self, folder: int) -> Held | None:
        while True:
            fd = _open_lock(self._name, folder)
            try:
                if not flock_within(fd, PROBED_S):
                    return _note(fd)
                if _still_there(fd, self._name, folder):
                    self._sign(fd)
                    self._fd = fd
                    return None
            finally:
                if self._fd != fd:
                    os.close(fd)

    def _sign(self, fd: int) -> None:
        note = {"who": self._who, "pid": os.getpid(), "since": self._clock.now().isoformat()}
        with contextlib.suppress(OSError):  # the lock is the flock; without space only the name is lost
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps(note).encode(), 0)

    def _held_elsewhere(self) -> Held | None:
        """Whether someone with other rights holds it in the folder that we did not choose."""
        for folder in self._folders:
            if folder != self._folder and (held := self._held_in(folder, closed_is_empty=True)) is not None:
                return held
        return None

    def _held_in(self, folder: Path, *, closed_is_empty: bool = False) -> Held | None:
        try:
            fd = os.open(folder / self._name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if closed_is_empty:
                return None
            raise NotAllowed(_no_place(folder, f"cannot be looked into ({_why(error)})")) from None
        try:
            return None if flock_within(fd, 0, shared=True) else _note(fd)
        except OSError as error:
            raise NotAllowed(_no_place(folder, f"cannot be used ({_why(error)})")) from None
        finally:
            os.close(fd)


def _usable(lock_dir: Path, fallback: Path) -> Path:
    return lock_dir if _can_be_used(lock_dir) else _shared_folder(fallback)


def _can_be_used(lock_dir: Path) -> bool:
    return os.path.isdir(lock_dir) and os.access(lock_dir, os.W_OK | os.X_OK)  # noqa: PTH112 - `Path.is_dir` may raise


def _no_place(folder: Path, why: str) -> str:
    return f"no place for locks: {folder} {why}; set lock_dir"


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _shared_folder(folder: Path) -> Path:
    """A folder that all users share and in which nobody can remove another's files."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise NotAllowed(_no_place(folder, f"cannot be made ({_why(error)})")) from None
    else:
        folder.chmod(0o1777)
    mode = folder.lstat().st_mode
    if not stat.S_ISDIR(mode) or not mode & stat.S_ISVTX or not os.access(folder, os.W_OK | os.X_OK):
        raise NotAllowed(_no_place(folder, "is not a sticky folder that all can use"))
    return folder


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise NotAllowed(_no_place(folder, f"cannot be opened ({_why(error)})")) from None
    try:
        yield fd
    finally:
        os.close(fd)


def _open_lock(name: str, folder: int) -> int:
    """The lock file, made if need be; never through a link, never a file that has another name elsewhere."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    while True:
        try:
            fd = _open_existing(name, flags, folder)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                return _made(name, flags, folder)
            continue
        except OSError as error:
            raise NotAllowed(f"the lock file {name} cannot be opened ({_why(error)})") from None
        try:
            _expect_plain(fd, name)
        except (NotAllowed, OSError):
            os.close(fd)
            raise
        return fd


def _expect_plain(fd: int, name: str) -> None:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise NotAllowed(f"the lock file {name} is not a plain file")


def _open_existing(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except PermissionError:  # another user's: it can be locked all the same, only not signed
        return os.open(name, flags & ~os.O_RDWR | os.O_RDONLY, dir_fd=folder)


def _made(name: str, flags: int, folder: int) -> int:
    try:
        fd = os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
    except FileExistsError:
        raise
    except OSError as error:
        raise NotAllowed(f"the lock file {name} cannot be made ({_why(error)})") from None
    try:
        os.fchmod(fd, 0o666)  # any user of the host may take the lock next, whatever our umask
    except OSError:
        os.close(fd)
        raise
    return fd


def _still_there(fd: int, name: str, folder: int) -> bool:
    """Whether the file was not removed by its former holder between our opening and locking it."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(fd))


def _note(fd: int) -> Held:
    try:
        note = json.loads(os.pread(fd, LARGEST_NOTE, 0))
        since = datetime.fromisoformat(note["since"])
        who, pid = clean(note["who"], 200), clean(note["pid"], 20)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return SOMEBODY
    return Held(f"{who}, pid {pid}", since if since.tzinfo else None)
