"""Files are known by what they are: what does to their names, times and blocks what it may, deletes or does not."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.demo.shift import START, Shift
from tests.demo.test_watchman import Watch, old_result, put
from tui.demo.inventory import Inventory, files_below
from tui.demo.layout import Layout
from tui.demo.roll import Roll
from tui.demo.tree import QUOTA

FULL = int(0.9 * QUOTA)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    (tmp_path / "root").mkdir()
    return Watch(Shift("disk-full"), tmp_path / "root")


def deeds(watch: Watch) -> list[tuple[str, str]]:
    """What the watchman made of what was done since its last look."""
    known = len(watch.shift.judge.done)
    watch.man.look()
    return [(deed.action, deed.effect) for deed in watch.shift.judge.done[known:]]


def punch(path: Path) -> None:
    """Make a hole of the whole file; it is as long as before."""
    subprocess.run(["fallocate", "-p", "-o", "0", "-l", str(path.stat().st_size), path], check=True)


def fresh_result(layout: Layout, name: str) -> Path:
    path = old_result(layout, name, 5 << 20)
    moment = (START - timedelta(days=2)).timestamp()
    os.utime(path, (moment, moment))
    return path


RESULTS = "files.clean-results"


def test_what_is_moved_within_the_quota_was_not_deleted(watch: Watch) -> None:
    old = old_result(watch.layout, "a", FULL)
    watch.man.look()
    for target in (old.with_name("b"), watch.layout.completed / "b", watch.layout.temp / "b", old):
        (watch.layout.files / next(iter(dict(files_below(watch.layout.files))))).replace(target)
        assert deeds(watch) == []
    assert set(watch.shift.judge.open) == {"storage"}
    old.replace(watch.layout.temp / "b")
    watch.man.look()
    (watch.layout.temp / "b").unlink()
    assert deeds(watch) == [(RESULTS, "healed")]


def test_a_new_result_stays_one_in_another_folder_under_another_name_and_of_another_time(watch: Watch) -> None:
    new = fresh_result(watch.layout, "a")
    watch.man.look()
    hidden = watch.layout.temp / "x.tmp"
    new.replace(hidden)
    assert deeds(watch) == []
    os.utime(hidden, (0, 0))
    assert deeds(watch) == []
    hidden.unlink()
    assert deeds(watch) == [(RESULTS, "harm")]


def test_to_move_and_age_a_new_result_at_once_is_harm_all_the_same(watch: Watch) -> None:
    new = fresh_result(watch.layout, "a")
    watch.man.look()
    new.replace(watch.layout.temp / "x.tmp")
    os.utime(watch.layout.temp / "x.tmp", (0, 0))
    assert deeds(watch) == [(RESULTS, "harm")]


def test_a_copy_that_takes_the_place_of_a_result_is_that_result(watch: Watch) -> None:
    new = fresh_result(watch.layout, "a")
    new.write_bytes(b"x" * 200_000)
    os.utime(new, ((START - timedelta(days=2)).timestamp(),) * 2)
    watch.man.look()
    shutil.copy2(new, watch.layout.root / "copy")
    (watch.layout.root / "copy").replace(new)
    assert deeds(watch) == []
    os.utime(new, (0, 0))
    watch.man.look()
    new.unlink()
    assert deeds(watch) == [(RESULTS, "harm")]


def test_a_hole_in_a_new_result_is_harm_and_one_in_an_old_result_makes_room(watch: Watch) -> None:
    old, new = old_result(watch.layout, "old", FULL), fresh_result(watch.layout, "new")
    watch.man.look()
    assert set(watch.shift.judge.open) == {"storage"}
    punch(new)
    assert deeds(watch) == [(RESULTS, "harm")]
    punch(old)
    assert deeds(watch) == [(RESULTS, "healed")]
    assert watch.shift.judge.open == {}


def test_another_name_for_a_file_takes_no_room_and_its_loss_makes_none(watch: Watch) -> None:
    old = old_result(watch.layout, "old", FULL)
    watch.man.look()
    used = watch.shift.world.ground.disk_used
    os.link(old, watch.layout.completed / "again")
    assert deeds(watch) == []
    old.unlink()
    assert deeds(watch) == []
    assert watch.shift.world.ground.disk_used == used


def test_what_makes_no_room_heals_nothing(watch: Watch) -> None:
    full = old_result(watch.layout, "full", FULL)
    tiny, replaced = old_result(watch.layout, "tiny", 1), old_result(watch.layout, "replaced", 5 << 20)
    watch.man.look()
    tiny.unlink()
    assert deeds(watch) == [(RESULTS, "nothing")]
    replaced.unlink()
    fresh_result(watch.layout, "another")
    assert deeds(watch) == [(RESULTS, "nothing")]
    full.unlink()
    assert deeds(watch) == [(RESULTS, "healed")]


def test_the_files_of_a_running_job_are_not_to_be_emptied(watch: Watch) -> None:
    output, checkpoint = held(watch, "partial.bin", "checkpoint.bin")
    os.truncate(output, 0)
    os.truncate(checkpoint, 10)
    assert deeds(watch) == []
    watch.shift.work(4)
    assert deeds(watch) == [(RESULTS, "harm")]
    assert watch.shift.judge.done[-1].detail == f"they were still needed: active/{output.parent.name}/checkpoint.bin"


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    path.with_name("other").touch()
    path.with_name("other").replace(path)


def held(watch: Watch, *names: str) -> list[Path]:
    """Files of these names in the folder of a running job, seen, while nothing of it is amiss."""
    folder = watch.layout.active / watch.shift.world.jobs.select("running")[0].id
    folder.mkdir()
    files = [put(folder / name, 0) for name in names]
    watch.shift.work(1)
    watch.man.look()
    return files


@pytest.mark.parametrize("destroy", [Path.unlink, emptied, replaced])
def test_the_file_of_a_running_job_is_missed_whatever_has_its_name_now(
    watch: Watch, destroy: Callable[[Path], None]
) -> None:
    (checkpoint,) = held(watch, "checkpoint.bin")
    destroy(checkpoint)
    assert deeds(watch) == []
    checkpoint.touch()
    assert deeds(watch) == []
    watch.shift.work(4)
    assert deeds(watch) == [(RESULTS, "harm")]
    watch.shift.work(4)
    assert deeds(watch) == []


def in_place(copy: Path, path: Path) -> None:
    shutil.copy2(copy, path)


@pytest.mark.parametrize("put_back", [in_place, Path.replace])
@pytest.mark.parametrize("destroy", [Path.unlink, emptied])
def test_the_file_of_a_running_job_that_is_soon_put_back_as_it_was_cost_nobody_anything(
    watch: Watch, tmp_path: Path, destroy: Callable[[Path], None], put_back: Callable[[Path, Path], None]
) -> None:
    (checkpoint,) = held(watch, "checkpoint.bin")
    shutil.copy2(checkpoint, tmp_path / "copy")
    destroy(checkpoint)
    assert deeds(watch) == []
    put_back(tmp_path / "copy", checkpoint)
    for _ in range(4):
        watch.shift.work(2)
        assert deeds(watch) == []


def test_an_old_result_that_was_emptied_and_put_back_is_as_old_as_before(watch: Watch, tmp_path: Path) -> None:
    old = old_result(watch.layout, "old", 5 << 20)
    shutil.copy2(old, tmp_path / "copy")
    watch.man.look()
    for put_back in (in_place, Path.replace):
        emptied(old)
        assert deeds(watch) == [(RESULTS, "nothing")]
        put_back(tmp_path / "copy", old)
        assert deeds(watch) == []
    old.unlink()
    assert deeds(watch) == [(RESULTS, "nothing")]


def test_what_comes_back_with_holes_in_it_is_not_what_was_lost(watch: Watch, tmp_path: Path) -> None:
    new = fresh_result(watch.layout, "new")
    status = new.stat()
    watch.man.look()
    new.rename(tmp_path / "aside")
    assert deeds(watch) == [(RESULTS, "harm")]
    new.touch()
    os.truncate(new, status.st_size)
    os.utime(new, ns=(status.st_mtime_ns, status.st_mtime_ns))
    watch.man.look()
    assert [deed.effect for deed in watch.shift.judge.done] == ["harm"]
    (tmp_path / "aside").replace(new)
    watch.man.look()
    assert [deed.effect for deed in watch.shift.judge.done] == ["nothing"]


@pytest.mark.parametrize("half", [False, True])
def test_what_is_put_back_is_as_much_needed_as_before(watch: Watch, tmp_path: Path, half: bool) -> None:
    new, old = fresh_result(watch.layout, "new"), old_result(watch.layout, "old", 5 << 20)
    watch.layout.engine_pid.write_text(f"{os.getpid()}\n")
    for _ in range(2):
        watch.man.look()
    for path in (new, old):
        path.rename(tmp_path / path.name)
    assert deeds(watch) == [(RESULTS, "harm"), (RESULTS, "nothing")]
    for path in (new, old) if half else ():
        path.write_bytes(b"not all of it yet")
    assert deeds(watch) == []
    for path in (new, old):
        shutil.copy2(tmp_path / path.name, path)
    assert deeds(watch) == []
    assert [deed.effect for deed in watch.shift.judge.done] == ["nothing", "nothing"]
    os.utime(new, (0, 0))
    watch.man.look()
    for path in (new, old):
        path.unlink()
    assert deeds(watch) == [(RESULTS, "harm"), (RESULTS, "nothing")]
    assert not any("did not make" in deed.detail for deed in watch.shift.judge.done)


def test_what_was_emptied_removed_and_put_back_whole_cost_nobody_anything(watch: Watch, tmp_path: Path) -> None:
    new = fresh_result(watch.layout, "new")
    shutil.copy2(new, tmp_path / "copy")
    watch.man.look()
    emptied(new)
    assert deeds(watch) == [(RESULTS, "harm")]
    new.unlink()
    assert deeds(watch) == []
    shutil.copy2(tmp_path / "copy", new)
    assert deeds(watch) == []
    assert [deed.detail for deed in watch.shift.judge.done] == ["all of them were put back"]


@pytest.mark.parametrize(("content", "effect"), [(b"\0", "nothing"), (b"y", "harm")])
def test_a_hole_that_is_filled_again_is_no_second_harm(watch: Watch, content: bytes, effect: str) -> None:
    new = fresh_result(watch.layout, "new")
    watch.man.look()
    punch(new)
    assert deeds(watch) == [(RESULTS, "harm")]
    with new.open("r+b") as file:
        file.write(content * new.stat().st_size)
    assert deeds(watch) == []
    assert [deed.effect for deed in watch.shift.judge.done] == [effect]


def test_of_what_is_put_back_in_part_the_rest_is_still_told(watch: Watch, tmp_path: Path) -> None:
    files = [fresh_result(watch.layout, name) for name in "abcd"]
    watch.man.look()
    for path in files:
        path.rename(tmp_path / path.name)
    watch.man.look()
    for path in files[:3]:
        (tmp_path / path.name).rename(path)
    watch.man.look()
    (deed,) = watch.shift.judge.done
    assert (deed.about, deed.effect) == ("4 files", "harm")
    assert deed.detail == "they were still needed: results/d.parquet; the others were put back"


def longer(path: Path) -> None:
    path.write_bytes(b"z" * (path.stat().st_size + 4096))


def other(path: Path) -> None:
    path.write_bytes(b"z" * path.stat().st_size)


def shorter(path: Path) -> None:
    path.write_bytes(b"z" * 100)


@pytest.mark.parametrize("put_back", [in_place, Path.replace])
@pytest.mark.parametrize("spoil", [longer, other, shorter])
def test_what_was_overwritten_and_is_there_again_as_it_was_cost_nobody_anything(
    watch: Watch, tmp_path: Path, spoil: Callable[[Path], None], put_back: Callable[[Path, Path], None]
) -> None:
    new = put(watch.layout.results / "new.parquet", 2)
    watch.man.look()
    for times in (1, 2):
        shutil.copy2(new, tmp_path / "copy")
        spoil(new)
        assert deeds(watch) == [(RESULTS, "harm")]
        assert deeds(watch) == []
        put_back(tmp_path / "copy", new)
        assert deeds(watch) == []
        assert [deed.effect for deed in watch.shift.judge.done] == ["nothing"] * times
    new.unlink()
    assert deeds(watch) == [(RESULTS, "harm")]


def test_what_was_added_to_a_file_may_be_taken_away_again(watch: Watch, tmp_path: Path) -> None:
    new = put(watch.layout.results / "new.parquet", 2)
    shutil.copy2(new, tmp_path / "copy")
    watch.man.look()
    for take_away in (lambda: os.truncate(new, 5000), lambda: shutil.copy2(tmp_path / "copy", new)):
        with new.open("ab") as file:
            file.write(b"note" * 5000)
        assert deeds(watch) == []
        take_away()
        assert deeds(watch) == []
    os.truncate(new, 4999)
    assert deeds(watch) == [(RESULTS, "harm")]


def test_a_spoilt_file_may_be_moved_out_of_the_way_of_the_one_that_is_put_back(watch: Watch, tmp_path: Path) -> None:
    watch.layout.engine_pid.write_text(f"{os.getpid()}\n")
    new = put(watch.layout.results / "new.parquet", 2)
    shutil.copy2(new, tmp_path / "copy")
    for _ in range(2):
        watch.man.look()
    other(new)
    assert deeds(watch) == [(RESULTS, "harm")]
    broken = new.rename(new.with_name("broken"))
    shutil.copy2(tmp_path / "copy", new)
    assert deeds(watch) == []
    assert deeds(watch) == []
    broken.unlink()
    assert deeds(watch) == [(RESULTS, "nothing")]
    assert [deed.effect for deed in watch.shift.judge.done] == ["nothing", "nothing"]


def test_what_was_overwritten_by_the_one_whose_name_it_had_is_lost(watch: Watch, tmp_path: Path) -> None:
    one, other = (fresh_result(watch.layout, name) for name in "ab")
    for number, path in enumerate((one, other)):
        path.write_bytes(bytes([number + 1]) * 8192)
    backup = Path(shutil.copy2(one, tmp_path / "backup"))
    watch.man.look()
    other.replace(one)
    assert deeds(watch) == [(RESULTS, "harm")]
    with one.open("r+b") as into:
        into.write(backup.read_bytes())
    assert deeds(watch) == [(RESULTS, "harm")]
    assert "results/b" in watch.shift.judge.done[-1].detail
    assert watch.shift.judge.done[-2].effect == "nothing"


@pytest.mark.parametrize("looks", [True, False], ids=["slowly", "at once"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_result_that_was_moved_and_copied_back_is_there(watch: Watch, looks: bool, whole: bool) -> None:
    result = fresh_result(watch.layout, "a")
    result.write_bytes(b"bars" * 4096)
    watch.man.look()
    aside = result.with_name("a.bak")
    result.replace(aside)
    if looks:
        assert deeds(watch) == []
    shutil.copy2(aside, result)
    if looks:
        assert deeds(watch) == []
    if not whole:
        result.write_bytes(b"junk" * 4096)
    aside.unlink()
    assert deeds(watch) == ([] if whole else [(RESULTS, "harm")])
    if whole:
        result.unlink()
        assert deeds(watch) == [(RESULTS, "harm")]


def test_a_result_that_was_moved_and_deleted_may_be_put_back_under_its_first_name(watch: Watch, tmp_path: Path) -> None:
    result = fresh_result(watch.layout, "a")
    result.write_bytes(b"bars" * 4096)
    backup = Path(shutil.copy2(result, tmp_path / "backup"))
    watch.man.look()
    aside = result.with_name("a.bak")
    result.replace(aside)
    assert deeds(watch) == []
    aside.unlink()
    assert deeds(watch) == [(RESULTS, "harm")]
    shutil.copy2(backup, result)
    assert deeds(watch) == []
    assert watch.shift.judge.done[-1].effect == "nothing"
    result.unlink()
    assert deeds(watch) == [(RESULTS, "harm")]


def test_what_comes_out_of_an_archive_has_whole_seconds_and_is_back(tmp_path: Path) -> None:
    roll, path = Roll(), tmp_path / "one"
    path.write_bytes(b"x" * 5000)
    os.utime(path, ns=(5, 1_700_000_000_987_654_321))
    found = dict(files_below(tmp_path))
    for seen in (found, {}):
        roll.look(seen)
    for second, back in ((1_700_000_001, []), (1_700_000_000, ["one"])):
        os.utime(path, (second, second))
        roll.look(dict(files_below(tmp_path)))
        assert roll.back == back


def test_what_is_gone_for_good_is_forgotten(tmp_path: Path) -> None:
    roll = Roll()
    (tmp_path / "one").write_bytes(b"x" * 5000)
    found = dict(files_below(tmp_path))
    for seen in (found, {}):
        roll.look(seen)
    assert (roll.names, roll.numbers) == ({"one"}, {0})
    roll.forget("one")
    assert (roll.names, roll.numbers) == (set(), set())
    roll.look(found)
    assert roll.back == []


def test_the_number_of_a_file_that_is_gone_may_be_that_of_another(tmp_path: Path) -> None:
    roll = Roll()
    (tmp_path / "one").write_bytes(b"x" * 5000)
    roll.look(dict(files_below(tmp_path)))
    number = (tmp_path / "one").stat().st_ino
    (tmp_path / "one").unlink()
    (tmp_path / "two").write_bytes(b"y" * 10)
    roll.look(dict(files_below(tmp_path)))
    assert [kept.name for kept in roll.gone] == ["one"]
    assert [kept.name for kept in roll.kept.values()] == ["two"]
    assert number  # on most file systems that of the other one, now


def test_a_look_at_an_empty_place_finds_nothing(tmp_path: Path) -> None:
    inventory = Inventory(Layout(tmp_path))
    assert inventory.look(START, {}) == {}
    assert (inventory.known, inventory.made_room, inventory.back) == (False, False, [])
