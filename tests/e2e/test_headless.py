"""The commands without a screen, on a real platform: what they print, and the code that they leave with."""

import json
import re

import pytest

from actions.registry import REGISTRY
from tests.e2e.stand import Stand
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

GAP = "No data for"
PART_KEYS = {"state", "age_s", "took_ms", "error", "value"}


def test_status_tells_everything_as_one_object(data_gap: Stand) -> None:
    told = data_gap.run("status", "--json")
    assert (told.code, told.err) == (2, "")
    assert told.out.count("\n") == 1
    status = told.json
    assert list(status) == ["at", "profile", "verdict", "alert", "sources", "findings"]
    assert (status["profile"], status["verdict"], status["alert"]["state"]) == ("default", "critical", "firing")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", status["alert"]["since"])
    assert set(status["sources"]) == {"jobs", "engine", "host", "files", "data", "database", "providers"}
    for source in status["sources"].values():
        assert set(source) == PART_KEYS | {"parts"}
        assert (source["state"], source["error"]) == ("ok", None)
        assert set(source["value"]) == set(source["parts"])
        for part in source["parts"].values():
            assert set(part) == PART_KEYS
            assert part["state"] == "ok"
            assert 0 <= part["age_s"] <= source["age_s"]


def test_status_agrees_with_the_server(data_gap: Stand) -> None:
    listed = data_gap.run("status", "--json").json["sources"]["jobs"]["value"]["failed"]["jobs"]
    assert {job["id"] for job in listed if GAP in job["error"]} == set(data_gap.failed(GAP))


def test_the_finding_explains_the_failures_in_numbers(data_gap: Stand) -> None:
    status = data_gap.run("diagnose", "--json")
    assert status.code == 2
    (finding,) = status.json["findings"]
    assert (finding["cause"], finding["severity"]) == ("data", "critical")
    assert "gaps in 3 symbols" in finding["summary"]
    assert "data.repair" in finding["actions"]
    for evidence in finding["evidence"]:
        assert set(evidence) == {"name", "value", "unit", "limit", "source", "age_s"}


def test_calm_is_good_and_says_so(calm: Stand) -> None:
    told = calm.run("status")
    assert told.code == 0
    assert told.out.startswith("good   alert ok")
    assert calm.run("diagnose", "--json").json["findings"] == []


def test_the_actions_are_those_of_the_registry(data_gap: Stand) -> None:
    told = data_gap.run("actions", "--json")
    assert told.code == 0
    assert [row["id"] for row in told.json] == list(REGISTRY)
    for row in told.json:
        assert list(row) == ["id", "title", "risk", "key", "pane", "runbook", "available", "reason"]
        assert row["available"] is (row["reason"] is None)
    assert "job.requeue" in data_gap.run("actions").out


def test_a_dry_run_plans_and_sends_nothing(data_gap: Stand) -> None:
    job = data_gap.failed(GAP)[-1]
    told = data_gap.run("act", "job.requeue", job, "--dry-run", "--json")
    assert told.code == 0
    assert (told.json["action"], told.json["outcome"]) == ("job.requeue", None)
    plan = told.json["plan"]
    assert {"risk", "confirm", "targets", "steps", "preconditions", "checks", "facts_age_s"} <= set(plan)
    assert (plan["risk"], plan["confirm"]) == ("low", None)
    assert [(target["id"], target["attempt"]) for target in plan["targets"]] == [(job, 1)]
    (step,) = plan["steps"]
    assert step["text"].startswith("POST ")
    assert f"/backtests/{job}/requeue" in step["text"]
    assert data_gap.job(job)["attempt"] == 1


def test_what_is_not_confirmed_is_refused_with_its_plan(data_gap: Stand) -> None:
    job = data_gap.failed(GAP)[-1]
    told = data_gap.run("act", "job.requeue", job, "--json")
    assert told.code == 2
    assert told.json["plan"] is not None
    assert told.json["outcome"]["verdict"] == "refused"
    assert "--yes" in told.json["outcome"]["text"]
    assert data_gap.job(job)["attempt"] == 1


def test_a_requeue_that_helps_worked_and_stands_in_the_journal(data_gap: Stand) -> None:
    (job,) = data_gap.failed("ConnectionResetError")
    told = data_gap.run("act", "job.requeue", job, "--yes", "--json")
    assert told.code == 0, told.out
    outcome = told.json["outcome"]
    assert outcome["verdict"] == "worked"
    assert [target["id"] for target in outcome["targets"]] == [job]
    assert {"kind", "text", "result", "took_ms"} == set(outcome["steps"][0])
    eventually(lambda: data_gap.job(job)["status"] == "completed", "the end of the job")
    assert data_gap.job(job)["attempt"] == 2
    told = data_gap.run("journal", "--json")
    entries = [entry for entry in map(_decoded, told.out.splitlines()) if job in str(entry["targets"])]
    assert [entry["kind"] for entry in entries] == ["intent", "step", "verdict"]
    assert len({entry["id"] for entry in entries}) == 1


def test_the_same_again_is_refused_for_a_while(data_gap: Stand) -> None:
    job = data_gap.failed("ZeroDivisionError")[0]
    first = data_gap.run("act", "job.requeue", job, "--yes", "--json")
    assert (first.code, first.json["outcome"]["verdict"]) == (1, "no effect"), first.out
    attempt = data_gap.job(job)["attempt"]
    again = data_gap.run("act", "job.requeue", job, "--yes", "--json")
    assert (again.code, again.json["outcome"]["verdict"]) == (2, "refused"), again.out
    assert data_gap.job(job)["attempt"] == attempt == 2


def test_a_requeue_that_meets_the_same_gap_had_no_effect(data_gap: Stand) -> None:
    job = data_gap.failed(GAP)[0]
    told = data_gap.run("act", "job.requeue", job, "--yes")
    assert told.code == 1, told.out + told.err
    assert "no effect: failed again in attempt 2, same error" in told.out
    assert GAP in data_gap.job(job)["error_message"]


def test_of_several_the_one_that_cools_down_is_left_out_and_told(data_gap: Stand) -> None:
    cools, other = data_gap.failed("ZeroDivisionError")[0], data_gap.failed(GAP)[1]
    data_gap.run("act", "job.requeue", cools, "--yes")
    attempt = data_gap.job(cools)["attempt"]
    dry, real = (data_gap.run("act", "job.requeue", cools, other, last, "--json") for last in ("--dry-run", "--yes"))
    for plan in (dry.json["plan"], real.json["plan"]):
        assert [target["id"] for target in plan["targets"]] == [other]
        assert plan["effects"][0].startswith(f"leaves out: requeue was already asked for {cools} ")
        assert (plan["risk"], plan.get("forbidden", [])) == ("low", [])
    assert [target["id"] for target in real.json["outcome"]["targets"]] == [other]
    assert dry.code == 0
    assert real.code in (1, 3), "what was named was not all done"
    assert (data_gap.job(cools)["attempt"], data_gap.job(other)["attempt"]) == (attempt, 2)
    again = data_gap.run("act", "job.requeue", cools, other, "--yes", "--json")
    assert (again.code, again.json["outcome"]["verdict"]) == (2, "refused")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("job.requeue", "no-such-job"), "not among what job.requeue can act on now"),
        (("job.requeue", "../../queue/failed"), "not among"),
        (("job.requeue", "\x1b]52;c;eA==\x07"), "not among"),
        (("job.requeue",), "Name what job.requeue shall act on; there are: "),
        (("no.such-action", "1"), "there are: job.requeue"),
    ],
)
def test_what_nobody_can_act_on_is_refused(arguments: tuple[str, ...], word: str, data_gap: Stand) -> None:
    told = data_gap.run("act", *arguments, "--yes", "--json")
    assert told.code == 2
    assert (told.json["plan"], told.json["outcome"]["verdict"]) == (None, "refused")
    assert word in told.json["outcome"]["text"]
    assert "\x1b" not in told.out


def test_an_option_that_the_action_does_not_have_is_refused(data_gap: Stand) -> None:
    told = data_gap.run("act", "job.requeue", data_gap.failed(GAP)[-1], "--set", "speed=9", "--yes", "--json")
    assert told.code == 2
    assert "'speed'" in told.json["outcome"]["text"]


def test_what_may_only_look_does_not_act(data_gap: Stand) -> None:
    job = data_gap.failed(GAP)[-1]
    config = str(data_gap.config)
    told = data_gap.run("--read-only", "act", "job.requeue", job, "--yes", "--json")
    assert told.code == 2
    assert "read-only" in told.json["outcome"]["text"]
    assert data_gap.job(job)["attempt"] == 1
    assert config in data_gap.run("config", "path").out


def test_a_journal_that_was_tampered_with_does_not_hold(data_gap: Stand) -> None:
    whole = data_gap.run("journal", "--verify", "--json")
    assert (whole.code, whole.json["ok"]) == (0, True)
    journal = data_gap.root / "state" / "default" / "journal.jsonl"
    honest = journal.read_bytes()
    assert b'"job.requeue"' in honest
    try:
        journal.write_bytes(honest.replace(b'"job.requeue"', b'"job.forgotten"', 1))
        told = data_gap.run("journal", "--verify")
        assert told.code == 1
        assert re.search(r"broken at line \d+: ", told.out)
    finally:
        journal.write_bytes(honest)
    assert data_gap.run("journal", "--verify").code == 0


def _decoded(line: str) -> dict[str, object]:
    return dict(json.loads(line))
