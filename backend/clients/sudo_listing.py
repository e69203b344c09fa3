"""What `sudo -l` lists of a person's rights: whether any of them can be the right to run a command without a password.

Asked about one command `sudo` tells only whether it may be run, and says yes as well where it would ask for a password.
"""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

_ENTRY = re.compile(r"\s+\([^)]*\)\s+(.*)")
_COMMA = re.compile(r"(?<!\\),\s+")
_TAG = re.compile(r"([A-Z_]+):\s*")
_OPTIONS = re.compile(r"(?:[A-Z_]+=\S+\s+)*")
_DIGEST = re.compile(r"sha\d+:\S+\s+")
_ESCAPE = re.compile(r"\\(.)")


def may_be_free(listing: str, command: Sequence[str]) -> bool:
    """Whether a rule may let this command (its program with its path) run without a password; True in doubt.

    `listing` is what `sudo -l` printed. For whom a rule counts, and which of several wins, is left to `sudo`.
    """
    entries = list(_entries(listing))
    if not entries or "!authenticate" in listing:
        return True
    return any(_covers(rule, command) for entry in entries for rule in _free(entry))


def _entries(listing: str) -> Iterator[str]:
    """Each entry in one line: `NOPASSWD: /bin/a, PASSWD: /bin/b`."""
    entry = ""
    for line in listing.splitlines():
        if found := _ENTRY.fullmatch(line):
            if entry:
                yield entry
            entry = found[1]
        elif entry and line.startswith(" "):  # it was too long for a line
            entry += f" {line.strip()}"
    if entry:
        yield entry


def _free(entry: str) -> Iterator[str]:
    """The rules of an entry that ask for no password; a tag counts for those behind it too."""
    free = False
    for part in _COMMA.split(entry):
        rule = _OPTIONS.sub("", part, count=1)
        while tag := _TAG.match(rule):
            free = {"NOPASSWD": True, "PASSWD": False}.get(tag[1], free)
            rule = rule[tag.end() :]
        if free and not rule.startswith("!"):
            yield _DIGEST.sub("", rule, count=1)


def _covers(rule: str, command: Sequence[str]) -> bool:
    program, *arguments = command
    path, _, words = rule.strip().partition(" ")
    if path == "ALL" or path.startswith("^") or "[" in rule:  # sets are written otherwise here than there
        return True
    # By the name alone: a program may be reached by several paths, as where /bin leads to /usr/bin.
    if not path.endswith("/") and not fnmatchcase(_name(program), _name(_plain(path))):
        return False
    if not words or words.startswith("^"):
        return True
    return fnmatchcase(" ".join(arguments), "" if words == '""' else _plain(words))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _plain(words: str) -> str:
    return _ESCAPE.sub(r"\1", words)
