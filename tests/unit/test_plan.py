from dataclasses import replace
from datetime import timedelta

import pytest

from actions.jobs import failed_jobs, plan_requeue
from actions.plan import HttpRequest, Plan, Refusal, Risk
from actions.registry import REGISTRY
from actions.spec import Ask
from backend.config.model import Config
from backend.model.engine import Unit
from backend.model.jobs import Job, JobsHealth
from backend.model.situation import Reading, Situation, Value
from backend.model.target import JobTarget
from backend.parts import ENGINE_UNIT, JOBS_HEALTH
from backend.store import reduce
from tests.fakes import NOW, failed, known, listing
from tests.situations import ago

DOWN = Unit("engine", "loaded", "failed", "failed", "exit-code", None, 3, "", None, NOW, None, None)


def plan(situation: Situation, *jobs: Job) -> Plan:
    made = plan_requeue(Ask(situation, tuple(JobTarget.of(job) for job in jobs), Config()))
    assert isinstance(made, Plan), made
    return made


def refusal(situation: Situation, *jobs: Job, **options: str) -> str:
    made = plan_requeue(Ask(situation, tuple(JobTarget.of(job) for job in jobs), Config(), options))
    assert isinstance(made, Refusal), made
    return made.reason


def test_one_job_is_of_low_risk() -> None:
    made = plan(listing(failed()), failed())
    assert (made.action, made.risk, made.confirm) == ("job.requeue", Risk.LOW, None)
    assert made.targets == (JobTarget.of(failed()),)
    assert [step.text for step in made.steps] == ["POST /api/research/backtests/8841/requeue"]
    assert made.steps[0].kind == "http"
    assert made.about == ("8841  mean-revert-eu  unknown  attempt 1  failed 2m ago  No data for SAP.DE",)
    assert made.checks == ("a fresh read of the job: completed in a new attempt is worked, failed again is no effect",)
    assert made.effects[0] == "takes 1 place in the queue"


def test_several_jobs_are_of_medium_risk_and_go_behind_a_canary() -> None:
    jobs = [failed("1"), failed("2"), failed("3")]
    made = plan(listing(*jobs), *jobs)
    assert made.risk is Risk.MEDIUM
    assert [step.target.id for step in made.steps] == ["1", "2", "3"]
    assert len(made.about) == len(made.targets) == 3
    assert (made.pace.canaries, made.pace.per_second) == (1, 2.0)
    assert "the first goes alone" in made.checks[1]
    assert made.effects[0] == "takes 3 places in the queue"


def test_a_job_that_is_chosen_twice_is_one_target() -> None:
    made = plan(listing(failed()), failed(), failed())
    assert (made.risk, len(made.steps), len(made.targets)) == (Risk.LOW, 1, 1)


def test_nothing_chosen_is_a_refusal_that_says_what_to_do() -> None:
    assert refusal(listing(failed())) == "No failed job is chosen: put the cursor on one, or mark some with space."


def test_job_that_is_gone() -> None:
    expected = "Job 8841 is not among the failed jobs any more; look again before acting."
    assert refusal(listing(), failed()) == expected
    assert refusal(Situation(NOW), failed()) == expected


def test_many_that_are_gone_are_counted() -> None:
    jobs = [failed(str(number)) for number in range(5)]
    assert refusal(listing(), *jobs).startswith("Job 0, 1, 2 and 2 more is not among")


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (failed(attempt=1), failed(attempt=2)),
        (failed(attempt=None), failed(attempt=None, error="another error")),
        (failed(attempt=None), failed(attempt=None, started_at=NOW - timedelta(minutes=1))),
    ],
)
def test_job_that_moved_on(then: Job, now: Job) -> None:
    assert refusal(listing(now), then) == ("Job 8841 has moved on to another attempt; look again before acting.")


def test_one_bad_target_of_many_refuses_all() -> None:
    assert "Job 2 is not among" in refusal(listing(failed("1")), failed("1"), failed("2"))


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a?x=1", "a b", "%2e%2e", "ü", "x" * 129, "a\nb", "a\n", "#1"])
def test_ids_that_are_unsafe_in_a_request_are_never_acted_on(name: str) -> None:
    why = refusal(listing(failed(name)), failed(name))
    assert "cannot be put into a request safely" in why


def test_an_unsafe_id_is_left_out_of_a_group_and_told() -> None:
    jobs = [failed("1"), failed("../queue/failed"), failed("3")]
    made = plan(listing(*jobs), *jobs)
    assert [target.id for target in made.targets] == ["1", "3"]
    assert [step.text for step in made.steps] == [f"POST /api/research/backtests/{name}/requeue" for name in (1, 3)]
    assert made.effects[0].startswith(
        "leaves out: Job ../queue/failed has an id that cannot be put into a request safely"
    )
    assert made.what == "2 jobs"


def test_of_two_jobs_with_one_id_neither_is_acted_on() -> None:
    twin = failed("1", ambiguous=True)
    assert "shares its id with another job" in refusal(listing(twin), twin)
    made = plan(listing(twin, failed("3")), twin, failed("3"))
    assert [target.id for target in made.targets] == ["3"]
    assert made.effects[0].startswith("leaves out: Job 1 shares its id with another job")


def test_another_start_is_another_job_also_in_the_same_attempt() -> None:
    target = JobTarget.of(failed("1", attempt=1, started_at=ago(9)))
    assert target.same(failed("1", attempt=1, started_at=ago(9), error="told in other words"))
    assert target.same(failed("1", attempt=1, started_at=None))
    assert not target.same(failed("1", attempt=1, started_at=ago(8)))


def test_what_is_left_of_a_group_may_be_one_job() -> None:
    jobs = [failed("1"), failed("..")]
    assert plan(listing(*jobs), *jobs).risk is Risk.LOW


def test_options_are_refused() -> None:
    why = refusal(listing(failed()), failed(), zeta="1", alpha="2")
    assert why == "job.requeue has no option 'alpha'; it runs the job as it was configured."


def test_effects_tell_of_the_queue_and_of_an_engine_that_is_down() -> None:
    situation = known(listing(failed()), JOBS_HEALTH, JobsHealth("healthy", pending=11))
    situation = known(situation, ENGINE_UNIT, DOWN)
    effects = plan(situation, failed()).effects
    assert effects[0] == "the engine is failed: a requeued job waits until it runs"
    assert effects[1] == "takes 1 place in the queue, behind 11 that wait"


def test_effects_say_nothing_of_an_engine_that_runs() -> None:
    situation = known(listing(failed()), ENGINE_UNIT, replace(DOWN, active="active"))
    assert not any("engine" in effect for effect in plan(situation, failed()).effects)


def test_effects_take_nothing_from_stale_facts() -> None:
    old = known(known(Situation(NOW), JOBS_HEALTH, JobsHealth("healthy", pending=11)), ENGINE_UNIT, DOWN)
    later = NOW + timedelta(minutes=1)
    situation = Situation(later, {**old.parts, **listing(failed(), at=later).parts})
    assert plan(situation, failed()).effects[0] == "takes 1 place in the queue"


def test_age_of_the_facts() -> None:
    situation = listing(failed()).seen_at(NOW + timedelta(seconds=2.5))
    assert plan(situation, failed()).facts_age_s == 2.5


def test_ages_are_by_the_servers_clock() -> None:
    ahead = reduce(
        listing(failed()),
        Reading(
            REGISTRY["job.requeue"].facts[0],
            NOW,
            0.01,
            Value(listing(failed()).parts["jobs.failed"].value),
            None,
            3600.0,
        ),
    )
    assert "failed 62m ago" in plan(ahead, failed()).about[0]


@pytest.mark.parametrize(
    ("ago", "told"), [(30, "30s ago"), (7140, "119m ago"), (7200, "2h ago"), (172800, "2d ago"), (-720, "in 12m")]
)
def test_ages_are_told_as_on_the_panes(ago: float, told: str) -> None:
    old = replace(failed(), finished_at=NOW - timedelta(seconds=ago))
    assert f"failed {told}" in plan(listing(old), old).about[0]


def test_request_shows_raw_segments_encoded() -> None:
    assert str(HttpRequest("POST", ("data", "a/b ü", "health"))) == "POST /api/research/data/a%2Fb%20%C3%BC/health"


def test_candidates_are_all_failed_jobs() -> None:
    assert failed_jobs(Situation(NOW)) == ()
    assert [target.key for target in failed_jobs(listing(failed("1"), failed("2")))] == ["job:1", "job:2"]


def test_registry_is_keyed_by_id_and_no_key_means_two_things_in_a_pane() -> None:
    assert all(spec.id == name for name, spec in REGISTRY.items())
    keys = [(spec.pane, spec.key) for spec in REGISTRY.values()]
    assert len(keys) == len(set(keys))
    assert all(spec.facts and spec.runbook and spec.nothing for spec in REGISTRY.values())
