"""How long it takes to the first picture, and from there to the first data."""

import statistics
import sys
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.pty_run import PtyRun, Size

FIRST_PICTURE = tuple(f"{title} ".encode() for title in ("Jobs", "Failures", "Resources", "Data", "Database"))
"""The titles in the frames of all panes."""
FIRST_DATA = b"active "
"""What the jobs pane tells of the queue; nothing that is there before it was read."""


def backtop(config: Path) -> list[str]:
    """The real program on a running platform."""
    return [sys.executable, "-m", "tui", "--config", str(config)]


def startup(config: Path, size: Size, rounds: int) -> list[Figure]:
    """First picture against an empty Textual application, in turns, and first data after it."""
    empty, picture, data = [], [], []
    for _ in range(rounds):
        with PtyRun([sys.executable, "-m", "tests.bench.empty_app"], size) as yardstick:
            empty.append(yardstick.until(b"yardstick"))
        with PtyRun(backtop(config), size) as run:
            picture.append(run.until(*FIRST_PICTURE))
            data.append(run.until(FIRST_DATA) - picture[-1])
    ratios = [ours / theirs for ours, theirs in zip(picture, empty, strict=True)]
    return [
        Figure("empty Textual app, first picture", statistics.median(empty), "s"),
        Figure("first picture", statistics.median(picture), "s"),
        Figure("first picture against the empty app", statistics.median(ratios), "x", 1.25),
        Figure("first data after the picture", statistics.median(data), "s", 0.5),
    ]
