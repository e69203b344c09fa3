"""Which service manager the words of a `systemctl` reach."""

import getpass
import shlex
import socket
from collections.abc import Iterator, Sequence

from backend.clients import sudo

USUAL_FOLDERS = frozenset({"", "/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/usr/local/sbin"})
"""Where a program of some name is the host's own; in another folder it may be anything."""
_ASKED_ELSEWHERE = {"-H": "--host", "--host": "--host", "-M": "--machine", "--machine": "--machine"}


def place(argv: Sequence[str]) -> str:
    """Which service manager is asked, however it is spelt; what is not understood is a place of its own."""
    if (known := _manager(argv)) is None:
        there = "" if "ssh" in map(_base, argv) else f" on {socket.gethostname()}"
        return f"{shlex.join(argv)}{there}"
    way, manager = known
    return f"{shlex.join(way)} {shlex.join(manager)}" if way else f"{shlex.join(manager)} on {socket.gethostname()}"


def _manager(argv: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The words of the `ssh` that leads to it, none for this host, and those that tell the manager there."""
    way, words = _way(argv)
    user = ""
    if words and _base(words[0]) == "sudo":
        call = sudo.parse(words)
        if call is None or call.has("chroot") or call.has("host"):
            return None
        user, words = call.option("user") or "root", call.command
    if not words or _base(words[0]) != "systemctl":
        return None
    scope = [*_scope(words[1:])]
    if "--user" in scope and not way:
        user = user or getpass.getuser()
    return way, [_own(words[0]), *scope, *([user] if "--user" in scope and user else [])]


def _way(argv: Sequence[str]) -> tuple[list[str], Sequence[str]]:
    """What stands before the command on the other host, without the folder of `ssh`, and that command."""
    if not argv or _base(argv[0]) != "ssh":
        return [], argv
    begins = next((at for at, word in enumerate(argv) if _base(word) in {"sudo", "systemctl"}), len(argv))
    return [_own(argv[0]), *argv[1:begins]], argv[begins:]


def _scope(options: Sequence[str]) -> Iterator[str]:
    """Which manager is meant: the host's where nothing else is said, a user's, or that of another host or machine."""
    elsewhere: dict[str, str] = {}
    user, left = False, iter(options)
    for word in left:
        name, joined, value = _option(word)
        if name in {"--user", "--system"}:
            user = name == "--user"
        elif name in _ASKED_ELSEWHERE:
            elsewhere[_ASKED_ELSEWHERE[name]] = value if joined else next(left, "")
    if user:
        yield "--user"
    for name, value in sorted(elsewhere.items()):
        yield f"{name}={value}"


def _option(word: str) -> tuple[str, bool, str]:
    """`--host=X`, `-HX`, or a name whose value is the next word."""
    if word.startswith("--"):
        name, joined, value = word.partition("=")
        return name, bool(joined), value
    return word[:2], len(word) > 2, word[2:]


def _base(word: str) -> str:
    return word.rpartition("/")[2]


def _own(program: str) -> str:
    return _base(program) if program.rpartition("/")[0] in USUAL_FOLDERS else program
