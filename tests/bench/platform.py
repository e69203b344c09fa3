"""What the platform costs itself: how long its largest lists make somebody wait, and what it uses at rest."""

import statistics
import time

import httpx
import psutil

from tests.bench.figure import Figure
from tui.demo.contract.document import ROOT
from tui.demo.launch import Platform

PAGES = ("status=failed", "status=failed&priority=high", "status=failed&offset=99000", "offset=50000")
"""Pages of 200, in each way that the list of jobs finds them."""


def pages(running: Platform, asked: int) -> list[Figure]:
    """Each page so many times, over one connection."""
    with httpx.Client(base_url=running.api) as client:
        return [figure for query in PAGES for figure in _page(client, query, asked)]


def _page(client: httpx.Client, query: str, asked: int) -> list[Figure]:
    took = []
    for _ in range(asked):
        began = time.perf_counter()
        client.get(f"{ROOT}/backtests?limit=200&{query}").raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return [
        Figure(f"200 of {query}, median", statistics.median(took), "ms", 50.0),
        Figure(f"200 of {query}, slowest", max(took), "ms"),
    ]


def rest(running: Platform, seconds: float) -> list[Figure]:
    """Processor and memory of all its processes, of which those count too that ended meanwhile."""
    supervisor = psutil.Process(running.pid)
    before = _cpu_seconds(supervisor)
    time.sleep(seconds)
    cpu = (_cpu_seconds(supervisor) - before) / seconds
    held = sum(each.memory_full_info().pss for each in _tree(supervisor))
    return [Figure("CPU at rest", 100 * cpu, "%", 5.0), Figure("memory (proportional)", held / 1e6, "MB", 150.0)]


def _tree(supervisor: psutil.Process) -> list[psutil.Process]:
    return [supervisor, *supervisor.children(recursive=True)]


def _cpu_seconds(supervisor: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:4]) for each in _tree(supervisor))
