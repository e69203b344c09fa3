import getpass
import shlex
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from actions.aftermath import Aftermath
from actions.engine import plan_reset_failed, plan_restart, restart_executor, the_failed_unit, the_unit
from actions.guard import BUDGET, COOL_DOWN
from actions.means import Means
from actions.outcome import Outcome
from actions.plan import SETTLE, Plan, Refusal, Risk, UnitCommand
from actions.registry import REGISTRY
from actions.run import Runner
from actions.spec import Ask, Planner
from actions.verdict import Word
from actions.watch import LOOK_EVERY
from backend.clients.api import ApiClient
from backend.clients.engine import PROPERTIES, EngineClient
from backend.command import SystemRunner
from backend.config.model import Config
from backend.config.model import Engine as EngineConfig
from backend.errors import MissingRoute, NotAllowed, Refused, SourceError, TimedOut
from backend.holding import Locks
from backend.incident.identity import Meant, meant_as_data
from backend.incident.journal import Journal
from backend.incident.reading import JournalReader
from backend.incident.scribe import Scribe
from backend.model.engine import ASKED, Unit, UnitVerb
from backend.model.host import ProcessTable
from backend.model.situation import Situation
from backend.model.target import UnitTarget
from backend.parts import ENGINE_UNIT, HOST_PROCESSES, JOBS_RUNNING
from tests.clocks import StillClock
from tests.engines import CLEARED, FAILED, LOOPS, NEW, STARTING, UP, Engine, EngineRig, executor_of, planned, seen, told
from tests.fakes import NOW, Time, failed, known, requeue_of
from tests.situations import RUNNING, jobs, unit, worker

BOTH = pytest.mark.parametrize("planner", [plan_restart, plan_reset_failed])
GIVEN_UP: dict[str, Any] = {"active": "failed", "sub": "failed", "result": "start-limit-hit", "main_pid": None}
NAME = "adaf-backtest-engine.service"


def refused(planner: Planner, found: Situation, unit: Unit, **options: str) -> str:
    refusal = planner(Ask(found, (UnitTarget.of(unit),), Config(), options))
    assert isinstance(refusal, Refusal), refusal
    return refusal.reason


# What is planned


def test_a_restart_says_what_is_run_and_whom_it_hurts() -> None:
    found = known(seen(unit()), JOBS_RUNNING, jobs(*RUNNING, *RUNNING[:1]))
    workers = (worker(1, "8850", 5, 9, 2.0), worker(2, "8852", 5, 9, 0.5), worker(3, None, 5, 9, 4.0, ours=False))
    found = known(found, HOST_PROCESSES, ProcessTable(workers, 9))
    plan = planned(plan_restart, unit(), found)
    assert (plan.action, plan.risk, plan.confirm) == ("engine.restart", Risk.HIGH, "adaf-backtest-engine")
    assert [step.text for step in plan.steps] == ["systemctl restart adaf-backtest-engine"]
    assert plan.about == (f"{NAME}  active (running) for 3d  run a3f1a3f1",)
    assert plan.effects == (
        "5 running jobs lose what they have computed: 8850 mean-revert-eu, 8852 momentum-us, 8853 pairs-fx, "
        "8857 carry-g10 and 1 more",
        "ends 2 worker processes and frees 2560 MiB",
        "cannot be undone; jobs that wait stay in the queue",
    )
    assert plan.checks == (
        "a new run of the unit is active, and healthy within 60 s", "it stays so for 10 s",
    )  # fmt: skip
    assert plan.facts_age_s == 0.0


def test_a_restart_speaks_of_one_job_as_of_one() -> None:
    plan = planned(plan_restart, unit(), known(seen(unit()), JOBS_RUNNING, jobs(RUNNING[0])))
    assert plan.effects[0] == "1 running job loses what it has computed: 8850 mean-revert-eu"


def test_a_restart_tells_what_it_may_end_where_nobody_knows_what_is_the_engines() -> None:
    workers = tuple(replace(worker(number, None, 5, 9, 2.0), worker=None) for number in (1, 2))
    plan = planned(plan_restart, unit(), known(seen(unit()), HOST_PROCESSES, ProcessTable(workers, 9)))
    assert "may end 2 worker processes of which nobody knows now whether they are the engine's" in plan.effects
    assert not [effect for effect in plan.effects if effect.startswith("ends")]


@pytest.mark.parametrize(
    ("argv", "place"),
    [
        (("ssh", "ann@r1", "sudo", "-n", "systemctl"), "systemctl on r1"),
        (("systemctl", "-qH", "r1"), "systemctl on r1"),
        (("/opt/wrap/control",), f"/opt/wrap/control on {socket.gethostname()}"),
    ],
)
def test_processes_of_this_host_are_not_counted_for_a_unit_elsewhere(argv: tuple[str, ...], place: str) -> None:
    found = known(seen(unit()), HOST_PROCESSES, ProcessTable((worker(1, "8850", 5, 9, 2.0),), 9))
    plan = planned(plan_restart, unit(), found, replace(Config(), engine=EngineConfig(systemctl=argv)))
    assert plan.effects[-2] == f"how many worker processes it ends cannot be seen from here: it goes to {place}"
    assert not [effect for effect in plan.effects if "frees" in effect]


def test_a_restart_of_what_is_down_says_that_it_starts_it() -> None:
    plan = planned(plan_restart, unit(active="inactive", sub="dead", invocation="", restarts=3))
    assert plan.effects[0] == "the unit is inactive: this starts it"
    assert plan.about == (f"{NAME}  inactive (dead) for 3d  3 restarts  no run",)


def test_a_restart_of_what_does_not_stay_up_says_so_and_means_whichever_run() -> None:
    plan = planned(plan_restart, unit(**LOOPS, restarts=7))
    assert plan.effects[0] == (
        "the unit does not stay up, and is started again and again: this breaks that off, and starts it anew"
    )
    assert plan.preconditions == ("the unit still does not stay up, in whichever run",)
    starting = planned(plan_restart, unit(active="activating", sub="start"))
    assert starting.effects[0] == "the unit is being started: this breaks that off, and starts it anew"
    assert starting.preconditions == ("the unit is still activating, in the run shown here",)


def test_a_plan_is_made_for_the_next_run_of_what_does_not_stay_up() -> None:
    before, after = unit(**LOOPS, restarts=7), unit(**{**LOOPS, "restarts": 8, "invocation": NEW})
    assert isinstance(plan_restart(Ask(seen(after), the_unit(seen(before)), Config())), Plan)


@pytest.mark.parametrize("old", [False, True])
def test_who_runs_is_told_only_from_fresh_facts(old: bool) -> None:
    found = seen(unit())
    if old:
        found = known(found, JOBS_RUNNING, jobs(*RUNNING))
        found = known(found, HOST_PROCESSES, ProcessTable((worker(1, "8850", 5, 9, 2.0),), 9))
        found = known(found.seen_at(found.at + timedelta(minutes=5)), ENGINE_UNIT, unit())
    assert planned(plan_restart, unit(), found).effects == (
        "running jobs lose what they have computed; which run is not known now",
        "cannot be undone; jobs that wait stay in the queue",
    )


def test_a_reset_clears_and_starts_nothing() -> None:
    plan = planned(plan_reset_failed, unit(**GIVEN_UP))
    assert (plan.action, plan.risk, plan.confirm) == ("engine.reset-failed", Risk.LOW, None)
    assert [step.text for step in plan.steps] == ["systemctl reset-failed adaf-backtest-engine"]
    assert plan.about == (f"{NAME}  failed (failed) for 3d  result start-limit-hit  run a3f1a3f1",)
    assert plan.effects == (
        "its start limit is counted anew; nothing is started: restart it afterwards (S)",
        "cannot be undone, and harms nobody",
    )


def test_what_is_shown_is_what_is_run() -> None:
    config = replace(Config(), engine=EngineConfig(unit="a b", systemctl=("ssh", "research-01", "systemctl")))
    restart, reset = (planned(each, unit(active=active), config=config)
                      for each, active in ((plan_restart, "active"), (plan_reset_failed, "failed")))  # fmt: skip
    client = EngineClient(config.engine.unit, config.engine.systemctl, SystemRunner())
    for plan, verb in ((restart, "restart"), (reset, "reset-failed")):
        (step,) = plan.steps
        assert step.kind == "command"
        assert shlex.split(step.text) == list(client.argv(cast("UnitVerb", verb)))
    assert restart.confirm == "a b"


def test_the_keys_that_refusal_and_effect_name_are_those_of_the_registry() -> None:
    reset, restart = REGISTRY["engine.reset-failed"], REGISTRY["engine.restart"]
    limited = unit(**GIVEN_UP, start_limit=10.0, changed_at=NOW - timedelta(seconds=4.5))
    why = refused(plan_restart, seen(limited), limited)
    assert why == (
        "The unit hit its start limit: a start may be refused for another 6 s, "
        "unless reset failed (e in resources) clears it."
    )
    assert f"{reset.title} ({reset.key} in {reset.pane})" in why
    assert f"({restart.key})" in planned(plan_reset_failed, unit(**GIVEN_UP)).effects[0]


@BOTH
def test_a_unit_that_is_not_there(planner: Planner) -> None:
    gone = unit(load="not-found", active="inactive")
    why = refused(planner, seen(gone), gone)
    assert why.startswith("The service manager does not know adaf-backtest-engine; see engine.unit")
    assert refused(planner, Situation(seen(gone).at), gone) == why
    assert the_unit(seen(gone)) == the_failed_unit(seen(gone)) == ()


@BOTH
def test_options_are_refused(planner: Planner) -> None:
    assert refused(planner, seen(unit()), unit(), force="yes") == "This action has no option 'force'."


@BOTH
@pytest.mark.parametrize("now", [{"invocation": NEW}, {"active": "deactivating"}, {"name": "other.service"}])
def test_a_unit_that_moved_on_is_another_target(planner: Planner, now: dict[str, str]) -> None:
    why = refused(planner, seen(unit(**{**GIVEN_UP, **now})), unit(**GIVEN_UP))
    assert why == "The unit is not what it was when the action was asked for; look again before acting."


@BOTH
def test_another_kind_of_target_is_refused(planner: Planner) -> None:
    ask = Ask(seen(unit()), requeue_of(failed()).targets, Config())
    assert isinstance(planner(ask), Refusal)


@pytest.mark.parametrize("active", ["active", "inactive", "activating"])
def test_there_is_nothing_to_reset(active: str) -> None:
    stands = unit(active=active)
    why = f"The unit has not failed, it is {active}: there is nothing to reset."
    assert refused(plan_reset_failed, seen(stands), stands) == why
    assert plan_reset_failed(Ask(seen(stands), the_failed_unit(seen(stands)), Config())) == Refusal(why)
    assert the_failed_unit(seen(stands)) == ()
    assert the_unit(seen(stands)) == (UnitTarget.of(stands),)


@pytest.mark.parametrize(
    ("limit", "ago", "warned"),
    [(10.0, 10.0, False), (10.0, 3600.0, False), (0.0, 0.0, False), (None, 4.0, True), (10.0, -60.0, True)],
)
def test_a_start_limit_that_is_over_keeps_nobody_off_and_one_that_is_not_known_warns(
    limit: float | None, ago: float, warned: bool
) -> None:
    stands = unit(**GIVEN_UP, start_limit=limit, changed_at=NOW - timedelta(seconds=ago))
    warning = "its start limit was hit and may refuse this; reset failed (e in resources) clears that first"
    assert (warning in planned(plan_restart, stands).effects) is warned
    since_unknown = planned(plan_restart, replace(stands, changed_at=None))
    assert warning in since_unknown.effects


@pytest.mark.parametrize("ahead", [0.0, 4.0])
def test_a_start_limit_that_may_refuse_keeps_off_also_where_clocks_differ_a_little(ahead: float) -> None:
    stands = unit(**GIVEN_UP, start_limit=10.0, changed_at=NOW + timedelta(seconds=ahead))
    assert f"for another {10 + ahead:.0f} s" in refused(plan_restart, seen(stands), stands)


# What comes of it


async def test_a_new_run_that_is_healthy_worked(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.on_ask = lambda: assert_intent(rig)
    outcome = await rig.restart()
    assert told(outcome) == ("worked", "active -> active in a new run, health healthy after 1 s")
    assert rig.engine.asked == ["restart"]
    assert rig.kinds == ["intent", "step", "verdict"]
    assert rig.entries("step")[0].data["result"] == "exit 0"
    assert not list(rig.locks.iterdir())


def assert_intent(rig: EngineRig) -> None:
    (intent,) = rig.entries()
    assert (intent.kind, intent.data["risk"], intent.targets) == ("intent", "high", (f"unit:{NAME}",))
    assert intent.data["steps"] == ["systemctl restart adaf-backtest-engine"]


@pytest.mark.parametrize(
    ("before", "course", "word", "text"),
    [
        ("active", (), "no effect", "active -> active in the same run a3f1a3f1"),
        ("active", ((0, {"active": "inactive"}),), "worse", "active -> inactive in the same run a3f1a3f1"),
        ("active", ((0, {"active": "deactivating"}),), "worse", "active -> deactivating in the same run a3f1a3f1"),
        ("active", ((0, STARTING),), "worse", "active -> activating in a new run"),
        ("inactive", ((0, STARTING),), "no effect", "inactive -> activating in a new run"),
        ("active", ((0, UP), (0.5, {**FAILED, "result": "exit-code"})), "worse", "active -> failed (exit-code)"),
        ("inactive", ((0, {**FAILED, "invocation": NEW}),), "no effect", "inactive -> failed (start-limit-hit)"),
        ("failed", (), "no effect", "failed -> failed (success)"),
        ("failed", ((3, UP),), "worked", "failed -> active in a new run, health healthy after 6 s"),
        ("active", ((0, STARTING), (40, UP)), "worked", "active -> active in a new run, health healthy after 40 s"),
    ],
)  # fmt: skip
async def test_a_restart_is_judged_by_what_runs_afterwards(
    tmp_path: Path, before: str, course: Any, word: str, text: str
) -> None:
    rig = EngineRig(tmp_path, active=before)
    rig.engine.course = course
    if before == "failed" and course:
        rig.engine.takes = 5.0
    assert told(await rig.restart()) == (word, text)
    assert rig.engine.asked == ["restart"]
    (verdict,) = rig.entries("verdict")
    assert (verdict.data["verdict"], verdict.data["final"]) == (word, True)


@pytest.mark.parametrize(
    ("says", "word", "text"),
    [
        (lambda s: "degraded" if s < 20 else "ok", "worked", "active -> active in a new run, health ok after 20 s"),
        (lambda _: "degraded", "no effect", "active -> active in a new run, but its health is degraded"),
        (lambda s: Refused("nobody listens") if s < 30 else "healthy", "worked",
         "active -> active in a new run, health healthy after 30 s"),
    ],
    ids=["in the end", "never good", "late"],
)  # fmt: skip
async def test_health_is_awaited_until_the_deadline(
    tmp_path: Path, says: Callable[[float], str | SourceError], word: str, text: str
) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.health_is = says
    assert told(await rig.restart()) == (word, text)
    assert rig.time.passed <= 61.0


async def test_a_health_that_is_never_told_is_followed(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.health_is = lambda _: TimedOut("no answer within 5 s")
    outcome = await rig.restart()
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict.word, outcome.verdict.so_far) == (Word.UNKNOWN, True)
    assert outcome.verdict.text == ("cannot be read: its health (active -> active in a new run): no answer within 5 s")


async def test_what_is_refused_at_once_is_not_waited_for_long(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course, rig.engine.trouble = (), NotAllowed("systemctl may not restart the unit: Access denied")
    word, text = told(await rig.restart())
    assert (word, text) == (
        "no effect",
        "active -> active in the same run a3f1a3f1 (not allowed: systemctl may not restart the unit: Access denied)",
    )
    assert rig.time.passed <= SETTLE + 1


async def test_an_engine_that_is_healthy_for_a_moment_only_did_not_come_up(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course = ((0, UP), (2.5, {**FAILED, "result": "exit-code"}))
    assert told(await rig.restart()) == ("worse", "active -> failed (exit-code)")


async def test_a_healthy_run_must_hold(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    assert told(await rig.restart())[0] == "worked"
    assert 10.0 <= rig.time.passed <= 12.0


async def test_without_a_health_route_a_new_run_must_hold(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.health_is = lambda _: MissingRoute("no such route")
    assert told(await rig.restart()) == ("worked", "active -> active in a new run, and holds for 10 s")
    assert 10.0 <= rig.time.passed <= 12.0


@pytest.mark.parametrize("since", [None, -timedelta(hours=3), timedelta(hours=3)])
async def test_how_long_it_holds_is_counted_by_our_own_clock(tmp_path: Path, since: timedelta | None) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.health_is = lambda _: MissingRoute("no such route")
    rig.engine.course = ((0, {**UP, "active_since": since and rig.time.now() + since}),)
    assert told(await rig.restart())[0] == "worked"
    assert 10.0 <= rig.time.passed <= 12.0


async def test_a_run_that_its_manager_starts_again_and_again_does_not_hold(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.health_is = lambda _: MissingRoute("no such route")
    rig.engine.course = [(n * 6.0, {**UP, "invocation": f"{n:032x}", "restarts": n}) for n in range(1, 20)]
    rig.engine.course = [(0, {**UP, "invocation": "0" * 32}), *rig.engine.course]
    word, text = told(await rig.restart())
    assert (word, text) == ("no effect", "active -> active in a new run, restarts 0 -> 10, but not yet for 10 s")


@pytest.mark.parametrize(
    ("before", "course", "verdict"),
    [
        ({}, {"active": "inactive", "invocation": ""}, ("worse", "active -> inactive, in no run")),
        ({"active": "inactive", "invocation": ""}, {}, ("no effect", "inactive -> inactive, in no run")),
        ({"active": "inactive", "invocation": ""}, {"active": "active"},
         ("worked", "inactive -> active, health healthy after 1 s")),
        ({"invocation": ""}, {}, ("unknown", "active -> active, and the service manager does not tell in which run")),
        ({}, {"active": "active", "invocation": ""},
         ("unknown", "active -> active, and the service manager does not tell in which run")),
    ],
)  # fmt: skip
async def test_of_a_run_without_a_name_only_what_is_true_is_told(
    tmp_path: Path, before: dict[str, str], course: dict[str, str], verdict: tuple[str, str]
) -> None:
    rig = EngineRig(tmp_path, **before)
    rig.engine.course = ((0, course),)
    assert told(await rig.restart()) == verdict


@pytest.mark.parametrize("right", [True, False], ids=["with the right", "without"])
async def test_what_was_broken_off_before_its_step_touched_nothing_also_where_sudo_asks_for_a_password(
    tmp_path: Path, right: bool
) -> None:
    rig = EngineRig(tmp_path)
    means = rig.runner().means
    plan = planned(plan_restart, rig.unit)
    data = meant_as_data(Meant(plan.targets, means.executor.place, plan.settle))
    means.scribe.journal.append("intent", id="r1", action=plan.action, targets=[plan.targets[0].key], data=data)
    rig.engine.sudoers = {} if right else {"restart": "the line"}
    verdict = await Aftermath(means, UnitTarget).settle("r1")
    assert verdict is not None
    assert verdict.text == "nothing has changed; broken off before step 1 of 1, which may have been sent"


async def test_a_start_that_hangs_is_told_and_not_asked_for_again(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course = ((0, STARTING),)
    rig.engine.takes, rig.engine.trouble = 95.0, TimedOut("systemctl gave no answer within 95 s and was ended")
    told_ = told(await rig.restart())
    assert told_ == (
        "worse",
        "active -> activating in a new run (timed out: systemctl gave no answer within 95 s and was ended)",
    )
    assert rig.engine.asked == ["restart"]


async def test_an_answer_that_is_lost_is_decided_by_a_fresh_read(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.takes, rig.engine.trouble = 95.0, TimedOut("no answer within 95 s")
    word, text = told(await rig.restart())
    assert (word, text) == (
        "worked",
        "active -> active in a new run, health healthy after 96 s (timed out: no answer within 95 s)",
    )


async def test_a_manager_that_refuses_leaves_the_run_that_was(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course, rig.engine.trouble = (), Refused("systemctl failed: Job is masked.")
    assert told(await rig.restart()) == (
        "no effect", "active -> active in the same run a3f1a3f1 (refused: systemctl failed: Job is masked.)",
    )  # fmt: skip


async def test_what_failed_on_its_way_and_is_started_again_is_followed_to_the_deadline(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.trouble = Refused("systemctl failed: the control process exited with error code")
    rig.engine.course = ((0, {**LOOPS, "invocation": NEW, "restarts": 0}), (12, {**UP, "invocation": "c0de" * 8}))
    outcome = await rig.restart()
    assert isinstance(outcome, Outcome)
    text = outcome.verdict.text.partition(" (")[0]
    assert (outcome.verdict.word, text) == (Word.WORKED, "active -> active in a new run, health healthy after 12 s")


async def test_a_next_run_of_what_does_not_stay_up_is_not_taken_for_the_one_that_was_declined(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path, **LOOPS, restarts=2)
    rig.engine.trouble = Refused("systemctl failed: transaction is destructive")
    rig.engine.course = ((2, {**UP, "invocation": NEW, "restarts": 3}),)
    outcome = await rig.restart()
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict.word, outcome.verdict.so_far) == (Word.UNKNOWN, True), "it is followed until it holds"
    assert outcome.verdict.text.endswith("; whether by this run is not known")


async def test_what_was_not_allowed_does_not_cool_down(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course, rig.engine.trouble = (), NotAllowed("sudo: a password is required")
    assert told(await rig.restart())[0] == "no effect"
    assert rig.time.passed == LOOK_EVERY
    rig.engine.course, rig.engine.trouble = ((0, UP),), None
    assert told(await rig.restart())[0] == "worked"


async def test_a_manager_that_falls_silent_leaves_it_unknown(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.on_ask = lambda: setattr(rig.engine, "read_error", Refused("no service manager answers"))
    outcome = await rig.restart()
    assert isinstance(outcome, Outcome)
    verdict = outcome.verdict
    assert (verdict.word, verdict.text) == (Word.UNKNOWN, "cannot be read: no service manager answers")
    assert verdict.so_far, "it is found out once the service manager answers again"


@pytest.mark.parametrize(
    ("course", "word", "text"),
    [
        (((0, CLEARED),), "worked", "failed -> inactive"),
        (((0, UP),), "worked", "failed -> active"),
        (((3, CLEARED),), "worked", "failed -> inactive"),
        ((), "no effect", "still failed (start-limit-hit)"),
    ],
)
async def test_a_reset_worked_when_the_unit_is_not_failed_any_more(
    tmp_path: Path, course: Any, word: str, text: str
) -> None:
    rig = EngineRig(tmp_path, **GIVEN_UP)
    rig.engine.course = course
    assert told(await rig.reset()) == (word, text)
    assert rig.engine.asked == ["reset-failed"]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"invocation": NEW}, f"Nothing was sent: {NAME} is active in another run now; somebody was faster."),
        ({"active": "failed"}, f"Nothing was sent: {NAME} is failed now, and was active; somebody was faster."),
        (
            {"active": "inactive", "invocation": ""},
            f"Nothing was sent: {NAME} is inactive and in no run now; somebody was faster.",
        ),
    ],
)
async def test_a_unit_that_moved_on_unseen_is_left_alone(tmp_path: Path, now: dict[str, str], why: str) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.becomes(**now)
    reason = told(await rig.restart())[1]
    assert reason.casefold() == why.casefold()
    assert (rig.engine.asked, rig.kinds) == ([], ["refusal"])


@pytest.mark.parametrize(
    "now",
    [
        {"invocation": NEW, "restarts": 8},
        {**UP, "restarts": 8, "active_since": Time().now() - timedelta(seconds=3)},
    ],
    ids=["next run", "up for a moment"],
)
async def test_what_does_not_stay_up_is_restarted_in_whichever_run_it_is(tmp_path: Path, now: dict[str, Any]) -> None:
    rig = EngineRig(tmp_path, **LOOPS, restarts=7)
    rig.engine.becomes(**now)
    rig.engine.course = ((0, {**UP, "invocation": "c0de" * 8, "restarts": 0}),)
    text = "activating -> active in a new run, restarts 7 -> 0, health healthy after 1 s"
    assert told(await rig.restart()) == ("worked", text)
    assert rig.engine.asked == ["restart"]


async def test_what_does_not_stay_up_after_a_restart_either_had_no_effect_and_is_no_worse(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path, restarts=7, active_since=Time().now())
    rig.engine.course = [(n * 3.0, {**LOOPS, "invocation": f"{n:032x}", "restarts": n}) for n in range(30)]
    assert told(await rig.restart())[0] == "no effect"


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (UP, "is active now and holds, and was started again and again; look again before acting."),
        (CLEARED, "is inactive now, and was started again and again; look again before acting."),
        (FAILED, "is failed now, and was started again and again; look again before acting."),
    ],
)
async def test_what_stays_up_by_now_or_failed_or_was_stopped_is_left_alone(
    tmp_path: Path, now: dict[str, Any], why: str
) -> None:
    rig = EngineRig(tmp_path, **LOOPS, restarts=7)
    rig.engine.becomes(**now)
    assert told(await rig.restart()) == ("refused", f"Nothing was sent: {NAME} {why}")
    assert rig.engine.asked == []


async def test_a_unit_that_cannot_be_looked_at_is_left_alone(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.read_error = NotAllowed("systemctl may not show the unit")
    assert "cannot be looked at afresh (systemctl may not show the unit)" in told(await rig.restart())[1]
    assert (rig.engine.asked, rig.kinds) == ([], ["refusal"])


async def test_the_same_restart_cools_down_and_another_action_does_not(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    await rig.restart()
    rig.engine.becomes(**{**FAILED, "invocation": rig.unit.invocation})
    rig.unit = rig.engine.stands
    rig.engine.course = ((0, CLEARED),)
    assert told(await rig.reset())[0] == "worked"
    rig.unit = rig.engine.stands
    word, why = told(await rig.restart())
    assert word == "refused"
    assert f"restart engine was already asked for {NAME}" in why


async def test_five_grave_actions_in_ten_minutes_are_enough(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    for number in range(5):
        rig.engine.course = ((0, {**UP, "invocation": f"{number:032x}"}),)
        assert told(await rig.restart())[0] == "worked"
        rig.unit = rig.engine.stands
        rig.time.passed += 61
    assert told(await rig.restart())[1].startswith("5 high-risk actions ran in the last 10 minutes")
    assert len(rig.engine.asked) == 5


# Through sudo


@pytest.mark.parametrize(("verb", "fields"), [("restart", {}), ("reset-failed", GIVEN_UP)])
async def test_each_action_asks_for_its_own_right(tmp_path: Path, verb: UnitVerb, fields: dict[str, Any]) -> None:
    rig = EngineRig(tmp_path, **fields)
    other: UnitVerb = "reset-failed" if verb == "restart" else "restart"
    rig.engine.sudoers = {other: "the line of the other"}
    act = rig.restart if verb == "restart" else rig.reset
    rig.engine.course = ((0, UP),) if verb == "restart" else ((0, CLEARED),)
    assert told(await act())[0] == "worked"
    rig.unit, rig.time.passed = rig.engine.stands, 100.0
    if verb == "reset-failed":
        rig.engine.becomes(**FAILED)
        rig.unit = rig.engine.stands
    rig.engine.sudoers = {verb: "the line"}
    assert told(await act())[1].endswith("these lines in sudoers allow it.\nthe line")
    assert rig.engine.asked == [verb]


SUDO = """\
#!/bin/sh
# Asks for no password where the line of sudoers stands in the file `allowed`.
printf '%s\\n' "$*" >> "$(dirname "$0")/called"
[ "$1" = -n ] || {{ echo 'sudo: it would ask' >&2; exit 1; }}
shift
list=
[ "$1" = -l ] && {{ list=yes; shift; }}
case "$2" in
show) ;;
*) grep -qxF -- "$*" "$(dirname "$0")/allowed" || {{ echo 'sudo: a password is required' >&2; exit 1; }} ;;
esac
[ -n "$list" ] && exit 0
exec "$@"
"""
SYSTEMCTL = """\
#!/bin/sh
run={old}
[ -e "$(dirname "$0")/restarted" ] && run={new}
case "$1" in
show) printf 'Id={name}\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nInvocationID=%s\\n' "$run" ;;
restart) : > "$(dirname "$0")/restarted" ;;
*) exit 1 ;;
esac
"""


@pytest.fixture
def through_sudo(tmp_path: Path) -> Config:
    """A configuration with a sudo before systemctl; both are scripts that do what theirs do."""
    for name, text in (("sudo", SUDO), ("systemctl", SYSTEMCTL)):
        script = tmp_path / name
        script.write_text(text.format(old="a3f1" * 8, new=NEW, name=NAME))
        script.chmod(0o755)
    (tmp_path / "allowed").touch()
    (tmp_path / "locks").mkdir()
    argv = (str(tmp_path / "sudo"), "-n", str(tmp_path / "systemctl"))
    return replace(Config(), engine=EngineConfig(systemctl=argv))


async def restarted(config: Config, folder: Path) -> Outcome | Refusal:
    time = Time()
    client = EngineClient(config.engine.unit, config.engine.systemctl, SystemRunner())
    stands = await client.unit()
    executor = restart_executor(client, cast("ApiClient", Engine(time, stands)), time)
    scribe = Scribe(Journal(folder / "journal.jsonl", "ann", StillClock()))
    means = Means(executor, scribe, Locks(folder / "locks", StillClock()), StillClock(), time.sleep)
    return await Runner(means).run(planned(plan_restart, stands, config=config), lambda _: None)


async def test_a_sudo_that_wants_a_password_is_refused_with_the_line_that_is_missing(
    tmp_path: Path, through_sudo: Config
) -> None:
    word, why = told(await restarted(through_sudo, tmp_path))
    lines = sudoers(tmp_path)
    assert (word, why) == (
        "refused",
        "A password would be needed for sudo here; these lines in sudoers allow it.\n" + "\n".join(lines),
    )
    assert not (tmp_path / "restarted").exists()
    (entry,) = JournalReader(tmp_path / "journal.jsonl").tail(9)
    assert (entry.kind, entry.data) == ("refusal", {"text": why.partition("\n")[0], "copy": lines})


def sudoers(folder: Path) -> list[str]:
    """All lines that looking at the unit and acting on it need."""
    told = r"show adaf-backtest-engine -p " + r"\,".join(PROPERTIES)
    commands = (told, "restart adaf-backtest-engine", "reset-failed adaf-backtest-engine")
    return [f"{getpass.getuser()} ALL=(root) NOPASSWD: {folder}/systemctl {command}" for command in commands]


def test_the_lines_are_for_what_the_actions_ask_for() -> None:
    plans = (planned(plan_restart, unit()), planned(plan_reset_failed, unit(active="failed")))
    asked = [step.request.verb for plan in plans for step in plan.steps if isinstance(step.request, UnitCommand)]
    assert tuple(asked) == ASKED
    assert len([spec for spec in REGISTRY.values() if spec.acts_on is UnitTarget]) == len(plans)


async def test_the_line_that_is_missing_stands_alone_also_when_only_the_run_tells_it(tmp_path: Path) -> None:
    rig, line = EngineRig(tmp_path), "ann ALL=(root) NOPASSWD: /opt/systemctl restart engine"
    rig.engine.course = ((1.0, UP),)
    rig.engine.trouble = NotAllowed(f"sudo asks for a password; one line in sudoers spares it\n{line}")
    outcome = await rig.restart()
    assert isinstance(outcome, Outcome)
    sentence, *lines = outcome.verdict.text.split("\n")
    assert sentence.endswith("one line in sudoers spares it); not by this run, which was refused")
    assert lines == [line]
    (step,), (verdict,) = rig.entries("step"), rig.entries("verdict")
    assert (step.data["result"], step.data["copy"]) == (
        "not allowed: sudo asks for a password; one line in sudoers spares it", [line],
    )  # fmt: skip
    assert (verdict.data["text"], verdict.data["copy"]) == (sentence, [line])
    assert [each["text"] for each in verdict.data["targets"]] == [sentence]
    unrecorded = outcome.verdict.stopped_by("stopped by hand").unrecorded("no space")
    assert unrecorded.text == f"{sentence}; stopped by hand; not recorded: no space\n{line}"


async def test_a_sudo_that_wants_none_is_used(tmp_path: Path, through_sudo: Config) -> None:
    command = f"{tmp_path}/systemctl restart adaf-backtest-engine"
    (tmp_path / "allowed").write_text(command + "\n")
    word, text = told(await restarted(through_sudo, tmp_path))
    assert (word, text.partition(" after ")[0]) == ("worked", "active -> active in a new run, health healthy")
    asked = (tmp_path / "called").read_text().splitlines()
    assert asked.index(f"-n -l {command}") < asked.index(f"-n {command}")
    assert asked.count(f"-n {command}") == 1


async def test_health_that_cannot_be_read_keeps_what_the_far_side_said(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    executor = executor_of("restart", rig.engine, rig.time)
    target = UnitTarget.of(rig.unit)
    rig.engine.becomes(**UP)
    rig.engine.health_is = lambda _: Refused("the server is busy", "503 Service Unavailable", retry_after=7.0)
    with pytest.raises(Refused) as caught:
        await executor.look(target)
    assert caught.value.summary == "its health (active -> active in a new run): the server is busy"
    assert (caught.value.detail, caught.value.retry_after) == ("503 Service Unavailable", 7.0)


async def test_what_is_no_unit_is_no_target_of_it(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    (target,) = requeue_of(failed()).targets
    executor = executor_of("restart", rig.engine, rig.time)
    for asking in (executor.gone(target), executor.look(target), executor.perform(requeue_of(failed()).steps[0])):
        with pytest.raises(TypeError):
            await asking
    assert rig.engine.asked == []


async def test_what_others_did_after_a_refusal_is_not_claimed(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course = ((1.0, UP),)
    rig.engine.trouble = NotAllowed("systemctl may not restart the unit: Access denied")
    word, text = told(await rig.restart())
    assert word == "unknown"
    assert text.endswith("Access denied); not by this run, which was refused")


async def test_what_was_refused_five_times_spends_no_budget_and_what_may_have_run_does(tmp_path: Path) -> None:
    rig = EngineRig(tmp_path)
    rig.engine.course, rig.engine.trouble = (), NotAllowed("systemctl may not restart the unit: Access denied")
    for _ in range(BUDGET):
        assert told(await rig.restart())[0] == "no effect"
    for trouble in [Refused("the restart failed")] * BUDGET:
        rig.engine.trouble = trouble
        assert told(await rig.restart())[0] == "no effect"
        rig.time.passed += COOL_DOWN.total_seconds()
    why = "5 high-risk actions ran in the last 10 minutes; stop and think, or wait "
    assert told(await rig.restart())[1].startswith(why)
