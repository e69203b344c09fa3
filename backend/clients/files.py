"""The engine's files: space, sizes and ages."""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from backend.clients.tree import Walk
from backend.clock import Clock, SystemClock
from backend.errors import BadAnswer, NotAllowed, Refused
from backend.model.files import DiskUse, FileTree, Folder, OldFiles
from backend.text import clean
from backend.threads import Errand

DISK_SECONDS = 5.0
TREE_SECONDS = 30.0
FOLDERS = ("active", "temp", "completed", "results")
"""What lies below the root of an engine."""
MOST_FOLDERS = 200
REST = 50
"""The quota's use is counted again after this many times as long as counting took: 2 % of the time at most."""
MINUTE, DAY = 60.0, 86400.0
BLOCK = 512
"""Bytes of a block as `stat` counts them, whatever the file system's own."""


class FilesClient:
    """Reads what lies below the engine's root, in threads that can be given up when a mount hangs.

    Sizes are what the limit counts: with a quota the apparent sizes of files, without one the space allocated to them.
    Ages are as `find` counts: older than 60 minutes is from 61 on, than 1 day from 48 h on, than 30 days from 31 on.
    """

    def __init__(
        self,
        root: str,
        scratch_dir: str,
        scratch_pattern: str,
        *,
        quota_bytes: int = 0,
        temp_minutes: float = 60.0,
        scratch_days: float = 1.0,
        result_days: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self._root = os.fspath(root)
        self._scratch_dir = os.fspath(scratch_dir)
        self._scratch_pattern = scratch_pattern
        self._quota = quota_bytes
        self._temp_age = (temp_minutes + 1) * MINUTE
        self._scratch_age = (scratch_days + 1) * DAY
        self._result_age = (result_days + 1) * DAY
        self._clock = clock or SystemClock()
        self._measuring = Errand(f"the file system of {clean(root, 120)}", DISK_SECONDS)
        self._walking = Errand(f"the folder {clean(root, 120)}", TREE_SECONDS)
        self._used = 0
        self._hidden = 0
        self._count_again_at = 0.0

    async def disk(self) -> DiskUse:
        """Space: of the file system, or of the quota when that is nearer to its end (runbook, Diagnostics 2)."""
        return await self._measuring.look(self._disk)

    async def tree(self) -> FileTree:
        """Sizes of running jobs' folders, and what is old enough to be deleted (runbook, For Resource Exhaustion)."""
        return await self._walking.look(self._tree)

    def _disk(self) -> DiskUse:
        with _in_words(self._root, "files.root"):
            space = os.statvfs(self._root)
        used = (space.f_blocks - space.f_bfree) * space.f_frsize
        free = space.f_bavail * space.f_frsize
        percent = 100.0 * used / (used + free) if used + free else 0.0
        if self._quota > 0:
            of_quota = self._quota_used()
            if 100.0 * of_quota / self._quota >= percent:
                left = max(0, self._quota - of_quota)
                return DiskUse(self._quota, of_quota, left, 100.0 * of_quota / self._quota, True, self._hidden)
        return DiskUse(space.f_blocks * space.f_frsize, used, free, percent, False, self._hidden)

    def _quota_used(self) -> int:
        began = time.monotonic()
        if began >= self._count_again_at:
            with _folder(self._root, "files.root") as (walk, root):
                self._used = sum(entry.status.st_size for entry in walk.files(root))
                self._hidden = walk.unreadable + sum(stat.S_ISLNK(_mode(name, root) or 0) for name in FOLDERS)
            now = time.monotonic()
            self._count_again_at = now + REST * (now - began)
        return self._used

    def _tree(self) -> FileTree:
        now = self._clock.now().timestamp()
        with _folder(self._root, "files.root") as (walk, root):
            active = self._active(walk, root)
            old = (
                self._old("temp", _below(walk, root, "temp", ".tmp"), now - self._temp_age),
                self._old("completed", _below(walk, root, "completed", ".pkl"), now - self._result_age),
                self._old("results", _below(walk, root, "results", ""), now - self._result_age),
            )
            absent = tuple(name for name in FOLDERS if _mode(name, root) is None)
        scratch, hidden = self._scratch(now)
        return FileTree(active, (old[0], scratch, *old[1:]), walk.unreadable + hidden, absent)

    def _active(self, walk: Walk, root: int) -> tuple[Folder, ...]:
        found = []
        with walk.opened("active", root) as active:
            for name, status in walk.entries(active) if active is not None else ():
                if not stat.S_ISDIR(status.st_mode):
                    continue
                with walk.opened(name, active) as folder:
                    sizes = [self._size(entry.status) for entry in walk.files(folder)] if folder is not None else []
                found.append(Folder(clean(name, 120), sum(sizes), len(sizes)))
        return tuple(sorted(found, key=lambda folder: (-folder.bytes, folder.name))[:MOST_FOLDERS])

    def _scratch(self, now: float) -> tuple[OldFiles, int]:
        """Files that lie directly in the scratch folder; folders there go only in a full recovery."""
        try:
            with _folder(self._scratch_dir, "files.scratch_dir") as (walk, folder):
                matching = (
                    status
                    for name, status in walk.entries(folder)
                    if stat.S_ISREG(status.st_mode) and fnmatchcase(name, self._scratch_pattern)
                )
                return self._old("scratch", matching, now - self._scratch_age), walk.unreadable
        except BadAnswer:  # it need not exist
            return OldFiles("scratch", 0, 0), 0
        except NotAllowed:
            return OldFiles("scratch", 0, 0), 1

    def _old(self, kind: str, files: Iterable[os.stat_result], until: float) -> OldFiles:
        sizes = [self._size(status) for status in files if status.st_mtime <= until]
        return OldFiles(kind, len(sizes), sum(sizes))

    def _size(self, status: os.stat_result) -> int:
        return status.st_size if self._quota > 0 else status.st_blocks * BLOCK


def _mode(name: str, root: int) -> int | None:
    """The mode of a folder of the engine: None if it is absent, 0 if that cannot be told.

    Of one that is a link, and so lies elsewhere, nobody knows what the quota counts.
    """
    try:
        return os.stat(name, dir_fd=root, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    except OSError:
        return 0


def _below(walk: Walk, root: int, name: str, ending: str) -> Iterator[os.stat_result]:
    with walk.opened(name, root) as folder:
        if folder is not None:
            yield from (entry.status for entry in walk.files(folder) if entry.path.endswith(ending))


@contextmanager
def _folder(path: str, setting: str) -> Iterator[tuple[Walk, int]]:
    """A folder of the configuration, which itself may be a link."""
    with _in_words(path, setting):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Walk(os.fstat(handle).st_dev), handle
    finally:
        os.close(handle)


@contextmanager
def _in_words(path: str, setting: str) -> Iterator[None]:
    name = clean(path, 200)
    try:
        yield
    except FileNotFoundError as error:
        raise BadAnswer(f"there is no folder {name}; the setting is {setting}") from error
    except NotADirectoryError as error:
        raise BadAnswer(f"{name} is no folder; the setting is {setting}") from error
    except PermissionError as error:
        raise NotAllowed(f"the folder {name} may not be read by this user; the setting is {setting}") from error
    except OSError as error:
        raise Refused(f"the folder {name} cannot be read: {error.strerror}") from error
