import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.clients.files import FilesClient
from backend.errors import BadAnswer, NotAllowed, SourceError
from backend.model.files import Folder, OldFiles

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("root/active", "root/temp", "root/completed", "root/results", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    for path in (tmp_path / "root", *(tmp_path / "root").iterdir(), tmp_path / "scratch"):
        path.chmod(0o755)
    return tmp_path / "root"


def client_of(root: Path, quota: int = 0) -> FilesClient:
    return FilesClient(str(root), str(root.parent / "scratch"), "backtest_*", quota_bytes=quota, clock=StillClock())


def put(path: Path, size: int = 10, age: float = 0) -> Path:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    moment = NOW.timestamp() - age
    os.utime(path, (moment, moment))
    return path


def allocated(*paths: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in paths)


async def old(client: FilesClient, kind: str) -> OldFiles:
    (found,) = (one for one in (await client.tree()).old if one.kind == kind)
    return found


@pytest.mark.parametrize(
    ("kind", "name", "young", "old_enough"),
    [
        ("temp", "temp/a.tmp", 61 * MINUTE - 1, 61 * MINUTE),
        ("temp", "temp/deeper/a.tmp", 61 * MINUTE - 1, 61 * MINUTE),
        ("completed", "completed/a.pkl", 31 * DAY - 1, 31 * DAY),
        ("results", "results/x/y/anything", 31 * DAY - 1, 31 * DAY),
        ("scratch", "../scratch/backtest_1", 48 * HOUR - 1, 48 * HOUR),
    ],
)
async def test_ages_are_as_find_counts(root: Path, kind: str, name: str, young: int, old_enough: int) -> None:
    path = put(root / name, age=young)
    client = client_of(root)
    assert await old(client, kind) == OldFiles(kind, 0, 0)
    put(path, age=old_enough)
    assert await old(client, kind) == OldFiles(kind, 1, allocated(path))


async def test_only_what_the_runbook_names_is_old(root: Path) -> None:
    for name in (
        "temp/a.txt",
        "completed/a.csv",
        "a.tmp",
        "active/8850/a.tmp",
        "../scratch/other",
        "../scratch/x/backtest_2",
    ):
        put(root / name, age=100 * DAY)
    (root.parent / "scratch" / "backtest_folder").mkdir()
    tree = await client_of(root).tree()
    assert tree.old == tuple(OldFiles(kind, 0, 0) for kind in ("temp", "scratch", "completed", "results"))
    assert tree.unreadable == 0


async def test_folders_of_running_jobs_largest_first(root: Path) -> None:
    small = put(root / "active/8850/a", 10)
    large = put(root / "active/8852/deep/er/a", 50_000), put(root / "active/8852/b", 1)
    (root / "active/empty").mkdir()
    put(root / "active/loose", 10)
    assert (await client_of(root).tree()).active == (
        Folder("8852", allocated(*large), 2),
        Folder("8850", allocated(small), 1),
        Folder("empty", 0, 0),
    )


async def test_with_a_quota_sizes_are_apparent(root: Path) -> None:
    for name in ("active/1/sparse", "results/sparse"):
        path = put(root / name)
        os.truncate(path, 5_000_000)
        os.utime(path, (0, 0))
    tree = await client_of(root, quota=10**8).tree()
    assert tree.active == (Folder("1", 5_000_000, 1),)
    assert tree.old[-1] == OldFiles("results", 1, 5_000_000)
    assert (await client_of(root).tree()).old[-1].bytes < 5_000_000


async def test_links_are_neither_followed_nor_counted(root: Path) -> None:
    outside = put(root.parent / "outside/a.tmp", age=100 * DAY).parent
    (root / "temp/link").symlink_to(outside)
    (root / "temp/file.tmp").symlink_to(outside / "a.tmp")
    (root / "active/link").symlink_to(outside)
    (root / "results").rmdir()
    (root / "results").symlink_to(outside)
    tree = await client_of(root).tree()
    assert tree.old == tuple(OldFiles(kind, 0, 0) for kind in ("temp", "scratch", "completed", "results"))
    assert tree.active == ()
    assert tree.unreadable == 1  # the link in place of the folder itself is worth a word


async def test_pipes_and_strange_names(root: Path) -> None:
    os.mkfifo(root / "temp/pipe.tmp")
    put(root / "active" / "a\x1b[2J\u202e" / "f")
    os.mkdir(os.fsencode(root / "active") + b"/\xff\xfe")  # noqa: PTH102 - only os takes bytes
    tree = await client_of(root).tree()
    assert [folder.name for folder in tree.active] == ["a�[2J�", "��"]


async def test_absent_folders_are_empty(tmp_path: Path) -> None:
    tree = await FilesClient(str(tmp_path), str(tmp_path / "nowhere"), "*").tree()
    assert (tree.active, tree.unreadable) == ((), 0)
    assert [one.count for one in tree.old] == [0, 0, 0, 0]


async def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    put(root / "active/1/a")
    assert len((await client_of(tmp_path / "link").tree()).active) == 1


async def test_another_file_system_is_not_entered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = put(root / "results/ours/a", age=100 * DAY)
    mounted = put(root / "results/mounted/a", age=100 * DAY).parent
    number, fstat = mounted.stat().st_ino, os.fstat

    def elsewhere(handle: int) -> os.stat_result:
        """As if something were mounted there: not everybody who runs this may mount."""
        found = fstat(handle)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10])) if found.st_ino == number else found

    assert (await old(client_of(root), "results")).count == 2
    monkeypatch.setattr(os, "fstat", elsewhere)
    tree = await client_of(root).tree()
    assert tree.old[-1] == OldFiles("results", 1, allocated(inside))
    assert tree.unreadable == 1


@pytest.mark.parametrize("ask", [FilesClient.disk, FilesClient.tree])
async def test_a_root_that_is_not_there(tmp_path: Path, ask: Callable[[FilesClient], object]) -> None:
    with pytest.raises(BadAnswer, match=r"there is no folder .*nowhere; the setting is files\.root"):
        await ask(client_of(tmp_path / "nowhere"))  # type: ignore[misc]


async def test_a_root_that_is_a_file(root: Path) -> None:
    with pytest.raises(BadAnswer, match="is no folder"):
        await client_of(put(root / "file")).tree()


async def test_folders_that_we_may_not_read(root: Path) -> None:
    put(root / "results/secret/a", age=100 * DAY)
    put(root / "results/open", age=100 * DAY)
    with modes({root / "results/secret": 0, root.parent / "scratch": 0}), as_nobody(root):
        tree = await client_of(root).tree()
    assert tree.unreadable == 2
    assert tree.old[-1].count == 1


async def test_a_root_that_we_may_not_read(root: Path) -> None:
    said = r"may not be read by this user; the setting is files\.root"
    with modes({root: 0}), as_nobody(root), pytest.raises(NotAllowed, match=said):
        await client_of(root).tree()


@contextmanager
def modes(wanted: dict[Path, int]) -> Iterator[None]:
    """These modes for a while."""
    before = {path: path.stat().st_mode for path in wanted}
    try:
        for path, mode in wanted.items():
            path.chmod(mode)
        yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@contextmanager
def as_nobody(root: Path) -> Iterator[None]:
    """Without root's power to read everything."""
    if os.geteuid() != 0:
        yield
        return
    with modes({path: path.stat().st_mode | 0o011 for path in root.parents}):
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)


async def test_disk_of_the_file_system(root: Path) -> None:
    space = os.statvfs(root)
    disk = await client_of(root).disk()
    assert disk.total == space.f_blocks * space.f_frsize
    assert disk.free == pytest.approx(space.f_bavail * space.f_frsize, rel=0.05)
    assert disk.percent == pytest.approx(100 * disk.used / (disk.used + disk.free))
    assert not disk.by_quota


async def test_disk_of_the_quota_when_that_is_worse(root: Path) -> None:
    os.truncate(put(root / "results/sparse"), 9_000)
    put(root / "other/file", 500)
    disk = await client_of(root, quota=10_000).disk()
    assert (disk.total, disk.used, disk.free, disk.percent, disk.by_quota) == (10_000, 9_500, 500, 95.0, True)
    over = await client_of(root, quota=5_000).disk()
    assert (over.free, over.percent) == (0, 190.0)
    assert not (await client_of(root, quota=10**18).disk()).by_quota


async def test_the_quota_is_counted_again_later_not_each_time(root: Path) -> None:
    client = client_of(root, quota=1000)
    await client.disk()
    assert client._count_again_at > 0
    put(root / "results/a", 500)
    client._count_again_at = float("inf")
    assert (await client.disk()).used == 0 if (await client.disk()).by_quota else True
    client._count_again_at = 0.0
    put(root / "results/a", 990)
    assert (await client.disk()).used == 990


async def test_files_that_vanish_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "results/a")
    put(root / "results/b")
    original = os.open

    def racing(path: str, *args: int, **more: int | None) -> int:
        if path == "results":
            handle = original(path, *args, **more)  # type: ignore[arg-type]
            (root / "results/a").unlink()
            return handle
        return original(path, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", racing)
    assert (await client_of(root).tree()).unreadable == 0


async def test_a_very_deep_tree_ends(root: Path) -> None:
    handle = os.open(root / "results", os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    try:
        tree = await client_of(root).tree()
    except SourceError as error:
        pytest.fail(str(error))
    assert tree.unreadable == 1


async def test_what_cannot_be_looked_into_is_told_beside_the_quota(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "results/a", size=4_000)
    put(root / "completed/b", size=9_900)  # more of its quota than any disk that tests still run on is full
    original = os.open

    def closed(path: str, *args: int, **more: int | None) -> int:
        if path == "results":
            raise PermissionError(13, "Permission denied")
        return original(path, *args, **more)  # type: ignore[arg-type]

    assert (await client_of(root, quota=10_000).disk()).hidden == 0
    monkeypatch.setattr(os, "open", closed)
    disk = await client_of(root, quota=10_000).disk()
    assert (disk.used, disk.hidden) == (9_900, 1)


async def test_a_folder_that_is_not_there_is_told(root: Path) -> None:
    assert (await client_of(root).tree()).absent == ()
    (root / "temp").rename(root / "elsewhere")
    (root / "results").rmdir()
    assert (await client_of(root).tree()).absent == ("temp", "results")


async def test_a_folder_of_the_engine_that_lies_elsewhere_makes_the_use_of_the_quota_a_least_one(root: Path) -> None:
    elsewhere = root.parent / "large"
    elsewhere.mkdir()
    (root / "results").rmdir()
    (root / "results").symlink_to(elsewhere)
    (root / "active" / "latest").symlink_to(elsewhere)
    put(root / "temp" / "a.tmp", 990)  # more of its quota than any disk that tests still run on is full
    used = await client_of(root, quota=1000).disk()
    assert (used.used, used.hidden) == (990, 1)
