"""The platform's files, with the ages and sizes that years of work leave behind."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tui.demo.aside import is_there, put_aside, whereabouts
from tui.demo.contents import sampled
from tui.demo.layout import CHECKPOINT, TRADES, Layout
from tui.demo.roll import BLOCK
from tui.demo.world.scenario import Scenario

KIB, MIB = 1024, 1024 * 1024
QUOTA = 128 * MIB
"""What the platform may store below `files`, in bytes."""

FLOOD = 12
"""So many files fill a quota up."""
MARK = 32
"""Bytes that tell a file from all others, wherever one looks at what it holds."""
ARCHIVE_MB = 4
"""Size of one large old result."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One file to be: its size in bytes and its age. Zero bytes: a share of what is left to fill."""

    path: Path
    size: int
    age: timedelta


def grow(layout: Layout, scenario: Scenario, fill: float | None = None) -> None:
    """Make the whole tree; what lies below `files` then takes `fill` of `QUOTA` (the scenario's), in blocks too."""
    rng = Random(f"files:{scenario.seed}")
    fixed = [*_active(layout, scenario, rng), *_temp(layout, rng), *_archive(layout, scenario)]
    shared = [*_completed(layout, scenario, rng), *_results(layout, scenario, rng)]
    left = int(QUOTA * (scenario.fill if fill is None else fill)) - sum(leaf.size for leaf in fixed)
    weights = [rng.uniform(0.5, 1.5) for _ in shared]
    sizes = [max(KIB, int(left * weight / sum(weights))) for weight in weights]
    for leaf in (*fixed, *_scratch(layout, rng)):
        _make(layout, leaf, leaf.size, scenario.now)
    for leaf, size in zip(shared, sizes, strict=True):
        _make(layout, leaf, size, scenario.now)


def flood(layout: Layout, scenario: Scenario, used: int) -> Iterator[None]:
    """Write results, one at each step, until files take what they take in `scenario`, and not only `used` bytes.

    Those of today are needed; what of the archive was cleaned up before comes back from its copy, as old as it was.
    After an OSError it may be begun again: then it goes on with what is not there yet.
    """
    old = [leaf for leaf in _archive(layout, scenario) if not is_there(layout, leaf.path)]
    today = [leaf for leaf in _today(layout) if not is_there(layout, leaf.path)]
    left = int(QUOTA * scenario.fill) - used - sum(leaf.size for leaf in old)
    for leaf in old:
        _make(layout, leaf, leaf.size, datetime.now(UTC))
        yield
    for leaf in today if left >= len(today) else ():
        _make(layout, leaf, left // len(today), datetime.now(UTC))
        yield


def used(layout: Layout) -> int:
    """Bytes that all files below `files` take on the disk, and those in folders that are put aside."""
    sizes = []
    for root in (layout.files, *(aside for _, aside in put_aside(layout))):
        for folder, _, names in os.walk(root):
            for name in names:
                with suppress(OSError):
                    sizes.append(Path(folder, name).lstat().st_blocks * BLOCK)
    return sum(sizes)


def _make(layout: Layout, leaf: Leaf, size: int, now: datetime) -> None:
    """Make the file: before it is whole and as old as it shall be nobody finds it.

    It is room on the disk and little else, but no other file of its size holds the same.
    """
    folder = whereabouts(layout, leaf.path.parent)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    growing = layout.run / "growing"
    handle = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.posix_fallocate(handle, 0, size)
        mark = hashlib.blake2b(os.fsencode(leaf.path.relative_to(layout.root)), digest_size=MARK).digest()
        for place in sampled(size):
            os.pwrite(handle, mark[: size - place], place)
        moment = (now - leaf.age).timestamp()
        os.utime(handle, (moment, moment))
    finally:
        os.close(handle)
    growing.rename(folder / leaf.path.name)


def _active(layout: Layout, scenario: Scenario, rng: Random) -> Iterator[Leaf]:
    smaller = 16 if scenario.archive_mb else 1  # a disk that is full by old results stays so when a job ends
    for job in scenario.with_status("running"):
        folder = layout.active / job.id
        checkpoint, trades = rng.randint(2, 9) * MIB // smaller, rng.randint(80, 900) * KIB // smaller
        yield Leaf(folder / CHECKPOINT, checkpoint, timedelta(seconds=rng.randint(5, 90)))
        yield Leaf(folder / TRADES, trades, timedelta(seconds=rng.randint(1, 20)))


def _temp(layout: Layout, rng: Random) -> Iterator[Leaf]:
    for minutes in (2, 9, 23, 41, 95, 130, 210, 340, 520, 1500):
        yield Leaf(layout.temp / f"chunk-{rng.getrandbits(32):08x}.tmp", rng.randint(64, 1400) * KIB, _minutes(minutes))


def _completed(layout: Layout, scenario: Scenario, rng: Random) -> Iterator[Leaf]:
    for job in scenario.with_status("completed"):
        age = scenario.now - (job.finished_at or scenario.now)
        yield Leaf(layout.completed / f"{job.id}.pkl", 0, age)
    for number in range(24):
        days = rng.uniform(2.0, 29.0) + (35.0 if number % 3 == 0 else 0.0)
        yield Leaf(layout.completed / f"{8100 + 9 * number}.pkl", 0, timedelta(days=days))


def _results(layout: Layout, scenario: Scenario, rng: Random) -> Iterator[Leaf]:
    for strategy in scenario.strategies:
        for days in (1, 6, 13, 27, 33, 48):
            age = timedelta(days=days + rng.uniform(0.05, 0.6))
            yield Leaf(layout.results / f"{strategy.name}-{(scenario.now - age):%Y%m%d}.parquet", 0, age)


def _today(layout: Layout) -> Iterator[Leaf]:
    """Results that take what room is left; nobody may delete them."""
    for number in range(FLOOD):
        yield Leaf(layout.results / f"sweep-today-{number:02}.parquet", 0, timedelta())


def _archive(layout: Layout, scenario: Scenario) -> Iterator[Leaf]:
    """Large results that nobody cleaned up."""
    for number in range(scenario.archive_mb // ARCHIVE_MB):
        yield Leaf(layout.results / f"sweep-archive-{number:02}.parquet", ARCHIVE_MB * MIB, timedelta(days=36 + number))


def _scratch(layout: Layout, rng: Random) -> Iterator[Leaf]:
    for hours in (0.2, 3, 14, 26, 51, 75, 120, 190):
        yield Leaf(
            layout.scratch / f"backtest_{rng.getrandbits(32):08x}", rng.randint(16, 600) * KIB, timedelta(hours=hours)
        )


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
