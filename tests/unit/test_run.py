import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actions.brake import BY_HAND, ENDING, Brake
from actions.outcome import Outcome, Progress
from actions.plan import SETTLE
from actions.verdict import Word
from actions.watch import LOOK_EVERY
from backend.errors import CutOff, MissingObject, MissingRoute, Refused, SourceError, TimedOut
from backend.incident.journal import Journal
from backend.model.jobs import Job, JobState
from backend.model.target import JobTarget
from tests.fakes import BAD, GOOD, NOTHING, SLOW, Rig, failed, requeue_of

HALTED = "stopped by itself (2: no effect)"


def three() -> tuple[Job, Job, Job]:
    return failed("1"), failed("2"), failed("3")


async def test_one_job_completes(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    outcome = await rig.run(requeue_of(failed()))
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.WORKED, "completed in attempt 2")
    assert rig.server.sent == ["8841"]
    assert rig.kinds == ["intent", "step", "verdict"]
    assert {entry.id for entry in rig.entries()} == {outcome.run_id}
    assert [result.result for result in outcome.steps] == ["202 queued"]
    assert rig.progress[0] == Progress(0, 1, "8841: is it still what was confirmed?")
    assert rig.progress[1] == Progress(0, 1, "POST /api/research/backtests/8841/requeue")
    assert rig.progress[-1].text == "8841: completed in attempt 2"


async def test_intent_is_in_the_file_and_synced_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, failed())
    events: list[str] = []
    sync = os.fsync

    def seen(fd: int) -> None:
        sync(fd)
        if os.path.samestat(os.fstat(fd), rig.path.stat()):
            events.append("synced " + json.loads(rig.path.read_bytes().splitlines()[-1])["kind"])

    monkeypatch.setattr(os, "fsync", seen)
    rig.server.on_send = lambda id_: events.append(f"sent {id_}")
    outcome = await rig.run(requeue_of(failed()))
    assert events == ["synced intent", "sent 8841", "synced step", "synced verdict"]
    (intent,) = rig.entries("intent")
    assert (intent.id, intent.action, intent.targets) == (outcome.run_id, "job.requeue", ("job:8841",))
    assert intent.data["risk"] == "low"
    assert intent.data["steps"] == ["POST /api/research/backtests/8841/requeue"]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (failed(attempt=2), "Nothing was sent: job 8841 has failed again since, in another attempt."),
        (replace(failed(), state=JobState.RUNNING), "Nothing was sent: job 8841 is running now."),
        (replace(failed(), state=JobState.COMPLETED), "Nothing was sent: job 8841 is completed now."),
        (None, "Nothing was sent: job 8841 cannot be found any more."),
    ],
)
async def test_target_that_changed_after_the_plan_is_left_alone(tmp_path: Path, now: Job | None, why: str) -> None:
    rig = Rig(tmp_path, *([now] if now else []))
    assert await rig.refused(requeue_of(failed())) == why
    assert rig.server.sent == []
    (refusal,) = rig.entries()
    assert (refusal.kind, refusal.action, refusal.targets) == ("refusal", "job.requeue", ("job:8841",))
    assert refusal.data["text"] == why


async def test_without_attempts_another_start_is_another_target(tmp_path: Path) -> None:
    before = failed(attempt=None)
    assert before.started_at is not None
    rig = Rig(tmp_path, replace(before, started_at=before.started_at + timedelta(seconds=1)))
    assert "in another attempt" in await rig.refused(requeue_of(before))
    assert rig.server.sent == []


async def test_one_changed_target_of_many_stops_all(tmp_path: Path) -> None:
    one, two, three_ = three()
    rig = Rig(tmp_path, one, two, replace(three_, attempt=2))
    assert "job 3 has failed again" in await rig.refused(requeue_of(one, two, three_))
    assert rig.server.sent == []


async def test_targets_that_cannot_be_looked_at_are_left_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.read_error = Refused("nobody listens at localhost:3000")
    why = await rig.refused(requeue_of(failed()))
    assert why == "Nothing was sent: 8841 cannot be looked at afresh (nobody listens at localhost:3000)."
    assert (rig.server.sent, rig.kinds) == ([], ["refusal"])


async def test_many_go_behind_a_canary_and_at_a_rate(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())
    sent_at: dict[str, float] = {}
    rig.server.on_send = lambda id_: sent_at.update({id_: rig.time.passed})
    outcome = await rig.run(requeue_of(*three()))
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.WORKED, "3 worked")
    assert sent_at == {"1": 0.0, "2": 3.5, "3": 4.0}
    assert [entry.targets for entry in rig.entries("step")] == [("job:1",), ("job:2",), ("job:3",)]
    assert [entry.data["n"] for entry in rig.entries("step")] == [1, 2, 3]


async def test_canary_that_fails_again_spares_the_rest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())
    rig.server.courses["1"] = BAD
    outcome = await rig.run(requeue_of(*three()))
    assert rig.server.sent == ["1"]
    assert outcome.verdict.word is Word.NO_EFFECT
    stopped = "stopped by itself (1: no effect) after step 1 of 3"
    assert outcome.verdict.text == f"failed again in attempt 2, same error, 2 not touched; {stopped}"
    (verdict,) = rig.entries("verdict")
    assert (verdict.data["final"], verdict.data["stopped"]) == (True, stopped)


async def test_a_later_failure_stops_those_that_follow(tmp_path: Path) -> None:
    jobs = [failed(str(number)) for number in range(1, 8)]
    rig = Rig(tmp_path, *jobs)
    rig.server.courses["2"] = BAD
    outcome = await rig.run(requeue_of(*jobs))
    assert rig.server.sent == ["1", "2", "3", "4", "5"]
    assert outcome.verdict.word is Word.NO_EFFECT
    assert outcome.verdict.text == f"4 worked, 1 no effect, 2 not touched; {HALTED} after step 5 of 7"
    assert Progress(5, 7, HALTED) in rig.progress


@pytest.mark.parametrize(
    "asks",
    [lambda brake: brake.pull(BY_HAND), lambda brake: brake.told_to_end(0.0), Brake.cut],
    ids=["by hand", "told to end", "told to end at once"],
)
async def test_what_stopped_by_itself_was_not_stopped_by_who_asks_for_it_later(
    tmp_path: Path, asks: Callable[[Brake], None]
) -> None:
    jobs = [failed(str(number)) for number in range(1, 8)]
    rig = Rig(tmp_path, *jobs)
    rig.server.courses["2"] = BAD

    def told(progress: Progress) -> None:
        if progress.text == HALTED:
            asks(rig.runner.brake)

    outcome = await rig.runner.run(requeue_of(*jobs), told)
    assert isinstance(outcome, Outcome)
    (verdict,) = rig.entries("verdict")
    assert verdict.data["stopped"] == outcome.verdict.stopped == f"{HALTED} after step 5 of 7"


async def test_a_failure_after_the_last_step_stopped_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())
    rig.server.courses["3"] = BAD
    rig.server.on_send = lambda _: rig.server.put(replace(failed("2"), attempt=2, state=JobState.CANCELLED))
    outcome = await rig.run(requeue_of(*three()))
    assert rig.server.sent == ["1", "3"]
    assert outcome.verdict.text == "1 worked, 1 no effect, 1 not touched"
    assert not rig.runner.brake.pulled


async def test_target_that_moves_on_while_it_waits_is_not_touched(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())

    def someone_else(id_: str) -> None:
        if id_ == "1":
            rig.server.put(replace(failed("2"), attempt=2, state=JobState.RUNNING))

    rig.server.on_send = someone_else
    outcome = await rig.run(requeue_of(*three()))
    assert rig.server.sent == ["1", "3"]
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.WORKED, "2 worked, 1 needed nothing")
    assert (outcome.verdict.skipped, outcome.verdict.needless) == (0, 1)
    assert [result.result for result in outcome.steps] == ["202 queued", "not sent: job 2 is running now", "202 queued"]


async def test_target_that_moves_to_where_it_was_not_wanted_leaves_the_whole_unknown(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())

    def someone_else(id_: str) -> None:
        if id_ == "1":
            rig.server.put(replace(failed("2"), attempt=2, state=JobState.CANCELLED))

    rig.server.on_send = someone_else
    outcome = await rig.run(requeue_of(*three()))
    assert rig.server.sent == ["1", "3"]
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.UNKNOWN, "2 worked, 1 not touched")


async def test_what_needed_nothing_is_still_told_in_the_last_verdict(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())
    rig.server.courses["3"] = SLOW

    def someone_else(id_: str) -> None:
        if id_ == "1":
            rig.server.put(replace(failed("2"), attempt=2, state=JobState.RUNNING))

    rig.server.on_send = someone_else
    outcome = await rig.run(requeue_of(*three()))
    assert outcome.verdict.text == "1 worked, 1 worked so far, 1 needed nothing"
    rig.server.put(replace(failed("3"), attempt=2, state=JobState.COMPLETED))
    verdict = await rig.settle(outcome.run_id)
    assert verdict is not None
    assert (verdict.word, verdict.text) == (Word.WORKED, "2 worked, 1 needed nothing")


async def test_lost_answer_is_decided_by_a_fresh_read(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.send_error = TimedOut("no answer within 5 s")
    outcome = await rig.run(requeue_of(failed()))
    assert rig.server.sent == ["8841"]
    told = "completed in attempt 2 (timed out: no answer within 5 s)"
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.WORKED, told)
    assert outcome.steps[0].result == "timed out: no answer within 5 s"


async def test_lost_request_is_decided_by_a_fresh_read_and_never_sent_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    asked: list[str] = []
    rig.server.on_send = asked.append
    rig.server.deaf, rig.server.send_error = True, TimedOut("no answer within 5 s")
    outcome = await rig.run(requeue_of(failed()))
    assert asked == ["8841"]
    assert outcome.verdict.word is Word.NO_EFFECT
    assert outcome.verdict.text == "still failed in attempt 1, unchanged (timed out: no answer within 5 s)"


async def test_a_yes_that_changes_nothing_has_no_effect(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = NOTHING
    outcome = await rig.run(requeue_of(failed()))
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.NO_EFFECT, "still failed in attempt 1, unchanged")
    assert rig.time.passed == SETTLE
    assert not outcome.verdict.so_far


async def test_target_that_vanishes_is_unknown(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = NOTHING
    rig.server.on_send = lambda id_: rig.server.stock.clear()
    outcome = await rig.run(requeue_of(failed()))
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.UNKNOWN, "cannot be found in any list")


async def test_reads_that_fail_afterwards_leave_it_unknown(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())

    def breaks(_: str) -> None:
        rig.server.read_error = Refused("the connection broke")

    rig.server.on_send = breaks
    outcome = await rig.run(requeue_of(*three()))
    assert rig.server.sent == ["1"]
    assert outcome.verdict.word is Word.UNKNOWN
    stopped = "stopped by itself (1: unknown) after step 1 of 3"
    assert outcome.verdict.text == f"cannot be read: the connection broke, 2 not touched; {stopped}"


async def test_reads_that_fail_for_a_while_decide_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    looks = 0
    look = rig.server.job

    async def flaky(id_: str) -> Job:
        nonlocal looks
        looks += 1
        if 2 <= looks <= 4:
            raise Refused("the connection broke")
        return await look(id_)

    rig.server.job = flaky  # type: ignore[method-assign]
    outcome = await rig.run(requeue_of(failed()))
    assert outcome.verdict.word is Word.WORKED
    assert rig.time.passed == 4 * LOOK_EVERY


async def test_what_still_runs_has_worked_so_far(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = SLOW
    outcome = await rig.run(requeue_of(failed()))
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.WORKED, "running in attempt 2")
    assert outcome.verdict.so_far
    assert rig.time.passed == SETTLE
    (verdict,) = rig.entries("verdict")
    assert (verdict.data["verdict"], verdict.data["final"]) == ("worked", False)


@pytest.mark.parametrize(
    ("end", "word", "text"),
    [
        (JobState.COMPLETED, "worked", "completed in attempt 2"),
        (JobState.FAILED, "no effect", "failed again in attempt 2, same error"),
        (JobState.CANCELLED, "no effect", "was cancelled in attempt 2"),
    ],
)
async def test_what_worked_so_far_gets_a_second_verdict(tmp_path: Path, end: JobState, word: str, text: str) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = (*SLOW, (300.0, end))
    plan = requeue_of(failed())
    outcome = await rig.run(plan)
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert (second.word.value, second.text, second.so_far) == (word, text, False)
    assert rig.time.passed >= 300.0
    first, last = rig.entries("verdict")
    assert first.id == last.id == outcome.run_id
    assert (last.data["verdict"], last.data["text"], last.data["final"]) == (word, text, True)


async def test_following_outlasts_lost_answers(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = (*SLOW, (60.0, JobState.COMPLETED))
    plan = requeue_of(failed())
    outcome = await rig.run(plan)
    look, looks = rig.server.job, 0

    async def flaky(id_: str) -> Job:
        nonlocal looks
        looks += 1
        if looks % 2:
            raise TimedOut("no answer within 5 s")
        return await look(id_)

    rig.server.job = flaky  # type: ignore[method-assign]
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert second.word is Word.WORKED


async def test_second_verdict_ends_where_a_server_tells_no_attempts(tmp_path: Path) -> None:
    mute = failed(attempt=None, started_at=None)
    rig = Rig(tmp_path, mute)
    rig.server.courses["8841"] = SLOW
    plan = requeue_of(mute)
    outcome = await rig.run(plan)
    assert outcome.verdict.so_far
    rig.server.put(mute)
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert (second.word, second.text) == (Word.NO_EFFECT, "ran, and now still failed, unchanged")


async def test_second_verdict_keeps_count_of_the_untouched(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *three())
    rig.server.courses |= {"1": (*SLOW, (60.0, JobState.COMPLETED)), "2": GOOD}
    rig.server.on_send = lambda id_: rig.runner.brake.pull(ENDING, hurry=True) if id_ == "2" else None
    plan = requeue_of(*three())
    outcome = await rig.run(plan)
    told = "backtop was told to end after step 2 of 3"
    assert outcome.verdict.text == f"2 worked so far, 1 not touched; {told}"
    second = await rig.settle(outcome.run_id)
    assert second is not None
    assert (second.word, second.text) == (Word.UNKNOWN, f"2 worked, 1 not touched; {told}")


async def test_the_same_target_cools_down(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = NOTHING
    plan = requeue_of(failed())
    await rig.run(plan)
    assert "was already asked for 8841 8 s ago by ann@research-01" in await rig.refused(plan, rig.another())
    rig.time.passed = 60.0
    assert isinstance(await rig.another().run(plan, rig.progress.append), Outcome)
    assert rig.server.sent == ["8841", "8841"]


def test_targets_are_named_for_the_job_and_not_the_attempt() -> None:
    assert JobTarget.of(failed(attempt=1)).key == JobTarget.of(failed(attempt=2)).key == "job:8841"


@pytest.mark.parametrize("error", [MissingRoute("no such route"), MissingObject("no such job")])
async def test_server_that_lists_what_it_cannot_look_up(tmp_path: Path, error: SourceError) -> None:
    rig = Rig(tmp_path, failed())

    async def unknown(id_: str) -> Job:
        raise error

    rig.server.job = unknown  # type: ignore[method-assign]
    outcome = await rig.run(requeue_of(failed()))
    assert (outcome.verdict.word, outcome.verdict.text) == (Word.WORKED, "completed in attempt 2")


@pytest.mark.parametrize("twin_is_there", ["before", "afterwards"])
async def test_a_twin_in_the_lists_of_such_a_server_is_neither_acted_on_nor_taken_for_the_job(
    tmp_path: Path, twin_is_there: str
) -> None:
    rig = Rig(tmp_path, failed())

    async def unknown(id_: str) -> Job:
        raise MissingRoute("no such route")

    rig.server.job = unknown  # type: ignore[method-assign]
    twin = failed(ambiguous=True)
    shares = "shares its id with another job, and nobody knows which one a request would reach"
    if twin_is_there == "before":
        rig.server.put(twin)
        assert await rig.refused(requeue_of(failed())) == f"Nothing was sent: job 8841 {shares}."
        assert rig.server.sent == []
    else:
        rig.server.courses["8841"] = NOTHING
        rig.server.on_send = lambda _: rig.server.put(twin)
        verdict = (await rig.run(requeue_of(failed()))).verdict
        assert (verdict.word, verdict.text) == (Word.UNKNOWN, shares)


@pytest.mark.parametrize("goes", ["removed", "moved", "emptied"])
async def test_a_run_whose_intent_is_gone_sends_nothing_more_and_says_so(tmp_path: Path, goes: str) -> None:
    rig = Rig(tmp_path, *three())

    def is_gone(_: str) -> None:
        if goes == "emptied":
            os.truncate(rig.path, 0)
        elif goes == "moved":
            rig.path.rename(tmp_path / "old.jsonl")
        else:
            rig.path.unlink()

    rig.server.on_send = is_gone
    outcome = await rig.run(requeue_of(*three()))
    assert rig.server.sent == ["1"]
    assert not outcome.verdict.recorded
    assert "is no longer the one that has the intent of this run" in outcome.verdict.text
    assert rig.path.exists() is (goes == "emptied"), "no new one is begun"


async def test_target_under_a_hundred_others_is_found_in_the_journal(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = NOTHING
    await rig.run(requeue_of(failed()))
    other = Journal(rig.path, "bob@research-01", rig.time)
    for number in range(120):
        other.append("step", id="r2", action="job.requeue", targets=[f"job:{number}"])
    assert "was already asked for 8841" in await rig.refused(requeue_of(failed()))


@pytest.mark.parametrize("trouble", [TimedOut("no answer within 5 s"), CutOff("the connection broke")])
async def test_what_got_no_answer_is_watched_until_it_can_hardly_happen_any_more(
    tmp_path: Path, trouble: SourceError
) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.send_error = trouble
    rig.server.courses["8841"] = tuple((30.0 + after, state) for after, state in GOOD)
    outcome = await rig.run(requeue_of(failed()))
    assert outcome.verdict.word is Word.WORKED
    assert outcome.verdict.text.startswith("completed in attempt 2")
