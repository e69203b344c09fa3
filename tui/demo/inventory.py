"""The platform's files as they stand, and which of them somebody deleted, emptied or overwrote."""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from tui.demo.aside import put_aside
from tui.demo.contents import Contents
from tui.demo.crew import JOB_FILES
from tui.demo.layout import Layout
from tui.demo.roll import Kept, Key, Roll, key_of
from tui.demo.tree import QUOTA
from tui.demo.worker import OUTPUT

RESULT_AGE = timedelta(days=30)
TEMP_AGE = timedelta(minutes=60)
"""From these ages on nobody needs a result, or a temporary file, any more."""
DOUBT, BEAT = timedelta(seconds=3), timedelta(seconds=1)
"""So long after its folder went a job may still end by itself; and its engine may have spoken of it just before."""
LITTLE = 64 * 1024
"""Bytes from which on one may speak of room."""
MADE = re.compile(
    rf"active/[^/]+/({'|'.join(map(re.escape, JOB_FILES))})|completed/[0-9]+-[0-9]+\.pkl"
    r"|results/sweep-(today|archive)-[0-9]+\.parquet"
)
"""Names of files that the platform makes while it runs; all others are there before it is up."""
CLEAN_RESULTS, CLEAN_TEMP = "files.clean-results", "files.clean-temp"

Gone = dict[tuple[str, bool], list[str]]
"""What was deleted, by the action that does this and by whether somebody still needed it."""

Files = Iterator[tuple[str, os.stat_result]]
"""Files by their names, as they are come across."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A run of a job: when it was `taken`, and when the engine `said` last that it goes on."""

    taken: datetime | None
    said: datetime | None


Running = Mapping[str, Turn]
"""The running jobs by their ids."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    name: str
    job_id: str
    taken: datetime | None
    since: datetime


class Inventory:
    """Every file below `files`, as of the last look."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._root = str(layout.files)
        self._contents = Contents(layout.files)
        self._roll = Roll(alike=self._contents.alike)
        self._running: Running = {}
        self._doubts: list[_Doubt] = []
        self._below: set[Key] = set()
        """Files that the last look found where they belong, behind no link."""
        self._away: set[Key] = set()
        """Files that were moved out of here, with a link in their place: they are there, and take no room here."""
        self._room = self._freed = 0
        self.used = 0.0
        self.complete = False
        """Whether all is there that the platform begins with: what comes from now on may be somebody's own."""

    @property
    def known(self) -> bool:
        """Whether there are files at all."""
        return bool(self._roll.kept)

    @property
    def back(self) -> list[str]:
        """What was gone, and at the last look was there again."""
        return self._roll.back

    @property
    def foreign(self) -> Gone:
        """What the last look missed of files that the platform never made, less those in the folders of jobs."""
        gone: Gone = {}
        for kept in self._roll.foreign:
            if _folder(kept.first) != "active":
                action = CLEAN_TEMP if _folder(kept.first) == "temp" else CLEAN_RESULTS
                gone.setdefault((action, False), []).append(kept.name)
        return gone

    def _own(self, name: str) -> bool:
        return not self.complete or MADE.fullmatch(name) is not None

    def look(self, now: datetime, running: Running) -> Gone:
        """Look again; gives back what was deleted, cut short or overwritten since, except what jobs do themselves."""
        aside = self._aside()
        shut = self._shut()
        here = found(self._files, self._below)
        self._below = {key_of(status) for status in here.values()}
        there = here | self._moved(here)
        shut |= self._shut()  # a folder may shut, or open again, in between
        aside |= self._aside()
        self._roll.look(there, lambda name: _folder(name) in shut, self._own)
        if not any(_folder(kept.name) in shut for kept in self._roll.kept.values()):
            self.used = sum(kept.room for key, kept in self._roll.kept.items() if key not in self._away) / QUOTA
        cut = [kept for kept in self._roll.cut if not _is_output(kept.first)]
        finished = [kept for kept in self._roll.kept.values() if not kept.foreign and _folder(kept.first) != "active"]
        unseen = shut | aside
        spoilt = self._contents.look((kept for kept in finished if _folder(kept.name) not in unseen), self._roll.lost)
        self._roll.spoil(spoilt)
        gone: Gone = {}
        for kept in (*self._roll.gone, *cut, *spoilt):
            self._file(gone, kept, now)
        self._measure((*self._roll.gone, *cut))
        self._doubts = [doubt for doubt in self._doubts if not self._is_back(doubt.name, there)]
        self._resolve(gone, now, running)
        self._forget()
        self._running = dict(running)
        return gone

    def _forget(self) -> None:
        """What jobs took along, or began anew, nobody puts back."""
        doubtful = {doubt.name for doubt in self._doubts}
        for kept in (*self._roll.gone, *self._roll.cut):
            of_job = _folder(kept.first) == "active" and kept.number not in self._roll.again
            if of_job and kept.name not in doubtful:
                self._roll.forget(kept.name)
        if self._roll.gone:
            self._contents.keep(self._roll.numbers)

    def _moved(self, here: Mapping[str, os.stat_result]) -> dict[str, os.stat_result]:
        """Files that lie no longer `here`, but are still found by their names, for a link leads to where they are now.

        What has another name behind a link is none of the platform's: the link may lead anywhere.
        """
        moved: dict[str, os.stat_result] = {}
        for name in self._roll.names - here.keys():
            with suppress(OSError):
                status = os.stat(f"{self._root}/{name}")  # noqa: PTH116 - fast, as below
                if stat.S_ISREG(status.st_mode):
                    moved[name] = status
        self._away = {key_of(status) for status in moved.values()} - self._below
        return moved

    def _measure(self, lost: Iterable[Kept]) -> None:
        """How much less the files take that are not the jobs' own, at most what the lost ones took."""
        here = (kept for key, kept in self._roll.kept.items() if key not in self._away)
        room = sum(kept.room for kept in here if _folder(kept.name) != "active")
        self._freed = min(self._room - room, sum(kept.room for kept in lost))
        self._room = room

    @property
    def made_room(self) -> bool:
        """Whether what was deleted since the last look left noticeably more room, and nothing took its place."""
        return self._freed >= LITTLE

    def _files(self) -> Files:
        """The files that are where they belong, or were put aside with their folder: by the names that they had."""
        yield from files_below(self._root)
        for folder, aside in put_aside(self._layout):
            for name, status in files_below(aside):
                yield f"{folder.name}/{name}", status

    def _aside(self) -> set[str]:
        """Folders that are put aside: their files are known, and cannot be opened by their names."""
        return {folder.name for folder, _ in put_aside(self._layout)}

    def _shut(self) -> set[str]:
        """Folders, and links to none, that nobody can look into now; whether their files are there is not known."""
        folders = {_folder(kept.name) for kept in self._roll.kept.values()} - self._aside()
        return {name for name in folders if not _can_be_read(f"{self._root}/{name}")}

    def _is_back(self, name: str, found: Collection[str]) -> bool:
        """Whether a job has this file again; whether its output is still the one that it writes to, its worker says."""
        return name in self._roll.back or (_is_output(name) and name in found)

    def _file(self, gone: Gone, kept: Kept, now: datetime) -> None:
        """What a file was for, and how old it is, says where and as what it was first found.

        Who takes away the rest of what was still needed does no second harm.
        """
        folder, *rest = Path(kept.first).parts
        age = now.timestamp() - kept.changed
        young = age < (TEMP_AGE if folder == "temp" else RESULT_AGE).total_seconds()
        if young and kept.number in self._roll.again:
            return
        if folder == "active":
            if rest[0] in self._running:
                self._doubts.append(_Doubt(kept.name, rest[0], self._running[rest[0]].taken, now))
        elif folder == "temp":
            gone.setdefault((CLEAN_TEMP, young), []).append(kept.name)
        else:
            gone.setdefault((CLEAN_RESULTS, young), []).append(kept.name)

    def _resolve(self, gone: Gone, now: datetime, running: Running) -> None:
        """A file of a job that runs on, as its engine says some time later, was deleted; else the job took it along."""
        left = []
        for doubt in self._doubts:
            turn = running.get(doubt.job_id)
            if turn is None or turn.taken != doubt.taken:
                self._roll.forget(doubt.name)
                continue
            if now - doubt.since < DOUBT or turn.said is None or turn.said - doubt.since < BEAT:
                left.append(doubt)
            else:
                gone.setdefault((CLEAN_RESULTS, True), []).append(doubt.name)
        self._doubts = left


def _is_output(name: str) -> bool:
    return _folder(name) == "active" and Path(name).name == OUTPUT


@lru_cache(maxsize=4096)
def _folder(name: str) -> str:
    return name.partition("/")[0]


def _can_be_read(folder: str) -> bool:
    return os.access(folder, os.R_OK | os.X_OK) or not os.path.lexists(folder)


def found(walk: Callable[[], Files], known: Collection[Key]) -> dict[str, os.stat_result]:
    """The files that `walk` comes across, by their names.

    Where one that is `known` is missed it is looked for once more: while the folders were gone through one after the
    other, somebody may have moved it from one that was still to come to one that was done.
    """
    files = dict(walk())
    if not {key_of(status) for status in files.values()}.issuperset(known):
        files |= walk()
    return files


def files_below(root: Path | str, below: str = "") -> Files:
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
