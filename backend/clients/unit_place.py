"""Which service manager an argv list asks: however it is spelt, the same one has the same name."""

import shlex
from collections.abc import Iterator, Sequence

from backend.clients import sudo

SYSTEM_FOLDERS = frozenset({"", "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"})
"""A program is the same one in any of these, and found without its folder."""
_ELSEWHERE = {"-H": "--host", "--host": "--host", "-M": "--machine", "--machine": "--machine"}
"""Options that name another manager, and their long names."""


def place_of(argv: Sequence[str], host: str) -> str:
    """The manager that is asked: the program and what names another one; on this host unless `ssh` goes elsewhere.

    By whose right it is asked does not matter: `sudo -n systemctl` asks whom `/usr/bin/systemctl` asks.
    """
    if any(_name(word) == "ssh" for word in argv):
        return shlex.join(argv)
    call = sudo.parse((*argv, "show"))
    program, *options = call.command[:-1] if call is not None and len(call.command) > 1 else argv
    folder, _, name = program.rpartition("/")
    asked = name if folder in SYSTEM_FOLDERS else program
    return " ".join((shlex.join((asked, *_scope(options))), "on", host))


def _scope(options: Sequence[str]) -> Iterator[str]:
    words = iter(options)
    for word in words:
        option, has_value, value = word.partition("=")
        if option == "--user":
            yield option
        elif option in _ELSEWHERE:
            yield f"{_ELSEWHERE[option]}={value if has_value else next(words, '')}"
        elif word[:2] in _ELSEWHERE and len(word) > 2 and not word.startswith("--"):
            yield f"{_ELSEWHERE[word[:2]]}={word[2:]}"


def _name(word: str) -> str:
    return word.rpartition("/")[2]
