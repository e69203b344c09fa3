from backend.model.situation import Situation
from tests.fakes import NOW, failed, listing
from tui.targets import jobs_of

SAP, BMW, OOM = failed("1"), failed("2", error="No data for BMW.DE"), failed("3", error="worker killed (signal 9)")
HERE = listing(SAP, BMW, OOM)


def ids(situation: Situation, meant: set[str]) -> list[str]:
    return [target.id for target in jobs_of(situation, meant)]


def test_jobs_that_are_meant_keep_the_order_of_the_list() -> None:
    assert ids(HERE, {"3", "1"}) == ["1", "3"]


def test_nothing_is_meant_where_nothing_is() -> None:
    assert ids(HERE, set()) == []
    assert ids(HERE, {"9"}) == []
    assert ids(Situation(NOW), {"1"}) == []


def test_targets_are_the_jobs_as_they_stand() -> None:
    (target,) = jobs_of(listing(failed("1", attempt=4)), {"1"})
    assert (target.id, target.attempt, target.error) == ("1", 4, SAP.error)
