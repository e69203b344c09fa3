"""The folder of an instance, and what is cleaned up of killed ones."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.demo.instance import GroundError, Marker, create, marked_folder, remove, sweep
from tui.demo.layout import PREFIX, TOKEN_VARIABLE, Layout
from tui.demo.processes import Process, end
from tui.demo.whereabouts import Note

GONE = Process(pid=4_194_304, started=1)
"""A process that cannot be: its pid lies past the highest there is."""
TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _own_temp_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests and people have in the temp folder is not swept from here."""
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the token of an instance, as everything does that one starts."""
    environment = {**os.environ, TOKEN_VARIABLE: TOKEN}
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=environment) as process:
        yield process
        process.kill()


def killed(parent: Path, owner: Process = GONE, token: str = TOKEN) -> Path:
    """A folder as a killed instance leaves it."""
    parent.mkdir(exist_ok=True)
    folder = marked_folder(parent, token)
    Layout(folder).make()
    Marker(owner, token).write(folder)
    (folder / "files/active/8801").mkdir()
    (folder / "files/active/8801/trades.csv").write_text("x")
    return folder


def test_a_new_folder_is_ours_alone_and_marked(tmp_path: Path) -> None:
    instance = create(tmp_path / "a/b")
    assert instance.root.parent == (tmp_path / "a/b").resolve()
    assert instance.root.name.startswith(PREFIX)
    assert instance.layout.token == instance.token
    assert Marker.read(instance.root) == Marker(Process.of(os.getpid()) or GONE, instance.token, made=2)
    assert instance.root.stat().st_mode & 0o077 == 0
    remove(instance.root, instance.token)
    assert not (tmp_path / "a").exists()


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    instance = create(tmp_path / "empty")
    remove(instance.root, instance.token)


def test_a_folder_in_use_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes").write_text("dear")
    with pytest.raises(GroundError, match="is not empty"):
        create(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes"]


def test_a_file_and_an_unwritable_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for bad in ("file", "file/below", "tab\tin it", "byte\udcff"):
        with pytest.raises(GroundError, match="the folder"):
            create(tmp_path / bad)


def test_a_folder_that_cannot_be_marked_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Marker, folder: Path) -> None:
        (folder / "half").write_text("as far as it went")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Marker, "write", full)
    with pytest.raises(GroundError, match=r"no folder can be made in .*: No space left on device"):
        create(tmp_path / "a/b")
    assert not (tmp_path / "a").exists()


def test_a_process_that_ends_while_it_is_looked_at_stops_no_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = killed(tmp_path / "parent")
    monkeypatch.setattr("tui.demo.instance.belonging", lambda *_: iter([GONE]))
    remove(folder, TOKEN)
    assert not folder.exists()


def test_what_killed_instances_left_is_swept(tmp_path: Path) -> None:
    left, elsewhere = killed(tmp_path / "place"), killed(tmp_path / "temp", token="f" * 16)
    instance = create(tmp_path / "place")
    assert not left.exists()
    assert not elsewhere.exists()
    remove(instance.root, instance.token)


def test_what_was_killed_in_a_folder_of_its_own_is_swept_by_any_next_start(tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    first = create(tmp_path / "one" / "deep")
    (note,) = temp.iterdir()
    assert (note.read_text(), note.stat().st_mode & 0o777) == (f"{first.root}\n", 0o600)
    second = create(tmp_path / "other")
    assert first.root.exists()
    Marker(GONE, first.token, made=2).write(first.root)
    third = create(None)
    assert not (tmp_path / "one").exists()
    assert not note.exists()
    assert second.root.exists()
    for instance in (second, third):
        remove(instance.root, instance.token)
    assert not any(temp.iterdir())


def test_a_note_ends_nothing_that_is_not_the_instance_it_was_written_for(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    temp, other = tmp_path / "temp", killed(tmp_path / "place", token="f" * 16)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary").write_text("dear")
    for token, root in ((TOKEN, other), ("0" * 16, mine), ("1" * 16, tmp_path / "absent")):
        Note.of(temp, root, token).write()
    (temp / f"{PREFIX}{'2' * 16}.at").symlink_to(mine / "diary")
    (temp / f"{PREFIX}{'3' * 16}.at").write_bytes(b"\xff")
    sweep([temp])
    assert other.exists()
    assert (mine / "diary").exists()
    assert sleeper.poll() is None
    assert sorted(path.name[len(PREFIX)] for path in temp.iterdir()) == ["2", "3"], "what nobody of us can have written"
    Note.of(temp, other, "f" * 16).write()
    sweep([temp])
    assert not other.exists()


def test_a_note_is_kept_while_nobody_can_look_where_it_points(tmp_path: Path) -> None:
    note = Note.of(tmp_path, tmp_path / ("x" * 300), TOKEN)
    note.write()
    sweep([tmp_path])
    assert note.path.exists()


def test_a_note_that_cannot_be_removed_keeps_nobody_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError

    note = Note.of(tmp_path, tmp_path / "absent", TOKEN)
    note.write()
    monkeypatch.setattr(Path, "unlink", denied)
    sweep([tmp_path])
    assert note.path.exists()


def test_who_can_leave_no_note_says_what_that_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    instance = create(tmp_path / "place")
    assert "only a start with the same --dir cleans up after it" in capsys.readouterr().err
    remove(instance.root, instance.token)


def test_what_still_runs_is_left_alone(tmp_path: Path) -> None:
    first = create(tmp_path / "place")
    with pytest.raises(GroundError, match="is not empty"):
        create(tmp_path / "place")
    assert first.root.exists()
    remove(first.root, first.token)


def test_only_a_folder_with_a_whole_marker_of_ours_is_removed(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    bare = place / f"{PREFIX}bare"
    bare.mkdir()
    torn = killed(place)
    Layout(torn).marker.write_text('{"pid": 1')
    wrong = killed(place, token="not-a-token")
    listed = killed(place)
    Layout(listed).marker.write_text(json.dumps([1, 2]))
    real = tmp_path / "real"
    real.mkdir()
    Marker(GONE, TOKEN).write(real)
    (place / f"{PREFIX}link").symlink_to(real)
    sweep([place, tmp_path / "absent"])
    assert all(folder.exists() for folder in (bare, torn, wrong, listed, real))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    folder = killed(tmp_path / "place")
    os.chown(folder, 65534, 65534)
    sweep([tmp_path / "place"])
    assert folder.exists()


def test_a_pid_that_was_used_again_is_not_the_owner(tmp_path: Path) -> None:
    folder = killed(tmp_path / "place", owner=Process(os.getpid(), 1))
    sweep([tmp_path / "place"])
    assert not folder.exists()


def test_left_processes_are_ended_by_their_token(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    killed(tmp_path / "other", token="f" * 16)
    sweep([tmp_path / "other"])
    assert sleeper.poll() is None
    killed(tmp_path / "place")
    sweep([tmp_path / "place"])
    assert sleeper.wait(20) == -15


def test_who_merely_names_the_configuration_is_spared(tmp_path: Path) -> None:
    folder = killed(tmp_path / "place")
    watcher = [sys.executable, "-c", "import time; time.sleep(600)", "--config", str(folder / "config.toml")]
    worker = [str(folder / "engine/python"), "-c", "import time; time.sleep(600)"]
    with (
        subprocess.Popen(watcher) as spared,
        subprocess.Popen(worker, executable=sys.executable, env={"PYTHONHOME": sys.base_prefix}) as ended,
    ):
        sweep([tmp_path / "place"])
        assert ended.wait(20) == -15
        assert spared.poll() is None
        spared.kill()


def test_nobody_is_ended_by_a_stale_identity(sleeper: subprocess.Popen[bytes]) -> None:
    real = Process.of(sleeper.pid)
    assert real is not None
    end([Process(real.pid, real.started - 1), GONE])
    assert real.alive
    end([real])
    assert not real.alive
