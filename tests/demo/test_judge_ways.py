"""In each scenario: no way to an end by doing nothing right, and no harm in the runbook's answers, in any order, twice.

What would look like the end of each, and why it is not:

data-gap      the gaps are in the database; jobs that fail, wait or are forgotten fill none.
memory        a large worker that is requeued, restarted or sent back grows again, and takes a day; who ends all workers
              ends the innocent too, and who kills the engine loses the work of all.
timeout       an endless job takes a day, and begins anew after a restart; the rest is as above.
strategy-bug  a job that was cleared away, requeued, or retried in vain is still not made up for.
database      the lock is held by a session of a job long gone, and no worker, no other session, no restart touches it.
disk-full     room is what the quota has more than before; whatever is new was needed.
provider      the feed comes back only some time after it is no longer asked.
engine-crash  a unit that forgets its failures before it gave up goes on crashing.
storm         each of its three parts as above.
"""

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

import pytest

from tests.demo import post
from tests.demo.post import Post
from tui.demo.world.scenario import SCENARIOS

INCIDENTS = sorted(name for name, summary in SCENARIOS.items() if summary.causes)
HARMLESS: tuple[post.Deed, ...] = (
    post.wait, post.requeue_everything, post.retry_everything, post.cancel_every_session, post.fail_back,
    post.forget_failures_too_early,
)  # fmt: skip
COSTLY: tuple[post.Deed, ...] = (
    post.restart_everything, post.clear_the_failed_queue, post.end_every_worker, post.end_every_innocent_worker,
    post.kill_the_engine, post.delete_everything, post.delete_what_is_new, post.end_every_innocent_session,
    post.fail_over,
)  # fmt: skip
RIGHT_AFTER_ALL = {("provider", post.fail_over), ("timeout", post.end_every_worker)}
"""Among them what is the right answer to this one: all the workers of the second are those that do not end."""
ANSWERS: Mapping[str, tuple[post.Deed, ...]] = {
    "data-gap": (post.repair_or_be_refused, post.requeue_everything, post.clean_temp),
    "memory": (post.end_guilty_workers, post.retry_everything, post.clean_temp),
    "timeout": (post.end_guilty_workers, post.retry_everything),
    "strategy-bug": (post.retry_on_sample_data, post.clean_temp),
    "database": (post.end_the_holder, post.cancel_every_session, post.requeue_everything),
    "disk-full": (post.clean_temp, post.clean_results, post.requeue_everything),
    "provider": (post.fail_over, post.repair_or_be_refused, post.requeue_everything),
    "engine-crash": (post.recover, post.reset_and_start, post.requeue_everything),
    "storm": (post.fail_over, post.clean_results, post.repair_or_be_refused, post.requeue_everything),
}
"""What the runbook says."""


WAYS = [(name, deed) for name in INCIDENTS for deed in HARMLESS + COSTLY if (name, deed) not in RIGHT_AFTER_ALL]


@pytest.mark.parametrize(("name", "deed"), WAYS, ids=lambda word: getattr(word, "__name__", word))
def test_nothing_wrong_ends_an_incident_unless_with_harm(name: str, deed: post.Deed, tmp_path: Path) -> None:
    at = Post(name, tmp_path)
    for _ in range(1 if deed is post.wait else 2):
        at.do([deed])
        at.watch(20)
        assert not at.seen_over or at.judge.harm
    assert (at.judge.healed_at is None) == (not at.over())


@pytest.mark.parametrize("name", INCIDENTS)
def test_all_that_is_wrong_together_is_no_end_without_harm(name: str, tmp_path: Path) -> None:
    at = Post(name, tmp_path)
    at.do(HARMLESS)
    assert not at.seen_over
    assert at.judge.harm == []
    at.do(HARMLESS + COSTLY)
    assert at.judge.harm


@pytest.mark.parametrize("deed", COSTLY, ids=lambda deed: deed.__name__)
def test_what_costs_something_is_harm_on_a_calm_day(deed: post.Deed, tmp_path: Path) -> None:
    at = Post("calm", tmp_path)
    at.do([deed])
    at.watch(6)
    assert at.judge.harm
    assert {effect for _, effect in at.effects} <= {"harm", "nothing"}


@pytest.mark.parametrize("deed", HARMLESS[1:], ids=lambda deed: deed.__name__)
def test_what_costs_nothing_is_no_harm_on_a_calm_day(deed: post.Deed, tmp_path: Path) -> None:
    at = Post("calm", tmp_path)
    at.do([deed])
    assert (at.over(), at.judge.harm) == (True, [])


@pytest.mark.parametrize("name", INCIDENTS)
def test_what_the_runbook_says_ends_it_without_harm_in_any_order_and_twice(name: str, tmp_path: Path) -> None:
    for number, order in enumerate(permutations(ANSWERS[name])):
        at = Post(name, tmp_path / str(number))
        for _ in range(2):
            at.do(order)
        at.watch(60)
        assert (at.over(), at.judge.harm) == (True, []), order


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_since_is_when_the_first_of_its_own_failures_came(name: str, tmp_path: Path) -> None:
    minutes = {
        "data-gap": 42.0, "memory": 21.0, "timeout": 34.0, "strategy-bug": 26.0, "database": 17.0, "disk-full": 20.0,
        "provider": 15.5, "engine-crash": 6.0, "storm": 24.0,
    }  # fmt: skip
    judge = Post(name, tmp_path).judge
    if name == "calm":
        assert judge.since is None
        return
    assert judge.since is not None
    age = (judge.world.scenario.now - judge.since).total_seconds() / 60
    assert age == pytest.approx(minutes[name], abs=0.02)
