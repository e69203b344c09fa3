"""Folders out of reach, and what somebody does meanwhile where they were."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.demo.inventory import CLEAN_RESULTS, Inventory
from tui.demo.layout import Layout
from tui.demo.quirks.host import UnreadableFolders

NOW = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
KEPT = "results/deep/kept.parquet"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only to root a folder becomes a link")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.make()
    path = made.files / KEPT
    path.parent.mkdir()
    path.write_bytes(b"x" * 5000)
    moment = (NOW - timedelta(days=2)).timestamp()
    os.utime(path, (moment, moment))
    return made


def removed(layout: Layout) -> None:
    layout.results.unlink()


def made_anew(layout: Layout) -> None:
    layout.results.unlink()
    (layout.results / "deep").mkdir(parents=True)
    for name in ("new.parquet", "kept.parquet"):
        (layout.results / "deep" / name).write_bytes(b"y" * 100)


def moved(layout: Layout) -> None:
    layout.results.rename(layout.root / "moved")


def linked(layout: Layout) -> None:
    layout.results.unlink()
    layout.results.symlink_to(layout.completed)


@pytest.mark.parametrize("meddle", [removed, made_anew, moved, linked])
async def test_what_was_out_of_reach_is_back_whatever_became_of_the_link(
    layout: Layout, meddle: Callable[[Layout], None]
) -> None:
    inventory, quirk = Inventory(layout), UnreadableFolders(layout)
    inventory.look(NOW, {})
    used = inventory.used
    for _ in range(2):
        await quirk.begin(0)
        assert inventory.look(NOW, {}) == {}
        meddle(layout)
        await quirk.begin(0)
        assert inventory.look(NOW, {}) == {}, "nobody deleted anything"
        assert inventory.used == pytest.approx(used, abs=0.0001)
        await quirk.end()
        assert inventory.look(NOW, {}) == {}
        assert inventory.back == []
        assert (layout.files / KEPT).read_bytes() == b"x" * 5000
        assert not layout.results.is_symlink()
        assert layout.results.stat().st_mode & 0o777 == 0o700
        assert not [path for path in layout.run.iterdir() if path.name.startswith("aside")]
    if meddle is made_anew:
        names = ["kept.parquet", "kept.parquet~", "kept.parquet~~", "new.parquet", "new.parquet~"]
        assert sorted(path.name for path in (layout.files / KEPT).parent.iterdir()) == names
    shutil.rmtree(layout.results)
    assert (CLEAN_RESULTS, True) in inventory.look(NOW, {})


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_folder_that_somebody_moved_away_before_is_let_alone(layout: Layout, elsewhere: bool) -> None:
    layout.results.rename(layout.root / "other")
    if elsewhere:
        layout.results.symlink_to(layout.root / "other")
    quirk = UnreadableFolders(layout)
    for _ in range(2):
        await quirk.begin(0)
        assert layout.temp.is_symlink()
        await quirk.end()
        assert layout.temp.is_dir()
        assert layout.results.is_symlink() == elsewhere
        assert (layout.root / "other" / "deep" / "kept.parquet").exists()


async def test_what_is_deleted_of_a_folder_out_of_reach_is_gone(layout: Layout) -> None:
    inventory, quirk = Inventory(layout), UnreadableFolders(layout)
    inventory.look(NOW, {})
    await quirk.begin(0)
    (layout.aside(layout.results) / "deep" / "kept.parquet").unlink()
    assert inventory.look(NOW, {}) == {(CLEAN_RESULTS, True): [KEPT]}
    assert inventory.used == 0
