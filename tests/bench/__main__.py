"""`python -m tests.bench [--json]`: what backtop and the embedded platform cost, beside their budgets."""

import argparse
import asyncio
import compileall
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.keys import keys
from tests.bench.platform import pages, rest
from tests.bench.pty_run import Size
from tests.bench.startup import startup
from tests.bench.steady import SETTLE, memory, steady
from tui.demo.launch import Platform, launch
from tui.demo.world.scale import MOST_SYMBOLS

SIZES: tuple[Size, ...] = ((200, 50), (80, 24))
ITSELF = "platform"
"""Measured whatever the size of a screen."""
SUBJECTS = ("startup", "steady", "keys", "many", ITSELF)
PROGRAM = ("actions", "backend", "tui", "widgets", "tests/bench")


def options() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--scenario", default="data-gap", help="of the embedded platform")
    parser.add_argument("--rounds", type=int, default=11, help="starts, in turns with the empty app")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each steady measurement")
    parser.add_argument("--presses", type=int, default=200, help="keys pressed for each latency")
    parser.add_argument("--jobs", type=int, default=100_000, help="failed jobs of the subject `many`")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="measure only this; may be repeated")
    return parser.parse_args()


@asynccontextmanager
async def platform(scenario: str, *more: str) -> AsyncIterator[Platform]:
    """The embedded platform while it is measured."""
    running = await launch(scenario, 1, None, "--onset=0", *more)
    try:
        yield running
    finally:
        await running.stop()


async def measure(chosen: argparse.Namespace) -> dict[str, list[Figure]]:
    """All figures by screen size."""
    subjects: Sequence[str] = chosen.only or SUBJECTS
    found: dict[str, list[Figure]] = defaultdict(list)
    if {*subjects} - {"many", ITSELF}:
        async with platform(chosen.scenario) as running:
            for size in SIZES:
                found[_name(size)] += await asyncio.to_thread(_few, running, size, subjects, chosen)
    if "many" in subjects:
        async with platform(chosen.scenario, "--jobs", str(chosen.jobs)) as running:
            for size in SIZES:
                found[_name(size)] += await asyncio.to_thread(_many, running, size, chosen)
    if ITSELF in subjects:
        found[ITSELF] = await _platform(chosen)
    return found


async def _platform(chosen: argparse.Namespace) -> list[Figure]:
    """The largest one that there is, then one where nothing is wrong."""
    async with platform(chosen.scenario, "--jobs", str(chosen.jobs), "--symbols", str(MOST_SYMBOLS)) as running:
        figures = await asyncio.to_thread(pages, running, chosen.presses)
    async with platform("calm") as running:
        await asyncio.sleep(SETTLE)
        return figures + await asyncio.to_thread(rest, running, chosen.seconds)


def _few(running: Platform, size: Size, subjects: Sequence[str], chosen: argparse.Namespace) -> list[Figure]:
    """The scenario as it is."""
    figures: list[Figure] = []
    if "startup" in subjects:
        figures += startup(running.config, size, chosen.rounds)
    if "steady" in subjects:
        figures += steady(running.config, size, chosen.seconds)
    if "keys" in subjects:
        api_pid = json.loads((running.root / "run" / "api.json").read_text("utf-8"))["pid"]
        figures += keys(running.config, size, chosen.presses, "quiet")
        figures += keys(running.config, size, chosen.presses, "API hangs", api_pid)
    return figures


def _many(running: Platform, size: Size, chosen: argparse.Namespace) -> list[Figure]:
    """The scenario with very many failed jobs."""
    label = f"{chosen.jobs:,} failed jobs"
    return [*keys(running.config, size, chosen.presses, label), *memory(running.config, size, chosen.jobs)]


def _compile() -> None:
    """Leave the program as an installation does: where Python may write no bytecode, each start would compile it anew,
    in its time and its memory, and be compared with a Textual that is compiled.
    """
    root = Path(__file__).parents[2]
    for folder in PROGRAM:
        compileall.compile_dir(root / folder, quiet=1)


def _name(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def main() -> None:
    """Measure and print."""
    chosen = options()
    _compile()
    figures = asyncio.run(measure(chosen))
    if chosen.json:
        sys.stdout.write(json.dumps({size: [asdict(row) for row in rows] for size, rows in figures.items()}) + "\n")
        return
    for size, rows in figures.items():
        sys.stdout.write("".join([f"{size}\n", *(f"  {row}\n" for row in rows)]))


if __name__ == "__main__":
    main()
