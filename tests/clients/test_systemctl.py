"""One service manager is one place, however the command that reaches it is spelt."""

import getpass
import os
import pwd
import shlex
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clients.engine import EngineClient
from backend.clients.systemctl import Manager, manager
from backend.command import SystemRunner
from backend.locks import whoami
from backend.model.engine import verb_argv

HOST = socket.gethostname()
HERE = f"systemctl on {HOST}"
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
        "env LC_ALL=C systemctl",
        "env - A=b /usr/bin/systemctl",
        "nice -n 10 systemctl",
        "nice -10 systemctl",
        "timeout -k 5 20 systemctl",
        "timeout --signal=INT 20 sudo -n env -i nice systemctl --full -p Id",
        "ionice -c3 nohup setsid -w systemctl",
        "systemctl -M .host",
        "systemctl -M adaf@.host",
        "systemctl -H localhost",
        f"systemctl -qH {HOST}",
        "ssh localhost systemctl",
        f"ssh ann@{HOST} sudo -n systemctl",
    ],
)
def test_this_host_has_one_manager(words: str) -> None:
    assert at(words) == HERE
    assert manager(words.split()).here


@pytest.mark.parametrize(
    ("same", "there"),
    [
        (("ssh research-01 systemctl", "/usr/bin/ssh research-01 sudo -n /bin/systemctl", "systemctl -H research-01",
          "ssh -p 22 ann@Research-01 systemctl", "ssh -o Port=22 -oBatchMode=yes research-01 systemctl -q",
          "timeout 20 ssh -4T research-01 -l ann nice systemctl", "ssh ssh://ann@research-01:22 systemctl",
          "ssh -o HostName=research-01 -o ConnectTimeout=5 r1 LC_ALL=C systemctl",
          "sudo -u ann ssh research-01 systemctl",
          "systemctl -qH bob@research-01", "systemctl --no-pager -lqHresearch-01:22", "systemctl --ho=research-01",
          "systemctl -M vm --host research-01", "ssh research-01 ssh localhost systemctl"),
         "systemctl on research-01"),
        (("ssh -p 2222 research-02 systemctl", "systemctl -H research-02:2222"), "systemctl on [research-02]:2222"),
        (("ssh -p 2222 localhost systemctl",), "systemctl on [localhost]:2222"),
        (("ssh -J bastion r1 systemctl", "ssh -o BatchMode=yes -J bastion -p 22 r1 systemctl"),
         "systemctl on r1 -J bastion"),
        (("ssh bastion ssh r1 systemctl", "ssh bastion systemctl -H r1"), "systemctl on r1 through bastion"),
        (("ssh ann@r1 systemctl --user", "ssh -l ann r1 systemctl --user", "sudo -u ann ssh r1 systemctl --user"),
         "systemctl --user ann on r1"),
        (("systemctl --user", f"sudo -u {ME} systemctl --system --user", f"systemctl --user -M {ME}@",
          f"systemctl --user --machine={ME}@.host", f"nice -n 5 sudo -u {ME} env -u LANG systemctl --user"),
         f"systemctl --user {ME} on {HOST}"),
        (("sudo -u adaf systemctl --user", "systemctl --user -M adaf@"), f"systemctl --user adaf on {HOST}"),
        (("systemctl -M box", "systemctl -Mbox", "systemctl --machine box", "/bin/systemctl --mach=box",
          "systemctl -qMbox", "systemctl -H r1 -M box"),
         f"systemctl --machine=box on {HOST}"),
        (("systemctl -H r1/box", "ssh r1 systemctl -M box"), "systemctl --machine=box on r1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_another_manager_is_another_place(same: tuple[str, ...], there: str) -> None:
    assert {at(words) for words in same} == {there}
    elsewhere = there.startswith("systemctl --machine") or not there.endswith(f" on {HOST}")
    assert {manager(words.split()).here for words in same} == {not elsewhere}


@pytest.mark.parametrize(
    "words",
    [
        "",
        "/opt/wrap/service-control",
        "/opt/wrap/sudo systemctl",
        "sudo -s systemctl",
        "sudo -R /srv/root systemctl",
        "sudo -h r1 systemctl",
        "sudo --what systemctl",
        "sudo DBUS_SYSTEM_BUS_ADDRESS=unix:path=/x systemctl",
        "sudo -u #1000 systemctl --user",
        "sudo",
        "env PATH=/opt/bin systemctl",
        "env -C /srv systemctl",
        "env -S systemctl",
        "env",
        "nice --what systemctl",
        "timeout systemctl",
        "systemd-run systemctl",
        "bash -c systemctl",
        "ssh research-01",
        "ssh -N r1 systemctl",
        "ssh -p x r1 systemctl",
        "ssh r1 systemctl; systemctl",
        "ssh r1 $(systemctl)",
        "ssh r1 /opt/wrap/service-control",
        "systemctl -H",
        "systemctl -H -q",
        "systemctl -qM @",
        "systemctl --root=/srv",
        "systemctl --capsule=x",
        "systemctl --help",
        "systemctl status",
        "systemctl --r",
    ],
)
def test_what_is_not_understood_is_a_place_of_its_own_and_not_here(words: str) -> None:
    argv = words.split()
    assert manager(argv) == Manager(f"{shlex.join(argv)} on {HOST}", here=False)


def test_a_program_of_that_name_in_another_folder_is_a_manager_of_its_own_on_this_host() -> None:
    places = [manager([f"/srv/{name}/bin/systemctl"]) for name in ("one", "two")]
    assert places == [Manager(f"/srv/{name}/bin/systemctl on {HOST}", here=True) for name in ("one", "two")]
    assert not manager(["/srv/one/bin/systemctl", "-H", "r1"]).here


def test_a_wrapper_behind_sudo_is_the_same_wrapper() -> None:
    assert at("sudo -n /srv/one/bin/systemctl") == at("/srv/one/bin/systemctl")


def test_the_wrappers_of_two_platforms_stay_apart(tmp_path: Path) -> None:
    one, two = (str(tmp_path / name / "systemctl") for name in ("one", "two"))
    assert len({at(one), at(two), at("systemctl")}) == 3


def test_what_is_run_for_a_verb() -> None:
    argv = ("sudo", "-n", "systemctl")
    assert verb_argv(argv, "restart", "engine") == (*argv, "restart", "engine")
    assert EngineClient("engine", argv, SystemRunner()).argv("restart") == (*argv, "restart", "engine")


HARMLESS = [
    ["env"], ["env", "LC_ALL=C", "TZ=UTC"], ["nice", "-n", "5"], ["timeout", "20"], ["timeout", "-k2", "20"],
    ["sudo", "-n"], ["/usr/bin/sudo", "LC_ALL=C"], ["ionice", "-c", "3"], ["setsid", "-w"], ["/usr/bin/nohup"],
]  # fmt: skip
"""What may stand before a command without leading it elsewhere."""
PLAIN = [
    ["-q"],
    ["-ql"],
    ["--no-pager"],
    ["-p", "Id"],
    ["-pId"],
    ["--property=Id"],
    ["--no-ask"],
    ["--system"],
    ["-aqn5"],
]
BEFORE = st.lists(st.sampled_from(HARMLESS), max_size=4).map(
    lambda several: [word for words in several for word in words]
)
OPTIONS = st.lists(st.sampled_from(PLAIN), max_size=4).map(
    lambda several: [word for words in several for word in words]
)
TO_R1 = st.sampled_from([["-H", "r1"], ["-Hr1"], ["-qH", "r1"], ["-qlHr1"], ["--host", "r1"], ["--hos=R1"],
                         ["-H", "ann@r1"], ["-H", "r1:22"]])  # fmt: skip
SSH_TO_R1 = st.sampled_from([["ssh", "r1"], ["/usr/bin/ssh", "-T", "ann@R1"], ["ssh", "-p22", "-oBatchMode=yes", "r1"],
                             ["ssh", "r1", "-q", "--"], ["ssh", "ssh://r1"]])  # fmt: skip


@given(BEFORE, OPTIONS)
def test_however_it_is_spelt_this_host_is_one_place(before: list[str], options: list[str]) -> None:
    assert manager([*before, "systemctl", *options]) == Manager(HERE, here=True)


@given(BEFORE, SSH_TO_R1, BEFORE, OPTIONS)
def test_however_ssh_leads_there_another_host_is_one_place(
    before: list[str], way: list[str], there: list[str], options: list[str]
) -> None:
    assert manager([*before, *way, *there, "systemctl", *options]) == Manager("systemctl on r1", here=False)


@given(BEFORE, OPTIONS, TO_R1, OPTIONS)
def test_however_an_option_leads_there_it_is_the_same_place(
    before: list[str], options: list[str], way: list[str], more: list[str]
) -> None:
    assert manager([*before, "systemctl", *options, *way, *more]) == Manager("systemctl on r1", here=False)


WORDS = st.one_of(
    st.sampled_from(["sudo", "env", "nice", "timeout", "ssh", "systemctl", "/srv/systemctl", "-H", "-qH", "r1", "-M",
                     "--", "--host=r1", "--user", "-u", "adaf", "-n", "20", "A=b", "PATH=/x", "-p", "-o",
                     "HostName=r2", "-"]),
    st.text(max_size=5),
)  # fmt: skip


@given(st.lists(WORDS, max_size=8))
def test_any_words_are_some_place_and_what_is_here_names_no_other_host(argv: list[str]) -> None:
    found = manager(argv)
    assert found.place
    if found.here:
        assert any(word.rpartition("/")[2] == "systemctl" for word in argv)
        assert found.place.endswith(f" on {HOST}")
    elif found.place in {HERE, f"systemctl --user {ME} on {HOST}"}:
        raise AssertionError(found)


SSH = """\
#!/bin/sh
echo "$@" > "$(dirname "$0")/called"
exit 1
"""


@pytest.mark.skipif(not Path("/usr/bin/systemctl").exists(), reason="this host has no systemctl")
@pytest.mark.parametrize(
    "options",
    ["-qH r1", "-qHr1", "--ho r1", "--host=r1", "-H r1 -M box", "-M box -H r1", "-H a@r1:2222/box", "-p -H -q",
     "-PH r1", "-n5 -H r1", "-q", "-Mbox", "--user", "-lqiH r1", "-H r1:22", "-TH r1", "-p H"],
)  # fmt: skip
async def test_it_is_read_as_systemctl_itself_reads_it(tmp_path: Path, options: str) -> None:
    script = tmp_path / "ssh"
    script.write_text(SSH)
    script.chmod(0o755)
    argv = ["env", f"PATH={tmp_path}:/usr/bin:/bin", "/usr/bin/systemctl", *options.split(), "show", "engine"]
    await SystemRunner().run(argv, timeout=10)
    called = tmp_path / "called"
    went = called.read_text().split() if called.exists() else []
    found = manager(["systemctl", *options.split()])
    assert (" on r1" in found.place or " on [r1]" in found.place) is bool(went)
    assert (":2222" in found.place) is ("2222" in went)
    assert ("--machine=box" in found.place) is ("--machine=box" in went or options in {"-Mbox", "-H r1 -M box"})


@pytest.fixture
def unknown_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number of its own."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("unknown_user")
async def test_a_user_whom_the_system_does_not_know_is_a_number(tmp_path: Path) -> None:
    assert manager(["systemctl"]) == Manager(HERE, here=True)
    assert not manager(["systemctl", "--user"]).here
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\nexit 1\n")
    sudo.chmod(0o755)
    lines = await EngineClient("engine", [str(sudo), "/bin/systemctl"], SystemRunner()).needs_password("restart")
    assert lines is not None
    assert f"#{os.getuid()} ALL=(root) NOPASSWD: /bin/systemctl restart engine" in lines.splitlines()
    assert whoami().startswith(f"{os.getuid()}@")
