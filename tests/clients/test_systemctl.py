"""One service manager is one place, however the command that reaches it is spelt."""

import getpass
import socket
from pathlib import Path

import pytest

from backend.clients.engine import EngineClient
from backend.clients.systemctl import place
from backend.command import SystemRunner
from backend.model.engine import verb_argv

HERE = f"systemctl on {socket.gethostname()}"
ME = getpass.getuser()


def at(words: str) -> str:
    return EngineClient("engine", words.split(), SystemRunner()).place


@pytest.mark.parametrize(
    "words",
    [
        "systemctl",
        "/bin/systemctl",
        "/usr/bin/systemctl",
        "/usr/local/bin/systemctl",
        "/sbin/systemctl",
        "/usr/sbin/systemctl",
        "systemctl --system",
        "systemctl --user --system",
        "systemctl --no-ask-password -q",
        "sudo systemctl",
        "sudo -n systemctl",
        "/usr/bin/sudo -n /usr/bin/systemctl",
        "sudo -nu adaf systemctl --no-pager",
        "sudo --user=root -- systemctl",
        "sudo -n LC_ALL=C systemctl",
    ],
)
def test_this_host_has_one_manager(words: str) -> None:
    assert at(words) == HERE


@pytest.mark.parametrize(
    ("same", "there"),
    [
        (("ssh research-01 systemctl", "/usr/bin/ssh research-01 sudo -n /bin/systemctl"),
         "ssh research-01 systemctl"),
        (("ssh -p 22 research-02 systemctl",), "ssh -p 22 research-02 systemctl"),
        (("systemctl --user", f"sudo -u {ME} systemctl --system --user"),
         f"systemctl --user {ME} on {socket.gethostname()}"),
        (("sudo -u adaf systemctl --user",), f"systemctl --user adaf on {socket.gethostname()}"),
        (("systemctl -H r1", "systemctl -Hr1", "systemctl --host r1", "sudo -n systemctl --host=r1"),
         f"systemctl --host=r1 on {socket.gethostname()}"),
        (("systemctl -M vm", "systemctl -Mvm", "systemctl --machine vm", "/bin/systemctl --machine=vm"),
         f"systemctl --machine=vm on {socket.gethostname()}"),
        (("systemctl --machine=adaf@ --user",),
         f"systemctl --user --machine=adaf@ {ME} on {socket.gethostname()}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_another_manager_is_another_place(same: tuple[str, ...], there: str) -> None:
    assert {at(words) for words in same} == {there}


@pytest.mark.parametrize(
    "words",
    [
        "/srv/one/bin/systemctl",
        "/srv/two/bin/systemctl",
        "env LC_ALL=C systemctl",
        "/opt/wrap/service-control",
        "sudo -s systemctl",
        "sudo -R /srv/root systemctl",
        "sudo --what systemctl",
        "sudo",
    ],
)
def test_what_may_be_anything_is_a_place_of_its_own(words: str) -> None:
    assert at(words) == f"{words} on {socket.gethostname()}"


def test_a_wrapper_behind_sudo_is_the_same_wrapper() -> None:
    assert at("sudo -n /srv/one/bin/systemctl") == at("/srv/one/bin/systemctl")


def test_no_words_are_a_place_too() -> None:
    assert place(()) == f" on {socket.gethostname()}"
    assert at("ssh research-01") == "ssh research-01"
    assert at("env ssh research-01 systemctl") == "env ssh research-01 systemctl"


def test_the_wrappers_of_two_platforms_stay_apart(tmp_path: Path) -> None:
    one, two = (str(tmp_path / name / "systemctl") for name in ("one", "two"))
    assert len({at(one), at(two), at("systemctl")}) == 3


def test_what_is_run_for_a_verb() -> None:
    argv = ("sudo", "-n", "systemctl")
    assert verb_argv(argv, "restart", "engine") == (*argv, "restart", "engine")
    assert EngineClient("engine", argv, SystemRunner()).argv("restart") == (*argv, "restart", "engine")
