"""Which part of a list is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from tui.demo.routes.replies import whole

T = TypeVar("T")

USUAL, MOST = 50, 500
"""Rows of a list that are given where no `limit` is named, and at most."""


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `limit` rows after the first `offset` ones."""

    offset: int
    limit: int

    @classmethod
    def of(cls, request: Request) -> "Page":
        """As `limit` and `offset` of the question say; UnreadableError where they say nothing that makes sense."""
        query = request.query_params
        limit = min(whole(query.get("limit", str(USUAL)), "limit", 1), MOST)
        return cls(whole(query.get("offset", "0"), "offset", 0), limit)

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of this part."""
        return rows[self.offset : self.offset + self.limit]
