import asyncio
import os
import sys
import threading
from pathlib import Path

import psutil
import pytest

from backend.command import OUTPUT_LIMIT, CommandResult, SystemRunner, pointing_at
from backend.errors import CutOff, NotAllowed, TimedOut
from tests.waiting import until

SH = "/bin/sh"


def script(folder: Path, text: str) -> str:
    path = folder / "command"
    path.write_text(f"#!{SH}\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def test_both_outputs_and_the_code_come_back() -> None:
    result = await SystemRunner().run([SH, "-c", "echo out; echo err >&2; exit 3"], timeout=10)
    assert (result.code, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert result.argv == (SH, "-c", "echo out; echo err >&2; exit 3")
    assert result.word == "err"
    assert 0 < result.took < 10


async def test_the_word_of_a_silent_command_is_its_code() -> None:
    assert (await SystemRunner().run([SH, "-c", "exit 4"], timeout=10)).word == "exit code 4"
    assert (await SystemRunner().run([SH, "-c", "printf 'a\\n\\033[1mb'"], timeout=10)).word == "b"


@pytest.mark.parametrize(
    ("complaint", "word"),
    [
        (
            "Job for engine.service failed because the control process exited with error code.\n"
            'See "systemctl status engine.service" and "journalctl -xeu engine.service" for details.\n',
            "Job for engine.service failed because the control process exited with error code.",
        ),
        (
            "Job for engine.service failed because start of the service was attempted too often.\n"
            'See "systemctl status engine.service" and "journalctl -xe" for details.\n'
            'To force a start use "systemctl reset-failed engine.service"\n'
            'followed by "systemctl start engine.service" again.\n\n',
            "Job for engine.service failed because start of the service was attempted too often.",
        ),
        (
            "Failed to restart engine.service: Unit engine.service not found.\nHint: try harder\n",
            "Failed to restart engine.service: Unit engine.service not found.",
        ),
        ("See the manual.\n", "See the manual."),
        ("Seeing is believing\n", "Seeing is believing"),
    ],
)
def test_the_word_of_a_command_is_the_reason_and_not_where_to_look_for_it(complaint: str, word: str) -> None:
    assert CommandResult(("systemctl",), 1, "", complaint, 0.1).word == word


async def test_arguments_are_never_read_by_a_shell(tmp_path: Path) -> None:
    hostile = "$(touch x); `touch y` > z"
    result = await SystemRunner().run([sys.executable, "-c", "import sys; print(sys.argv[1])", hostile], timeout=20)
    assert result.stdout == hostile + "\n"


async def test_a_command_has_no_input_speaks_english_and_leads_its_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    told = await SystemRunner().run([SH, "-c", "cat; echo $LC_ALL $TZ"], timeout=10)
    assert told.stdout == "C UTC\n"
    own = await SystemRunner().run([sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], timeout=20)
    assert own.stdout == "True\n"


async def test_the_deadline_ends_the_whole_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    line = f"sleep 300 & echo $! > {pids}; echo $$ >> {pids}; wait"
    with pytest.raises(TimedOut, match=r"gave no answer within 1 s"):
        await SystemRunner().run([SH, "-c", line], timeout=1)
    left = [int(pid) for pid in pids.read_text().split()]
    assert len(left) == 2
    await until(lambda: not any(_runs(pid) for pid in left))


async def test_a_cancelled_command_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    task = asyncio.ensure_future(SystemRunner().run([SH, "-c", f"echo $$ > {pid_file}; exec sleep 300"], timeout=300))
    await until(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _runs(int(pid_file.read_text()))


async def test_what_a_command_leaves_behind_neither_holds_it_up_nor_dies(tmp_path: Path) -> None:
    result = await SystemRunner().run([SH, "-c", "sleep 300 & echo $!"], timeout=100)
    daemon = int(result.stdout)
    assert _runs(daemon)
    os.kill(daemon, 9)


async def test_endless_output_is_cut_and_ended() -> None:
    result = await SystemRunner().run(["head", "-c", str(3 * OUTPUT_LIMIT), "/dev/zero"], timeout=60)
    assert len(result.stdout) == OUTPUT_LIMIT
    with pytest.raises(TimedOut):
        await SystemRunner().run(["yes"], timeout=0.3)


async def test_output_that_is_no_text_is_read_all_the_same() -> None:
    assert (await SystemRunner().run(["printf", r"a\377b"], timeout=10)).stdout == "a�b"


async def test_a_command_that_cannot_be_run_is_not_allowed(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    empty = tmp_path / "empty"
    empty.write_text("no program")
    empty.chmod(0o755)
    for argv, sentence in (
        (["no-such-command"], "the command no-such-command is not on this host"),
        ([str(plain)], "may not be executed"),
        ([str(tmp_path)], "may not be executed"),
        ([str(empty)], "cannot be executed"),
        (["echo", "a\0b"], "NUL"),
        ([], "no command is set"),
    ):
        with pytest.raises(NotAllowed, match=sentence):
            await SystemRunner().run(argv, timeout=10)


async def test_no_handle_is_left_open(tmp_path: Path) -> None:
    process = psutil.Process()
    runner = SystemRunner()
    await runner.run(["true"], timeout=10)
    before = process.num_fds()
    for _ in range(5):
        await runner.run(["true"], timeout=10)
        with pytest.raises(NotAllowed):
            await runner.run(["no-such-command"], timeout=10)
        with pytest.raises(TimedOut):
            await runner.run(["sleep", "300"], timeout=0.02)
    await until(lambda: process.num_fds() <= before)


async def test_a_setting_can_be_named() -> None:
    with (
        pytest.raises(NotAllowed, match=r"not on this host; the setting is commands\.ping"),
        pointing_at("commands.ping"),
    ):
        await SystemRunner().run(["no-such-command"], timeout=10)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_command_whose_end_nothing_can_wait_for_may_have_been_carried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_more(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(threading.Thread, "start", no_more)
        with pytest.raises(CutOff, match=r"/bin/sh was started, but this host starts no thread"):
            await SystemRunner().run([SH, "-c", "exit 0"], timeout=10)
    assert (await SystemRunner().run([SH, "-c", "exit 3"], timeout=10)).code == 3
