"""Where an `ssh` leads that stands before a command."""

import getopt
import re
import shlex
from collections.abc import Sequence

from backend.clients.wrappers import VARIABLE
from backend.frozen import dataclass

USUAL_PORT = "22"
_SHORT = "46AaB:b:CD:E:e:F:fI:i:J:KkL:l:m:nO:o:P:p:Q:R:S:TtVvW:w:XxYyGgMNqsc:"
_NOT_A_RUN = frozenset("GNOQVWs")
"""With one of these it runs no command there."""
_LEADING = frozenset("FJS")
"""With one of these the same name may be another host."""
_HARMLESS = frozenset({
    "addkeystoagent", "addressfamily", "batchmode", "checkhostip", "ciphers", "compression", "connectionattempts",
    "connecttimeout", "controlmaster", "controlpersist", "exitonforwardfailure", "forwardagent", "forwardx11",
    "globalknownhostsfile", "gssapiauthentication", "hashknownhosts", "hostkeyalgorithms", "identitiesonly",
    "identityagent", "identityfile", "kbdinteractiveauthentication", "kexalgorithms", "loglevel", "macs",
    "numberofpasswordprompts", "passwordauthentication", "preferredauthentications", "pubkeyauthentication",
    "requesttty", "serveralivecountmax", "serveraliveinterval", "stricthostkeychecking", "tcpkeepalive",
    "updatehostkeys", "userknownhostsfile", "visualhostkey",
})  # fmt: skip
"""Settings that say how the host is spoken to, and not which one it is."""
_HOST = re.compile(r"(?!-)[A-Za-z0-9._:%-]+")
_FOR_A_SHELL = re.compile(r"[;&|<>()$`*?\[\]{}~#!\\\n]")


@dataclass(frozen=True, slots=True)
class SshCall:
    """An argv list that begins with `ssh`, understood."""

    host: str
    """With its port if that is an unusual one, and with what may make another host of the same name."""
    user: str | None
    command: tuple[str, ...]


def parse(words: Sequence[str]) -> SshCall:
    """What is run, where and as whom. Raises `ValueError` for what is not understood.

    The far side's shell reads the command: words that mean more to a shell than themselves are not understood.
    """
    found, rest = _options(words[1:])
    if not rest or any(name[1] in _NOT_A_RUN for name, _ in found):
        raise ValueError("no command")
    more, command = _options(rest[1:])  # options may stand behind the host, too
    settings, leading = _settings([*found, *more])
    user, host, port = destination(rest[0])
    host, port = settings.get("hostname", host), settings.get("port", port)
    return SshCall(named(host, port, *leading), settings.get("user", user), _read_by_a_shell(command))


def destination(word: str) -> tuple[str | None, str, str | None]:
    """User, host and port of `user@host` or `ssh://user@host:port`."""
    is_uri = word.startswith("ssh://")
    user, at, host = word.removeprefix("ssh://").rstrip("/" if is_uri else "").rpartition("@")
    port = None
    if is_uri:
        host, port = split_port(host)
    return user if at else None, host, port


def split_port(host: str) -> tuple[str, str | None]:
    """`host:22`, `[::1]:22`, or one without a port."""
    if host.startswith("["):
        inner, _, behind = host[1:].partition("]")
        return inner, behind.removeprefix(":") or None
    name, colon, port = host.partition(":")
    return (name, port or None) if colon and ":" not in port else (host, None)


def named(host: str, port: str | None, *leading: str) -> str:
    """One name for one host, however it is spelt. Raises `ValueError` for what is no name."""
    if not _HOST.fullmatch(host) or not (port or USUAL_PORT).isdecimal():
        raise ValueError(host)
    place = host.lower() if port in {None, USUAL_PORT} else f"[{host.lower()}]:{port}"
    return " ".join((place, *leading))


def _options(words: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    try:
        return getopt.getopt([*words], _SHORT)
    except getopt.GetoptError as error:
        raise ValueError(f"{error}") from None


def _settings(options: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """User, port and host name where they are set, the first of each; and all that may lead elsewhere, in words."""
    settings: dict[str, str] = {}
    leading = []
    for name, given in options:
        key, value = _setting(given) if name == "-o" else ({"-l": "user", "-p": "port"}.get(name), given)
        if key in {"user", "port", "hostname"}:
            settings.setdefault(key, value)
        elif key is not None and key not in _HARMLESS:
            leading.append(shlex.join(["-o", f"{key}={value}"]))
        elif name[1] in _LEADING:
            leading.append(shlex.join([name, value]))
    return settings, sorted(leading)


def _setting(text: str) -> tuple[str, str]:
    """`Port=22`, `Port 22` or `Port = 22`."""
    key, _, value = re.sub(r"[\s=]+", "=", text.strip(), count=1).partition("=")
    return key.lower(), value.strip('"')


def _read_by_a_shell(command: Sequence[str]) -> tuple[str, ...]:
    line = " ".join(command)
    if _FOR_A_SHELL.search(line):
        raise ValueError(line)
    words = shlex.split(line)
    return ("env", *words) if words and VARIABLE.match(words[0]) else tuple(words)
