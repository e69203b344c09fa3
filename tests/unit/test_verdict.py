from dataclasses import replace

import pytest

from actions.jobs import judge
from actions.verdict import TargetVerdict, Verdict, Word
from backend.model.jobs import JobState
from backend.model.target import JobTarget
from tests.fakes import failed

TARGET = JobTarget.of(failed())


def seen(word: Word, text: str = "x", *, so_far: bool = False) -> TargetVerdict:
    return TargetVerdict(TARGET, word, text, so_far)


WORKED, NONE, UNKNOWN, WORSE = seen(Word.WORKED), seen(Word.NO_EFFECT), seen(Word.UNKNOWN), seen(Word.WORSE)
SO_FAR = seen(Word.WORKED, so_far=True)


def test_words_from_the_best_to_the_worst() -> None:
    assert sorted(Word, key=lambda word: word.rank) == ["worked", "unknown", "no effect", "worse"]


@pytest.mark.parametrize(
    ("verdicts", "skipped", "word", "text"),
    [
        ([], 0, "unknown", "nothing was done"),
        ([], 3, "unknown", "nothing was done"),
        ([seen(Word.WORKED, "completed")], 0, "worked", "completed"),
        ([seen(Word.NO_EFFECT, "failed again")], 2, "no effect", "failed again, 2 not touched"),
        ([seen(Word.WORKED, "completed")], 2, "unknown", "completed, 2 not touched"),
        ([WORKED, WORKED], 0, "worked", "2 worked"),
        ([WORKED, UNKNOWN], 0, "unknown", "1 worked, 1 unknown"),
        ([UNKNOWN, NONE, WORKED], 0, "no effect", "1 unknown, 1 no effect, 1 worked"),
        ([NONE, WORSE], 0, "worse", "1 no effect, 1 worse"),
        ([WORKED, SO_FAR, SO_FAR], 0, "worked", "1 worked, 2 worked so far"),
        ([WORKED, WORKED], 1, "unknown", "2 worked, 1 not touched"),
    ],
)
def test_several_are_the_worst_with_counts(verdicts: list[TargetVerdict], skipped: int, word: str, text: str) -> None:
    verdict = Verdict.over(verdicts, skipped)
    assert (verdict.word.value, verdict.text, verdict.skipped) == (word, text, skipped)
    assert verdict.targets == tuple(verdicts)


@pytest.mark.parametrize(
    ("verdicts", "skipped", "word", "text"),
    [
        ([seen(Word.WORKED, "completed")], 0, "worked", "completed, 2 needed nothing"),
        ([WORKED, WORKED], 0, "worked", "2 worked, 2 needed nothing"),
        ([WORKED, NONE], 0, "no effect", "1 worked, 1 no effect, 2 needed nothing"),
        ([WORKED, WORKED], 1, "unknown", "2 worked, 2 needed nothing, 1 not touched"),
        ([], 1, "unknown", "nothing was done, 2 needed nothing"),
    ],
)
def test_what_needed_nothing_makes_a_whole_no_worse(
    verdicts: list[TargetVerdict], skipped: int, word: str, text: str
) -> None:
    verdict = Verdict.over(verdicts, skipped, needless=2)
    assert (verdict.word.value, verdict.text, verdict.needless) == (word, text, 2)


def test_it_is_so_far_while_any_target_is() -> None:
    assert Verdict.over([WORKED, SO_FAR]).so_far
    assert not Verdict.over([WORKED, NONE]).so_far


def test_what_the_journal_keeps() -> None:
    assert Verdict.over([SO_FAR]).as_data(final=False) == {
        "verdict": "worked",
        "text": "x",
        "final": False,
        "targets": [{"key": "job:8841", "verdict": "worked", "text": "x", "so_far": True}],
    }
    assert Verdict.over([WORKED]).unrecorded("no space").text == "x; not recorded: no space"


@pytest.mark.parametrize(
    ("state", "attempt", "error", "word", "text", "so_far"),
    [
        (JobState.COMPLETED, 2, "", "worked", "completed in attempt 2", False),
        (JobState.PENDING, 2, "", "worked", "pending in attempt 2", True),
        (JobState.RUNNING, 2, "", "worked", "running in attempt 2", True),
        (JobState.FAILED, 1, "No data for SAP.DE", "no effect", "still failed in attempt 1, unchanged", True),
        (JobState.TIMEOUT, 1, "No data for SAP.DE", "no effect", "still timeout in attempt 1, unchanged", True),
        (JobState.FAILED, 2, "No data for SAP.DE", "no effect", "failed again in attempt 2, same error", False),
        (JobState.TIMEOUT, 2, "too slow", "no effect", "failed again in attempt 2, another error: too slow", False),
        (JobState.CANCELLED, 2, "", "no effect", "was cancelled in attempt 2", False),
        (JobState.UNKNOWN, 2, "", "unknown", "is in a state that backtop does not know in attempt 2", True),
        (JobState.COMPLETED, None, "", "worked", "completed", False),
    ],
)
def test_verdict_on_a_requeued_job(
    state: JobState, attempt: int | None, error: str, word: str, text: str, so_far: bool
) -> None:
    verdict = judge(TARGET, replace(failed(), state=state, attempt=attempt, error=error))
    assert (verdict.word.value, verdict.text, verdict.so_far) == (word, text, so_far)
