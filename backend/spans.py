"""Lengths of time in a word, the same wherever they are told."""

AHEAD = 5.0
"""Seconds by which a moment may lie ahead and still count as now: no two clocks agree, and some tell whole seconds."""


def span(seconds: float) -> str:
    """A length of time in at most four cells: `7s`, `42m`, `3h`, `12d`; minutes do not tick seconds.

    What should be over and lies ahead is negative: `-42m`.
    """
    if seconds < -AHEAD:
        return f"-{_length(int(-seconds), minutes=99)}"
    return _length(max(0, int(seconds)), minutes=119)


def ago(seconds: float) -> str:
    """How long ago, or in what time: `3m ago`, `in 3m`."""
    word = span(seconds)
    return f"in {word[1:]}" if word.startswith("-") else f"{word} ago"


def _length(whole: int, minutes: int) -> str:
    for limit, size, unit in ((60, 1, "s"), (60 * (minutes + 1), 60, "m"), (172800, 3600, "h")):
        if whole < limit:
            return f"{whole // size}{unit}"
    return f"{whole // 86400}d"
