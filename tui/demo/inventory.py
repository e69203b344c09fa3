"""The platform's files as they stand, and which of them somebody deleted or emptied."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tui.demo.layout import Layout
from tui.demo.tree import QUOTA

RESULT_AGE = timedelta(days=30)
TEMP_AGE = timedelta(minutes=60)
"""From these ages on nobody needs a result, or a temporary file, any more."""
DOUBT = timedelta(seconds=3)
"""So long after its folder went a job may still end by itself."""
CLEAN_RESULTS, CLEAN_TEMP = "files.clean-results", "files.clean-temp"

Gone = dict[tuple[str, bool], list[str]]
"""What was deleted, by the action that does this and by whether somebody still needed it."""
Running = Mapping[str, datetime | None]
"""The running jobs and when they were taken."""


class Lost:
    """Files that are gone, to know them again when they are put back as they were."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[int, int]] = {}

    def add(self, gone: Mapping[str, os.stat_result]) -> None:
        """These are gone, or cut short."""
        self._files.update((name, _mark(status)) for name, status in gone.items())

    def put_back(self, found: Mapping[str, os.stat_result]) -> list[str]:
        """Which of those that were gone are among what was `found`; each is told once."""
        back = sorted(name for name, mark in self._files.items() if name in found and _mark(found[name]) == mark)
        for name in back:
            del self._files[name]
        return back


def _mark(status: os.stat_result) -> tuple[int, int]:
    """What stays of a file that is moved, even to another file system: its size and when it was changed."""
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True, slots=True)
class _Doubt:
    name: str
    job_id: str
    taken: datetime | None
    since: datetime


class Inventory:
    """Every file below `files`, as of the last look."""

    def __init__(self, layout: Layout) -> None:
        self._root = layout.files
        self._known: dict[str, os.stat_result] = {}
        self._running: Running = {}
        self._doubts: list[_Doubt] = []
        self._lost = Lost()
        self.used = 0.0
        self.back: list[str] = []
        """What was gone, and at the last look was there again."""

    @property
    def known(self) -> bool:
        """Whether there are files at all."""
        return bool(self._known)

    def look(self, now: datetime, running: Running) -> Gone:
        """Look again; gives back what was deleted or cut short since, except what jobs clean up after themselves."""
        unseen = self._unseen()
        found = dict(files_below(self._root))
        unseen |= self._unseen()  # a folder may shut, or open again, in between
        if not unseen:
            self.used = sum(status.st_blocks * 512 for status in found.values()) / QUOTA
        missing = self._known.keys() - found.keys() - unseen
        lost = {name: self._known[name] for name in missing.union(self._cut_short(found))}
        hidden = {name: self._known[name] for name in unseen - found.keys()}
        self.back = self._lost.put_back(found)
        self._lost.add(lost)
        self._known = hidden | found
        gone: Gone = {}
        for name, status in lost.items():
            self._file(gone, name, now.timestamp() - status.st_mtime, now)
        self._doubts = [doubt for doubt in self._doubts if doubt.name not in found]
        self._resolve(gone, now, running)
        self._running = dict(running)
        return gone

    def _cut_short(self, found: Mapping[str, os.stat_result]) -> Iterator[str]:
        """Files that lost of what they held; jobs do that to none but their own, in `active`."""
        for name, status in found.items():
            before = self._known.get(name)
            if before is not None and status.st_size < before.st_size and not name.startswith("active/"):
                yield name

    def _unseen(self) -> set[str]:
        """Files in folders that nobody can look into now; whether they are there is not known."""
        folders = {name.partition("/")[0] for name in self._known}
        shut = {name for name in folders if not _can_be_read(self._root / name)}
        return {name for name in self._known if name.partition("/")[0] in shut}

    def _file(self, gone: Gone, name: str, age: float, now: datetime) -> None:
        folder, *rest = Path(name).parts
        if folder == "active":
            if rest[0] in self._running:
                self._doubts.append(_Doubt(name, rest[0], self._running[rest[0]], now))
        elif folder == "temp":
            gone.setdefault((CLEAN_TEMP, age < TEMP_AGE.total_seconds()), []).append(name)
        else:
            gone.setdefault((CLEAN_RESULTS, age < RESULT_AGE.total_seconds()), []).append(name)

    def _resolve(self, gone: Gone, now: datetime, running: Running) -> None:
        """A file of a job that still runs some time later was deleted; else the job ended and took it along."""
        ripe = [doubt for doubt in self._doubts if now - doubt.since >= DOUBT]
        self._doubts = [doubt for doubt in self._doubts if doubt not in ripe]
        for doubt in ripe:
            if doubt.job_id in running and running[doubt.job_id] == doubt.taken:
                gone.setdefault((CLEAN_RESULTS, True), []).append(doubt.name)


def _can_be_read(folder: Path) -> bool:
    return not folder.is_symlink() and (os.access(folder, os.R_OK | os.X_OK) or not folder.exists())


def files_below(root: Path, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """The plain files below `root` by their names from there; asked for every second, and plain texts are fast."""
    try:
        entries = list(os.scandir(f"{root}/{below}"))
    except OSError:
        return
    for entry in entries:
        name = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(root, f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            with suppress(OSError):  # it may be gone since
                yield name, entry.stat(follow_symlinks=False)
