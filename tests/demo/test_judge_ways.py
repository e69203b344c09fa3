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

from itertools import permutations
from pathlib import Path

import pytest

from tests.demo.post import Post
from tui.demo.world.scenario import SCENARIOS

INCIDENTS = sorted(name for name, summary in SCENARIOS.items() if summary.causes)
WRONG = (
    "wait", "requeue_everything", "retry_everything", "restart_everything", "clear_the_failed_queue",
    "end_every_worker", "end_every_innocent_worker", "kill_the_engine", "delete_everything", "delete_what_is_new",
    "end_every_innocent_session", "cancel_every_session", "fail_over", "fail_back", "forget_failures_too_early",
)  # fmt: skip
RIGHT_AFTER_ALL = {("provider", "fail_over"), ("timeout", "end_every_worker")}
"""Among them what is the right answer to this one: all the workers of the second are those that do not end."""
ANSWERS = {
    "data-gap": ("repair", "requeue_everything", "clean_temp"),
    "memory": ("end_guilty_workers", "retry_everything", "clean_temp"),
    "timeout": ("end_guilty_workers", "retry_everything"),
    "strategy-bug": ("retry_on_sample_data", "clean_temp"),
    "database": ("end_the_holder", "cancel_every_session", "requeue_everything"),
    "disk-full": ("clean_temp", "clean_results", "requeue_everything"),
    "provider": ("fail_over", "repair_or_be_refused", "requeue_everything"),
    "engine-crash": ("recover", "reset_and_start", "requeue_everything"),
    "storm": ("fail_over", "clean_results", "repair_or_be_refused", "requeue_everything"),
}
"""What the runbook says."""


@pytest.mark.parametrize("deed", WRONG)
@pytest.mark.parametrize("name", INCIDENTS)
def test_nothing_wrong_ends_an_incident_unless_with_harm(name: str, deed: str, tmp_path: Path) -> None:
    if (name, deed) in RIGHT_AFTER_ALL:
        pytest.skip("it is the right answer here")
    post = Post(name, tmp_path)
    for _ in range(1 if deed == "wait" else 2):
        post.do([deed])
        post.watch(20)
        assert not post.seen_over or post.judge.harm
    assert (post.judge.healed_at is None) == (not post.over())


@pytest.mark.parametrize("name", INCIDENTS)
def test_all_that_is_wrong_together_is_no_end_without_harm(name: str, tmp_path: Path) -> None:
    post = Post(name, tmp_path)
    harmless = [deed for deed in WRONG[:4] + WRONG[-5:] if deed != "fail_over"]
    post.do(harmless)
    assert not post.seen_over
    post.do(WRONG)
    assert post.judge.harm


@pytest.mark.parametrize("name", INCIDENTS)
def test_what_the_runbook_says_ends_it_without_harm_in_any_order_and_twice(name: str, tmp_path: Path) -> None:
    for number, order in enumerate(permutations(ANSWERS[name])):
        post = Post(name, tmp_path / str(number))
        for _ in range(2):
            post.do(order)
        post.watch(60)
        assert (post.over(), post.judge.harm) == (True, []), order


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_since_is_when_the_first_of_its_own_failures_came(name: str, tmp_path: Path) -> None:
    minutes = {
        "data-gap": 42.0, "memory": 21.0, "timeout": 34.0, "strategy-bug": 26.0, "database": 17.0, "disk-full": 20.0,
        "provider": 15.5, "engine-crash": 6.1, "storm": 24.0,
    }  # fmt: skip
    judge = Post(name, tmp_path).judge
    if name == "calm":
        assert judge.since is None
        return
    assert judge.since is not None
    age = (judge.world.scenario.now - judge.since).total_seconds() / 60
    assert age == pytest.approx(minutes[name], abs=0.02)
