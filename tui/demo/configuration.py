"""The configuration of a dashboard that watches this instance, and nothing but it."""

import json
import re
from collections.abc import Mapping

from tui.demo.address import WATCHER, dsn
from tui.demo.layout import Layout, replace
from tui.demo.market import TABLES
from tui.demo.outside import HTTP_PROVIDER, PING_HOST
from tui.demo.tree import QUOTA
from tui.demo.unit.install import UNIT

Value = str | int | bool | list[str]
Section = Mapping[str, Value]


def write(layout: Layout, api_port: int, postgres_port: int, session_minutes: float | None = None) -> None:
    """Write `config.toml`: every path, pattern, command and state folder of it lies in this instance.

    `session_minutes` takes the place of the usual limit, for sessions here are as young as the instance.
    """
    blocks = [_lines({"state_dir": str(layout.state), "lock_dir": str(layout.locks)})]
    blocks += [f"[{name}]\n{_lines(section)}" for name, section in _sections(layout, api_port, postgres_port).items()]
    if session_minutes is not None:
        blocks.append(f"[limits]\nsession_minutes = {session_minutes}\n")
    blocks += [f"[[providers]]\n{_lines(provider)}" for provider in _providers(api_port)]
    blocks += [f"[[repositories]]\n{_lines(repository)}" for repository in _repositories(layout)]
    replace(layout.config, "\n".join(blocks))


def worker_pattern(token: str) -> str:
    """The regular expression that fits the command lines of this instance's workers, and no other's."""
    return f"adaf-backtest-{token}.*python"


def _sections(layout: Layout, api_port: int, postgres_port: int) -> dict[str, Section]:
    token, root = layout.token, str(layout.root)
    return {
        "environment": {"name": "demo", "colour": "blue", "locked": False},
        "api": {"url": f"http://127.0.0.1:{api_port}"},
        "database": {
            "dsn": dsn(postgres_port, layout.passfile, WATCHER),
            "schema": "market_data",
            "tables": list(TABLES),
            "sessions": "%backtest%",
        },
        "engine": {
            "unit": UNIT,
            "systemctl": [str(layout.bin / "systemctl")],
            "journalctl": [str(layout.bin / "journalctl")],
            "pid_file": str(layout.engine_pid),
            "kill_patterns": [worker_pattern(token)],
            "look_pattern": rf"adaf-backtest-{token}|tui\.demo\.engine --root {re.escape(root)}",
        },
        "files": {
            "root": str(layout.files),
            "scratch_dir": str(layout.scratch),
            "scratch_pattern": "backtest_*",
            "quota_bytes": QUOTA,
        },
        "commands": {
            "ping": [str(layout.bin / "ping"), "-c", "1", "-W", "2"],
            "kernel_log": [str(layout.bin / "kernel-log")],
            "git": [str(layout.bin / "git")],
        },
    }


def _providers(api_port: int) -> tuple[Section, ...]:
    page = f"http://127.0.0.1:{api_port}/providers/{HTTP_PROVIDER}/health"
    return (
        {"name": "data-provider-1", "kind": "ping", "address": PING_HOST},
        {"name": "marketdata", "kind": "http", "address": page},
    )


def _repositories(layout: Layout) -> tuple[Section, ...]:
    """One repository, looked at twice: for the strategies and for what they run on."""
    path = str(layout.repository)
    return (
        {"name": "strategies", "path": path, "folders": ["src/strategies", "research/strategies"]},
        {"name": "operations", "path": path, "folders": ["config", "ops", "infrastructure"]},
    )


def _lines(section: Section) -> str:
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in section.items())
