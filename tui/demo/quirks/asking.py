"""Quirks of how a question is taken: each gives back the question as the server understands it, or answers at once."""

import math
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from urllib.parse import quote

from starlette.types import Message, Receive

from tui.demo.quirks.exchange import HTML, LIST, RESEARCH, Answer, Question
from tui.demo.routes.replies import LONGEST_BODY

ALLOWED = 5
"""Requests within the seconds of the switch that are not refused."""
PAGE = b"<p>The page that you are looking for has moved, or never was here. Try the start page.</p>\n"
NO_PAGE = b"<!doctype html><html><head><title>404</title></head><body><h1>404</h1>\n" + PAGE * 220 + b"</body></html>\n"
_SENT_ID = re.compile(rb'("original_job_id"\s*:\s*)([0-9]+)(?=\s*[,}])')
UNKNOWN = ("priority", "offset", "period")
"""Parameters that a server with a list and little else does not know."""


@dataclass(slots=True)
class Switch:
    """A quirk that is on: for how long something takes there, since when, and when requests came."""

    seconds: float
    since: float = field(default_factory=monotonic)
    came: deque[float] = field(default_factory=deque)


Read = Callable[[Question], Question]
Hear = Callable[[Receive], Receive]
Ask = Callable[[Question, Switch], Question | Answer]


def numbers_for_ids(receive: Receive) -> Receive:
    """Take for an id that is sent the number that is told for it."""

    async def hear() -> Message:
        message = await receive()
        body = bytes(message.get("body", b""))
        while message.get("more_body", False) and len(body) <= LONGEST_BODY:  # a number may go on in the next piece
            message = await receive()
            body += message.get("body", b"")
        return {**message, "body": _SENT_ID.sub(rb'\1"\2"', body)}

    return hear


def rate_limit(question: Question, switch: Switch) -> Question | Answer:
    """Refuse what comes after too many requests, in the second shape of errors."""
    now = monotonic()
    while switch.came and now - switch.came[0] >= switch.seconds:
        switch.came.popleft()
    if len(switch.came) < ALLOWED:
        switch.came.append(now)
        return question
    wait = math.ceil(switch.came[0] + switch.seconds - now)
    said = {"ok": False, "error": "rate_limit", "message": f"Too many requests, wait {wait} s", "retryAfter": wait}
    return Answer.of(said, 429, ((b"retry-after", str(wait).encode()),))


def redirect(question: Question, _: Switch) -> Question | Answer:
    """Send away whoever ends an address with a slash."""
    if not question.route.endswith("/"):
        return question
    query = b"?" + question.encoded() if question.query else b""
    place = quote(f"{RESEARCH}{question.route.rstrip('/')}").encode() + query
    return Answer(308, "text/plain; charset=utf-8", b"Redirecting...\n", ((b"location", place),))


def missing_routes(question: Question, _: Switch) -> Question | Answer:
    """Know the list of backtests and nothing else."""
    return question if question.route == LIST else Answer(404, HTML, NO_PAGE)


def empty_405(question: Question, _: Switch) -> Question | Answer:
    """Allow nothing but reading."""
    return question if question.reads else Answer(405, None, b"")


def idle_posts(question: Question, _: Switch) -> Question | Answer:
    """Promise everything and do nothing."""
    return question if question.reads else Answer.of({"success": True, "message": "Request accepted"})


def unresolvable_ids(question: Question, _: Switch) -> Question | Answer:
    """Know no single job by its id."""
    if question.reads and question.names_one_job:
        return Answer.refusal(404, "Backtest not found")
    return question


def ignored_parameters(question: Question, _: Switch) -> Question | Answer:
    """Look at no parameter but `status` and `limit`."""
    return question.without(*UNKNOWN)


def unfiltered(question: Question, _: Switch) -> Question | Answer:
    """Take the rows before they are filtered."""
    return question.without("status", "priority") if question.route == LIST else question


_STATES: Mapping[str, str] = {"queued": "pending", "done": "completed"}


def other_states(question: Question) -> Question:
    """Understand the other words for states too."""
    state = _STATES.get(question.query.get("status", ""))
    return question if state is None else replace(question, query={**question.query, "status": state})
