"""What a worker does at the end of the room that there is."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.api_rig import wait_until
from tui.demo import worker
from tui.demo.layout import Layout
from tui.demo.worker import AT_ONCE, NO_ROOM, OUTPUT_GONE, PAGE, is_there, store, taken


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.make()
    (made.results / "old").write_bytes(b"x" * 20 * PAGE)
    return made


def test_a_worker_fails_when_the_quota_is_used_up_and_never_goes_beyond(layout: Layout) -> None:
    quota = taken(str(layout.files)) + AT_ONCE + PAGE
    argv = [sys.executable, worker.__file__, "--job", "1", "--output", str(layout.active / "1")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(f"600 1 0 0 0 1 {quota}\n".encode())
        process.stdin.flush()
        assert process.wait(20) == NO_ROOM
    assert (layout.active / "1" / "partial.bin").stat().st_size >= PAGE
    assert taken(str(layout.files)) <= quota


def touch(output: Path) -> None:
    output.unlink()
    output.touch()


def another(output: Path) -> None:
    output.with_name("other").touch()
    output.with_name("other").replace(output)


@pytest.mark.parametrize("replace", [touch, another, Path.unlink])
def test_a_worker_fails_when_another_file_has_the_name_of_its_output(
    layout: Layout, replace: Callable[[Path], None]
) -> None:
    argv = [sys.executable, worker.__file__, "--job", "1", "--output", str(layout.active / "1")]
    output = layout.active / "1" / "partial.bin"
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(f"600 1 0 0 0 1 {128 << 20}\n".encode())
        process.stdin.flush()
        wait_until(lambda: output.exists() and output.stat().st_size > 0)
        replace(output)
        assert process.wait(20) == OUTPUT_GONE


def test_a_worker_goes_on_where_its_output_was_moved_with_a_link_to_it(layout: Layout) -> None:
    output = layout.temp / "output"
    with output.open("wb") as file:
        layout.temp.rename(layout.results / "moved")
        layout.temp.symlink_to(layout.results / "moved")
        assert is_there(str(output), file.fileno())


def test_what_is_written_anew_needs_no_room(layout: Layout) -> None:
    handle = os.open(layout.temp / "output", os.O_RDWR | os.O_CREAT)
    try:
        store(handle, 0, b"x" * PAGE, str(layout.files), taken(str(layout.files)) + AT_ONCE)
        store(handle, 0, b"y" * PAGE, str(layout.files), 0)
        with pytest.raises(OSError, match="No space left on device"):
            store(handle, PAGE, b"y" * PAGE, str(layout.files), 0)
    finally:
        os.close(handle)
    assert (layout.temp / "output").read_bytes() == b"y" * PAGE
