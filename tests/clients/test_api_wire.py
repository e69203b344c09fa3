"""What can go wrong between two sockets."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from backend.clients import http
from backend.clients.api import ApiClient
from backend.errors import BadAnswer, MissingRoute, NotAllowed, Refused, SourceError, TimedOut
from backend.model.jobs import JobState
from tests.clients.wire import Play, Server, answer, drip, hang_up, page, raw, reply, reset, serving, silence
from tests.clocks import StillClock

HEALTH = "backtests/health"
GOOD = {"status": "healthy", "active_jobs": 4}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


class Tokens:
    """Gives one token after the other, and counts how often one was not accepted."""

    def __init__(self, *tokens: str | None) -> None:
        self._tokens = iter(tokens)
        self.refusals = 0

    async def fetch(self) -> str | None:
        return next(self._tokens)

    def refused(self) -> None:
        self.refusals += 1


async def test_a_good_answer_over_one_connection(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, reply(GOOD))
    for _ in range(3):
        assert (await api.health()).active == 4
    assert server.requests[0].method == "GET"
    assert server.requests[0].path == "/api/research/backtests/health"
    assert server.requests[0].headers["accept"] == "application/json"
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (hang_up(), Refused),
        (reset(), Refused),
        (hang_up(HEAD + b'content-length: 100\r\n\r\n{"status": "hea'), Refused),
        (reset(HEAD + b'content-length: 100\r\n\r\n{"status": "hea'), Refused),
        (hang_up(HEAD + b'transfer-encoding: chunked\r\n\r\n10\r\n{"status": "hea'), Refused),
        (hang_up(b"SSH-2.0-OpenSSH_9\r\n"), Refused),
        (answer(b'{"status": "hea'), BadAnswer),
        (answer(b""), BadAnswer),
        (answer(b"null"), BadAnswer),
        (answer(b"[" * 50_000), BadAnswer),
        (answer(b'{"status": "\xff\xfe"}'), BadAnswer),
        (answer(b"not packed", content_encoding="gzip"), BadAnswer),
        (page(200), BadAnswer),
        (raw(HEAD + b"content-length: -5\r\n\r\n{}"), SourceError),
        (hang_up(b"\x00\xff" * 500 + b"\r\n\r\n"), SourceError),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_broken_answers(server: Server, api: ApiClient, play: Play, kind: type[SourceError]) -> None:
    server.on(HEALTH, play)
    with pytest.raises(kind) as caught:
        await api.health()
    assert caught.value.summary
    assert "\x00" not in caught.value.detail
    server.on(HEALTH, reply(GOOD))
    assert (await api.health()).status == "healthy"  # the client outlives it


@pytest.mark.parametrize("play", [silence, drip(HEAD + b"x: " + b"y" * 2000)], ids=["silence", "drip"])
async def test_an_open_port_is_not_an_answer(server: Server, play: Play) -> None:
    server.on(HEALTH, play)
    api = ApiClient(server.url, timeout=0.3)
    with pytest.raises(TimedOut, match=r"no answer within 0.3 s"):
        await api.health()
    server.on(HEALTH, reply(GOOD))
    assert (await api.health()).status == "healthy"
    await api.aclose()


async def test_nobody_listens() -> None:
    async with serving() as gone:
        url = gone.url
    api = ApiClient(url)
    with pytest.raises(
        Refused, match=r"nobody answers at http://127.0.0.1:\d+ \(api\.url\): is it running\?"
    ) as caught:
        await api.health()
    assert "Connect call failed" in caught.value.detail
    await api.aclose()


async def test_a_cancelled_question_leaves_a_client_that_works(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, silence)
    task = asyncio.ensure_future(api.health())
    await server.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.on(HEALTH, reply(GOOD))
    assert (await api.health()).status == "healthy"


async def test_a_flood_is_not_listened_to(server: Server, api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_LIMIT", 100_000)
    server.on(HEALTH, answer(gzip.compress(b" " * 10_000_000), content_encoding="gzip"))
    with pytest.raises(BadAnswer, match="larger than"):
        await api.health()
    server.on(HEALTH, answer(gzip.compress(json.dumps(GOOD).encode()), content_encoding="gzip"))
    assert (await api.health()).status == "healthy"


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd", "gzip,identity,gzip"])
async def test_what_is_packed_as_nobody_asked_is_not_unpacked(server: Server, api: ApiClient, packing: str) -> None:
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))
    server.on(HEALTH, answer(bomb, content_encoding=packing))
    with pytest.raises(BadAnswer, match="packed in a way that was not asked for"):
        await api.health()
    assert server.requests[0].headers["accept-encoding"] == "gzip"


async def test_an_answer_is_unpacked_in_steps(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, answer(gzip.compress(b" " * 200_000_000, 9), content_encoding="gzip"))
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswer, match="larger than 8 MB"):
            await api.health()
        assert tracemalloc.get_traced_memory()[1] < 3 * http.BODY_LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_both_heads_of_a_packed_answer_are_known(
    server: Server, api: ApiClient, pack: Callable[[bytes], bytes]
) -> None:
    server.on(HEALTH, answer(pack(json.dumps(GOOD).encode()), content_encoding="gzip"))
    assert (await api.health()).status == "healthy"


async def test_a_long_list_may_be_larger_than_other_answers(server: Server, api: ApiClient) -> None:
    row = {"id": "1", "status": "failed", "error": "x" * 9_000_000}
    server.on("backtests", reply({"backtests": [row]}))
    assert len((await api.jobs(JobState.FAILED)).jobs) == 1


async def test_a_redirect_to_no_address_is_a_bad_answer(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, answer(b"", 308, location="http://here:port/"))
    with pytest.raises(BadAnswer, match="redirects to no address"):
        await api.health()


async def test_a_slow_exchange_tells_nothing_of_the_servers_clock(server: Server) -> None:
    clock = StillClock(9.0)
    api = ApiClient(server.url, clock=clock)
    server.on(HEALTH, reply(GOOD, date=format_datetime(clock.moment + timedelta(seconds=18), usegmt=True)))
    await api.health()
    assert api.skew is None
    await api.aclose()


@pytest.mark.parametrize("more", [0, 1])
async def test_the_limit_of_a_body_is_exact(
    server: Server, api: ApiClient, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    body = json.dumps(GOOD).encode()
    monkeypatch.setattr(http, "BODY_LIMIT", len(body))
    server.on(HEALTH, answer(body + b" " * more))
    if more:
        with pytest.raises(BadAnswer, match="larger than"):
            await api.health()
    else:
        assert (await api.health()).status == "healthy"


async def test_a_redirect_is_followed_once_and_only_at_home(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, answer(b"", 308, location="/api/research/backtests/health/"))
    server.on(HEALTH + "/", reply(GOOD))
    assert (await api.health()).status == "healthy"
    server.on(HEALTH + "/", answer(b"", 308, location="/api/research/backtests/health/"))
    with pytest.raises(BadAnswer, match="redirects"):
        await api.health()
    assert len(server.requests) == 4
    async with serving() as elsewhere:
        server.on(HEALTH, answer(b"", 302, location=elsewhere.url + "/api/research/backtests/health"))
        with pytest.raises(BadAnswer, match="another server"):
            await api.health()
        assert not elsewhere.requests


@pytest.mark.parametrize(("status", "followed"), [(300, False), (301, True), (302, True), (303, False), (304, False),
                                                  (305, False), (307, True), (308, True)])  # fmt: skip
async def test_which_redirects_are_followed(server: Server, api: ApiClient, status: int, followed: bool) -> None:
    server.on(HEALTH, answer(b"", status, location="/api/research/backtests/health/"))
    server.on(HEALTH + "/", reply(GOOD))
    if followed:
        assert (await api.health()).status == "healthy"
    else:
        with pytest.raises(BadAnswer, match="redirects"):
            await api.health()
    assert len(server.requests) == 1 + followed


async def test_no_proxy_of_the_environment_sees_a_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on(HEALTH, reply(GOOD))
    async with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        api = ApiClient(server.url, token=Tokens("secret"))
        assert (await api.health()).status == "healthy"
        await api.aclose()
        assert not proxy.requests


async def test_a_token_travels_at_home_only(server: Server) -> None:
    server.on(HEALTH, reply(GOOD))
    api = ApiClient(server.url, token=Tokens("one", "two", None))
    for _ in range(3):
        await api.health()
    await api.aclose()
    sent = [request.headers.get("authorization") for request in server.requests]
    assert sent == ["Bearer one", "Bearer two", None]


@pytest.mark.parametrize(("status", "refusals"), [(401, 1), (403, 1), (404, 0), (500, 0), (200, 0)])
async def test_the_token_is_told_when_the_server_does_not_accept_it(server: Server, status: int, refusals: int) -> None:
    server.on(HEALTH, reply(GOOD, status))
    tokens = Tokens("one")
    api = ApiClient(server.url, token=tokens)
    with suppress(SourceError):
        await api.health()
    await api.aclose()
    assert tokens.refusals == refusals
    assert len(server.requests) == 1, "nothing is asked twice"


@pytest.mark.parametrize("token", ["with\nnewline", "ünï"])
async def test_a_token_that_cannot_be_sent_is_not_told(server: Server, token: str) -> None:
    api = ApiClient(server.url, token=Tokens(token))
    with pytest.raises(NotAllowed) as caught:
        await api.health()
    said = caught.value.summary + caught.value.detail
    assert not any(part in said for part in (token, "newline", "ünï"))
    assert not server.requests
    await api.aclose()


async def test_the_servers_clock_is_compared(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, reply(GOOD))
    await api.health()
    skews = [api.skew]
    server.on(HEALTH, reply(GOOD, date=format_datetime(datetime.now(UTC), usegmt=True)))
    await api.health()
    skews.append(api.skew)
    assert skews == [None, 0.0]
    ahead = datetime.now(UTC) + timedelta(hours=1)
    server.on(HEALTH, reply(GOOD, date=format_datetime(ahead, usegmt=True)))
    await api.health()
    assert api.skew == pytest.approx(3600, abs=30)
    server.on(HEALTH, reply(GOOD, date="Tomorrow"))
    await api.health()
    assert api.skew == pytest.approx(3600, abs=30)


class SlowAnswer:
    """A server whose clock shows what a test wants, on a wire where each answer takes so many seconds."""

    def __init__(self, told: float, took: float) -> None:
        self.told, self.took = told, took
        self.moment = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def respond(self, _: httpx.Request) -> httpx.Response:
        date = format_datetime(self.moment + timedelta(seconds=self.told), usegmt=True)
        self.moment += timedelta(seconds=self.took)
        return httpx.Response(200, json=GOOD, headers={"date": date})


DAYS = 86_400.0


@pytest.mark.parametrize(
    ("told", "took", "skew"),
    [
        (0, 0, 0.0), (-1, 0, 0.0), (0.9, 0, 0.0),  # a whole second may be cut off
        (1, 0, 1.5), (-2, 0, -1.5), (10, 0, 10.5), (-10, 0, -9.5),
        (1, 3, 0.0), (12, 3, 11.0), (-1, 3, -2.0), (4, 3, 3.0),  # it was asked and told half-way
        (12, 3.2, None), (10, 0.4, 10.3), (366 * DAYS - 1, 0, 366 * DAYS - 0.5), (-366 * DAYS, 0, -366 * DAYS + 0.5),
        (366 * DAYS, 0, None), (-366 * DAYS - 1, 0, None), (4000 * DAYS, 0, None),
    ],
)  # fmt: skip
async def test_skew_is_counted_from_the_middle_of_an_exchange(told: float, took: float, skew: float | None) -> None:
    world = SlowAnswer(told, took)
    api = ApiClient("http://test", transport=httpx.MockTransport(world.respond), clock=world)
    await api.health()
    await api.aclose()
    assert api.skew == skew


@pytest.mark.parametrize(
    ("play", "kind", "said"),
    [
        (page(404), MissingRoute, "no route"),
        (answer(b"", 405, kind=""), MissingRoute, "no route"),
        (reply({"status": "error"}, 405), MissingRoute, "no route"),
        (reply({"status": "error"}, 404), MissingRoute, "no route"),
        (reply({"status": "error"}, 401), NotAllowed, "api.token_env"),
        (reply({"status": "error"}, 429, retry_after="3"), Refused, "asks to wait 3 s"),
        (answer(b"", 501, kind=""), MissingRoute, "no route"),
        (reply({"success": False, "error": "x"}, 404), MissingRoute, "no route"),
        (answer(b"", 401, kind=""), NotAllowed, "api.token_env"),
        (reply({"error": "forbidden"}, 403), NotAllowed, "forbidden"),
        (reply({"success": False, "error": "database is down"}, 500), Refused, "database is down"),
        (page(502), Refused, "HTTP 502"),
        (reply({"success": False, "error": "not today"}), Refused, "not today"),
        (reply({"ok": False, "error": {"message": "deep"}}), Refused, "deep"),
        (answer(b"", 504, kind=""), TimedOut, "HTTP 504"),
        (answer(b"", 204, kind=""), BadAnswer, "not JSON"),
        (reply({"nothing": "known"}), BadAnswer, "no status"),
        (reply({"status": ["healthy"]}), BadAnswer, "no status"),
        (answer(b"", 304, kind=""), BadAnswer, "redirects"),
    ],
)
async def test_the_meaning_of_answers(
    server: Server, api: ApiClient, play: Play, kind: type[SourceError], said: str
) -> None:
    server.on(HEALTH, play)
    with pytest.raises(kind) as caught:
        await api.health()
    assert said in caught.value.summary
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"retry_after": "7"}, {}, 7),
        ({}, {"retryAfter": 12}, 12),
        ({"retry_after": "3"}, {"retryAfter": 12}, 3),
        ({"retry_after": "soon"}, {}, None),
        ({"retry_after": "-4"}, {}, 0),
        ({"retry_after": "1e300"}, {}, 86400),
        ({"retry_after": "inf"}, {}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:37 GMT"}, {}, 0),
    ],
)
async def test_too_many_requests(
    server: Server, api: ApiClient, headers: dict[str, str], body: dict[str, int], wait: float | None
) -> None:
    refusal = {"ok": False, "error": "rate_limit", "message": "slow down", **body}
    server.on(HEALTH, reply(refusal, 429, **headers))
    with pytest.raises(Refused, match="HTTP 429: slow down") as caught:
        await api.health()
    assert caught.value.retry_after == wait


async def test_a_json_body_of_another_content_type_is_read(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, answer(json.dumps(GOOD).encode(), kind="text/plain"))
    assert (await api.health()).status == "healthy"


async def test_what_the_server_says_is_made_harmless(server: Server, api: ApiClient) -> None:
    server.on(HEALTH, reply({"success": False, "error": "\x1b[2J\u202egone[/red]"}, 500))
    with pytest.raises(Refused) as caught:
        await api.health()
    assert "\x1b" not in caught.value.summary + caught.value.detail
    assert "\u202e" not in caught.value.summary + caught.value.detail
