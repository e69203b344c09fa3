"""Which service manager the words of a `systemctl` reach.

Understood are `sudo`, `env`, `nice`, `ionice`, `nohup`, `setsid`, `timeout` and `ssh` in the host's usual folders, in
any order, and `systemctl` with its own options, `--host` and `--machine` among them. Where several ways lead to one
manager they are one place: its host, and on it the system's manager, a user's or a container's. A program that is
called `systemctl` and lies in an unusual folder is a manager of its own on its host.

What is not understood (another program, an unknown option, a variable that may lead elsewhere, words for a shell) is a
place of its own, and reached through something unknown: what runs and lies on this host is then not its own. Names are
compared as they are written: two names of one host, an address and a name, and what a file of `ssh` makes of a name are
not known to be the same.
"""

import getopt
import os
import shlex
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from backend.clients import ssh, sudo, wrappers
from backend.user import user_name

_SHORT = "hH:M:t:p:P:alqrfiTs:n:o:"
_LONG = (
    "after", "all", "before", "boot-loader-entry=", "boot-loader-menu=", "check-inhibitors=", "dry-run", "failed",
    "firmware-setup", "force", "full", "help", "host=", "ignore-dependencies", "ignore-inhibitors", "irreversible",
    "job-mode=", "kill-value=", "kill-who=", "kill-whom=", "legend=", "lines=", "machine=", "marked", "message=",
    "mkdir", "no-ask-password", "no-block", "no-legend", "no-pager", "no-reload", "no-wall", "no-warn", "now",
    "output=", "plain", "preset-mode=", "property=", "quiet", "read-only", "reboot-argument=", "recursive", "reverse",
    "runtime", "show-transaction", "show-types", "signal=", "state=", "system", "timestamp=", "type=", "user",
    "value", "version", "wait", "what=", "when=", "with-dependencies",
)  # fmt: skip
"""All but those that have it work on files instead of asking a manager, or ask one that is not told here."""
_NO_STATE = frozenset({"-h", "--help", "--version", "--dry-run"})
_THIS_HOST = frozenset({"localhost", "127.0.0.1", "::1"})
_THIS_MACHINE = frozenset({"", ".host"})


@dataclass(frozen=True, slots=True)
class Manager:
    """A service manager, as far as the words that reach it tell which one it is."""

    place: str
    """One text for one manager, however it is reached; what is not understood is a place of its own."""
    here: bool
    """Whether processes and files of this host are its own."""


def place(argv: Sequence[str]) -> str:
    """Which service manager is asked, however it is spelt."""
    return manager(argv).place


def manager(argv: Sequence[str]) -> Manager:
    """Which service manager is asked, and whether it is this host's."""
    try:
        return _understood(argv)
    except ValueError:
        return Manager(f"{shlex.join(argv)} on {socket.gethostname()}", here=False)


@dataclass(slots=True)
class _Way:
    """How far the words have led."""

    words: Sequence[str]
    hosts: list[str]
    """Behind this one, the last of which has the manager."""
    user: str | None = None
    """Who runs the rest there; None as long as it is us."""

    def go(self, host: str, user: str | None) -> None:
        """To another host; who does not say as whom goes as who he is."""
        if host not in _THIS_HOST and (self.hosts or host != socket.gethostname().lower()):
            self.hosts.append(host)
        self.user = user or self.user

    def step(self) -> None:
        """Take off what stands before the rest. Raises `ValueError` for what is not understood."""
        name = wrappers.own(self.words[0])
        if name == "sudo":
            self._as_another_user()
        elif name == "ssh":
            call = ssh.parse(self.words)
            self.go(call.host, call.user)
            self.words = call.command
        elif wrappers.wraps(name):
            self.words = wrappers.unwrapped(self.words)
        else:
            raise ValueError(name)

    def _as_another_user(self) -> None:
        call = sudo.parse(self.words)
        if call is None or call.has("chroot") or call.has("host"):
            raise ValueError("sudo")
        wrappers.check_variables(call.variables)
        if call.option("user") is not None or not call.has("group"):
            self.user = call.option("user") or "root"
        self.words = call.command


def _understood(argv: Sequence[str]) -> Manager:
    way = _Way(argv, [])
    while way.words and wrappers.base(way.words[0]) != "systemctl":
        way.step()
    if not way.words:
        raise ValueError("no systemctl")
    program = wrappers.own(way.words[0])
    if "/" in program and not way.hosts:
        program = os.path.abspath(program)  # noqa: PTH100 - only the text; nothing is looked up
    scope, machine = _scope(way)
    words = [program, *scope, *([f"--machine={machine}"] if machine else [])]
    through = "".join(f" through {host}" for host in reversed(way.hosts[:-1]))
    at = way.hosts[-1] if way.hosts else socket.gethostname()
    return Manager(f"{shlex.join(words)} on {at}{through}", here=not way.hosts and not machine)


def _scope(way: _Way) -> tuple[list[str], str]:
    """Whose manager is meant, none for the system's, and in which container; goes on to the host that is named."""
    options = _options(way.words[1:])
    of_user = next((name for name, _ in reversed(options) if name in {"--user", "--system"}), "") == "--user"
    elsewhere = [(name, value) for name, value in options if name in {"-H", "--host", "-M", "--machine"}]
    machine = ""
    if elsewhere and elsewhere[-1][0] in {"-M", "--machine"}:
        machine = _container(way, elsewhere[-1][1])
    elif elsewhere:
        machine = _other_host(way, elsewhere[-1][1])
    user = way.user or user_name()
    if of_user and user.startswith("#"):
        raise ValueError(user)  # a number may be anybody's by name
    return ["--user", user] if of_user else [], machine


def _options(words: Sequence[str]) -> list[tuple[str, str]]:
    try:
        options, operands = getopt.gnu_getopt([*words], _SHORT, _LONG)
    except getopt.GetoptError as error:
        raise ValueError(f"{error}") from None
    if operands or any(name in _NO_STATE for name, _ in options):
        raise ValueError("it asks for something else")
    return options


def _container(way: _Way, text: str) -> str:
    """`vm`, `adaf@vm` or `adaf@`: without a name the machine itself; without a user, root's."""
    user, at, machine = text.rpartition("@")
    if not text or text == "@":
        raise ValueError(text)
    way.user = (user or way.user) if at else "root"
    return "" if machine in _THIS_MACHINE else machine


def _other_host(way: _Way, text: str) -> str:
    """`host`, `user@host`, `host:port`, with `/container` behind it."""
    destination, _, machine = text.partition("/")
    user, at, host = destination.rpartition("@")
    way.go(ssh.named(*ssh.split_port(host)), user if at else None)
    return machine
