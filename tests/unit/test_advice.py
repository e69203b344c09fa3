"""What is told where an action did not help."""

from actions.advice import Advice, next_action
from actions.outcome import Outcome
from actions.registry import REGISTRY
from actions.verdict import TargetVerdict, Verdict, Word
from backend.config.model import Limits
from backend.model.target import JobTarget
from backend.parts import ENGINE_UNIT
from tests.fakes import failed, known
from tests.situations import calm, given_up
from tui.headless.telling import as_text, outcome_as_data

REQUEUE, RESET = REGISTRY["job.requeue"], REGISTRY["engine.reset-failed"]


def test_the_gravest_finding_names_another_action() -> None:
    found = next_action(known(calm(), ENGINE_UNIT, given_up()), Limits(), REQUEUE)
    assert found is not None
    assert (found.cause, found.spec.id) == ("engine", "engine.reset-failed")


def test_what_was_done_already_is_not_named_again() -> None:
    found = next_action(known(calm(), ENGINE_UNIT, given_up()), Limits(), RESET)
    assert found is not None
    assert found.spec.id == "engine.restart"


def test_without_a_finding_nothing_is_named() -> None:
    assert next_action(calm(), Limits(), REQUEUE) is None


def test_act_names_it_below_the_verdict() -> None:
    verdict = Verdict.over([TargetVerdict(JobTarget.of(failed()), Word.NO_EFFECT, "failed again")])
    outcome, advice = Outcome("r1", verdict, ()), Advice("engine", RESET)
    assert as_text(None, outcome, advice=advice) == [
        "no effect: failed again",
        "the finding is engine: backtop act engine.reset-failed --dry-run tells what that would do",
    ]
    data = outcome_as_data(outcome, advice)
    assert data is not None
    assert data["next"] == {"finding": "engine", "action": "engine.reset-failed"}
