"""Where the token comes from, and that nothing of it ever reaches a sentence."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clients import token
from backend.clients.token import KEPT_SECONDS, SURE_SECONDS, TokenFromCommand, TokenFromEnvironment
from backend.command import CommandResult, SystemRunner
from backend.config.model import Api, Config
from backend.errors import NotAllowed, SourceError, TimedOut
from backend.platform import Platform
from tests.clients.wire import Server, reply
from tests.fakes import Time

SECRET = "s3cr3t-0f-research"


class Printer:
    """A program that prints a token and counts its runs."""

    def __init__(self, folder: Path, prints: str = f"{SECRET}\n", complains: str = "", code: int = 0) -> None:
        self._folder = folder
        self.argv = (str(folder / "print-token"),)
        (folder / "out").write_bytes(prints.encode("utf-8", "surrogateescape"))
        (folder / "err").write_text(complains)
        program = folder / "print-token"
        says = f"echo run >> {folder}/runs\ncat {folder}/out\ncat {folder}/err >&2\nexit {code}\n"
        program.write_text(f"#!/bin/sh\n{says}")
        program.chmod(0o755)

    def prints(self, text: str) -> None:
        (self._folder / "out").write_text(text)

    @property
    def runs(self) -> int:
        return len((self._folder / "runs").read_text().split())


def told(error: SourceError) -> str:
    return f"{error.summary} {error.detail} {error}"


async def test_one_run_serves_all_who_wait_and_those_who_come(tmp_path: Path) -> None:
    printer, time = Printer(tmp_path), Time()
    fetching = TokenFromCommand(printer.argv, SystemRunner(), time)
    assert await asyncio.gather(*(fetching.fetch() for _ in range(8))) == [SECRET] * 8
    time.passed += KEPT_SECONDS - 1
    assert await fetching.fetch() == SECRET
    assert printer.runs == 1
    printer.prints("another")
    time.passed += 1
    assert await fetching.fetch() == "another"
    assert printer.runs == 2


async def test_a_token_that_is_not_accepted_is_asked_for_again_once(tmp_path: Path) -> None:
    printer, time = Printer(tmp_path), Time()
    fetching = TokenFromCommand(printer.argv, SystemRunner(), time)
    await fetching.fetch()
    time.passed += SURE_SECONDS
    printer.prints("another")
    fetching.refused()
    assert await fetching.fetch() == "another"
    for _ in range(3):  # requests that were under way with the old one, or a route that is forbidden for good
        fetching.refused()
        assert await fetching.fetch() == "another"
    assert printer.runs == 2


@pytest.mark.parametrize(
    ("prints", "complains", "code", "says"),
    [
        (SECRET, f"cannot renew {SECRET}", 3, "api.token_command ended with exit code 3"),
        (SECRET, "", 1, "api.token_command ended with exit code 1"),
        ("", "", 0, "api.token_command printed no token"),
        (" \n\n", SECRET, 0, "api.token_command printed no token"),
        (f"{SECRET}\n{SECRET}", "", 0, "what api.token_command printed is no token"),
        (f"{SECRET}\x1b[2J", "", 0, "what api.token_command printed is no token"),
        (f"{SECRET}\x00", "", 0, "what api.token_command printed is no token"),
        (f"password: {SECRET}", "", 0, "what api.token_command printed is no token"),
        (f"{SECRET}ü", "", 0, "what api.token_command printed is no token"),
        (f"{SECRET}\udcff", "", 0, "what api.token_command printed is no token"),
    ],
)
async def test_nothing_of_a_failing_command_is_told(
    tmp_path: Path, prints: str, complains: str, code: int, says: str
) -> None:
    printer, time = Printer(tmp_path, prints, complains, code), Time()
    fetching = TokenFromCommand(printer.argv, SystemRunner(), time)
    for _ in range(3):
        with pytest.raises(NotAllowed) as caught:
            await fetching.fetch()
        assert says in caught.value.summary
        assert SECRET not in told(caught.value)
    assert printer.runs == 1, "a failure is not tried again at once"
    time.passed += SURE_SECONDS
    with pytest.raises(NotAllowed):
        await fetching.fetch()
    assert printer.runs == 2


async def test_a_command_that_is_not_there_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match=r"is not on this host; the setting is api\.token_command"):
        await TokenFromCommand((str(tmp_path / "absent"),), SystemRunner()).fetch()


async def test_a_command_that_a_signal_ends(tmp_path: Path) -> None:
    program = tmp_path / "killed"
    program.write_text(f"#!/bin/sh\necho {SECRET}\nkill -9 $$\n")
    program.chmod(0o755)
    with pytest.raises(NotAllowed, match="was ended by signal 9") as caught:
        await TokenFromCommand((str(program),), SystemRunner()).fetch()
    assert SECRET not in told(caught.value)


async def test_a_command_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "COMMAND_SECONDS", 0.1)
    with pytest.raises(TimedOut, match=r"api\.token_command gave no token within 0\.1 s"):
        await TokenFromCommand(("sleep", "60"), SystemRunner()).fetch()


@pytest.mark.parametrize("value", [None, "", f"{SECRET}\n{SECRET}", f"{SECRET}\x07", f"{SECRET} x", f"{SECRET}\udcff"])
async def test_a_variable_without_a_usable_token(value: str | None) -> None:
    environ = {} if value is None else {"RESEARCH_TOKEN": value}
    with pytest.raises(NotAllowed, match=r"RESEARCH_TOKEN.*api\.token_env|api\.token_env.*RESEARCH_TOKEN") as caught:
        await TokenFromEnvironment("RESEARCH_TOKEN", environ).fetch()
    assert SECRET not in told(caught.value)


class Says:
    """A command runner whose command says whatever a test wants."""

    def __init__(self, stdout: str, stderr: str, code: int) -> None:
        self._said = (code, stdout, stderr)

    async def run(self, argv: Sequence[str], *, timeout: float) -> CommandResult:  # noqa: ASYNC109
        return CommandResult(tuple(argv), *self._said, took=timeout)


@given(st.text(max_size=20), st.text(max_size=20), st.integers(-64, 255))
async def test_whatever_the_command_says_a_header_can_carry_it_or_nobody_sees_it(
    before: str, after: str, code: int
) -> None:
    fetching = TokenFromCommand(("x",), Says(f"{before}{SECRET}{after}", f"{after}{SECRET}{before}", code))
    found, said = "", ""
    try:
        found = await fetching.fetch()
    except NotAllowed as error:
        said = told(error)
    assert SECRET not in said
    assert bool(said) != (code == 0 and SECRET in found)
    assert all("\x20" < letter < "\x7f" for letter in found)


async def test_the_platform_sends_what_the_command_prints(server: Server, tmp_path: Path) -> None:
    printer = Printer(tmp_path)
    server.on("backtests/health", reply({"status": "healthy"}))
    server.on("backtests/status", reply({}, 401))
    platform = Platform(Config(api=Api(url=server.url, token_command=printer.argv)))
    try:
        for _ in range(3):
            await platform.api.health()
        with pytest.raises(NotAllowed):
            await platform.api.counts()
        await platform.api.health()
    finally:
        await platform.aclose()
    assert {request.headers.get("authorization") for request in server.requests} == {f"Bearer {SECRET}"}
    assert printer.runs == 1
