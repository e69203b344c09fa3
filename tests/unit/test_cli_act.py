"""`backtop act` before anything is sent: what its targets may be called, and what is said of them."""

import asyncio
from pathlib import Path

import pytest

from actions.brake import Brake
from actions.outcome import Outcome
from actions.plan import Plan, Refusal
from actions.registry import REGISTRY
from actions.verdict import TargetVerdict, Verdict, Word
from backend.config.model import Config
from backend.errors import NotAllowed
from backend.locks import TargetLock
from backend.model.situation import Situation
from backend.model.target import JobTarget
from backend.parts import ENGINE_UNIT, HOST_PROCESSES, JOBS_RUNNING
from tests.fakes import SLOW, Rig, failed, known, listing, requeue_of
from tests.situations import calm, given_up, unit
from tests.unit.test_cli import code_of
from tui import cli
from tui.headless import act
from tui.headless.telling import as_text


def planned(situation: Situation, action: str, *targets: str) -> Plan | Refusal:
    order = act.Order(action, targets, {}, dry_run=True, yes=False, word=None)
    spec, config = REGISTRY[action], Config()
    found = act.meant(spec, situation, order, config)
    return found if isinstance(found, Refusal) else act.plan_for(spec, situation, order, config, found)


def refused(situation: Situation, action: str, *targets: str) -> str:
    plan = planned(situation, action, *targets)
    assert isinstance(plan, Refusal)
    return plan.reason


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        (("1", "2"), ["1", "2"]),
        (("--yes", "1"), ["1"]),
        (("1", "--yes", "2", "--json", "3"), ["1", "2", "3"]),
        (("--set", "k=v", "1", "--yes"), ["1"]),
        (("--yes", "1", "--", "-2"), ["1", "-2"]),
        (("--yes", "--", "--json"), ["--json"]),
        (("--yes",), []),
    ],
)
def test_options_stand_anywhere_among_the_targets(words: tuple[str, ...], targets: list[str]) -> None:
    options = cli.parser().parse_args(["act", "job.requeue", *words])
    assert options.target == targets
    assert options.yes is ("--yes" in words)


def test_an_option_that_is_not_known_is_no_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("act", "job.requeue", "1", "--yes", "2", "--nonsense") == 2
    assert "unrecognized arguments: --nonsense\n" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["adaf-backtest-engine", "adaf-backtest-engine.service"])
@pytest.mark.parametrize("known_as", ["adaf-backtest-engine", "adaf-backtest-engine.service"])
def test_a_unit_is_known_with_its_suffix_and_without(name: str, known_as: str) -> None:
    found = calm()
    engine = unit(name=known_as)
    plan = planned(known(found, ENGINE_UNIT, engine), "engine.restart", name)
    assert isinstance(plan, Plan), plan
    assert [target.id for target in plan.targets] == [known_as]


def test_the_same_unit_by_both_names_is_one_target() -> None:
    plan = planned(calm(), "engine.restart", "adaf-backtest-engine", "adaf-backtest-engine.service")
    assert isinstance(plan, Plan), plan
    assert len(plan.targets) == 1


def test_a_unit_that_calls_itself_otherwise_is_known_by_the_name_of_the_configuration() -> None:
    aliased = known(calm(), ENGINE_UNIT, unit(name="engine-v2.service"))
    for name in ("adaf-backtest-engine.service", "engine-v2"):
        plan = planned(aliased, "engine.restart", name)
        assert isinstance(plan, Plan), plan
        assert [target.id for target in plan.targets] == ["engine-v2.service"]


def test_a_wrong_target_is_refused_with_those_that_fit() -> None:
    jobs = listing(*(failed(str(number)) for number in range(1, 9)))
    said = refused(jobs, "job.requeue", "\x1b[2J", "1")
    assert said == "'\\x1b[2J': not among what job.requeue can act on now; there are: 1, 2, 3, 4, 5 and 3 more."


@pytest.mark.parametrize("action", ["engine.restart", "engine.reset-failed"])
def test_another_unit_is_refused_with_the_one_of_the_configuration(action: str) -> None:
    assert refused(calm(), action, "sshd", "adaf-backtest-engine.service", "\x1b[2J") == (
        f"'sshd', '\\x1b[2J': {action} acts on one unit only; the unit is adaf-backtest-engine; "
        "the setting is engine.unit."
    )


def test_what_nobody_named_is_asked_for_without_a_word_of_the_cursor() -> None:
    assert refused(listing(failed("8841")), "job.requeue") == "Name what job.requeue shall act on; there are: 8841."


def test_whom_a_restart_hurts_is_read_too() -> None:
    assert {JOBS_RUNNING, HOST_PROCESSES} <= set(act.BESIDE)


@pytest.mark.parametrize(("so_far", "line"), [(True, "unknown so far: runs"), (False, "unknown: runs")])
def test_a_verdict_that_is_not_final_says_so(so_far: bool, line: str) -> None:
    verdict = Verdict.over([TargetVerdict(JobTarget.of(failed()), Word.UNKNOWN, "runs", so_far)])
    first, *rest = as_text(None, Outcome("r1", verdict, ()))
    assert first == line
    assert [word for word in rest if "backtop journal" in word] == rest
    assert bool(rest) is so_far


@pytest.mark.parametrize(("told_to_end", "advised"), [(False, "engine.reset-failed"), (True, None)])
async def test_advice_keeps_nobody_who_wants_to_leave(told_to_end: bool, advised: str | None) -> None:
    brake, done = (
        Brake(),
        Outcome("r1", Verdict.over([TargetVerdict(JobTarget.of(failed()), Word.NO_EFFECT, "no")]), ()),
    )

    async def looks() -> Situation:
        if told_to_end:
            brake.told_to_end(0.0)
            await asyncio.Event().wait()
        return known(calm(), ENGINE_UNIT, given_up())

    found = await act._advice(looks, brake, Config(), REGISTRY["job.requeue"], done)
    assert (found and found.spec.id) == advised


async def test_who_waits_without_a_place_for_locks_goes_with_the_first_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, failed())
    rig.server.courses["8841"] = SLOW
    outcome = await rig.run(requeue_of(failed()))

    def no_place(*_: object) -> None:
        raise NotAllowed("no place for locks; set lock_dir")

    monkeypatch.setattr(TargetLock, "acquire", no_place)
    waited = await act._waited_for(rig.runner, REGISTRY["job.requeue"], outcome)
    assert waited.verdict.text == "running in attempt 2; not waited for: no place for locks; set lock_dir"
    assert waited.verdict.so_far
