"""The instance's `systemctl` and `journalctl` over a real process, from its start to the limit of its restarts."""

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.waiting import until
from tui.demo.layout import Layout
from tui.demo.processes import Process, is_stopped
from tui.demo.quirks.host import StartLimit
from tui.demo.resident import resident
from tui.demo.unit.install import install
from tui.demo.unit.manager import Manager
from tui.demo.unit.state import Definition

NAME = "adaf-backtest-engine"
STEADY = "echo ready; exec sleep 600"
STUBBORN = "trap '' TERM; echo ready; exec sleep 600"
CRASHING = "echo '<3>out of luck'; exit 7"

SEE = f'See "systemctl status {NAME}.service" and "journalctl -xeu {NAME}.service" for details.\n'


@dataclass(frozen=True)
class Desk:
    """Where the tests sit: the instance and its commands."""

    layout: Layout
    manager: Manager

    async def run(self, *argv: str) -> tuple[int, str]:
        """Exit code and standard output of one of the instance's commands."""
        code, out, _ = await self.said(*argv)
        return code, out

    async def said(self, *argv: str) -> tuple[int, str, str]:
        """Exit code and both outputs of one of the instance's commands."""
        process = await asyncio.create_subprocess_exec(
            str(self.layout.bin / argv[0]), *argv[1:], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, complaint = await asyncio.wait_for(process.communicate(), 20.0)
        return process.returncode or 0, out.decode(), complaint.decode()

    async def show(self, *names: str, unit: str = NAME) -> dict[str, str]:
        _, out = await self.run("systemctl", "show", unit, "-p", ",".join(names))
        return dict(line.split("=", 1) for line in out.splitlines())

    async def log(self, *options: str) -> list[dict[str, object]]:
        _, out = await self.run("journalctl", "-u", NAME, "-o", "json", *options)
        return [json.loads(line) for line in out.splitlines()]


@asynccontextmanager
async def desk_of(root: Path, script: str, delay: float = 0.05, patience: float = 5.0) -> AsyncIterator[Desk]:
    layout = Layout(root)
    layout.make()
    install(layout)
    unit = Definition(
        name=f"{NAME}.service",
        description="a stand-in",
        argv=("/bin/sh", "-c", script),
        environment=dict(os.environ),
        folder=root,
        memory_max=64 * 1024 * 1024,
        restart_delay=delay,
        stop_patience=patience,
    )
    manager = Manager(layout, unit)
    manager.open()
    try:
        yield Desk(layout, manager)
    finally:
        await manager.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(tmp_path, STEADY) as made:
        yield made


async def test_start_makes_a_real_process_and_stop_ends_it(desk: Desk) -> None:
    assert await desk.run("systemctl", "is-active", NAME) == (3, "inactive\n")
    assert (await desk.run("systemctl", "start", NAME))[0] == 0
    shown = await desk.show("ActiveState", "SubState", "Result", "MainPID", "InvocationID", "NRestarts", "LoadState")
    assert (shown["ActiveState"], shown["SubState"]) == ("active", "running")
    assert (shown["Result"], shown["NRestarts"], shown["LoadState"]) == ("success", "0", "loaded")
    assert len(shown["InvocationID"]) == 32
    process = Process.of(int(shown["MainPID"]))
    assert process is not None
    assert f"INVOCATION_ID={shown['InvocationID']}".encode() in process.environment
    assert await desk.run("systemctl", "is-active", NAME) == (0, "active\n")
    assert (await desk.run("systemctl", "stop", f"{NAME}.service"))[0] == 0
    assert not process.alive
    shown = await desk.show("ActiveState", "MainPID", "MemoryCurrent", "Result")
    assert shown == {"ActiveState": "inactive", "MainPID": "0", "MemoryCurrent": "[not set]", "Result": "success"}


async def test_restart_is_a_new_run(desk: Desk) -> None:
    await desk.run("systemctl", "start", NAME)
    before = await desk.show("MainPID", "InvocationID")
    assert (await desk.run("systemctl", "restart", NAME))[0] == 0
    after = await desk.show("MainPID", "InvocationID", "ActiveState", "NRestarts")
    assert after["ActiveState"] == "active"
    assert after["NRestarts"] == "0"
    assert after["MainPID"] != before["MainPID"]
    assert after["InvocationID"] != before["InvocationID"]


async def test_who_ignores_term_is_killed(tmp_path: Path) -> None:
    async with desk_of(tmp_path, STUBBORN, patience=0.2) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: "ready" in (tmp_path / f"log/{NAME}.service.cat").read_text())
        assert (await desk.run("systemctl", "stop", NAME))[0] == 0
        shown = await desk.show("ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
        assert shown == {"Result": "timeout", "ExecMainCode": "2", "ExecMainStatus": "9", "ActiveState": "failed"}


FAMILY = "trap 'exit 0' TERM; sleep 600 & echo $! >child; wait"


async def child_of(root: Path) -> Process:
    await until(lambda: (root / "child").exists() and bool((root / "child").read_text()))
    child = Process.of(int((root / "child").read_text()))
    assert child is not None
    return child


async def test_who_was_stopped_by_a_signal_goes_on_to_end_in_good_order(tmp_path: Path) -> None:
    async with desk_of(tmp_path, FAMILY) as desk:
        await desk.run("systemctl", "start", NAME)
        child, main = await child_of(tmp_path), desk.manager.unit.state.main_pid
        assert await desk.run("systemctl", "kill", "-s", "STOP", NAME) == (0, "")
        await until(lambda: is_stopped(main) and is_stopped(child.pid))
        assert (await desk.run("systemctl", "stop", NAME))[0] == 0
        shown = await desk.show("ActiveState", "Result", "ExecMainCode")
        assert shown == {"Result": "success", "ExecMainCode": "1", "ActiveState": "inactive"}


async def test_kill_may_reach_the_main_process_alone(tmp_path: Path) -> None:
    trap = "trap 'echo >$0/heard' RTMIN+1; echo ready; sleep 600 & echo $! >$0/child; while :; do wait; done"
    async with desk_of(tmp_path, f"exec bash -c {shlex.quote(trap)} {tmp_path}") as desk:
        assert (await desk.run("systemctl", "kill", "--kill-whom=main", NAME))[0] == 1
        await desk.run("systemctl", "start", NAME)
        child = await child_of(tmp_path)
        for word in ("-sRTMIN+1", "-s35"):
            assert await desk.run("systemctl", "kill", word, "--kill-whom", "main", NAME) == (0, "")
            await until((tmp_path / "heard").exists)
            (tmp_path / "heard").unlink()
        assert child.alive
        for whom, sentence in (("control", "No control process to kill"), ("me", "Invalid who argument me")):
            code, _, said = await desk.said("systemctl", "kill", f"--kill-whom={whom}", NAME)
            assert (code, sentence in said) == (1, True)


@pytest.mark.parametrize("words", [("--signal=SIGKILL",), ("-s", "9"), ("-sKILL",)])
async def test_kill_reaches_all_that_runs_in_a_unit(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with desk_of(tmp_path, FAMILY, delay=600.0) as desk:
        await desk.run("systemctl", "start", NAME)
        child = await child_of(tmp_path)
        assert (await desk.run("systemctl", "kill", *words, NAME))[0] == 0
        await until(lambda: not child.alive and desk.manager.unit.state.sub == "auto-restart")
        assert desk.manager.unit.state.result == "signal"


async def test_a_start_limit_that_is_taken_back_starts_what_it_ended_and_nothing_that_was_stopped(desk: Desk) -> None:
    limit, unit = StartLimit(desk.manager.unit), desk.manager.unit
    for active in ("inactive", "active"):
        await limit.begin(0)
        await limit.end()
        assert unit.state.active == active
        await unit.start()


async def test_only_a_unit_that_runs_is_tried_to_restart_and_only_signals_are_sent(desk: Desk) -> None:
    assert await desk.run("systemctl", "try-restart", NAME) == (0, "")
    assert desk.manager.unit.state.main_pid == 0
    await desk.run("systemctl", "start", NAME)
    before = desk.manager.unit.state
    assert await desk.run("systemctl", "try-restart", NAME) == (0, "")
    assert desk.manager.unit.state.invocation not in ("", before.invocation)
    for word in ("NOPE", "0", "a b", "RTMIN+40", "65"):
        said = await desk.said("systemctl", "kill", "-s", word, NAME)
        assert said == (1, "", f"Failed to parse signal string {word}.\n")


async def test_children_left_behind_are_ended(tmp_path: Path) -> None:
    async with desk_of(tmp_path, f"setsid sleep 600 & echo $! >{tmp_path}/child; exec sleep 600") as desk:
        await desk.run("systemctl", "start", NAME)
        child = await child_of(tmp_path)
        await desk.run("systemctl", "stop", NAME)
        assert not child.alive


async def test_a_killed_process_comes_back(desk: Desk) -> None:
    await desk.run("systemctl", "start", NAME)
    before = desk.manager.unit.state
    os.kill(before.main_pid, signal.SIGKILL)
    await until(lambda: desk.manager.unit.state.main_pid not in {0, before.main_pid})
    shown = await desk.show("ActiveState", "NRestarts", "InvocationID")
    assert (shown["ActiveState"], shown["NRestarts"]) == ("active", "1")
    assert shown["InvocationID"] != before.invocation
    messages = [str(record["MESSAGE"]) for record in await desk.log()]
    assert f"{NAME}.service: Main process exited, code=killed, status=9/KILL" in messages
    assert f"{NAME}.service: Scheduled restart job, restart counter is at 1." in messages


async def test_who_fails_too_often_is_given_up_until_reset(tmp_path: Path) -> None:
    async with desk_of(tmp_path, CRASHING) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: desk.manager.unit.state.active == "failed")
        shown = await desk.show("ActiveState", "SubState", "Result", "NRestarts", "ExecMainCode", "ExecMainStatus")
        assert (shown["ActiveState"], shown["SubState"]) == ("failed", "failed")
        assert (shown["Result"], shown["NRestarts"]) == ("start-limit-hit", "5")
        assert (shown["ExecMainCode"], shown["ExecMainStatus"]) == ("1", "7")
        assert await desk.run("systemctl", "is-failed", NAME) == (0, "failed\n")
        assert await desk.said("systemctl", "start", NAME) == (1, "", f"Job for {NAME}.service failed.\n{SEE}")
        code, found = await desk.run("journalctl", "-xeu", f"{NAME}.service")
        assert (code, "out of luck" in found) == (0, True)
        assert [record["PRIORITY"] for record in await desk.log() if record["MESSAGE"] == "out of luck"] == ["3"] * 5
        assert (await desk.run("systemctl", "reset-failed", NAME))[0] == 0
        shown = await desk.show("ActiveState", "Result", "NRestarts")
        assert shown == {"Result": "success", "NRestarts": "0", "ActiveState": "inactive"}
        assert (await desk.run("systemctl", "start", NAME))[0] == 0


async def test_a_program_that_cannot_be_run_is_told_as_systemd_does(tmp_path: Path) -> None:
    async with desk_of(tmp_path, CRASHING) as desk:
        unit = desk.manager.unit
        unit.definition = replace(unit.definition, argv=(str(tmp_path / "nowhere"),))
        why = f"Job for {NAME}.service failed because the control process exited with error code.\n"
        for verb in ("start", "restart"):
            assert await desk.said("systemctl", verb, NAME) == (1, "", why + SEE)
        assert (await desk.show("ActiveState", "Result")) == {"ActiveState": "failed", "Result": "exit-code"}


async def test_who_asks_where_the_disk_is_full_is_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tui.demo.unit.unit.publish", full)
        code, _, complaint = await desk.said("systemctl", "start", NAME)
        assert code == 1
        assert "No space left on device" in complaint
    assert (await desk.run("systemctl", "restart", NAME))[0] == 0
    assert (await desk.show("ActiveState"))["ActiveState"] == "active"


async def test_stop_ends_the_wait_for_a_restart(tmp_path: Path) -> None:
    async with desk_of(tmp_path, CRASHING, delay=600.0) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: desk.manager.unit.state.sub == "auto-restart")
        assert (await desk.show("ActiveState"))["ActiveState"] == "activating"
        await desk.run("systemctl", "stop", NAME)
        assert (await desk.show("ActiveState"))["ActiveState"] == "inactive"


async def test_memory_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    hold = (
        f"{sys.executable} -I -c 'import time; x = bytearray(30_000_000); print(\"held\", flush=True); time.sleep(600)'"
    )
    async with desk_of(tmp_path, f"{hold} & wait") as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: "held" in (tmp_path / f"log/{NAME}.service.cat").read_text())
        shown = await desk.show("MemoryCurrent", "MemoryMax")
        assert 30_000_000 < int(shown["MemoryCurrent"]) < 120_000_000
        assert shown["MemoryMax"] == "67108864"


async def test_no_more_than_the_limit_is_told_of_what_the_unit_holds(tmp_path: Path) -> None:
    hold = f"exec {sys.executable} -c 'held = bytearray(96 << 20); import time; time.sleep(600)'"
    async with desk_of(tmp_path, hold) as desk:
        await desk.run("systemctl", "start", NAME)
        limit = 64 << 20
        pid = int((await desk.show("MainPID"))["MainPID"])
        await until(lambda: resident(pid)[pid] > limit)
        assert (await desk.show("MemoryCurrent"))["MemoryCurrent"] == str(limit)
        assert "Memory: 64M (max: 64M)" in (await desk.run("systemctl", "status", NAME))[1]
        _, out = await desk.run("free", "-b")
        total, used, free, *_, available = map(int, out.splitlines()[1].split()[1:])
        assert (total, used, free, available) == (limit, limit, 0, 0)


async def test_an_unknown_unit_is_not_found(desk: Desk) -> None:
    for name in ("nope", "../token", f"x/{NAME}"):
        assert (await desk.show("LoadState", "ActiveState", unit=name))["LoadState"] == "not-found"
    assert (await desk.run("systemctl", "start", "nope"))[0] == 5
    assert (await desk.run("systemctl", "status", "nope"))[0] == 4
    assert await desk.run("systemctl", "is-active", "nope") == (4, "inactive\n")
    assert (await desk.run("systemctl", "daemon-reload", NAME))[0] == 1
    assert (await desk.run("systemctl", "show", "--nonsense", NAME))[0] == 1


async def test_times_are_written_as_asked(desk: Desk) -> None:
    await desk.run("systemctl", "start", NAME)
    began = desk.manager.unit.state.activated
    assert began is not None
    asked = ("systemctl", "show", NAME, "--property=ActiveEnterTimestamp", "--value")
    assert (await desk.run(*asked))[1].strip() == f"{began:%a %Y-%m-%d %H:%M:%S} UTC"
    assert (await desk.run(*asked, "--timestamp=us"))[1].strip() == f"{began:%a %Y-%m-%d %H:%M:%S.%f} UTC"
    assert (await desk.run(*asked, "--timestamp=unix"))[1].strip() == f"@{int(began.timestamp())}"


async def test_the_manager_is_gone(tmp_path: Path) -> None:
    async with desk_of(tmp_path, STEADY) as desk:
        (tmp_path / "unit/manager.pid").write_text("4194305\n")
        assert (await desk.run("systemctl", "start", NAME))[0] == 1


async def test_log_since_last_and_after_a_cursor(desk: Desk) -> None:
    began = datetime.now(UTC)
    await desk.run("systemctl", "start", NAME)
    await until(lambda: "ready" in (desk.layout.log / f"{NAME}.service.cat").read_text())
    everything = await desk.log()
    ready = next(record for record in everything if record["MESSAGE"] == "ready")
    state = desk.manager.unit.state
    assert ready["_PID"] == str(state.main_pid)
    assert ready["_SYSTEMD_INVOCATION_ID"] == state.invocation
    assert abs(int(str(ready["__REALTIME_TIMESTAMP"])) / 1e6 - began.timestamp()) < 30
    assert await desk.log("-n", "1") == everything[-1:]
    assert await desk.log("--since", "1 hour ago") == everything
    assert await desk.log("--since", "-1h") == everything
    assert await desk.log("--since", f"@{int(began.timestamp()) - 1}") == everything
    assert await desk.log("--since", (began - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S")) == everything
    assert await desk.log("--since", f"@{int(began.timestamp()) + 3600}") == []
    assert await desk.log("--after-cursor", str(everything[0]["__CURSOR"])) == everything[1:]
    assert (await desk.run("journalctl", "-u", NAME, "--since", "when pigs fly"))[0] == 1
    code, text = await desk.run("journalctl", "-u", NAME, "-o", "short-iso", "--no-pager")
    assert (code, len(text.splitlines())) == (0, len(everything))


async def test_follow_hears_what_comes_later_and_ends_with_the_manager(desk: Desk) -> None:
    await desk.run("systemctl", "start", NAME)
    follow = await asyncio.create_subprocess_exec(
        str(desk.layout.bin / "journalctl"), "-u", NAME, "-f", "-o", "json", stdout=asyncio.subprocess.PIPE
    )
    assert follow.stdout is not None
    first = json.loads(await asyncio.wait_for(follow.stdout.readline(), 20.0))
    assert first["MESSAGE"] == f"Started {NAME}.service - a stand-in."
    await desk.run("systemctl", "stop", NAME)
    async with asyncio.timeout(20.0):
        while json.loads(await follow.stdout.readline())["MESSAGE"] != f"Stopped {NAME}.service - a stand-in.":
            pass
    follow.terminate()
    await follow.wait()


async def test_hostile_lines_stay_one_record_each(tmp_path: Path) -> None:
    async with desk_of(
        tmp_path, r"printf 'a\033[31mb\n\377\376\nplain\n'; head -c 100000 /dev/zero | tr '\0' x"
    ) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: desk.manager.unit.state.active == "inactive")
        said = [record["MESSAGE"] for record in await desk.log() if record["_SYSTEMD_UNIT"] == f"{NAME}.service"]
        assert said[:3] == [list(b"a\x1b[31mb"), [255, 254], "plain"]
        assert [len(str(message)) for message in said[3:]] == [49152, 49152, 1696]
        _, text = await desk.run("journalctl", "-u", NAME, "-o", "short")
        assert "\x1b" not in text
        assert "[7B blob data]" in text


async def test_only_lines_of_a_priority_are_shown_when_it_is_asked_for(tmp_path: Path) -> None:
    async with desk_of(tmp_path, "echo '<4>beware'; echo fine; echo '<3>out of luck'; exit 7", delay=600.0) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: desk.manager.unit.state.sub == "auto-restart")

        async def said(*options: str) -> list[str]:
            return [str(record["MESSAGE"]) for record in await desk.log(*options)]

        everything = await desk.log()
        for asked, numbers in (
            ("err", "0123"),
            ("4", "01234"),
            ("warning..notice", "45"),
            ("3..3", "3"),
            ("info", "0123456"),
        ):
            wanted = [record for record in everything if str(record["PRIORITY"]) in numbers]
            assert await desk.log("-p", asked) == wanted
            assert wanted
        assert await said("--priority=err") == await said("-perr") == ["out of luck"]
        assert await said("-p", "warning", "-n", "1") == [f"{NAME}.service: Failed with result 'exit-code'."]
        assert await said("-p", "warning", "--after-cursor", str(everything[0]["__CURSOR"])) == await said("-p", "4")
        assert await said("-p", "err", "--since", "@99999999999") == []
        assert (await desk.run("journalctl", "-p", "err", "-o", "cat")) == (0, "out of luck\n")
        assert (await desk.run("journalctl", "-p", "crit")) == (0, "-- No entries --\n")
        assert (await desk.run("journalctl", "-p", "crit", "-o", "cat")) == (0, "")
        for wrong in ("bad", "9", "err..bad"):
            assert await desk.run("journalctl", "-p", wrong) == (1, "")


async def test_the_state_of_several_units_is_told_as_the_real_one_does(desk: Desk) -> None:
    await desk.run("systemctl", "start", NAME)
    assert await desk.run("systemctl", "is-active", "nope", NAME, "other") == (0, "inactive\nactive\ninactive\n")
    assert await desk.run("systemctl", "is-active", "-q", NAME) == (0, "")
    assert await desk.run("systemctl", "is-active", "--quiet", "nope") == (4, "")
    assert await desk.run("systemctl", "is-active", "adaf-*") == (0, "active\n")
    assert await desk.run("systemctl", "is-failed", NAME) == (1, "active\n")
    assert await desk.run("systemctl", "is-enabled", NAME) == (0, "enabled\n")
    assert (await desk.run("systemctl", "is-enabled", "nope"))[0] == 1
    both = ("systemctl", "show", NAME, "nope", "-p", "Id", "-p", "ActiveState", "--no-pager")
    assert await desk.run(*both) == (
        0, f"Id={NAME}.service\nActiveState=active\n\nId=nope.service\nActiveState=inactive\n",
    )  # fmt: skip
    code, text = await desk.run("systemctl", "status", "--no-pager", "-n0", "nope", NAME)
    assert (code, text.splitlines()[1]) == (4, f"● {NAME}.service - a stand-in")
    code, text = await desk.run("systemctl", "list-units", "adaf*", "--no-legend", "--plain")
    assert (code, text.split()[:4]) == (0, [f"{NAME}.service", "loaded", "active", "running"])
    assert await desk.run("systemctl", "list-units", "nope*", "--no-legend") == (0, "")
    await desk.run("systemctl", "stop", NAME)
    code, text = await desk.run("systemctl", "status", NAME)
    assert (code, text.splitlines()[0]) == (3, f"○ {NAME}.service - a stand-in")


async def test_the_definition_of_a_unit_is_shown_with_its_limits(desk: Desk) -> None:
    code, text = await desk.run("systemctl", "cat", NAME)
    assert (code, text.splitlines()[0]) == (0, f"# {desk.layout.root}/{NAME}.service")
    for line in ("ExecStart=/bin/sh -c 'echo ready; exec sleep 600'", "MemoryMax=64M", "StartLimitBurst=5"):
        assert line in text.splitlines()
    assert await desk.run("systemctl", "cat", "nope") == (1, "")


@pytest.mark.parametrize("words", [("is-active",), ("show", "-p"), ("cat",), ("nope",), ("-Z",), ("status", "-n", "x")])
async def test_systemctl_refuses_what_it_cannot_read(desk: Desk, words: tuple[str, ...]) -> None:
    assert await desk.run("systemctl", *words) == (1, "")


TALKING = "echo '<4>beware of 99'; echo 'fine'; echo '<3>ERROR out of luck'; echo 'Killed it'; exec sleep 600"


async def test_units_are_asked_for_one_by_one_several_at_once_or_by_a_pattern(tmp_path: Path) -> None:
    async with desk_of(tmp_path, TALKING) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: "Killed" in (tmp_path / f"log/{NAME}.service.cat").read_text())
        everything = await desk.run("journalctl", "-u", NAME)
        assert len(everything[1].splitlines()) == 5
        for words in (
            ("-u", NAME, "-u", "nope"),
            ("-u", "nope", "--unit", f"{NAME}.service"),
            ("-u", "adaf-*"),
            ("-u", "nope*", "-u", "*engine*"),
            ("-u", "adaf-backtest-engin?.service"),
            ("-xeu", NAME),
            ("-xe", f"--unit={NAME}"),
            (),
        ):
            assert await desk.run("journalctl", "--no-pager", *words) == everything
        for words in (("-u", "nope"), ("-u", "nope", "-u", "other"), ("-u", "nope*", "-u", "other")):
            assert await desk.run("journalctl", *words) == (0, "-- No entries --\n")
        assert await desk.run("journalctl", "-u", "nope*", "-u", "other*") == (1, "")
        assert await desk.run("journalctl", "-u", "nope", "-q") == (0, "")


async def test_words_and_times_choose_lines(tmp_path: Path) -> None:
    async with desk_of(tmp_path, TALKING) as desk:
        await desk.run("systemctl", "start", NAME)
        await until(lambda: "Killed" in (tmp_path / f"log/{NAME}.service.cat").read_text())

        async def said(*options: str) -> list[str]:
            return (await desk.run("journalctl", "-u", NAME, "-o", "cat", *options))[1].splitlines()

        assert await said("--grep", "(ERROR|FATAL|killed)") == ["ERROR out of luck"]
        assert await said("-g", "error") == await said("--grep=(ERROR|FATAL)") == ["ERROR out of luck"]
        assert await said("-g", "error", "--case-sensitive") == []
        assert await said("-g", "ERROR|KILLED", "--case-sensitive=no") == ["ERROR out of luck", "Killed it"]
        assert await said("-g", r"of \d+") == ["beware of 99"]
        assert await said("-p", "warning", "-g", "luck|fine") == ["ERROR out of luck"]
        assert await said("-g", "o", "-n", "1") == ["ERROR out of luck"]
        assert await desk.run("journalctl", "-u", NAME, "-g", "pigs fly") == (1, "-- No entries --\n")
        assert await desk.run("journalctl", "-u", NAME, "-g", "pigs (fly") == (1, "")
        whole = await said()
        assert await said("-r") == whole[::-1]
        assert await said("-n") == await said("-n", "all") == await said("-n10") == await said("--lines=10") == whole
        assert await said("-n", "2") == await said("-n2") == await said("--lines", "2") == whole[-2:]
        for since in ("-5min", "1h 30min ago", "2h30min ago", "1 hour ago", "1 day ago", "yesterday", "90 ago", "-2w"):
            assert await said("--since", since, "--until=now") == whole, since
            assert await said(f"--until={since}") in ([], ["-- No entries --"]), since
        for until_ in ("+1h", "tomorrow", "1 minute left", "2100-01-01", "2100-01-01 10:00"):
            assert await said("-S", "today", "-U", until_) == whole, until_


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-u",), "journalctl: option requires an argument -- 'u'"),
        (("--unit",), "journalctl: option '--unit' requires an argument"),
        (("--since", ""), "Failed to parse timestamp: "),
        (("--since", "2 fortnights ago"), "Failed to parse timestamp: 2 fortnights ago"),
        (("--since", "last friday"), "Failed to parse timestamp: last friday"),
        (("--until", "xyz"), "Failed to parse timestamp: xyz"),
        (("--since", "now", "--until", "1 hour ago"), "--since= must be before --until=."),
        (("-n", "abc"), "Failed to add match 'abc': Invalid argument"),
        (("--lines=abc",), "Failed to parse lines 'abc'"),
        (("-r", "-f"), "Please specify either --reverse= or --follow=, not both."),
        (("-o", "nope"), "Unknown output format 'nope'."),
        (("-p", "bad"), "Unknown log level bad"),
        (("-Z",), "journalctl: invalid option -- 'Z'"),
        (("--zzz",), "journalctl: unrecognized option '--zzz'"),
        (("foo",), "Failed to add match 'foo': Invalid argument"),
        (("--after-cursor", "x"), "Failed to seek to cursor: Invalid argument"),
    ],
)
async def test_what_cannot_be_read_is_refused_in_the_words_of_the_real_one(
    desk: Desk, words: tuple[str, ...], sentence: str
) -> None:
    await desk.run("systemctl", "start", NAME)
    process = await asyncio.create_subprocess_exec(
        str(desk.layout.bin / "journalctl"), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, said = await asyncio.wait_for(process.communicate(), 20.0)
    assert (process.returncode, out, said.decode().rstrip("\n")) == (1, b"", sentence)


async def test_follow_hears_of_errors_only_when_only_they_are_asked_for(desk: Desk) -> None:
    await desk.run("systemctl", "start", NAME)
    follow = await asyncio.create_subprocess_exec(
        str(desk.layout.bin / "journalctl"), "-f", "-p", "notice", "-o", "cat", stdout=asyncio.subprocess.PIPE
    )
    assert follow.stdout is not None
    os.kill(desk.manager.unit.state.main_pid, signal.SIGKILL)
    line = await asyncio.wait_for(follow.stdout.readline(), 20.0)
    assert line == f"{NAME}.service: Main process exited, code=killed, status=9/KILL\n".encode()
    (desk.layout.unit / "manager.pid").write_text("4194305\n")
    follow.terminate()
    await follow.wait()


async def test_the_failed_units_are_listed(tmp_path: Path) -> None:
    async with desk_of(tmp_path, CRASHING) as desk:
        none = (0, "  UNIT LOAD ACTIVE SUB DESCRIPTION\n0 loaded units listed.\n")
        assert await desk.run("systemctl", "--failed") == none
        await desk.run("systemctl", "start", NAME)
        await until(lambda: desk.manager.unit.state.active == "failed")
        code, text = await desk.run("systemctl", "--failed", "--no-pager")
        assert (code, text.splitlines()[:2]) == (
            0,
            [
                f"  {'UNIT':<{len(NAME) + 8}} LOAD   ACTIVE SUB    DESCRIPTION",
                f"● {NAME}.service loaded failed failed a stand-in",
            ],
        )
        assert text.endswith("\n\n1 loaded units listed.\n")
        bare = f"{NAME}.service loaded failed failed a stand-in\n"
        for words in (("--failed",), ("list-units", "--state=failed"), ("list-units", "--all")):
            assert await desk.run("systemctl", *words, "--plain", "--no-legend") == (0, bare)
        assert await desk.run("systemctl", "reset-failed", NAME) == (0, "")
        assert await desk.run("systemctl", "list-units", "--failed") == none
        assert (await desk.run("systemctl", "list-units"))[1].endswith(
            "Pass --all to see loaded but inactive units, too.\n"
        )
        assert (await desk.run("systemctl", "--all", "--no-legend"))[1].split()[3] == "dead"
