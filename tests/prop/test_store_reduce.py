from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.situation import HISTORY_LENGTH, Face, Failure, Missing, Part, Reading, Situation, Value
from backend.store import reduce
from tests.situations import NOW

PARTS: tuple[Part[float], ...] = (
    Part("jobs", "failed", 3.0),
    Part("host", "counters", 1.0, trace={"figure": lambda value: value}),
    Part("data", "status", 15.0),
)
OUTCOMES = st.one_of(
    st.builds(Value, st.floats(allow_nan=False)),
    st.builds(Failure, st.sampled_from(["refused", "timed out", "bad answer"]), st.text(max_size=5)),
    st.builds(Missing, st.just("no such route")),
)

RELAXED = settings(max_examples=60)


@st.composite
def readings(draw: st.DrawFn, parts: tuple[Part[float], ...] = PARTS) -> list[Reading[float]]:
    """Readings as they arrive: each part's own in the order of their times."""
    steps = draw(st.lists(st.tuples(st.sampled_from(parts), st.floats(0, 100), OUTCOMES), max_size=25))
    at = NOW
    found = []
    for part, pause, outcome in steps:
        at += timedelta(seconds=pause)
        found.append(Reading(part, at, 0.1, outcome, skew=draw(st.none() | st.floats(-9, 9))))
    return found


def after(found: list[Reading[float]]) -> Situation:
    situation = Situation(NOW)
    for reading in found:
        situation = reduce(situation, reading)
    return situation


def last_good(found: list[Reading[float]], part: Part[float]) -> float | None:
    values = [each.outcome.value for each in found if each.part == part and isinstance(each.outcome, Value)]
    return values[-1] if values else None


@given(readings())
@RELAXED
def test_last_good_value_is_never_lost(found: list[Reading[float]]) -> None:
    situation = after(found)
    for part in PARTS:
        assert situation.value(part) == last_good(found, part)


@given(readings(), st.randoms())
@RELAXED
def test_parts_do_not_depend_on_each_other(found: list[Reading[float]], random: object) -> None:
    whole = after(found)
    for part in PARTS:
        assert whole[part] == after([reading for reading in found if reading.part == part])[part]


@given(readings())
@RELAXED
def test_order_between_parts_does_not_matter(found: list[Reading[float]]) -> None:
    by_part = sorted(found, key=lambda reading: reading.part.key)
    assert dict(after(found).parts) == dict(after(by_part).parts)
    assert after(found).at == after(by_part).at


@given(readings(), st.floats(0, 1000), st.floats(0, 1000))
@RELAXED
def test_age_only_grows_with_time(found: list[Reading[float]], soon: float, later: float) -> None:
    situation = after(found)
    first, second = (situation.at + timedelta(seconds=seconds) for seconds in sorted((soon, later)))
    for part in PARTS:
        young, old = situation[part].age(first), situation[part].age(second)
        assert (young is None) == (old is None)
        assert young is None or old is None or 0 <= young <= old
        if situation[part].face(first) is Face.STALE:
            assert situation[part].face(second) is Face.STALE


@given(readings())
@RELAXED
def test_missing_route_is_not_a_failure(found: list[Reading[float]]) -> None:
    situation = after(found)
    for part in PARTS:
        state = situation[part]
        outcomes = [reading.outcome for reading in found if reading.part == part]
        if outcomes and isinstance(outcomes[-1], Missing):
            assert (state.failure, state.failed_since) == (None, None)
            assert state.face(situation.at) is Face.MISSING
        if outcomes and isinstance(outcomes[-1], Failure):
            assert state.missing is None
            assert state.face(situation.at) is Face.FAILED
            assert state.fresh(situation.at) is None


@given(readings())
@RELAXED
def test_failed_since_is_the_first_of_the_failures_in_a_row(found: list[Reading[float]]) -> None:
    situation = after(found)
    for part in PARTS:
        first = None
        for reading in (each for each in found if each.part == part):
            first = (first or reading.at) if isinstance(reading.outcome, Failure) else None
        assert situation[part].failed_since == first


@given(readings(), readings())
@RELAXED
def test_situations_are_never_changed(before: list[Reading[float]], then: list[Reading[float]]) -> None:
    situation = after(before)
    copy = (situation.at, dict(situation.parts))
    for reading in then:
        reduce(situation, reading)
    assert (situation.at, dict(situation.parts)) == copy


@given(readings(), OUTCOMES, st.floats(3, 1e6))
@RELAXED
def test_last_to_arrive_counts_though_the_clock_was_set_back(
    found: list[Reading[float]], outcome: Value[float] | Failure | Missing, back: float
) -> None:
    situation = after(found)
    for part in PARTS:
        reading = Reading(part, situation.at - timedelta(seconds=back), 0.1, outcome)
        assert after([*found, reading])[part] == reduce(situation, reading)[part]
        if isinstance(outcome, Value):
            assert reduce(situation, reading)[part].value == outcome.value
            assert reduce(situation, reading)[part].face(reading.at) is Face.OK


@given(readings(), st.floats(3, 1e6))
@RELAXED
def test_value_from_before_the_clock_was_set_back_never_passes_for_live(
    found: list[Reading[float]], back: float
) -> None:
    situation = after(found)
    for part in PARTS:
        state = situation[part]
        if state.value_at is not None:
            now = state.value_at - timedelta(seconds=back)
            assert state.age(now) is None
            assert state.fresh(now) is None
            assert state.face(now) in (Face.STALE, Face.FAILED, Face.MISSING)


@given(st.integers(0, HISTORY_LENGTH + 30))
@RELAXED
def test_history_is_kept_and_bounded(count: int) -> None:
    part = PARTS[1]
    situation = after([Reading(part, NOW + timedelta(seconds=n), 0.1, Value(float(n))) for n in range(count)])
    kept = situation[part].history.get("figure", ())
    assert kept == tuple(float(n) for n in range(max(0, count - HISTORY_LENGTH), count))


@given(st.lists(st.none() | st.floats(-9, 9), max_size=8))
@RELAXED
def test_last_skew_that_was_told_counts(told: list[float | None]) -> None:
    found: list[Reading[float]] = [Reading(PARTS[0], NOW, 0.1, Value(1.0), skew=skew) for skew in told]
    known = [skew for skew in told if skew is not None]
    assert after(found)[PARTS[0]].skew == (known[-1] if known else 0.0)


Figures = tuple[float | None, float | None]


@given(st.lists(st.tuples(st.none() | st.floats(0, 9), st.none() | st.floats(0, 9)), max_size=HISTORY_LENGTH // 2))
@RELAXED
def test_a_figure_that_is_not_told_once_keeps_its_history(told: list[Figures]) -> None:
    part: Part[Figures] = Part("host", "both", 1.0, trace={"one": lambda both: both[0], "two": lambda both: both[1]})
    situation = Situation(NOW)
    for figures in told:
        situation = reduce(situation, Reading(part, NOW, 0.1, Value(figures)))
    for number, name in enumerate(("one", "two")):
        samples = tuple(figures[number] for figures in told if figures[number] is not None)
        assert situation[part].history.get(name, ()) == samples
