"""The files in place of the host's temp folder, and which of them somebody deleted."""

import os
from datetime import datetime, timedelta

from tui.demo.inventory import CLEAN_TEMP, Gone, Lost, files_below
from tui.demo.layout import Layout
from tui.demo.processes import Process

FOLDER = "scratch/"
"""What the names of these files begin with where others are named too."""
STALE = timedelta(days=1)
"""From this age on nobody needs one any more; a younger one is needed for as long as the engine runs."""


class Scratch:
    """Every file in `scratch`, as of the last look."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, os.stat_result] = {}
        self._lost = Lost()
        self.back: list[str] = []
        """What was gone, and at the last look was there again."""

    def look(self, now: datetime) -> Gone:
        """Look again; gives back what was deleted since."""
        found = dict(files_below(self._layout.scratch))
        missing = {name: self._known[name] for name in sorted(self._known.keys() - found.keys())}
        self._known = found
        self.back = [f"{FOLDER}{name}" for name in self._lost.put_back(found)]
        self._lost.add(missing)
        gone: Gone = {}
        running = bool(missing) and self._engine_ran()
        for name, status in missing.items():
            young = now.timestamp() - status.st_mtime < STALE.total_seconds()
            gone.setdefault((CLEAN_TEMP, young and running), []).append(f"{FOLDER}{name}")
        return gone

    def _engine_ran(self) -> bool:
        """Whether the engine that runs now did so already when the folder was changed last."""
        written = self._layout.engine_pid
        try:
            alive = Process.of(int(written.read_text("ascii"))) is not None
            return alive and written.stat().st_mtime <= self._layout.scratch.stat().st_mtime
        except (OSError, ValueError):
            return False
