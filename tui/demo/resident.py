"""How much memory processes hold, read from /proc."""

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid: int) -> dict[int, int]:
    """Bytes that `pid` and every process below it hold, by pid; those that are gone are left out."""
    found: dict[int, int] = {}
    left = [pid]
    while left:
        each = left.pop()
        try:
            found[each] = int(Path(f"/proc/{each}/statm").read_bytes().split()[1]) * _PAGE
            left += children(each)
        except (OSError, IndexError):
            continue
    return found


def children(pid: int) -> list[int]:
    """The processes right below `pid`. Raises OSError when it is gone."""
    lists = (Path(entry.path, "children").read_bytes() for entry in os.scandir(f"/proc/{pid}/task"))
    return [int(word) for words in lists for word in words.split()]


def reluctance(pid: int) -> int:
    """What the process asks the kernel to add to its points when memory is short (`oom_score_adj`); 0 when gone."""
    try:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_bytes())
    except (OSError, ValueError):
        return 0
