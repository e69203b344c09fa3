"""The files in place of the host's temp folder, and which of them somebody deleted or spoilt."""

from datetime import datetime, timedelta

from tui.demo.contents import Contents
from tui.demo.inventory import CLEAN_TEMP, Files, Gone, files_below, found
from tui.demo.layout import Layout
from tui.demo.processes import Process
from tui.demo.roll import Roll

FOLDER = "scratch/"
"""What the names of these files begin with where others are named too."""
STALE = timedelta(days=1)
"""From this age on nobody needs one any more; a younger one is needed for as long as the engine runs."""


class Scratch:
    """Every file in `scratch`, as of the last look."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._contents = Contents(layout.scratch)
        self._roll = Roll(alike=self._contents.alike)
        self.complete = False
        """Whether all is there that the platform begins with: it makes no more, so what comes is somebody's own."""

    @property
    def back(self) -> list[str]:
        """What was gone, and at the last look was there again."""
        return [f"{FOLDER}{name}" for name in self._roll.back]

    @property
    def foreign(self) -> Gone:
        """What the last look missed of files that the platform never made."""
        names = [f"{FOLDER}{kept.name}" for kept in self._roll.foreign]
        return {(CLEAN_TEMP, False): names} if names else {}

    def look(self, now: datetime, engine: Process | None) -> Gone:
        """Look again; gives back what was deleted, cut short or overwritten since.

        `engine` is the one that ran at the last look.
        """
        self._roll.look(found(self._files, self._roll.kept.keys()), own=lambda _: not self.complete)
        made = (kept for kept in self._roll.kept.values() if not kept.foreign)
        spoilt = self._contents.look(made, self._roll.lost)
        self._roll.spoil(spoilt)
        missing = sorted((*self._roll.gone, *self._roll.cut, *spoilt), key=lambda kept: kept.name)
        gone: Gone = {}
        running = bool(missing) and ((engine is not None and engine.alive) or self._engine_ran())
        for kept in missing:
            young = now.timestamp() - kept.changed < STALE.total_seconds()
            needed = young and running
            if not (needed and kept.number in self._roll.again):
                gone.setdefault((CLEAN_TEMP, needed), []).append(f"{FOLDER}{kept.name}")
        return gone

    def _files(self) -> Files:
        return files_below(self._layout.scratch)

    def _engine_ran(self) -> bool:
        """Whether the engine of the pid file did so already when the folder was changed last."""
        written = self._layout.engine_pid
        try:
            alive = Process.of(int(written.read_text("ascii"))) is not None
            return alive and written.stat().st_mtime <= self._layout.scratch.stat().st_mtime
        except (OSError, ValueError):
            return False
