"""The state of a unit, and how `systemctl show` prints it."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.demo.layout import replace

STYLES: dict[str, Callable[[datetime], str]] = {
    "pretty": lambda moment: f"{moment:%a %Y-%m-%d %H:%M:%S} UTC",
    "us": lambda moment: f"{moment:%a %Y-%m-%d %H:%M:%S.%f} UTC",
    "unix": lambda moment: f"@{int(moment.timestamp())}",
}
"""How a time is written, by what `--timestamp` names it."""

_CODES = {"exited": 1, "killed": 2, "dumped": 3}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a unit runs, and when its manager gives up. Seconds; `memory_max` in bytes, None for no limit."""

    name: str
    description: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    folder: Path
    memory_max: int | None = None
    restart_delay: float = 1.0
    stop_patience: float = 5.0
    burst: int = 5
    interval: float = 10.0

    @property
    def fragment(self) -> Path:
        """The file that defines it."""
        return self.folder / self.name


@dataclass(frozen=True, slots=True)
class State:
    """What is true of a unit now. Times are UTC; `code` and `status` tell how the main process last ended."""

    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    main_pid: int = 0
    last_pid: int = 0
    restarts: int = 0
    invocation: str = ""
    code: str = ""
    status: int = 0
    changed: datetime | None = None
    activated: datetime | None = None
    deactivated: datetime | None = None
    exec_started: datetime | None = None
    exec_exited: datetime | None = None


def properties(unit: Definition, state: State, write: Callable[[datetime], str]) -> dict[str, str]:
    """What `systemctl show` prints, in its order; `?` for what has to be counted at the moment it is asked for."""

    def at(moment: datetime | None) -> str:
        return "" if moment is None else write(moment.astimezone(UTC))

    return {
        "Type": "exec",
        "Restart": "on-failure",
        "RestartUSec": f"{unit.restart_delay:g}s",
        "TimeoutStopUSec": f"{unit.stop_patience:g}s",
        "MainPID": str(state.main_pid),
        "Result": state.result,
        "NRestarts": str(state.restarts),
        "ExecMainStartTimestamp": at(state.exec_started),
        "ExecMainExitTimestamp": at(state.exec_exited),
        "ExecMainPID": str(state.last_pid),
        "ExecMainCode": str(_CODES.get(state.code, 0)),
        "ExecMainStatus": str(state.status),
        "ControlGroup": "",
        "MemoryCurrent": "?" if state.main_pid else "[not set]",
        "MemoryMax": "infinity" if unit.memory_max is None else str(unit.memory_max),
        "KillMode": "control-group",
        "Id": unit.name,
        "Names": unit.name,
        "Description": unit.description,
        "LoadState": "loaded",
        "ActiveState": state.active,
        "SubState": state.sub,
        "FragmentPath": str(unit.fragment),
        "UnitFileState": "enabled",
        "StateChangeTimestamp": at(state.changed),
        "ActiveEnterTimestamp": at(state.activated),
        "InactiveEnterTimestamp": at(state.deactivated),
        "StartLimitIntervalUSec": f"{unit.interval:g}s",
        "StartLimitBurst": str(unit.burst),
        "InvocationID": state.invocation,
    }


def fragment(unit: Definition) -> str:
    """The text of the file that defines the unit."""
    words = " ".join(shlex.quote(word) for word in unit.argv)
    limit = "infinity" if unit.memory_max is None else f"{unit.memory_max >> 20}M"
    return (
        f"[Unit]\nDescription={unit.description}\nStartLimitIntervalSec={unit.interval:g}\nStartLimitBurst={unit.burst}\n\n"
        f"[Service]\nType=exec\nExecStart={words}\nRestart=on-failure\nRestartSec={unit.restart_delay:g}\n"
        f"TimeoutStopSec={unit.stop_patience:g}\nMemoryMax={limit}\n\n[Install]\nWantedBy=multi-user.target\n"
    )


_NOT_FOUND = {
    "MainPID": "0", "Result": "success", "NRestarts": "0", "ControlGroup": "", "MemoryCurrent": "[not set]",
    "MemoryMax": "infinity", "Id": "", "Names": "", "LoadState": "not-found", "ActiveState": "inactive",
    "SubState": "dead", "FragmentPath": "", "UnitFileState": "", "StateChangeTimestamp": "",
    "ActiveEnterTimestamp": "", "InvocationID": "",
}  # fmt: skip


def publish(folder: Path, unit: Definition, state: State) -> None:
    """Write the files that `systemctl` reads, one for each way to write a time."""
    for style, write in STYLES.items():
        replace(folder / f"{unit.name}.{style}", _listed(properties(unit, state, write)))


def publish_not_found(folder: Path) -> None:
    """Write what is shown of a unit that does not exist."""
    replace(folder / "not-found", _listed(_NOT_FOUND))


def _listed(values: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
