"""Every quirk of the API as it is seen on the wire, and nothing of it once it is off."""

import json
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from tests.demo.api_rig import RESEARCH, wait_until
from tests.demo.platform_rig import Site, site
from tests.demo.wire import Heard, heard, quirk
from tui.demo.link import OWN_HEADER
from tui.demo.quirks.table import QUIRKS

LIST = f"{RESEARCH}/backtests"
FAILED = f"{LIST}?status=failed&limit=20"
COUNTS = f"{LIST}/status"
HEALTH = f"{LIST}/health"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site("data-gap", tmp_path_factory.mktemp("temp")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_left_on(up: Site) -> Iterator[None]:
    yield
    assert not any(each["on"] for each in up.client.get("/judge/quirks").json()["quirks"])
    assert heard(up, "GET", COUNTS).status == 200


def said(site: Site, target: str, method: str = "GET", status: int = 200) -> Any:
    """The JSON that is answered."""
    answer = heard(site, method, target)
    assert (answer.status, answer.end) == (status, "whole"), answer
    return json.loads(answer.body)


def rows(site: Site, target: str = FAILED) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = said(site, target)["backtests"]
    return listed


def is_page(answer: Heard) -> bool:
    kind = answer.header("content-type") or ""
    return answer.status == 404 and kind.startswith("text/html") and 18_000 < len(answer.body) < 24_000


def is_error(answer: Heard) -> bool:
    return answer.status == 404 and json.loads(answer.body).keys() == {"success", "error"}


def test_missing_routes(up: Site) -> None:
    with quirk(up, "missing-routes"):
        assert rows(up)
        for method, route in (("GET", COUNTS), ("GET", HEALTH), ("POST", f"{LIST}/1/requeue"), ("POST", "data/repair")):
            target = route if route.startswith("/") else f"{RESEARCH}/{route}"
            assert is_page(heard(up, method, target)), route


def test_every_404_a_page(up: Site) -> None:
    assert is_error(heard(up, "GET", f"{LIST}/none"))
    with quirk(up, "html-404"):
        assert is_page(heard(up, "GET", f"{LIST}/none"))
        assert is_page(heard(up, "GET", f"{RESEARCH}/nonsense"))
        asked = up.client.get(f"{LIST}/none", headers={"Accept": "application/json"})
        assert asked.headers["content-type"].startswith("text/html")


def test_every_404_json(up: Site) -> None:
    assert not heard(up, "GET", f"{RESEARCH}/nonsense").body.startswith(b"{")
    with quirk(up, "json-404"):
        assert is_error(heard(up, "GET", f"{LIST}/none"))
        assert is_error(heard(up, "GET", f"{RESEARCH}/nonsense"))


def test_an_empty_405(up: Site) -> None:
    with quirk(up, "empty-405"):
        for method, target in (("POST", f"{RESEARCH}/data/refresh"), ("DELETE", f"{LIST}/queue/failed")):
            answer = heard(up, method, target)
            assert (answer.status, answer.body, answer.header("content-type")) == (405, b"", None)
    assert said(up, COUNTS)["counts"]["failed"] >= 14


def test_a_redirect_for_a_slash(up: Site) -> None:
    with quirk(up, "redirect-308"):
        answer = heard(up, "GET", f"{LIST}/?status=failed&limit=3")
        assert (answer.status, answer.header("location")) == (308, f"{LIST}?status=failed&limit=3")
        answer = heard(up, "GET", f"{LIST}/%0d%0aX-More:%20yes/")
        assert (answer.status, answer.header("x-more")) == (308, None)
        assert rows(up)


def test_other_names(up: Site) -> None:
    with quirk(up, "other-names"):
        failed = rows(up)
        assert all({"name", "createdAt", "startedAt", "errorMessage", "durationMs"} <= row.keys() for row in failed)
        assert not any(row.keys() & {"strategy_name", "created_at", "error_message"} for row in failed)
        assert {row["status"] for row in rows(up, f"{LIST}?limit=200")} == {"failed", "running", "queued", "done"}
        assert {row["status"] for row in rows(up, f"{LIST}?status=queued")} == {"queued"}
        assert said(up, COUNTS)["counts"].keys() == {"failed", "running", "queued", "done"}
        assert said(up, f"{LIST}/{failed[0]['id']}")["name"] == failed[0]["name"]


def test_still_other_names(up: Site) -> None:
    job = next(iter(up.workers()))
    up.workers()[job].terminate()
    wait_until(lambda: up.get(f"backtests/{job}")["status"] == "failed")
    with quirk(up, "more-names"):
        assert all({"lastRunAt", "error"} <= row.keys() for row in rows(up))
        assert not any(row.keys() & {"started_at", "error_message"} for row in rows(up))
        assert said(up, f"{LIST}/{job}")["status"] == "cancelled"
        assert {row["status"] for row in rows(up)} == {"failed", "cancelled"}


def test_numbers_for_ids(up: Site) -> None:
    def status_of_retry() -> int:
        return up.client.post(f"{LIST}/retry", json={"original_job_id": 17, "modifications": {}}).status_code

    ids = [row["id"] for row in rows(up)]
    assert status_of_retry() == 400
    with quirk(up, "numeric-ids"):
        assert status_of_retry() == 404, "there is no such job, and the number was taken for its id"
        assert [row["id"] for row in rows(up)] == [int(each) for each in ids]
        assert said(up, f"{LIST}/{ids[0]}")["id"] == int(ids[0])


def test_null_for_ids(up: Site) -> None:
    with quirk(up, "null-ids"):
        found = [row["id"] for row in rows(up)]
        assert found.count(None) == (len(found) + 1) // 2


def test_ids_twice(up: Site) -> None:
    with quirk(up, "duplicate-ids"):
        found = [row["id"] for row in rows(up)]
        assert len(set(found)) == (len(found) + 1) // 2


def test_filters_after_the_limit(up: Site) -> None:
    with quirk(up, "filter-after-limit"):
        everything = said(up, f"{LIST}?limit=500")["total"]
        answer = said(up, f"{LIST}?status=completed&limit=3")
        assert answer["total"] == everything
        assert answer["hasMore"] is True
        assert sum(len(rows(up, f"{LIST}?status={status}&limit=3")) for status in ("failed", "completed")) < 6
        assert {row["status"] for row in rows(up, f"{LIST}?status=failed&limit=500")} == {"failed"}


def test_parameters_are_ignored(up: Site) -> None:
    with quirk(up, "ignored-parameters"):
        assert len({row["priority"] for row in rows(up, f"{FAILED}&priority=high")}) > 1
        assert rows(up, f"{FAILED}&offset=5") == rows(up)


def test_ids_that_lead_nowhere(up: Site) -> None:
    with quirk(up, "unresolvable-ids"):
        assert is_error(heard(up, "GET", f"{LIST}/{rows(up)[0]['id']}"))
        assert heard(up, "GET", HEALTH).status == 200


def test_posts_that_change_nothing(up: Site) -> None:
    job = rows(up)[0]
    with quirk(up, "idle-posts"):
        for method, target in (("POST", f"{LIST}/{job['id']}/requeue"), ("DELETE", f"{LIST}/queue/failed")):
            assert said(up, target, method)["success"] is True
        assert said(up, f"{LIST}/{job['id']}") == job


def test_the_first_answer_is_slow(up: Site) -> None:
    with quirk(up, "slow-first-answer", 0.8):
        began = monotonic()
        assert heard(up, "GET", COUNTS, patience=0.2).end == "silent"
        assert heard(up, "GET", COUNTS).status == 200
        assert monotonic() - began > 0.7
        assert heard(up, "GET", COUNTS, patience=5.0).status == 200


def test_silence(up: Site) -> None:
    with quirk(up, "silence"):
        answer = heard(up, "GET", COUNTS, patience=0.3)
        assert (answer.end, answer.head, answer.body) == ("silent", ("",), b"")
        assert up.client.get("/judge").status_code == 200


@pytest.mark.parametrize(("name", "end"), [("reset", "reset"), ("truncation", "closed")])
def test_an_end_in_mid_body(name: str, end: str, up: Site) -> None:
    with quirk(up, name):
        for target in (FAILED, COUNTS):
            answer = heard(up, "GET", target)
            assert (answer.status, answer.end) == (200, end)
            assert len(answer.body) == int(answer.header("content-length") or 0) // 2


def test_faults_take_turns(up: Site) -> None:
    with quirk(up, "reset"), quirk(up, "truncation"):
        assert sorted(heard(up, "GET", COUNTS).end for _ in range(3)) == ["closed", "reset", "whole"]


def test_too_many_requests(up: Site) -> None:
    with quirk(up, "rate-limit", 60):
        answers = [heard(up, "GET", COUNTS) for _ in range(7)]
        assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
        body = json.loads(answers[-1].body)
        assert body.keys() == {"ok", "error", "message", "retryAfter"}
        assert (body["ok"], body["error"]) == (False, "rate_limit")
        assert 50 <= body["retryAfter"] == int(answers[-1].header("retry-after") or 0) <= 60


def test_health_says_degraded_or_400(up: Site) -> None:
    with quirk(up, "degraded-200"):
        assert said(up, HEALTH)["status"] == "degraded"
        with quirk(up, "report-400"):
            assert said(up, HEALTH, status=400).keys() >= {"status", "active_jobs", "pending_jobs"}


def test_the_panel_lists_sets_and_refuses(up: Site) -> None:
    panel = "/judge/quirks"
    listed = up.client.get(panel).json()["quirks"]
    assert [each["name"] for each in listed] == list(QUIRKS)
    assert all(each["sentence"] for each in listed)
    answer = up.client.put(panel, json={"quirks": ["null-ids", "numeric-ids"]}).json()["quirks"]
    assert {each["name"] for each in answer if each["on"]} == {"null-ids", "numeric-ids"}
    assert not any(each["on"] for each in up.client.delete(panel).json()["quirks"])
    refused = up.client.put(f"{panel}/nonsense")
    assert (refused.status_code, "missing-routes" in refused.json()["error"]) == (404, True)
    assert up.client.put(f"{panel}/silence", json={"seconds": -1}).status_code == 400
    assert up.client.put(f"{panel}/silence", content=b"{").status_code == 400
    assert up.client.put(panel, json={"quirks": "silence"}).status_code == 400
    assert up.client.put(panel, json={"quirks": [7]}).status_code == 400
    assert up.client.post(panel).status_code == 400
    assert up.client.patch(panel).status_code == 405


@pytest.mark.parametrize("place", ["/judge/quirks", "/judge/quirks/all", "/judge/quirks/silence"])
def test_the_panel_answers_wrong_methods_and_slashes_as_all_routes_do(up: Site, place: str) -> None:
    refused, moved = up.client.patch(place), up.client.get(f"{place}/", follow_redirects=False)
    assert (refused.status_code, refused.content, "content-type" in refused.headers) == (405, b"", False)
    assert (moved.status_code, moved.headers["location"]) == (308, place)


def test_the_platform_itself_meets_no_quirk(up: Site) -> None:
    with quirk(up, "missing-routes"), quirk(up, "reset"):
        own = {OWN_HEADER: up.layout.token}
        assert "pending_jobs" in up.client.get(f"/inside{HEALTH}", headers=own).raise_for_status().json()
        assert up.client.get("/judge").json()["scenario"] == "data-gap"


@pytest.mark.parametrize("headers", [{}, {OWN_HEADER: ""}, {OWN_HEADER: "0" * 16}, {OWN_HEADER: "\xe9"}])
@pytest.mark.parametrize("target", ["/engine/claim", "/engine%2Fclaim", "/inside/engine/claim", f"/inside{HEALTH}"])
def test_a_stranger_gets_nothing_that_only_the_platform_may_ask(up: Site, target: str, headers: dict[str, str]) -> None:
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    refused = up.client.post(target, json={"engine": "thief", "free": 4}, headers=raw)
    assert (refused.status_code, refused.json()["success"]) == (403, False)
