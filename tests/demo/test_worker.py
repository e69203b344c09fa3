"""What a worker does at the end of the room that there is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui.demo import worker
from tui.demo.layout import Layout
from tui.demo.worker import AT_ONCE, NO_ROOM, PAGE, store, taken


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
