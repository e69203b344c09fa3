"""What an HTTP answer means: its JSON, or the error that it is."""

from datetime import UTC, datetime

import msgspec

from backend.clients.decode import Fields, decoded
from backend.clients.http import Answer, waiting_time
from backend.errors import BadAnswer, MissingObject, MissingRoute, NotAllowed, Refused, SourceError, TimedOut
from backend.text import clean


def body_of(answer: Answer, route: str, thing: str = "") -> object:
    """The JSON of a good answer, out of its `{success, data}` wrapper; raises what any other answer means.

    `route` names the request for sentences; `thing` names the object that was asked for, if one was.
    """
    if not 200 <= answer.status < 300:
        raise failure(answer, route, thing)
    body = parse(answer, route)
    if "id" in Fields(body):
        return body  # a failed job may say of itself that it is no success
    return told_well(body, route)


def report_of(answer: Answer, route: str, thing: str = "") -> object:
    """As `body_of`, but an error status with a report in it is used: that is how sick services answer."""
    if answer.status >= 400 and answer.status not in {401, 403, 404, 405, 429} and not answer.looks_html:
        fields = Fields(decoded(answer.body))
        if isinstance(fields.get("status"), str) or "connections" in fields:
            return decoded(answer.body)
    return body_of(answer, route, thing)


def parse(answer: Answer, route: str) -> object:
    """The JSON of the body; raises `BadAnswer`."""
    body = decoded(answer.body)
    if body is not msgspec.UNSET:
        return body
    if answer.looks_html:
        raise BadAnswer(f"{route} answered with a page (HTML) instead of JSON", answer.excerpt)
    raise BadAnswer(f"{route} answered with something that is not JSON", answer.excerpt)


def told_well(body: object, route: str) -> object:
    """The body out of its wrapper; raises `Refused` when it says itself that nothing came of it."""
    fields = Fields(body)
    if fields.flag("success", "ok") is False:
        raise Refused(f"{route}: {_word(fields) or 'the server says no, and not why'}")
    if fields.flag("success", "ok") and "data" in fields:
        return fields.get("data")
    return body


def failure(answer: Answer, route: str, thing: str = "") -> SourceError:
    """The error that an answer without success is."""
    fields = Fields(decoded(answer.body))
    word, status = _word(fields), answer.status
    said = f"{route} says HTTP {status}" + (f": {word}" if word else "")
    detail = "" if answer.looks_html else answer.excerpt
    if status == 404:
        if thing and ("success" in fields or "error" in fields):
            return MissingObject(f"{thing} is not known to the server" + (f": {word}" if word else ""), detail)
        return MissingRoute(f"this server has no route {route}")
    if status in {405, 501}:
        return MissingRoute(f"this server has no route {route} (HTTP {status})")
    if status in {401, 403}:
        return NotAllowed(f"{said}; check api.token_env or api.token_command", detail)
    if status in {408, 504}:
        return TimedOut(said, detail)
    if status >= 400:
        wait = answer.retry_after
        if wait is None:
            wait = waiting_time(fields.get("retry_after"), datetime.now(UTC))
        return Refused(said + (f"; it asks to wait {wait:g} s" if wait else ""), detail, retry_after=wait)
    if 300 <= status < 400:
        return BadAnswer(f"{route} redirects (HTTP {status}) and is not followed", clean(answer.location, 200))
    return BadAnswer(said, detail)


def word_of(answer: Answer) -> str:
    """What the server says of something that it did: its message or status, else the HTTP status."""
    fields = Fields(decoded(answer.body))
    return fields.text("message", "status", "state", limit=120) or f"HTTP {answer.status}"


def _word(fields: Fields) -> str:
    return fields.text("message", limit=200) or fields.text("error", "detail", limit=200)
