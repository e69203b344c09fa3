"""One instance's folder: made, marked as ours, removed; and what killed instances left behind."""

import json
import os
import re
import secrets
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.demo import postmaster
from tui.demo.layout import COMMANDS, PREFIX, TOKEN_VARIABLE, Layout, replace
from tui.demo.processes import Process, end, everyone
from tui.demo.shared_memory import release
from tui.demo.whereabouts import Note, forget, notes, ours

_TOKEN = re.compile(r"[0-9a-f]{16}")


class GroundError(Exception):
    """A sentence for the person who started it: why there can be no platform here. `code` is the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Marker:
    """What a marked folder says: whose it is, and how the processes of that instance are known.

    `made` is how many of the folders above it were made for it, and go with it when nothing else is in them.
    """

    owner: Process
    token: str
    made: int = 0

    @classmethod
    def read(cls, folder: Path) -> "Marker | None":
        """The marker of `folder`; None unless the folder and the marker are ours, and whole."""
        path = Layout(folder).marker
        try:
            if not (ours(folder, stat.S_ISDIR) and ours(path, stat.S_ISREG)):
                return None
            said = json.loads(path.read_text("utf-8"))
            owner = Process(int(said["pid"]), int(said["started"]))
            marker = cls(owner, str(said["token"]), int(said.get("made", 0)))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return marker if _TOKEN.fullmatch(marker.token) else None

    def write(self, folder: Path) -> None:
        """Mark `folder`."""
        said = {"pid": self.owner.pid, "started": self.owner.started, "token": self.token, "made": self.made}
        replace(Layout(folder).marker, json.dumps(said) + "\n")


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance: its folders (the first is the root, another may hold PostgreSQL's data) and its token."""

    root: Path
    token: str

    @property
    def layout(self) -> Layout:
        """The names of what lies in the root."""
        return Layout(self.root)

    def environment(self) -> dict[str, str]:
        """The environment of every part: ours, with the token, in UTC, and able to import what we import."""
        house = str(Path(__file__).resolve().parents[2])
        known = os.environ.get("PYTHONPATH")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            TOKEN_VARIABLE: self.token,
            "PYTHONPATH": f"{house}{os.pathsep}{known}" if known else house,
            "TZ": "UTC",
        }


def create(directory: Path | None) -> Instance:
    """Make the folder of a new instance in `directory`, or in the temp folder, after sweeping what killed ones left.

    Raises GroundError when `directory` is neither absent nor empty, or cannot be written.
    """
    places = shared_places()
    sweep([*places, directory] if directory is not None else places)
    parent, made = (places[0], 0) if directory is None else _emptied(directory)
    try:
        instance = Instance(marked_folder(parent, token := secrets.token_hex(8), made), token)
    except GroundError:
        _leave(parent, made)
        raise
    layout = instance.layout
    try:
        layout.make()
        replace(layout.token_file, token + "\n")
        replace(layout.epoch, datetime.now(UTC).isoformat(timespec="seconds") + "\n")
    except OSError as error:
        remove(instance.root, token)
        raise GroundError(f"nothing can be written to {parent}: {error.strerror}") from error
    if parent not in places:
        _note(places[0], instance)
    return instance


def _note(place: Path, instance: Instance) -> None:
    """Let whoever starts next know of an instance in a folder that nobody would look into."""
    try:
        Note.of(place, instance.root, instance.token).write()
    except OSError as error:
        sys.stderr.write(
            f"backtop demo: should this platform be killed, only a start with the same --dir cleans up after it: "
            f"nothing can be written to {place}: {error.strerror}\n"
        )


def shared_places() -> list[Path]:
    """Where folders of instances may lie without being asked for: the temp folder, then those that everyone reaches."""
    return list(dict.fromkeys(Path(name) for name in (tempfile.gettempdir(), "/tmp", "/var/tmp")))  # noqa: S108


def _emptied(directory: Path) -> tuple[Path, int]:
    """The folder, empty, and how many folders were made to have it."""
    try:
        if not str(directory.absolute()).isprintable():
            raise GroundError("the folder has a name that cannot stand in a configuration file")
        made = sum(not place.exists() for place in (directory, *directory.absolute().parents))
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise GroundError(f"the folder {directory} is not empty: name one that is empty, or does not exist yet")
    except OSError as error:
        raise GroundError(f"the folder {directory} cannot be used: {error.strerror}") from error
    return directory.resolve(), made


def _leave(folder: Path, made: int) -> None:
    """Remove `folder` and those above it, as many as were `made`, as far as they are empty."""
    for place in (folder, *folder.parents)[:made]:
        try:
            place.rmdir()
        except OSError:
            return


def marked_folder(parent: Path, token: str, made: int = 0) -> Path:
    """Make a folder of ours in `parent`, marked with `token`; `made` as in `Marker`. Raises GroundError if not."""
    me = Process.of(os.getpid())
    folder: Path | None = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        Marker(me or Process(os.getpid(), -1), token, made).write(folder)
    except OSError as error:
        if folder is not None:  # without a marker nobody would ever sweep it
            shutil.rmtree(folder, ignore_errors=True)
        raise GroundError(f"no folder can be made in {parent}: {error.strerror}") from error
    return folder


def sweep(parents: Sequence[Path]) -> None:
    """Remove what killed instances left in `parents`, or where notes there say: processes first, then folders."""
    for parent in parents:
        for folder in _candidates(parent):
            _sweep(folder)
    for note in notes(parents):
        marker = Marker.read(note.root)
        if marker is not None and marker.token == note.token:
            _sweep(note.root)
        elif marker is not None or _is_gone(note.root):
            note.drop()


def _is_gone(folder: Path) -> bool:
    """Whether there is no instance any more; where nobody may look now there may be one."""
    try:
        Layout(folder).marker.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _sweep(folder: Path) -> None:
    marker = Marker.read(folder)
    if marker is not None and not marker.owner.alive:
        with suppress(OSError):  # another one may sweep at the same time
            remove(folder, marker.token)


def _candidates(parent: Path) -> list[Path]:
    try:
        return [parent / entry.name for entry in os.scandir(parent) if entry.name.startswith(PREFIX)]
    except OSError:
        return []


def remove(folder: Path, token: str) -> None:
    """End every process that is left of the instance with `token`, and remove its `folder`.

    Only a folder that carries the marker with this token is removed; it goes last within, so that an interrupted
    removal is taken up by the next sweep.
    """
    own = list(belonging(folder, token))
    end((process for process in own if _is_postgres(process)), first=signal.SIGINT)
    end(own)
    marker = Marker.read(folder)
    if marker is None or marker.token != token:
        return
    for data in (Layout(folder).pg / "data", folder / "data"):
        by_hand = postmaster.running(data)
        end([by_hand] if by_hand is not None else [], first=signal.SIGINT)
        release(data / postmaster.LOCK)
    _empty(folder)
    if not folder.exists():
        _leave(folder.parent, marker.made)
        forget(shared_places(), folder)


def _empty(folder: Path) -> None:
    marker = Layout(folder).marker
    for _ in range(3):
        _unlock(folder)
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != marker.name:
                Path(entry.path).unlink(missing_ok=True)
        if [path.name for path in folder.iterdir()] == [marker.name]:
            marker.unlink()
            folder.rmdir()
            return


def _unlock(folder: Path) -> None:
    """Let every folder within be listed and emptied again; those of another owner are left as they are."""
    for parent, names, _ in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            if not path.is_symlink() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                with suppress(OSError):
                    path.chmod(0o700)


def belonging(folder: Path, token: str) -> Iterator[Process]:
    """The processes that are the instance's own: they carry its token, or run one of its scripts or workers.

    A dashboard that merely names the configuration in its command line does not belong.
    """
    variable = f"{TOKEN_VARIABLE}={token}".encode()
    prefix = os.fsencode(folder) + b"/"
    for process in everyone():
        arguments = process.arguments
        if variable in process.environment or _runs_below(arguments, prefix):
            yield process


def _is_postgres(process: Process) -> bool:
    return any(part.endswith(b"/postgres") for part in process.arguments[:1])


def _runs_below(arguments: list[bytes], prefix: bytes) -> bool:
    if any(part.startswith(prefix) for part in arguments[:1]):
        return True
    scripts = {prefix + b"bin/" + name.encode() for name in COMMANDS}
    return len(arguments) > 1 and arguments[1] in scripts
