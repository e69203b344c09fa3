from backend.model.situation import Situation
from tests.fakes import NOW, failed, listing
from tui.targets import jobs_of
from widgets.present.failures import group_key

SAP, BMW, OOM = failed("1"), failed("2", error="No data for BMW.DE"), failed("3", error="worker killed (signal 9)")
HERE = listing(SAP, BMW, OOM)


def ids(situation: Situation, marked: set[str], cursor: str | None) -> list[str]:
    return [target.id for target in jobs_of(situation, marked, cursor)]


def test_row_under_the_cursor() -> None:
    assert ids(HERE, set(), "2") == ["2"]


def test_group_under_the_cursor() -> None:
    assert group_key(SAP.error) == group_key(BMW.error)
    assert ids(HERE, set(), group_key(SAP.error)) == ["1", "2"]


def test_marks_win_over_the_cursor_and_keep_the_order_of_the_list() -> None:
    assert ids(HERE, {"3", "1"}, "2") == ["1", "3"]


def test_nothing_is_meant_where_nothing_is() -> None:
    assert ids(HERE, set(), None) == []
    assert ids(HERE, set(), "9") == []
    assert ids(HERE, {"9"}, "2") == []
    assert ids(Situation(NOW), {"1"}, "1") == []


def test_targets_are_the_jobs_as_they_stand() -> None:
    (target,) = jobs_of(listing(failed("1", attempt=4)), set(), "1")
    assert (target.id, target.attempt, target.error) == ("1", 4, SAP.error)


def test_what_a_filter_hides_is_never_meant() -> None:
    def listed(key: str) -> bool:
        return key != "1"

    assert [target.id for target in jobs_of(HERE, (), group_key(SAP.error), listed)] == ["2"]
    assert [target.id for target in jobs_of(HERE, {"1", "3"}, "2", listed)] == ["3"]
