"""A regular expression that somebody types: it may be slow by nature, and must not take the keys away for it."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

Found = Callable[[str], object]

LONGEST = 500
"""Characters of an expression."""
ONE_TEXT = 0.05
"""Seconds that the search of one text may take; what is not slow by nature takes millionths."""
ALL_TEXTS = 0.1
"""Seconds that one search over all texts may take: 20,000 rows, with an expression that is not slow."""


class FilterError(ValueError):
    """A filter that cannot be used; its text is a sentence for the user."""


class TooSlow(FilterError):  # noqa: N818 - named for what the user is told
    """A filter that takes longer than anybody waits for a key."""

    def __init__(self) -> None:
        super().__init__("this expression takes too long; a simpler one, without a repeat inside a repeat, is quicker")


def expression(pattern: str) -> Callable[[], Found]:
    """Return what begins one search over many texts; raises `FilterError`. The search raises `TooSlow`."""
    if len(pattern) > LONGEST:
        raise FilterError(f"an expression of more than {LONGEST} characters is not searched for")
    import regex  # it knows a time limit, which the standard library's has not; few ever type an expression

    try:
        return partial(_search, regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE))
    except (regex.error, OverflowError, RecursionError) as error:
        raise FilterError(f"not a regular expression: {error}") from error


def _search(pattern: "Pattern[str]") -> Found:
    until = time.perf_counter() + ALL_TEXTS

    def found(text: str) -> object:
        left = until - time.perf_counter()
        if left <= 0:
            raise TooSlow
        try:
            return pattern.search(text, timeout=min(left, ONE_TEXT))
        except TimeoutError:
            raise TooSlow from None

    return found
