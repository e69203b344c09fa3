"""What may stand before a command without changing what it reaches: `env`, `nice`, `timeout` and their like."""

import getopt
import re
from collections.abc import Sequence

from backend.frozen import dataclass

USUAL_FOLDERS = frozenset({"", "/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/usr/local/sbin"})
"""Where a program of some name is the host's own; in another folder it may be anything."""
VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_LEADING_ELSEWHERE = re.compile(r"PATH|XDG_RUNTIME_DIR|(?:DBUS|LD|GCONV|SYSTEMD|SYSTEMCTL)_\w*")
"""Variables that decide which program runs, or whom it asks."""
_OLD_NICE = re.compile(r"-[-+]?\d+")


@dataclass(frozen=True, slots=True)
class _Wrapper:
    short: str
    long: tuple[str, ...] = ()
    operands: int = 0
    """Words of its own between its options and the command."""


_WRAPPERS = {
    "env": _Wrapper("iu:v", ("ignore-environment", "unset=", "debug")),
    "ionice": _Wrapper("c:n:t", ("class=", "classdata=", "ignore")),
    "nice": _Wrapper("n:", ("adjustment=",)),
    "nohup": _Wrapper(""),
    "setsid": _Wrapper("cfw", ("ctty", "fork", "wait")),
    "timeout": _Wrapper("k:s:fpv", ("kill-after=", "signal=", "foreground", "preserve-status", "verbose"), 1),
}


def base(program: str) -> str:
    """The name of a program, without its folder."""
    return program.rpartition("/")[2]


def own(program: str) -> str:
    """The name of a program of the host's own; what lies in another folder keeps it."""
    return base(program) if program.rpartition("/")[0] in USUAL_FOLDERS else program


def wraps(program: str) -> bool:
    """Whether it is one of those that run a command which stands behind them."""
    return own(program) in _WRAPPERS


def unwrapped(words: Sequence[str]) -> Sequence[str]:
    """The command behind the first of these wrappers. Raises `ValueError` for what is not understood."""
    name = own(words[0])
    wrapper = _WRAPPERS[name]
    rest = list(words[1:])
    if name == "nice" and rest and _OLD_NICE.fullmatch(rest[0]):
        del rest[0]
    if name == "env" and rest[:1] == ["-"]:
        rest[0] = "-i"
    try:
        _, rest = getopt.getopt(rest, wrapper.short, wrapper.long)
    except getopt.GetoptError as error:
        raise ValueError(f"{error}") from None
    return without_variables(rest) if name == "env" else rest[wrapper.operands :]


def without_variables(words: Sequence[str]) -> Sequence[str]:
    """The command behind its variables. Raises `ValueError` for one that may lead elsewhere."""
    at = next((number for number, word in enumerate(words) if not VARIABLE.match(word)), len(words))
    check_variables(words[:at])
    return words[at:]


def check_variables(words: Sequence[str]) -> None:
    """Raises `ValueError` if one of these assignments may lead the command behind them elsewhere."""
    for word in words:
        if _LEADING_ELSEWHERE.fullmatch(word.partition("=")[0]):
            raise ValueError(word)
