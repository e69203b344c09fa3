"""`python -m tests.bench [--json]`: what backtop costs on the embedded platform, beside its budget."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench.figures import Figure, keys, startup, steady
from tui.demo.launch import launch

SIZES = ((200, 50), (80, 24))


def options() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--scenario", default="data-gap", help="of the embedded platform")
    parser.add_argument("--rounds", type=int, default=7, help="starts, in turns with the empty app")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each steady measurement")
    parser.add_argument("--presses", type=int, default=200, help="keys pressed for each latency")
    return parser.parse_args()


async def measure(chosen: argparse.Namespace) -> dict[str, list[Figure]]:
    """All figures by screen size."""
    platform = await launch(chosen.scenario)
    try:
        api_pid = json.loads((platform.root / "run" / "api.json").read_text("utf-8"))["pid"]
        return {
            f"{size[0]}x{size[1]}": await asyncio.to_thread(_at, size, platform.config, api_pid, chosen)
            for size in SIZES
        }
    finally:
        await platform.stop()


def _at(size: tuple[int, int], config: Path, api_pid: int, chosen: argparse.Namespace) -> list[Figure]:
    return [
        *startup(config, size, chosen.rounds),
        *steady(config, size, chosen.seconds),
        *keys(config, size, chosen.presses, "quiet"),
        *keys(config, size, chosen.presses, "API hangs", api_pid),
    ]


def _print(figures: dict[str, list[Figure]]) -> None:
    for size, rows in figures.items():
        sys.stdout.write(f"{size}\n")
        for row in rows:
            budget = "" if row.budget is None else f"   budget {row.budget:g} {'kept' if row.kept else 'MISSED'}"
            sys.stdout.write(f"  {row.name:<40} {row.value:>9.2f} {row.unit:<5}{budget}\n")


def main() -> None:
    """Measure and print."""
    chosen = options()
    figures = asyncio.run(measure(chosen))
    if chosen.json:
        sys.stdout.write(json.dumps({size: [asdict(row) for row in rows] for size, rows in figures.items()}) + "\n")
    else:
        _print(figures)


if __name__ == "__main__":
    main()
