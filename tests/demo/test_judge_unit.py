"""What the judge says of what the engine's unit is asked: by how the engine was then, not by which incident it is."""

from datetime import timedelta

import pytest

from tests.demo.shift import START_LIMIT, Shift
from tests.demo.test_judge import INCIDENTS, begun
from tui.demo.world.outcome import LOST
from tui.demo.world.scenario import SCENARIOS

HARMED_BY_RESTARTS = [name for name in INCIDENTS if "engine.restart" in SCENARIOS[name].harmful]
OTHERS = [name for name in INCIDENTS if name != "engine-crash"]


def go_on(shift: Shift) -> None:
    """A new engine comes, and the judge sees it well."""
    shift.work(4)
    assert "engine" not in shift.judge.open


def vanish(shift: Shift) -> None:
    """The engine says nothing any more, until everybody knows."""
    for _ in range(6):
        shift.now += timedelta(seconds=1)
        shift.judge.look()
    assert shift.judge.open["engine"] == "the engine is down"


def effects(shift: Shift) -> list[str]:
    return [effect for _, effect in shift.effects]


@pytest.mark.parametrize("was", ["failed", "inactive", "activating"])
@pytest.mark.parametrize("verb", ["start", "restart"])
@pytest.mark.parametrize("name", OTHERS)
def test_to_start_an_engine_that_is_down_heals_whatever_the_incident(name: str, verb: str, was: str) -> None:
    shift = begun(name)
    vanish(shift)
    shift.crash()
    shift.judge.unit_asked(verb, 0, was, shift.now)
    go_on(shift)
    assert shift.effects == [("engine.restart", "healed")]
    shift.judge.unit_asked("start", 0, "active", shift.now)
    assert shift.effects[1:] == [("engine.restart", "nothing")]


@pytest.mark.parametrize("name", HARMED_BY_RESTARTS)
def test_to_restart_an_engine_that_works_is_harm_where_it_costs(name: str) -> None:
    shift = begun(name)
    asked = shift.now
    shift.leave()
    shift.judge.unit_asked("restart", 0, "active", asked)
    go_on(shift)
    shift.judge.unit_asked("stop", 0, "active", shift.now)
    assert effects(shift) == ["harm", "harm"]


@pytest.mark.parametrize("name", OTHERS)
def test_to_restart_an_engine_that_hangs_heals(name: str) -> None:
    shift = begun(name)
    vanish(shift)
    shift.crash()
    shift.judge.unit_asked("restart", 0, "active", shift.now)
    go_on(shift)
    assert shift.effects == [("engine.restart", "healed")]


def test_to_restart_an_engine_that_was_stopped_by_a_signal_heals_before_it_is_missed() -> None:
    shift = begun("data-gap")
    shift.judge.unit_asked("start", 0, "stopped", shift.now)
    assert shift.judge.done[-1].detail == "it ran already"
    shift.crash()
    shift.judge.unit_asked("restart", 0, "stopped", shift.now)
    go_on(shift)
    assert effects(shift) == ["nothing", "healed"]


def test_a_hanging_engine_may_be_stopped_first_and_started_then() -> None:
    shift = begun("data-gap")
    vanish(shift)
    shift.crash()
    shift.judge.unit_asked("stop", 0, "active", shift.now)
    shift.judge.unit_asked("start", 0, "failed", shift.now)
    go_on(shift)
    assert shift.effects == [("engine.recover", "healed"), ("engine.restart", "healed")]


@pytest.mark.parametrize("name", OTHERS)
def test_to_start_what_was_stopped_is_no_harm_beside_that_it_was_stopped(name: str) -> None:
    shift = begun(name)
    asked = shift.now
    shift.leave()
    shift.judge.unit_asked("stop", 0, "active", asked)
    shift.judge.unit_asked("stop", 0, "inactive", shift.now)
    shift.judge.unit_asked("start", 0, "inactive", shift.now)
    go_on(shift)
    assert effects(shift)[1:] == ["nothing", "nothing"]


def test_what_was_stopped_is_still_so_after_a_restart_of_what_runs_only() -> None:
    shift = begun("data-gap")
    shift.leave()
    shift.judge.unit_asked("stop", 0, "active", shift.now)
    for verb in ("try-restart", "start"):
        shift.judge.unit_asked(verb, 0, "inactive", shift.now)
    assert [deed.detail for deed in shift.judge.done[1:]] == ["it did not run", "it was well before it was stopped"]


def test_what_changes_nothing_costs_nothing() -> None:
    shift = Shift("calm")
    shift.work(5)
    shift.judge.unit_asked("start", 0, "active", shift.now)
    shift.judge.unit_asked("reset-failed", 0, "active", shift.now)
    shift.judge.unit_asked("stop", 5, "active", shift.now)
    shift.switch(to_backup=True)
    shift.switch(to_backup=True)
    shift.judge.cleared(0)
    assert effects(shift) == ["nothing", "nothing", "nothing", "harm", "nothing", "nothing"]


@pytest.mark.parametrize("name", OTHERS)
def test_a_restart_that_ends_a_good_engine_and_does_not_start_it_is_harm(name: str) -> None:
    shift = begun(name)
    asked = shift.now
    shift.leave()
    shift.judge.unit_gave_up()
    shift.judge.unit_asked("restart", 1, "active", asked)
    assert shift.effects == [("engine.restart", "harm")]
    shift.judge.look()
    assert shift.judge.open["engine"] == "the engine is down"
    shift.judge.unit_asked("start", 1, "failed", shift.now)
    shift.judge.unit_asked("reset-failed", 0, "failed", shift.now)
    shift.judge.unit_asked("start", 0, "failed", shift.now)
    go_on(shift)
    assert effects(shift)[1:] == ["nothing"] * 3, "it only made up for it"


@pytest.mark.parametrize("crashes", [0, 1, 3, 4])
def test_a_unit_that_forgets_its_failures_too_early_gives_up_later(crashes: int) -> None:
    shift = Shift("engine-crash")
    while shift.crashes < crashes:
        shift.work(1)
    shift.crashes = 0  # the unit counts anew
    shift.judge.unit_asked("reset-failed", 0, "activating", shift.now)
    shift.work(30)
    assert shift.crashes == START_LIMIT
    assert not shift.over()
    assert len(shift.failed(LOST)) >= crashes + START_LIMIT
    shift.start()
    shift.work(5)
    assert shift.over()
    assert effects(shift) == ["nothing", "healed", "healed"]


def test_a_restart_after_which_the_unit_gives_up_once_more_heals_nothing() -> None:
    shift = Shift("engine-crash")
    while shift.crashes < 2:
        shift.work(1)
    shift.judge.unit_asked("restart", 0, "activating", shift.now)
    shift.work(20)
    shift.start()
    shift.work(5)
    assert shift.over()
    assert effects(shift) == ["nothing", "healed", "healed"]
    assert shift.judge.done[0].detail == "the unit gave up once more"


def test_a_unit_that_was_well_for_long_gives_up_too() -> None:
    shift = Shift("engine-crash", onset=60.0)
    shift.start_limit = START_LIMIT + 1  # its first start is forgotten when the first job crashes it
    shift.work(60)
    shift.strike()
    shift.work(60)
    assert shift.crashes == len(shift.world.poisoned) == START_LIMIT + 1
    assert not shift.over()


def test_to_kill_an_engine_is_harm_unless_it_did_nothing_any_more() -> None:
    shift = begun("data-gap")
    shift.crash()
    shift.judge.engine_ended(9)
    go_on(shift)
    vanish(shift)
    shift.crash()
    shift.judge.engine_ended(9, hung=True)
    go_on(shift)
    assert shift.effects == [("process.terminate", "harm"), ("process.terminate", "healed")]
