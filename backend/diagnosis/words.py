"""What the error of a failed job speaks of. The first cause that fits counts: clear words stand before vague ones."""

import re
from functools import lru_cache

from backend.model.finding import Cause

LONGEST = 2000
_DATA = r"(?:data|prices?|bars?|quotes?|ticks?|candles?|history|rows)"
_WORDS: tuple[tuple[Cause, str], ...] = (
    (
        "memory",
        r"out of memory|\boom\b|oom-?kill|MemoryError|cannot allocate|\bkilled\b|signal 9\b|SIGKILL|memory limit",
    ),
    ("storage", r"no space left|disk (?:is )?full|ENOSPC|disk quota|read-only file system"),
    ("engine", r"engine (?:was )?(?:stopped|restarted|shut ?down|lost)|worker (?:lost|vanished)|heartbeat"),
    (
        "provider",
        r"\b(?:provider|vendor|feed)\b.{0,80}"
        r"(?:unreachable|unavailable|closed|refused|reset|timed? ?out|\bdown\b|\b5\d\d\b)",
    ),
    (
        "data",
        rf"\bno (?:\w+ ){{0,3}}{_DATA}\b|\b(?:missing|incomplete|insufficient|inconsistent|corrupt(?:ed)?|stale|absent)"
        rf" (?:\w+ ){{0,3}}{_DATA}\b|\b{_DATA}\b.{{0,40}}\b(?:missing|gaps?|not found|not available|unavailable"
        r"|incomplete|inconsistent|corrupt(?:ed)?)\b|\bgaps? (?:in|for)\b|unknown symbol"
        r"|(?:Missing|No|Incomplete)Data|DataGap",
    ),
    (
        "database",
        r"psycopg|postgres|sqlstate|deadlock|statement timeout|lock timeout|too many (?:connections|clients)"
        r"|could not connect to server|\bdatabase\b",
    ),
    ("timeout", r"tim(?:e|ed)[ -]?out|deadline|exceeded .{0,40}(?:time|runtime|minutes|seconds)"),
    ("strategy", r"\b[A-Za-z]+(?:Error|Exception)\b|Traceback|division by zero|assertion"),
)  # fmt: skip
_TABLE = tuple((cause, re.compile(words, re.IGNORECASE)) for cause, words in _WORDS)
_NAME = re.compile(r"[\w.^=/-]+")


@lru_cache(maxsize=4096)
def speaks_of(error: str) -> Cause | None:
    """The cause that an error's words point to, None when they point nowhere."""
    beginning = error[:LONGEST]
    return next((cause for cause, words in _TABLE if words.search(beginning)), None)


@lru_cache(maxsize=4096)
def names_in(error: str) -> frozenset[str]:
    """Everything in an error that could be the name of a symbol."""
    return frozenset(part for name in _NAME.findall(error[:LONGEST]) for part in (name, name.rstrip(".")))
