from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clients.engine import PROPERTIES, EngineClient, decode_unit, seconds, timestamp
from backend.command import SystemRunner
from backend.errors import BadAnswer, NotAllowed, Refused, SourceError
from backend.model.engine import Unit

UNIT = "adaf-backtest-engine"
RUNNING = """\
Id=adaf-backtest-engine.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
MainPID=4100
NRestarts=2
InvocationID=0f3c5ac86b8b4bb0a2f9d0b0b9a2f3d1
ActiveEnterTimestamp=Sun 2026-11-22 13:05:11 UTC
StateChangeTimestamp=Sun 2026-11-22 13:05:12 UTC
MemoryCurrent=3221225472
MemoryMax=4294967296
ControlGroup=/system.slice/adaf-backtest-engine.service
"""


def systemctl(folder: Path, output: str, complaint: str = "", code: int = 0) -> Sequence[str]:
    """A command in place of systemctl, that writes down how it was called."""
    (folder / "out").write_text(output)
    (folder / "err").write_text(complaint)
    path = folder / "systemctl"
    path.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> {folder}/called\ncat {folder}/out\ncat {folder}/err >&2\nexit {code}\n'
    )
    path.chmod(0o755)
    return (str(path),)


async def test_a_running_unit_by_one_call(tmp_path: Path) -> None:
    client = EngineClient(UNIT, systemctl(tmp_path, RUNNING), SystemRunner())
    assert await client.unit() == Unit(
        name="adaf-backtest-engine.service",
        load="loaded",
        active="active",
        sub="running",
        result="success",
        main_pid=4100,
        restarts=2,
        invocation="0f3c5ac86b8b4bb0a2f9d0b0b9a2f3d1",
        active_since=datetime(2026, 11, 22, 13, 5, 11, tzinfo=UTC),
        changed_at=datetime(2026, 11, 22, 13, 5, 12, tzinfo=UTC),
        memory_current=3221225472,
        memory_max=4294967296,
        control_group="/system.slice/adaf-backtest-engine.service",
    )
    assert (tmp_path / "called").read_text().split() == ["show", UNIT, "-p", ",".join(PROPERTIES)]


async def test_a_command_in_front(tmp_path: Path) -> None:
    argv = ("env", *systemctl(tmp_path, RUNNING))
    assert (await EngineClient(UNIT, argv, SystemRunner()).unit()).running


@pytest.mark.parametrize("code", [0, 4])
async def test_a_unit_that_is_not_there(tmp_path: Path, code: int) -> None:
    output = "LoadState=not-found\nActiveState=inactive\nSubState=dead\nMemoryCurrent=[not set]\nMemoryMax=infinity\n"
    unit = await EngineClient(UNIT, systemctl(tmp_path, output, code=code), SystemRunner()).unit()
    assert (unit.name, unit.load, unit.active, unit.running) == (UNIT, "not-found", "inactive", False)
    assert (unit.memory_current, unit.memory_max, unit.main_pid, unit.restarts) == (None, None, None, None)


@pytest.mark.parametrize(
    ("output", "complaint", "code", "kind", "said"),
    [
        (
            "",
            "System has not been booted with systemd as init system (PID 1). Can't operate.",
            1,
            Refused,
            "systemd running",
        ),
        ("", "Failed to connect to bus: No such file or directory", 1, Refused, "systemd running"),
        ("", "sudo: a password is required", 1, NotAllowed, r"engine\.systemctl"),
        ("", "Failed to get properties: Access denied", 1, NotAllowed, "may not show"),
        ("", "ssh: connect to host research-01 port 22: No route to host", 255, Refused, "No route to host"),
        ("", "", 1, Refused, "exit code 1"),
        ("\x00\xff garbage", "", 0, BadAnswer, "no unit's state"),
        ("LoadState\n=x\n", "", 0, BadAnswer, "no unit's state"),
        ("", "", 0, BadAnswer, "no unit's state"),
    ],
)
async def test_no_answer(
    tmp_path: Path, output: str, complaint: str, code: int, kind: type[SourceError], said: str
) -> None:
    client = EngineClient(UNIT, systemctl(tmp_path, output, complaint, code), SystemRunner())
    with pytest.raises(kind, match=said) as caught:
        await client.unit()
    assert "\x00" not in caught.value.detail


async def test_a_host_without_systemctl(tmp_path: Path) -> None:
    client = EngineClient(UNIT, (str(tmp_path / "systemctl"),), SystemRunner())
    with pytest.raises(NotAllowed, match=r"is not on this host; the setting is engine\.systemctl"):
        await client.unit()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun 2026-11-22 13:05:11 UTC", datetime(2026, 11, 22, 13, 5, 11, tzinfo=UTC)),
        ("Sun 2026-11-22 13:05:11.250000 UTC", datetime(2026, 11, 22, 13, 5, 11, 250000, tzinfo=UTC)),
        ("Sun 2026-11-22 13:05:11 +0530", datetime(2026, 11, 22, 7, 35, 11, tzinfo=UTC)),
        ("Sun 2026-11-22 13:05:11 -03", datetime(2026, 11, 22, 16, 5, 11, tzinfo=UTC)),
        ("2026-11-22 13:05:11", datetime(2026, 11, 22, 13, 5, 11, tzinfo=UTC)),
        ("@1795352711", datetime(2026, 11, 22, 13, 5, 11, tzinfo=UTC)),
        ("Sun 2026-11-22 13:05:11 XYZ", None),
        ("Sun 2026-13-22 13:05:11 UTC", None),
        ("@1e300", None),
        ("@nan", None),
        ("n/a", None),
        ("0", None),
        ("", None),
    ],
)
def test_timestamps(text: str, expected: datetime | None) -> None:
    assert timestamp(text) == expected


@pytest.mark.parametrize(
    "value", ["", "[not set]", "infinity", "18446744073709551615", "n/a", "-1", "1e9", "²", "9" * 5000]
)
def test_numbers_that_are_none(value: str) -> None:
    unit = decode_unit("x", {"MemoryMax": value, "MemoryCurrent": value, "NRestarts": value, "MainPID": value})
    assert (unit.memory_max, unit.memory_current, unit.restarts, unit.main_pid) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10s", 10.0), ("1min 30s", 90.0), ("2h 5min", 7500.0), ("1d", 86_400.0), ("1.5s", 1.5), ("500ms", 0.5),
        ("250us", 0.00025), ("0", 0.0), ("infinity", None), ("[not set]", None), ("", None), ("10x", None),
        ("s", None), ("9" * 5000, None), ("-1s", None),
    ],
)  # fmt: skip
def test_spans(text: str, expected: float | None) -> None:
    assert seconds(text) == (expected if expected is None else pytest.approx(expected))
    assert decode_unit("x", {"StartLimitIntervalUSec": text}).start_limit == seconds(text)


def test_no_main_process() -> None:
    assert decode_unit("x", {"MainPID": "0"}).main_pid is None


@given(st.dictionaries(st.sampled_from(PROPERTIES), st.text(max_size=60)))
def test_any_property_may_hold_anything(told: dict[str, str]) -> None:
    unit = decode_unit("x", told)
    assert "\x1b" not in f"{unit}"


async def test_a_refused_verb_is_named(tmp_path: Path) -> None:
    argv = systemctl(tmp_path, "", "Failed to restart: Access denied", 4)
    with pytest.raises(NotAllowed, match=r"may not restart the unit: Failed to restart: Access denied"):
        await EngineClient(UNIT, argv, SystemRunner()).control("restart")


async def test_a_password_that_is_asked_for_only_when_it_runs_is_told_with_its_rule(tmp_path: Path) -> None:
    script = tmp_path / "sudo"
    script.write_text('#!/bin/sh\ncase "$*" in *-l*) exit 0;; esac\necho "sudo: a password is required" >&2; exit 1\n')
    script.chmod(0o755)
    client = EngineClient(UNIT, (str(script), "-n", "/usr/bin/systemctl"), SystemRunner())
    assert await client.needs_password("restart") is None
    with pytest.raises(NotAllowed, match=rf"without a password: (?s:.*)NOPASSWD: /usr/bin/systemctl restart {UNIT}\n"):
        await client.control("restart")


async def test_a_start_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    script = tmp_path / "systemctl"
    why = f"Job for {UNIT}.service failed because the control process exited with error code."
    where = f'See "systemctl status {UNIT}.service" and "journalctl -xeu {UNIT}.service" for details.'
    script.write_text(f"#!/bin/sh\nprintf '%s\\n' '{why}' '{where}' >&2\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(Refused) as caught:
        await EngineClient(UNIT, (str(script),), SystemRunner()).control("restart")
    assert caught.value.summary == f"{script} failed: {why}"
    assert where in caught.value.detail
