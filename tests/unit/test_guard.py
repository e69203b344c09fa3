from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from actions.guard import Posture, forbids_planning, forbids_running
from actions.plan import Plan, Risk
from actions.registry import REGISTRY
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.model.jobs import JobList
from backend.model.situation import Failure, Missing, Reading, Situation, Value
from backend.parts import JOBS_FAILED
from backend.store import reduce
from tests.fakes import NOW, Time, failed, listing, requeue_of

SPEC = REGISTRY["job.requeue"]


def refusal(situation: Situation, posture: Posture | None = None) -> str | None:
    found = forbids_planning(SPEC.facts, situation, posture or Posture())
    return found.reason if found else None


def after(situation: Situation, outcome: Value[JobList] | Failure | Missing) -> Situation:
    return reduce(situation, Reading(JOBS_FAILED, situation.at, 0.01, outcome))


def test_fresh_facts_and_an_open_posture_forbid_nothing() -> None:
    assert refusal(listing(failed())) is None


def test_read_only_wins_over_everything() -> None:
    why = refusal(Situation(NOW), Posture(read_only=True, unlocked_until=NOW + timedelta(minutes=5)))
    assert why == "This backtop is read-only; start one without --read-only to act."


@pytest.mark.parametrize(
    ("starts_locked", "until", "locked"),
    [
        (False, None, False),
        (True, None, True),
        (True, NOW, True),
        (True, NOW + timedelta(microseconds=1), False),
        (True, NOW - timedelta(seconds=1), True),
        (True, NOW + timedelta(minutes=15), False),
        (True, NOW + timedelta(minutes=16), True),
    ],
)
def test_lock(starts_locked: bool, until: datetime | None, locked: bool) -> None:
    posture = Posture(starts_locked=starts_locked, unlocked_until=until)
    assert posture.locked(NOW) is locked
    expected = "Actions are locked; L unlocks them for 15 minutes." if locked else None
    assert refusal(listing(failed()), posture) == expected


def test_facts_that_were_never_read() -> None:
    assert refusal(Situation(NOW)) == "Nothing has been read of jobs.failed yet; wait for its first answer."
    first = after(Situation(NOW), Failure("refused", "nobody listens"))
    assert refusal(first) == "jobs.failed cannot be read: nobody listens."


def test_facts_that_are_stale() -> None:
    situation = listing(failed())
    assert refusal(situation.seen_at(NOW + timedelta(seconds=9))) is None
    assert refusal(situation.seen_at(NOW + timedelta(seconds=9.5))) == (
        "What is shown of jobs.failed is 10 s old and it is stale; wait for a fresh reading."
    )


def test_facts_from_before_the_clock_was_set_back() -> None:
    earlier = listing(failed()).seen_at(NOW - timedelta(minutes=5))
    assert refusal(earlier) == (
        "What is shown of jobs.failed is of an unknown age, for the clock was set back, and it is stale; "
        "wait for a fresh reading."
    )
    assert refusal(after(earlier, Value(JobList((failed(),))))) is None


def test_facts_whose_last_reading_failed() -> None:
    situation = after(listing(failed()), Failure("timed out", "no answer"))
    assert refusal(situation) == (
        "What is shown of jobs.failed is 0 s old and the last reading failed; wait for a fresh reading."
    )
    assert refusal(after(situation, Value(JobList((failed(),))))) is None


def test_facts_that_the_server_does_not_have() -> None:
    why = refusal(after(listing(failed()), Missing("no such route")))
    assert why == "The server has no route for jobs.failed, so nobody can tell what this would act on."


NUMBERS = count(1)
"""Each intent is one of a run of its own."""


def asked(
    *targets: str, ago: float = 0.0, action: str = "job.requeue", risk: str = "low", kind: str = "intent"
) -> Entry:
    at = NOW - timedelta(seconds=ago)
    return Entry(1, at, "", kind, f"r{next(NUMBERS)}", "bob@research-01", action, targets, {"risk": risk})  # type: ignore[arg-type]


def running(plan: Plan, recent: Sequence[Entry], now: datetime = NOW) -> str | None:
    found = forbids_running(plan, recent, now)
    return found.reason if found else None


def test_cool_down_of_a_target_names_who_and_how_long() -> None:
    why = running(requeue_of(failed()), [asked("job:8841", ago=12)])
    assert why == ("requeue was already asked for 8841 12 s ago by bob@research-01; see what came of it, or wait 48 s.")


@pytest.mark.parametrize(
    "entry",
    [
        asked("job:8841", ago=60),
        asked("job:8841", ago=-60),
        asked("job:8842"),
        asked("job:8841", action="job.retry"),
        asked("job:8841", kind="verdict"),
        asked("job:8841", kind="refusal"),
        asked(),
    ],
)
def test_what_does_not_cool_down(entry: Entry) -> None:
    assert running(requeue_of(failed()), [entry]) is None


def test_cool_down_sees_one_target_among_many() -> None:
    plan = requeue_of(failed("1"), failed("2"))
    assert "for 2 59 s ago" in (running(plan, [asked("job:7", "job:2", ago=59), asked("job:9")]) or "")


def test_cool_down_speaks_of_the_newest_intent() -> None:
    assert "5 s ago" in (running(requeue_of(failed()), [asked("job:8841", ago=50), asked("job:8841", ago=5)]) or "")


def test_cool_down_holds_when_a_clock_is_a_little_ahead() -> None:
    assert "0 s ago by bob@research-01; see what came of it, or wait 80 s." in (
        running(requeue_of(failed()), [asked("job:8841", ago=-20)]) or ""
    )


@pytest.mark.parametrize(("ago", "since", "rest"), [(59.6, 59, 1), (0.4, 0, 60)])
def test_who_waits_as_long_as_told_is_not_refused_again(ago: float, since: int, rest: int) -> None:
    words = f"{since} s ago by bob@research-01; see what came of it, or wait {rest} s."
    assert words in (running(requeue_of(failed()), [asked("job:8841", ago=ago)]) or "")


def test_cool_down_holds_across_two_journals_on_one_file(tmp_path: Path) -> None:
    time = Time()
    mine, theirs = (Journal(tmp_path / "journal.jsonl", who, time) for who in ("ann", "bob"))
    theirs.append("intent", id="r1", action="job.requeue", targets=["job:8841"], data={"risk": "low"})
    plan = requeue_of(failed())
    time.passed = 59.0
    assert "59 s ago by bob" in (running(plan, mine.tail(10), time.now()) or "")
    time.passed = 60.0
    assert running(plan, mine.tail(10), time.now()) is None


def high() -> Plan:
    return replace(requeue_of(failed()), action="engine.restart", risk=Risk.HIGH)


def test_budget_of_high_actions() -> None:
    spent = [
        asked(f"job:{number}", ago=599 - 100 * number, risk="high", action="process.terminate") for number in range(5)
    ]
    assert running(high(), spent[:4]) is None
    assert running(high(), spent) == ("5 high-risk actions ran in the last 10 minutes; stop and think, or wait 1 s.")
    assert running(high(), spent, NOW + timedelta(seconds=1)) is None
    assert (running(high(), spent, NOW - timedelta(seconds=0.5)) or "").endswith("or wait 2 s.")
    assert (running(high(), spent, NOW - timedelta(seconds=121)) or "").endswith("or wait 3 minutes.")
    assert running(requeue_of(failed()), spent) is None


def test_budget_waits_for_the_fifth_newest() -> None:
    spent = [asked("unit:engine", ago=60.0 * minutes, risk="high") for minutes in (9, 8, 7, 6, 5, 4, 3)]
    assert "wait 3 minutes" in (running(high(), spent) or "")


def test_budget_is_not_spent_by_a_clock_that_went_wrong() -> None:
    assert running(high(), [asked("unit:engine", ago=-86_400, risk="high") for _ in range(5)]) is None


def test_budget_counts_only_intents_of_high_risk() -> None:
    assert running(high(), [asked("unit:engine", risk="medium") for _ in range(9)]) is None
    assert running(high(), [asked("unit:engine", risk="high", kind="verdict") for _ in range(9)]) is None


def long_run(journal: Journal, time: Time, steps: int) -> None:
    """One run whose steps are a second apart, with others' notes among them."""
    journal.append("intent", id="r1", action="job.requeue", targets=[f"job:{n}" for n in range(steps)])
    for number in range(steps):
        time.passed += 1
        journal.append("step", id="r1", action="job.requeue", targets=[f"job:{number}"])
        journal.append("note", id="n")
    journal.append("verdict", id="r1", action="job.requeue", data={"final": True})


def test_cool_down_remembers_the_last_of_a_run_however_long_it_was(tmp_path: Path) -> None:
    time = Time()
    journal = Journal(tmp_path / "journal.jsonl", "ann", time)
    long_run(journal, time, 300)
    recent = journal.since(time.now() - timedelta(minutes=1), 10)
    assert recent[0].kind == "intent"
    assert len([entry for entry in recent if entry.kind == "note"]) < 75, "of what is old only that run is of interest"
    for number, why in ((299, "for 299 0 s ago"), (241, "for 241 58 s ago")):
        assert why in (running(requeue_of(failed(str(number))), recent, time.now()) or "")
    assert running(requeue_of(failed("239")), recent, time.now()) is None


def test_what_is_looked_through_ends_where_it_is_old(tmp_path: Path) -> None:
    time = Time()
    journal = Journal(tmp_path / "journal.jsonl", "ann", time)
    for number in range(50):
        journal.append("note", id=str(number))
        time.passed += 60
    recent = journal.since(time.now() - timedelta(seconds=150), 3)
    assert [entry.id for entry in recent] == ["45", "46", "47", "48", "49"]
    assert journal.since(time.now(), 3)[0].id == "47"
    assert len(journal.since(NOW, 3)) == 50
    journal.append("step", id="whose intent is lost")
    assert [entry.id for entry in journal.since(time.now(), 2)][:1] == ["48"]
