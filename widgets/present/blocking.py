"""Who waits for whom: sessions in the order of their chains, each one below the one that it waits for."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from backend.model.database import Session, Sessions
from backend.same import Same


class Chains(NamedTuple):
    """`sessions` chain by chain, and the pids of those that hold up others.

    `behind` is how many stand below each of them, by its pid: they wait for it, or for one that waits for it.
    """

    sessions: tuple[Session, ...]
    holders: frozenset[int]
    behind: dict[int, int]


@lru_cache(maxsize=2)
def chains(same: Same[Sessions]) -> Chains:
    """The sessions with whoever holds up others first; who waits for several stands below the first of them."""
    now = same.value.server_time
    ordered = sorted(same.value.sessions, key=lambda one: (one.state == "idle", -(one.running_for(now) or 0.0)))
    known = {session.pid for session in ordered}
    waiting: dict[int, list[Session]] = {}
    ends: list[Session] = []
    for session in ordered:
        holder = next((pid for pid in session.blocked_by if pid in known and pid != session.pid), None)
        (ends if holder is None else waiting.setdefault(holder, [])).append(session)
    ends.sort(key=lambda one: (one.pid not in waiting, not one.blocked_by))
    told = _downwards(ends, waiting)
    circle = {session.pid: session for session in ordered if session.pid not in told}
    shown = (circle | told).values()
    holders = frozenset[int]().union(*(session.blocked_by for session in ordered))
    return Chains(tuple(shown), holders, _behind(shown, waiting))


def _downwards(ends: list[Session], waiting: dict[int, list[Session]]) -> dict[int, Session]:
    """Each chain from its end on; without recursion, for a chain may be as long as it likes."""
    told: dict[int, Session] = {}
    left = ends[::-1]
    while left:
        session = left.pop()
        if session.pid not in told:
            told[session.pid] = session
            left += waiting.get(session.pid, [])[::-1]
    return told


def _behind(told: Iterable[Session], waiting: dict[int, list[Session]]) -> dict[int, int]:
    behind: dict[int, int] = {}
    for session in reversed(tuple(told)):
        own = waiting.get(session.pid, [])
        if own:
            behind[session.pid] = sum(1 + behind.get(each.pid, 0) for each in own)
    return behind
