"""What is sent for a job is sent once, whatever becomes of it."""

import pytest

from actions.jobs import JobExecutor
from actions.plan import HttpRequest, Step
from backend.clients.api import ApiClient
from backend.errors import BadAnswer, MissingRoute, NotAllowed, Refused, SourceError, TimedOut
from backend.model.target import JobTarget
from tests.clients.wire import Play, Server, answer, drip, hang_up, page, raw, reply, reset, serving, silence
from tests.fakes import failed

ROUTE = "backtests/8841/requeue"
ELSEWHERE = "/api/research/backtests/8841/requeue/"
HEAD = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n"
JOB = JobTarget.of(failed())


def step(id_: str = "8841") -> Step:
    """The request for a requeue."""
    return Step(HttpRequest("POST", ("backtests", id_, "requeue")), JOB)


async def test_a_request_is_sent_once_and_its_word_told(server: Server, api: ApiClient) -> None:
    server.on(ROUTE, reply({"id": "8841", "status": "pending", "attempt": 2}, 202))
    assert await JobExecutor(api).perform(step()) == "202 pending"
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", f"/api/research/{ROUTE}", b"")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
async def test_no_redirect_is_followed(server: Server, api: ApiClient, status: int) -> None:
    server.on(ROUTE, answer(b"", status, location=ELSEWHERE))
    server.on(ELSEWHERE.removeprefix("/api/research/"), reply({"status": "pending"}, 202))
    with pytest.raises(BadAnswer, match="redirects"):
        await JobExecutor(api).perform(step())
    assert len(server.requests) == 1
    async with serving() as other:
        server.on(ROUTE, answer(b"", status, location=other.url + ELSEWHERE))
        with pytest.raises(BadAnswer, match="redirects"):
            await JobExecutor(api).perform(step())
        assert not other.requests
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (hang_up(), Refused), (reset(), Refused), (hang_up(HEAD), Refused),
        (hang_up(HEAD + b'content-length: 100\r\n\r\n{"status": "pen'), Refused),
        (reset(HEAD + b'content-length: 100\r\n\r\n{"status": "pen'), Refused),
        (hang_up(b"SSH-2.0-OpenSSH_9\r\n"), Refused), (raw(HEAD + b"content-length: -5\r\n\r\n{}"), SourceError),
        (reply({}, 500), Refused), (reply({}, 502), Refused), (reply({}, 503, retry_after="0"), Refused),
        (reply({}, 504), TimedOut), (reply({}, 408), TimedOut), (reply({}, 409), Refused), (reply({}, 425), Refused),
        (reply({}, 429, retry_after="0"), Refused), (reply({"success": False, "error": "it is running"}), Refused),
        (reply({}, 401), NotAllowed), (reply({}, 403), NotAllowed), (page(404), MissingRoute),
        (answer(b"", 405, kind=""), MissingRoute),
    ],
)  # fmt: skip
async def test_what_fails_is_not_sent_again(
    server: Server, api: ApiClient, play: Play, kind: type[SourceError]
) -> None:
    server.on(ROUTE, play)
    with pytest.raises(kind):
        await JobExecutor(api).perform(step())
    assert len(server.requests) == 1


@pytest.mark.parametrize("warm", [False, True], ids=["a new connection", "one that was used before"])
@pytest.mark.parametrize("play", [hang_up(), reset()], ids=["hung up", "reset"])
async def test_a_connection_that_breaks_is_no_reason_to_send_again(
    server: Server, api: ApiClient, play: Play, warm: bool
) -> None:
    server.on("backtests/health", reply({"status": "healthy"}))
    server.on(ROUTE, play)
    if warm:
        await api.health()
    with pytest.raises(Refused):
        await JobExecutor(api).perform(step())
    assert [request.method for request in server.requests] == [*["GET"] * warm, "POST"]


@pytest.mark.parametrize("play", [silence, drip(HEAD + b"x: " + b"y" * 2000)], ids=["silence", "drip"])
async def test_what_is_not_answered_in_time_is_not_sent_again(server: Server, play: Play) -> None:
    server.on(ROUTE, play)
    api = ApiClient(server.url, timeout=0.2)
    with pytest.raises(TimedOut):
        await JobExecutor(api).perform(step())
    await api.aclose()
    assert len(server.requests) == 1


@pytest.mark.parametrize("id_", ["", ".", "..", "../queue/failed", "a b", "?x", "\ud800"])
async def test_what_would_mean_another_route_is_not_sent(server: Server, api: ApiClient, id_: str) -> None:
    with pytest.raises(NotAllowed):
        await JobExecutor(api).perform(step(id_))
    assert not server.requests


async def test_an_id_stays_one_segment(server: Server, api: ApiClient) -> None:
    server.on("backtests/bt%3A1.a_-/requeue", reply({"status": "pending"}, 202))
    assert await JobExecutor(api).perform(step("bt:1.a_-")) == "202 pending"
    (request,) = server.requests
    assert request.target == "/api/research/backtests/bt%3A1.a_-/requeue"
