"""The files of an instance, its repository, and the configuration that a dashboard gets."""

import asyncio
import re
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tui.demo import configuration, repository, tree
from tui.demo.instance import Instance, create, remove
from tui.demo.layout import Layout
from tui.demo.unit.install import install
from tui.demo.world.scenario import SCENARIOS, Scenario, build

HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = create(tmp_path / 'a "place" of it\'s own')
    yield made
    remove(made.root, made.token)


@pytest.fixture(params=sorted(SCENARIOS))
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return build(request.param, 5, datetime.now(UTC))


def older(folder: Path, seconds: float) -> list[bool]:
    now = time.time()
    return [now - path.stat().st_mtime > seconds for path in folder.iterdir() if path.is_file()]


def test_files_have_the_ages_that_the_runbook_asks_for(instance: Instance, scenario: Scenario) -> None:
    layout = instance.layout
    tree.grow(layout, scenario)
    for folder, limit in (
        (layout.temp, 61 * 60.0),
        (layout.completed, 31 * DAY),
        (layout.results, 31 * DAY),
        (layout.scratch, 2 * DAY),
    ):
        old = older(folder, limit)
        assert 3 <= sum(old) <= len(old) - 3, folder.name
    assert {path.name for path in layout.active.iterdir()} == {job.id for job in scenario.with_status("running")}
    assert all(path.name.startswith("backtest_") for path in layout.scratch.iterdir())


@pytest.mark.parametrize("fill", [0.61, 0.92])
def test_use_is_a_share_of_the_quota_in_sizes_and_in_blocks(instance: Instance, fill: float) -> None:
    layout = instance.layout
    tree.grow(layout, build("calm", 1, datetime.now(UTC)), fill)
    found = [path.stat() for path in layout.files.rglob("*") if path.is_file()]
    assert tree.used(layout) == sum(status.st_blocks * 512 for status in found)
    assert sum(status.st_size for status in found) / tree.QUOTA == pytest.approx(fill, abs=0.01)
    assert sum(status.st_blocks * 512 for status in found) / tree.QUOTA == pytest.approx(fill, abs=0.02)


async def test_the_repository_has_a_commit_of_the_last_day(instance: Instance, scenario: Scenario) -> None:
    layout = instance.layout
    install(layout)
    await repository.found(layout, scenario, instance.environment())
    log = ("-C", str(layout.repository), "log", "--format=%s", "--since=24 hours ago")
    git = await asyncio.create_subprocess_exec(str(layout.bin / "git"), *log, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(git.communicate(), 20.0)
    told = [commit.message for commit in scenario.commits]
    assert (git.returncode, len(out.splitlines())) == (0, 1 + len(told))
    assert set(told) <= set(out.decode().splitlines())
    assert all((layout.repository / strategy.path).is_file() for strategy in scenario.strategies)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def test_every_path_and_address_of_the_configuration_is_the_instances_own(instance: Instance) -> None:
    layout = instance.layout
    configuration.write(layout, 4711, 4712)
    config = tomllib.loads(layout.config.read_text("utf-8"))
    paths = [text for text in strings(config) if text.startswith("/")]
    assert len(paths) > 8
    assert all(Path(path).resolve().is_relative_to(layout.root) for path in paths)
    assert all(command[0].startswith(str(layout.bin)) for command in config["commands"].values())
    assert config["engine"]["systemctl"] == [str(layout.bin / "systemctl")]
    assert config["api"]["url"] == "http://127.0.0.1:4711"
    assert {address for text in strings(config) for address in re.findall(r"//([^/:]+)", text)} == {"127.0.0.1"}
    assert (config["environment"]["name"], config["environment"]["locked"]) == ("demo", False)
    assert layout.config.stat().st_mode & 0o777 == 0o600


def test_the_configuration_holds_no_password(instance: Instance) -> None:
    instance.layout.passfile.write_text("127.0.0.1:4712:*:adaf_research:s3cr3t\n")
    configuration.write(instance.layout, 4711, 4712)
    text = instance.layout.config.read_text("utf-8")
    assert "s3cr3t" not in text
    assert "password" not in text


def test_patterns_fit_this_instances_workers_and_no_others(instance: Instance) -> None:
    configuration.write(instance.layout, 4711, 4712)
    engine = tomllib.loads(instance.layout.config.read_text("utf-8"))["engine"]
    root, token = instance.root, instance.token
    worker = f"{root}/engine/adaf-backtest-{token}/python -m backtest.worker --job 8850"
    main = f"/usr/bin/python -m tui.demo.engine --root {root}"
    others = (
        f"{root}/engine/adaf-backtest-{'0' * 16}/python -m backtest.worker",
        f"vim {root}/config.toml",
        "python -m pytest tests/backtest",
    )
    (pattern,) = engine["kill_patterns"]
    assert re.search(pattern, worker)
    assert not any(re.search(pattern, other) for other in (main, *others))
    assert all(re.search(engine["look_pattern"], line) for line in (worker, main))
    assert not any(re.search(engine["look_pattern"], other) for other in others)


def test_a_layout_touches_nothing_outside_its_root(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    names = [name for name, kind in vars(Layout).items() if isinstance(kind, property) and name != "token"]
    assert len(names) > 20
    assert all(getattr(layout, name).is_relative_to(tmp_path) for name in names)
    assert not any(tmp_path.iterdir())
