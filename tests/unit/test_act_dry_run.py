"""`backtop act` on a unit alone: what a dry run tells of now, and what is told when the journal is lost."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.clients.systemctl import place as manager_of
from backend.clock import SystemClock
from backend.errors import JournalError
from backend.incident.entry import Entry
from backend.incident.identity import Meant, meant_as_data
from backend.incident.journal import Journal
from backend.locks import TargetLock, whoami
from backend.model.target import UnitTarget
from tests.situations import unit
from tests.unit.test_cli import code_of
from tui.headless import unfinished

NAME = "adaf-backtest-engine.service"
KEY = UnitTarget.of(unit(name=NAME)).key
SYSTEMCTL = """\
#!/bin/sh
state=failed
[ -e "$(dirname "$0")/reset" ] && state=inactive
case "$1" in
show) printf 'Id={name}\\nLoadState=loaded\\nActiveState=%s\\nResult=signal\\nInvocationID={run}\\n' "$state" ;;
*) : > "$(dirname "$0")/reset" ;;
esac
"""
LOOPING = """\
#!/bin/sh
# A unit that crashes: each look finds another run, which waits for its start or is up since a moment.
printf x >> "$(dirname "$0")/runs"
count=$(wc -c < "$(dirname "$0")/runs")
printf 'Id={name}\\nLoadState=loaded\\nNRestarts=%d\\nInvocationID=%032d\\nResult=exit-code\\n' $((count + 6)) "$count"
if [ $((count % 2)) = 0 ]; then
    printf 'ActiveState=active\\nSubState=running\\nActiveEnterTimestamp=@%s\\n' "$(date +%s)"
else
    printf 'ActiveState=activating\\nSubState=auto-restart\\n'
fi
"""
SUDO = """\
#!/bin/sh
case "$*" in
*" show "*) shift; exec "$@" ;;
*) echo 'sudo: a password is required' >&2; exit 1 ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a unit that has failed, and a configuration of nothing but it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, text in (("systemctl", SYSTEMCTL.format(name=NAME, run="a3f1" * 8)), ("sudo", SUDO)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "locks").mkdir()
    write(tmp_path, [str(tmp_path / "systemctl")])
    return tmp_path


def write(place: Path, systemctl: list[str]) -> None:
    lines = [
        f"state_dir = {json.dumps(str(place / 'state'))}", f"lock_dir = {json.dumps(str(place / 'locks'))}",
        "[api]", 'url = "http://127.0.0.1:9"', "timeout = 0.2", "[engine]", f"systemctl = {json.dumps(systemctl)}",
    ]  # fmt: skip
    (place / "config.toml").write_text("\n".join(lines) + "\n")


def journal(place: Path) -> Journal:
    return Journal(place / "state" / "default" / "journal.jsonl", "bob@research-01", SystemClock())


def intent(place: Path, action: str, risk: str, key: str = KEY, *, id_: str = "r1") -> None:
    journal(place).append("intent", id=id_, action=action, targets=[key], data={"risk": risk})


def act(place: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Mapping[str, Any], str]:
    code = code_of("--config", str(place / "config.toml"), *words, "--json")
    said = capsys.readouterr()
    told: Mapping[str, Any] = json.loads(said.out)
    return code, told, said.err


def forbidden(place: Path, capsys: pytest.CaptureFixture[str], action: str, *first: str) -> list[str]:
    before = sorted(place.rglob("*"))
    code, told, err = act(place, capsys, *first, "act", action, "--dry-run")
    assert (code, told["outcome"], err) == (0, None, "")
    assert sorted(place.rglob("*")) == before, "a dry run leaves nothing behind"
    sentences: list[str] = told["plan"]["forbidden"]
    assert all(sentence.partition("\n")[0].endswith(".") for sentence in sentences)
    return sentences


def test_what_could_run_now_is_forbidden_by_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert forbidden(place, capsys, "engine.reset-failed") == []
    assert code_of("--config", str(place / "config.toml"), "act", "engine.reset-failed", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "  only if  the unit is still failed, in the run shown here\n" in said
    assert "not now" not in said


def test_the_journal_forbids_what_was_just_done(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intent(place, "engine.reset-failed", "low")
    (why,) = forbidden(place, capsys, "engine.reset-failed")
    assert why.startswith(f"reset failed was already asked for {NAME} ")
    assert forbidden(place, capsys, "engine.restart") == []
    for number in range(5):
        intent(place, "engine.restart", "high", f"unit:{number}", id_=f"r{number}")
    (why,) = forbidden(place, capsys, "engine.restart")
    assert why.startswith("5 high-risk actions ran in the last 10 minutes")


def others_lock(place: Path) -> TargetLock:
    """What somebody else takes who acts on the unit."""
    key = f"{manager_of([str(place / 'systemctl')])} {KEY}"
    return TargetLock(place / "locks", key, who="bob@research-01")


def test_a_lock_of_somebody_else_forbids_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with others_lock(place) as held:
        assert held is None
        (why,) = forbidden(place, capsys, "engine.reset-failed")
    assert why.startswith("bob@research-01, pid ")
    assert f"acts on {NAME} since" in why


def test_who_may_only_look_sees_the_plan_and_that_it_may_not_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (why,) = forbidden(place, capsys, "engine.reset-failed", "--read-only")
    assert why == "This backtop is read-only; start one without --read-only to act."
    code, told, _ = act(place, capsys, "--read-only", "act", "engine.reset-failed", "--yes")
    assert (code, told["plan"], told["outcome"]["text"]) == (2, None, why)
    assert not (place / "reset").exists()


def test_a_right_that_is_missing_forbids_it_with_the_line_that_grants_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(place, [str(place / "sudo"), "-n", str(place / "systemctl")])
    (why,) = forbidden(place, capsys, "engine.restart")
    sentence, *lines = why.split("\n")
    assert sentence == "A password would be needed for sudo here; these lines in sudoers allow it."
    assert_granting(place, lines)
    config = ("--config", str(place / "config.toml"))
    code_of(*config, "act", "engine.restart", "--dry-run")
    assert set(lines) < set(capsys.readouterr().out.splitlines())
    code_of(*config, "act", "engine.restart", "--confirm", "adaf-backtest-engine")
    assert set(lines) < set(capsys.readouterr().out.splitlines())
    code_of(*config, "journal")
    told = capsys.readouterr().out.splitlines()
    assert told[-3:] == lines
    assert told[-4].endswith("A password would be needed for sudo here; these lines in sudoers allow it.")


def assert_granting(place: Path, lines: list[str]) -> None:
    """All lines that are needed, each for one command: to look, and for what each action asks for."""
    assert all(f" ALL=(root) NOPASSWD: {place}/systemctl " in line for line in lines)
    show, restart, reset = (line.partition(f"{place}/systemctl ")[2] for line in lines)
    assert show.startswith(r"show adaf-backtest-engine -p Id\,LoadState\,")
    assert (restart, reset) == ("restart adaf-backtest-engine", "reset-failed adaf-backtest-engine")


@pytest.mark.parametrize(
    "says", ["sudo: a password is required", "Sorry, user ann is not allowed to execute 'x' as root on r1."]
)
def test_without_any_right_all_lines_that_grant_them_are_told(
    place: Path, capsys: pytest.CaptureFixture[str], says: str
) -> None:
    (place / "sudo").write_text(f'#!/bin/sh\necho "{says}" >&2\nexit 1\n')
    write(place, [str(place / "sudo"), "-n", str(place / "systemctl")])
    code, told, _ = act(place, capsys, "act", "engine.restart", "--confirm", "adaf-backtest-engine")
    sentence, *lines = told["outcome"]["text"].split("\n")
    assert (code, sentence) == (
        2,
        "engine.unit cannot be read: sudo does not show the unit without a password: "
        "lines for it are missing in sudoers.",
    )
    assert_granting(place, lines)
    config = ("--config", str(place / "config.toml"))
    for command in (["act", "engine.restart", "--dry-run"], ["actions"]):
        code_of(*config, *command)
        assert set(lines) < set(capsys.readouterr().out.splitlines())
    code_of(*config, "actions", "--json")
    reasons = {row["id"]: row["reason"] for row in json.loads(capsys.readouterr().out)}
    assert reasons["engine.restart"] == reasons["engine.reset-failed"] == "\n".join((sentence, *lines))


def test_a_unit_that_is_in_another_run_at_each_look_may_be_restarted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "systemctl").write_text(LOOPING.format(name=NAME))
    code, told, _ = act(place, capsys, "act", "engine.restart", "--dry-run")
    assert (code, told["plan"]["forbidden"]) == (0, [])
    assert (place / "runs").read_text().count("x") > 1


def test_what_a_plan_would_refuse_is_told_of_the_actions_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = place / "systemctl"
    limited = r"Result=start-limit-hit\nStartLimitIntervalUSec=1h\nStateChangeTimestamp=@$(date +%s)"
    script.write_text(
        script.read_text().replace("Result=signal", limited).replace("printf '", 'printf "').replace("\\n' ", '\\n" ')
    )
    assert code_of("--config", str(place / "config.toml"), "actions", "--json") == 0
    rows = {row["id"]: row["reason"] for row in json.loads(capsys.readouterr().out)}
    assert rows["engine.reset-failed"] is None
    assert rows["engine.restart"].startswith("The unit hit its start limit")


def reasons(place: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str | None]:
    """What `actions` tells of each action; it leaves nothing behind."""
    before = sorted(place.rglob("*"))
    config = ("--config", str(place / "config.toml"))
    assert code_of(*config, "actions", "--json") == 0
    rows = {row["id"]: row["reason"] for row in json.loads(capsys.readouterr().out)}
    assert code_of(*config, "actions") == 0
    said = capsys.readouterr().out.splitlines()
    assert ["not now: " in line for line in said] == [reason is not None for reason in rows.values()]
    assert sorted(place.rglob("*")) == before
    return rows


def test_the_actions_tell_what_was_just_done(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reasons(place, capsys)["engine.restart"] is None
    intent(place, "engine.restart", "high")
    told = reasons(place, capsys)
    assert (told["engine.restart"] or "").startswith(f"restart engine was already asked for {NAME} ")
    assert told["engine.reset-failed"] is None


def test_the_actions_tell_that_enough_was_done(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        intent(place, "process.terminate", "high", f"pid:{number}", id_=f"r{number}")
    assert (reasons(place, capsys)["engine.restart"] or "").startswith("5 high-risk actions ran in the last 10 minutes")


def test_the_actions_tell_of_a_journal_that_cannot_record(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "state").write_text("no folder")
    told = reasons(place, capsys)
    for id_ in ("engine.restart", "engine.reset-failed"):
        assert (told[id_] or "").startswith("Nothing could be sent, for the journal could not record it: ")
    assert (told["job.requeue"] or "").startswith("jobs.failed cannot be read")


def test_the_actions_tell_who_acts_now(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with others_lock(place):
        told = reasons(place, capsys)
    assert f"acts on {NAME} since" in (told["engine.restart"] or "")
    assert told["engine.restart"] == told["engine.reset-failed"]
    assert reasons(place, capsys)["engine.restart"] is None


def test_what_stays_the_same_is_told_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = place / "systemctl"
    script.write_text(script.read_text().replace(': > "$(dirname "$0")/reset"', "exit 0"))
    assert code_of("--config", str(place / "config.toml"), "act", "engine.reset-failed", "--yes") == 1
    lines = capsys.readouterr().err.splitlines()
    assert f"1/1 {NAME}: still failed (signal)" in lines
    assert len(lines) == len(set(lines)) == 3


def test_only_what_is_missing_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("act") == 2
    assert capsys.readouterr().err.endswith("the following arguments are required: ID\n")


def test_what_cannot_be_planned_is_refused_in_a_dry_run_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "reset").touch()
    code, told, _ = act(place, capsys, "act", "engine.reset-failed", "--dry-run")
    assert (code, told["plan"], told["outcome"]["verdict"]) == (2, None, "refused")


def test_a_journal_that_is_lost_in_the_middle_is_told(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Journal.append

    def breaks(self: Journal, kind: Any, **words: Any) -> Entry:
        if kind != "intent":
            raise JournalError("the disk is gone")
        return real(self, kind, **words)

    monkeypatch.setattr(Journal, "append", breaks)
    code, told, err = act(place, capsys, "act", "engine.reset-failed", "--yes")
    outcome = told["outcome"]
    assert (code, outcome["verdict"], outcome["recorded"]) == (3, "worked", False)
    assert outcome["text"] == "failed -> inactive; not recorded: the disk is gone"
    assert "the journal does not have all of this run" in err


def test_what_is_recorded_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, err = act(place, capsys, "act", "engine.reset-failed", "--yes")
    assert (code, told["outcome"]["recorded"], err) == (0, True, "")
    assert "forbidden" not in told["plan"]
    assert journal(place).tail(1)[0].at > SystemClock().now() - timedelta(minutes=1)


def left_open(place: Path, id_: str, where: str) -> None:
    """An intent of somebody on another host, who may still be at it."""
    meant = Meant((UnitTarget.of(unit(name=NAME)),), where, 60.0)
    data = {"risk": "high", **meant_as_data(meant)}
    journal(place).append("intent", id=id_, action="engine.restart", targets=[KEY], data=data)


def test_what_is_unfinished_on_this_platform_is_told_the_newest_by_name(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_open(place, "elsewhere", "another service manager")
    assert act(place, capsys, "act", "engine.restart", "--dry-run")[1]["unfinished"] == []
    for number in range(5):
        left_open(place, f"r{number}", manager_of([str(place / "systemctl")]))
    _, told, _ = act(place, capsys, "act", "engine.reset-failed", "--dry-run")
    assert [each["state"] for each in told["unfinished"]] == ["no verdict yet"] * 5
    assert list(told["unfinished"][0]) == ["action", "targets", "at", "by", "state", "verdict", "text"]
    code_of("--config", str(place / "config.toml"), "act", "engine.reset-failed", "--dry-run")
    *named, more = capsys.readouterr().err.splitlines()
    begun, by = "backtop act: engine.restart was begun at ", " by bob@research-01 and has no verdict yet: unit:"
    assert [(line.startswith(begun), by in line) for line in named] == [(True, True)] * 3
    assert more == "backtop act: 2 more runs have no last verdict; backtop journal tells of them"


def test_what_was_broken_off_is_told_before_what_goes_on_and_harms_no_terminal(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Journal(place / "state" / "default" / "journal.jsonl", whoami(), SystemClock())
    here.append("intent", id="killed", action="engine.restart", targets=["unit:\x1b]0;x\x07"], data={"risk": "high"})
    for number in range(4):
        intent(place, "engine.restart", "high", id_=f"r{number}")
    code_of("--config", str(place / "config.toml"), "act", "engine.restart", "--dry-run")
    said = capsys.readouterr().err
    assert said.splitlines()[2].endswith("look before you act")
    assert "\x1b" not in said


def test_what_is_refused_waits_for_no_verdict_of_an_earlier_run(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[object] = []

    async def judge(_: unfinished.Unfinished, *about: object) -> None:
        judged.append(about)

    monkeypatch.setattr(unfinished.Unfinished, "judge", judge)
    intent(place, "engine.reset-failed", "low")
    code, told, _ = act(place, capsys, "act", "engine.reset-failed", "--yes")
    assert (code, told["outcome"]["verdict"], judged) == (2, "refused", [])
    fails = (place / "systemctl").read_text().replace("*) :", "*) exit 1;")
    (place / "systemctl").write_text(fails)
    code, told, _ = act(place, capsys, "act", "engine.restart", "--confirm", "adaf-backtest-engine")
    assert (told["outcome"]["verdict"], len(judged)) == ("no effect", 1)


@pytest.mark.parametrize("number", ["TERM", "INT", "HUP"])
@pytest.mark.parametrize("words", [("--json",), ()])
def test_told_to_end_while_it_looks_it_says_that_nothing_was_sent(
    place: Path, number: str, words: tuple[str, ...]
) -> None:
    (place / "systemctl").write_text(f'#!/bin/sh\nkill -{number} "$PPID"\nexec sleep 60\n')
    done = subprocess.run(
        (sys.executable, "-m", "tui", "--config", str(place / "config.toml"),
         "act", "engine.reset-failed", "--yes", *words),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "")
    said = json.loads(done.stdout)["outcome"]["text"] if words else done.stdout
    assert "backtop was told to end; nothing was sent." in said
