"""Which deleted files count as whose deed."""

import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.demo import tree
from tui.demo.inventory import Gone, Inventory, Turn, files_below
from tui.demo.layout import Layout
from tui.demo.processes import Process
from tui.demo.scratch import Scratch
from tui.demo.world.scenario import build

NOW = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
TAKEN = NOW - timedelta(minutes=5)
RUNNING = {"8801": Turn(TAKEN, NOW)}
RESULTS, TEMP = "files.clean-results", "files.clean-temp"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.make()
    return made


def put(path: Path, age: timedelta) -> Path:
    """A file of this age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 5000)
    moment = (NOW - age).timestamp()
    os.utime(path, (moment, moment))
    return path


@pytest.mark.parametrize(
    ("name", "age", "action", "wanted"),
    [
        ("results/a.parquet", timedelta(days=31), RESULTS, False),
        ("results/deep/a.parquet", timedelta(days=29), RESULTS, True),
        ("completed/8100.pkl", timedelta(days=44), RESULTS, False),
        ("completed/8100.pkl", timedelta(hours=2), RESULTS, True),
        ("temp/a.tmp", timedelta(minutes=61), TEMP, False),
        ("temp/a.tmp", timedelta(minutes=59), TEMP, True),
    ],
)
def test_age_decides_whether_a_file_was_still_needed(
    layout: Layout, name: str, age: timedelta, action: str, wanted: bool
) -> None:
    inventory = Inventory(layout)
    assert inventory.look(NOW, {}) == {}
    path = put(layout.files / name, age)
    assert inventory.look(NOW, {}) == {}
    assert inventory.known
    path.unlink()
    assert inventory.look(NOW, {}) == {(action, wanted): [name]}
    assert inventory.look(NOW, {}) == {}


@pytest.mark.parametrize(
    ("name", "age", "gone"),
    [
        ("results/a.parquet", timedelta(days=31), {(RESULTS, False): ["results/a.parquet"]}),
        ("results/a.parquet", timedelta(days=29), {(RESULTS, True): ["results/a.parquet"]}),
        ("temp/a.tmp", timedelta(minutes=59), {(TEMP, True): ["temp/a.tmp"]}),
        ("active/8801/partial.bin", timedelta(minutes=1), {}),
    ],
)
@pytest.mark.parametrize("left", [0, 4999])
def test_a_file_that_is_cut_short_is_as_good_as_deleted(
    layout: Layout, name: str, age: timedelta, gone: Gone, left: int
) -> None:
    inventory = Inventory(layout)
    path = put(layout.files / name, age)
    inventory.look(NOW, RUNNING)
    os.truncate(path, left)
    assert inventory.look(NOW, RUNNING) == gone
    assert inventory.look(NOW + timedelta(seconds=9), RUNNING) == {}


@pytest.mark.parametrize(
    ("name", "age", "action"),
    [("results/a.parquet", timedelta(days=31), RESULTS), ("temp/a.tmp", timedelta(minutes=61), TEMP)],
)
def test_what_is_left_of_a_file_is_as_old_as_the_file(layout: Layout, name: str, age: timedelta, action: str) -> None:
    inventory = Inventory(layout)
    path = put(layout.files / name, age)
    inventory.look(NOW, {})
    for left in (4000, 0):
        os.truncate(path, left)
        assert inventory.look(NOW, {}) == {(action, False): [name]}
    path.write_bytes(b"")
    assert inventory.look(NOW, {}) == {}
    path = path.rename(path.with_name("moved"))
    assert inventory.look(NOW, {}) == {}
    path.unlink()
    assert inventory.look(NOW, {}) == {}, "it held nothing any more"


def test_of_a_hole_nothing_more_can_be_cut(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=2))
    inventory.look(NOW, {})
    os.truncate(path, 0)
    os.truncate(path, 5000)
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/a.parquet"]}
    os.truncate(path, 10)
    assert inventory.look(NOW, {}) == {}


def test_what_is_moved_while_the_folders_are_gone_through_is_still_there(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=1))
    inventory.look(NOW, {})
    moved = path.rename(layout.completed / "a.parquet")
    walks = [[], list(files_below(layout.files))]
    monkeypatch.setattr("tui.demo.inventory.files_below", lambda _: walks.pop(0))
    assert inventory.look(NOW, {}) == {}
    monkeypatch.undo()
    moved.unlink()
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["completed/a.parquet"]}


def test_a_file_that_grows_is_still_there(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=31))
    inventory.look(NOW, {})
    with path.open("ab") as file:
        file.write(b"more")
    assert inventory.look(NOW, {}) == {}


def test_a_job_takes_its_files_along_when_it_ends(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.active / "8801" / "partial.bin", timedelta())
    inventory.look(NOW, RUNNING)
    path.unlink()
    assert inventory.look(NOW + timedelta(seconds=1), RUNNING) == {}
    assert inventory.look(NOW + timedelta(seconds=9), {}) == {}


def test_a_job_that_was_taken_anew_is_another_run(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.active / "8801" / "partial.bin", timedelta())
    inventory.look(NOW, RUNNING)
    path.unlink()
    for at in (NOW + timedelta(seconds=1), NOW + timedelta(seconds=9)):
        assert inventory.look(at, {"8801": Turn(NOW, at)}) == {}


@pytest.mark.parametrize(
    ("name", "age"),
    [
        ("results/a.parquet", timedelta(days=29)),
        ("active/8801/partial.bin", timedelta(minutes=1)),
    ],
)
def test_what_is_put_back_as_it_was_is_told_once(layout: Layout, tmp_path: Path, name: str, age: timedelta) -> None:
    inventory = Inventory(layout)
    path = put(layout.files / name, age)
    inventory.look(NOW, RUNNING)
    path.rename(tmp_path / "aside")
    inventory.look(NOW + timedelta(seconds=1), RUNNING)
    assert inventory.back == []
    (tmp_path / "aside").rename(path)
    assert inventory.look(NOW + timedelta(seconds=2), RUNNING) == {}
    assert inventory.back == [name]
    assert inventory.look(NOW + timedelta(seconds=9), RUNNING) == {}
    assert inventory.back == []


def test_another_file_of_the_same_name_puts_nothing_back(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=29))
    inventory.look(NOW, {})
    path.unlink()
    inventory.look(NOW, {})
    path.write_bytes(b"y" * 5000)
    inventory.look(NOW, {})
    assert inventory.back == []


def test_files_of_a_job_that_goes_on_were_still_needed(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.active / "8801" / "partial.bin", timedelta())
    inventory.look(NOW, RUNNING)
    path.unlink()
    assert inventory.look(NOW + timedelta(seconds=1), RUNNING) == {}
    assert inventory.look(NOW + timedelta(seconds=9), RUNNING) == {}, "its engine has not spoken of it since"
    said = {"8801": Turn(TAKEN, NOW + timedelta(seconds=3))}
    assert inventory.look(NOW + timedelta(seconds=9), said) == {(RESULTS, True): ["active/8801/partial.bin"]}


def test_use_counts_blocks_and_follows_no_link(layout: Layout, tmp_path: Path) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a", timedelta())
    inventory.look(NOW, {})
    used = inventory.used
    assert used > 0
    (layout.results / "link").symlink_to(path)
    (layout.temp / "loop").symlink_to(layout.files)
    inventory.look(NOW, {})
    assert inventory.used == used


def move(layout: Layout, folder: Path) -> Path:
    """Move the results to `folder`, with a link to them in their place."""
    layout.results.rename(folder)
    layout.results.symlink_to(folder)
    return folder


def test_what_was_moved_to_another_place_with_a_link_takes_no_room_and_is_still_needed(
    layout: Layout, tmp_path: Path
) -> None:
    inventory = Inventory(layout)
    old, young = (put(layout.results / name, timedelta(days=days)) for name, days in (("old", 31), ("young", 2)))
    inventory.look(NOW, {})
    assert inventory.used > 0
    other = move(layout, tmp_path / "other")
    put(other / "of others", timedelta())
    assert inventory.look(NOW, {}) == {}
    assert (inventory.used, inventory.made_room) == (0, False)
    (other / "of others").unlink()
    assert inventory.look(NOW, {}) == {}
    for name in (old.name, young.name):
        (other / name).unlink()
    assert inventory.look(NOW, {}) == {(RESULTS, False): ["results/old"], (RESULTS, True): ["results/young"]}
    assert not inventory.made_room


def test_only_a_file_that_was_there_is_looked_for_twice(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory, walks = Inventory(layout), list[str]()

    def walk(root: Path | str, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
        walks.append(below)
        return files_below(root, below)

    put(layout.results / "young", timedelta(days=2))
    monkeypatch.setattr("tui.demo.inventory.files_below", walk)
    inventory.look(NOW, {})
    move(layout, tmp_path / "other")
    for count in (2, 1, 1):
        walks.clear()
        assert inventory.look(NOW, {}) == {}
        assert walks.count("") == count


def test_a_file_that_was_moved_out_before_its_link_was_made_is_put_back(layout: Layout, tmp_path: Path) -> None:
    inventory = Inventory(layout)
    put(layout.results / "young", timedelta(days=2))
    inventory.look(NOW, {})
    layout.results.rename(tmp_path / "other")
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/young"]}
    layout.results.symlink_to(tmp_path / "other")
    assert inventory.look(NOW, {}) == {}
    assert (inventory.back, inventory.used) == (["results/young"], 0)
    (tmp_path / "other" / "young").unlink()
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/young"]}


def test_a_link_to_a_place_within_the_quota_makes_no_room(layout: Layout) -> None:
    inventory = Inventory(layout)
    put(layout.results / "young", timedelta(days=2))
    inventory.look(NOW, {})
    used = inventory.used
    other = move(layout, layout.temp / "results")
    assert inventory.look(NOW, {}) == {}
    assert inventory.used == used
    (other / "young").unlink()
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/young"]}


def test_behind_a_link_that_leads_nowhere_nobody_knows_what_is_there(layout: Layout, tmp_path: Path) -> None:
    inventory = Inventory(layout)
    put(layout.results / "young", timedelta(days=2))
    inventory.look(NOW, {})
    used = inventory.used
    move(layout, tmp_path / "other").rename(tmp_path / "elsewhere")
    assert inventory.look(NOW, {}) == {}
    assert inventory.used == used
    (tmp_path / "elsewhere").rename(tmp_path / "other")
    assert inventory.look(NOW, {}) == {}
    assert inventory.used == 0


def over(path: Path) -> None:
    """Write something else over the file, in place; it is of now."""
    with path.open("r+b") as file:
        file.write(b"y" * 100)


def instead(path: Path) -> None:
    """Put another file of the same size and time in its place."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"y" * status.st_size)
    os.utime(other, ns=(status.st_mtime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("write", [over, instead])
@pytest.mark.parametrize(("days", "wanted"), [(2, True), (31, False)])
def test_what_is_overwritten_is_as_good_as_deleted(
    layout: Layout, write: Callable[[Path], None], days: int, wanted: bool
) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=days))
    inventory.look(NOW, {})
    write(path)
    assert inventory.look(NOW, {}) == {(RESULTS, wanted): ["results/a.parquet"]}
    assert inventory.look(NOW, {}) == {}


def halved(path: Path) -> None:
    os.truncate(path, 2500)


@pytest.mark.parametrize("spoil", [over, halved])
def test_the_rest_of_what_was_spoilt_is_no_second_harm(layout: Layout, spoil: Callable[[Path], None]) -> None:
    inventory, scratch = Inventory(layout), Scratch(layout)
    engine = Process.of(os.getpid())
    result, other = put(layout.results / "a.parquet", timedelta(hours=2)), put(layout.scratch / "a", timedelta(hours=2))

    def looked() -> Gone:
        return inventory.look(NOW, {}) | scratch.look(NOW, engine)

    looked()
    spoil(result)
    spoil(other)
    assert looked() == {(RESULTS, True): ["results/a.parquet"], (TEMP, True): ["scratch/a"]}
    result.unlink()
    other.unlink()
    assert looked() == {}
    put(result, timedelta())
    put(other, timedelta())
    assert looked() == {}
    assert (inventory.back, scratch.back) == (["results/a.parquet"], ["scratch/a"])


def test_what_was_written_anew_as_it_was_is_still_there(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=2))
    for _ in range(2):
        assert inventory.look(NOW, {}) == {}
        put(layout.results / "b", timedelta(days=1)).replace(path)
    path.unlink()
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/a.parquet"]}
    put(path, timedelta())
    assert inventory.look(NOW, {}) == {}
    assert inventory.back == ["results/a.parquet"]


def test_a_new_file_under_the_former_name_of_another_spoils_neither(layout: Layout) -> None:
    inventory = Inventory(layout)
    inventory.look(NOW, {})
    inventory.complete = True
    path = put(layout.completed / "8801-1.pkl", timedelta())
    assert inventory.look(NOW, {}) == {}
    renamed = path.rename(layout.completed / "mine.pkl")
    assert inventory.look(NOW, {}) == {}
    path.write_bytes(b"z" * 50_000)
    for _ in range(4):
        assert inventory.look(NOW, {}) == {}
    for file in (renamed, path):
        over(file)
        assert inventory.look(NOW, {}) == {(RESULTS, True): [f"completed/{file.name}"]}
        assert inventory.look(NOW, {}) == {}


def test_another_file_that_takes_the_place_of_one_is_told_once(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=2))
    inventory.look(NOW, {})
    put(layout.results / "b", timedelta()).write_bytes(b"y" * 9000)
    (layout.results / "b").replace(path)
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/a.parquet"]}
    assert inventory.look(NOW, {}) == {}


def test_something_else_of_the_same_size_and_time_is_not_what_was_there(layout: Layout, tmp_path: Path) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=2))
    inventory.look(NOW, {})
    path.rename(tmp_path / "aside")
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/a.parquet"]}
    path.write_bytes(b"y" * 5000)
    os.utime(path, ns=((tmp_path / "aside").stat().st_mtime_ns,) * 2)
    assert inventory.look(NOW, {}) == {}
    assert inventory.back == []


def test_a_file_that_somebody_has_a_lease_of_is_read_later(layout: Layout) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=2))
    inventory.look(NOW, {})
    path.chmod(0o640)
    signals = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        with path.open("r+b") as file:
            fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_WRLCK)
            assert inventory.look(NOW, {}) == {}
    finally:
        signal.signal(signal.SIGIO, signals)
    over(path)
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["results/a.parquet"]}


def test_what_only_looks_different_holds_what_it_held(layout: Layout, tmp_path: Path) -> None:
    inventory = Inventory(layout)
    path = put(layout.results / "a.parquet", timedelta(days=2))
    inventory.look(NOW, {})
    path.chmod(0o640)
    assert inventory.look(NOW, {}) == {}
    path.touch()
    assert inventory.look(NOW, {}) == {}
    shutil.copy2(path, tmp_path / "copy")
    (tmp_path / "copy").replace(path)
    assert inventory.look(NOW, {}) == {}
    path = path.rename(layout.temp / "moved.tmp")
    assert inventory.look(NOW, {}) == {}
    over(path)
    assert inventory.look(NOW, {}) == {(RESULTS, True): ["temp/moved.tmp"]}


def fallen_over(today: list[Path]) -> None:
    today[1].replace(today[0])


def filled_with_nothing(today: list[Path]) -> None:
    size = today[0].stat().st_size
    today[0].unlink()
    today[0].write_bytes(bytes(size))


def copied_over(today: list[Path]) -> None:
    shutil.copyfile(today[1], today[0])


@pytest.mark.parametrize("destroy", [fallen_over, filled_with_nothing, copied_over])
def test_no_other_file_stands_for_one_that_the_platform_made(
    layout: Layout, destroy: Callable[[list[Path]], None]
) -> None:
    list(tree.flood(layout, build("disk-full", 1, NOW), 0))
    inventory = Inventory(layout)
    inventory.look(NOW, {})
    today = sorted(layout.results.glob("sweep-today-*"))
    destroy(today)
    told = inventory.look(NOW, {})[RESULTS, True]
    assert f"results/{today[0].name}" in told
    assert inventory.look(NOW, {}) == {}
    assert f"results/{today[0].name}" not in inventory.back
