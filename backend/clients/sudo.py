"""What a `sudo` that stands before a command would run, as whom, and how to ask it beforehand."""

import re
import shutil
from collections.abc import Iterator, Sequence

from backend.frozen import dataclass

SECURE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where `sudo` looks for a program unless the host says otherwise."""
_VALUED = {
    "C": "close-from", "D": "chdir", "R": "chroot", "T": "command-timeout", "U": "other-user", "a": "auth-type",
    "c": "login-class", "g": "group", "h": "host", "p": "prompt", "r": "role", "t": "type", "u": "user",
}  # fmt: skip
_FLAGS = {
    "A": "askpass", "B": "bell", "E": "preserve-env", "H": "set-home", "K": "remove-timestamp", "N": "no-update",
    "P": "preserve-groups", "S": "stdin", "V": "version", "b": "background", "e": "edit", "i": "login",
    "k": "reset-timestamp", "l": "list", "n": "non-interactive", "s": "shell", "v": "validate",
}  # fmt: skip
_NAMES = frozenset((*_VALUED.values(), *_FLAGS.values(), "help"))
_NOT_A_RUN = frozenset(
    {"remove-timestamp", "version", "edit", "login", "list", "shell", "validate", "help", "other-user"}
)
"""With one of these `sudo` does something else, or hands the words to a shell."""
_RULING = ("chdir", "chroot", "command-timeout", "group", "host", "role", "type", "user", "reset-timestamp")
"""What decides which line of sudoers counts, and whether a password is asked for."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_SPECIAL = re.compile(r"[\\,:= \t]")


@dataclass(frozen=True, slots=True)
class SudoCall:
    """An argv list that begins with `sudo`, understood."""

    sudo: str
    options: tuple[tuple[str, str | None], ...]
    """By their long names, each with its value; flags have none."""
    command: tuple[str, ...]
    variables: tuple[str, ...] = ()
    """What is assigned for the command: `LC_ALL=C`."""

    def option(self, name: str) -> str | None:
        """The value of an option, the last one if it stands there twice; None without it."""
        return next((value for found, value in reversed(self.options) if found == name), None)

    def has(self, name: str) -> bool:
        """Whether an option is given."""
        return any(found == name for found, _ in self.options)

    @property
    def asking(self) -> tuple[str, ...]:
        """The argv that asks whether the command may be run as it stands, without running it."""
        ruling = [(name, value) for name, value in self.options if name in _RULING]
        kept = (f"--{name}" if value is None else f"--{name}={value}" for name, value in ruling)
        end = ("--",) if self.command[0].startswith("-") or _VARIABLE.match(self.command[0]) else ()
        return (self.sudo, "-n", *kept, "-l", *end, *self.command)

    @property
    def listing(self) -> tuple[str, ...]:
        """The argv that lists all rights of the person, for `sudo_listing`."""
        return (self.sudo, "-n", "-l")

    @property
    def validating(self) -> tuple[str, ...]:
        """The argv that succeeds where no password is asked for now whatever is run: it was typed a moment ago."""
        return (self.sudo, "-n", "-v")

    @property
    def found(self) -> tuple[str, ...]:
        """The command, its program by the path under which `sudo` finds it."""
        return (_found(self.command[0]), *self.command[1:])

    def rule(self, caller: str) -> str:
        """The line of sudoers by which `caller` may run it without a password."""
        user, group = self.option("user"), self.option("group")
        run_as = _escaped(user or (caller if group else "root")) + (f" : {_escaped(group)}" if group else "")
        words = " ".join(map(_escaped, self.found))
        return f"{_escaped(caller)} ALL=({run_as}) NOPASSWD: {words}"


def parse(argv: Sequence[str]) -> SudoCall | None:
    """What is run; None when it is not by `sudo`, or when `sudo` would not run these words as a command."""
    if not argv or argv[0].rpartition("/")[2] != "sudo":
        return None
    words = list(argv[1:])
    variables: list[str] = []
    try:
        options = (*_options(words, variables),)
    except ValueError:
        return None
    if not words or any(name in _NOT_A_RUN for name, _ in options):
        return None
    return SudoCall(argv[0], options, tuple(words), tuple(variables))


def _options(words: list[str], variables: list[str]) -> Iterator[tuple[str, str | None]]:
    """Takes options and variables off the front of the words; raises `ValueError` for what `sudo` does not know."""
    while words:
        word = words[0]
        if word == "--":
            del words[0]
            return
        if word.startswith("--"):
            del words[0]
            yield _long(word[2:], words)
        elif word.startswith("-") and word != "-":
            del words[0]
            yield from _short(word[1:], words)
        elif _VARIABLE.match(word):
            variables.append(words.pop(0))
        else:
            return


def _long(word: str, words: list[str]) -> tuple[str, str | None]:
    """`--user=adaf`, `--user adaf`, and every beginning of a name that only one has."""
    given, has_value, value = word.partition("=")
    names = {given} if given in _NAMES else {name for name in _NAMES if name.startswith(given)}
    if len(names) != 1:
        raise ValueError(given)
    name = names.pop()
    if name in _VALUED.values():
        return name, value if has_value else _next(words)
    if has_value and name != "preserve-env":
        raise ValueError(word)
    return name, None


def _short(letters: str, words: list[str]) -> Iterator[tuple[str, str | None]]:
    """`-n`, `-u adaf`, `-uadaf`, `-nu adaf`."""
    for place, letter in enumerate(letters, start=1):
        if letter in _VALUED:
            yield _VALUED[letter], letters[place:] or _next(words)
            return
        if letter not in _FLAGS:
            raise ValueError(letter)
        yield _FLAGS[letter], None


def _next(words: list[str]) -> str:
    if not words:
        raise ValueError("a value is missing")
    return words.pop(0)


def _found(program: str) -> str:
    """The path of a program: its own, or where `sudo` finds it."""
    if "/" in program:
        return program
    return shutil.which(program, path=SECURE_PATH) or shutil.which(program) or f"/usr/bin/{program}"


def _escaped(word: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", word)
