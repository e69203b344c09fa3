import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from backend.errors import MissingRoute, Refused, SourceError
from backend.model.situation import LONGEST_PAUSE, SLOWNESS, Face, Failure, Missing, Part, PartState, Reading, Value
from backend.poller import JITTER, LONGEST_ASKED, MISSING_PAUSE, Poller, pause
from tests.fakes import NOW, Time

PART: Part[int] = Part("jobs", "health", 2.0)


class Middle(random.Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


class Source:
    """Gives what it is told to, one after the other, the last for ever; a number, an error, or how to get one."""

    def __init__(self, *answers: int | BaseException | Callable[[], Awaitable[int]]) -> None:
        self.answers = list(answers)
        self.asked = self.at_once = self.most_at_once = 0

    async def __call__(self) -> int:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if isinstance(answer, BaseException):
                raise answer
            return answer if isinstance(answer, int) else await answer()
        finally:
            self.at_once -= 1


class Rig:
    """A poller whose pauses pass at once, as many as a test wants."""

    def __init__(
        self, source: Source, part: Part[int] = PART, *, interval: float | None = None, seed: int | None = None
    ):
        self.time = Time()
        self.source = source
        self.readings: list[Reading[int]] = []
        self.pauses: list[float] = []
        self.wanted = 0
        self.enough = asyncio.Event()
        rng = Middle() if seed is None else random.Random(seed)
        self.poller = Poller(
            part, source, self.readings.append, clock=self.time, interval=interval, wait=self.wait, rng=rng
        )

    async def wait(self, nudge: asyncio.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self.wanted:
            self.enough.set()
            await asyncio.Event().wait()
        self.time.passed += seconds

    async def go(self, pauses: int) -> None:
        self.wanted = pauses
        keeping = asyncio.create_task(self.poller.keep())
        await self.enough.wait()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    @property
    def failures(self) -> list[Failure]:
        return [reading.outcome for reading in self.readings if isinstance(reading.outcome, Failure)]


async def test_values_come_at_the_pace_of_the_part() -> None:
    rig = Rig(Source(1, 2, 3))
    await rig.go(3)
    assert [reading.outcome for reading in rig.readings] == [Value(1), Value(2), Value(3)]
    assert rig.pauses == [2.0, 2.0, 2.0]
    assert [reading.at - NOW for reading in rig.readings] == [timedelta(seconds=each) for each in (0, 2, 4)]
    assert all(reading.part is PART for reading in rig.readings)


async def test_a_setting_changes_the_pace() -> None:
    rig = Rig(Source(1), interval=7.0)
    await rig.go(2)
    assert rig.pauses == [7.0, 7.0]


async def test_back_off_doubles_to_a_minute_and_ends_with_the_first_value() -> None:
    rig = Rig(Source(*[Refused("nobody listens")] * 8, 1))
    await rig.go(9)
    assert rig.pauses == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0, 2.0]
    assert rig.failures == [Failure("refused", "nobody listens")] * 8


async def test_back_off_of_a_slow_part_is_never_faster_than_its_pace() -> None:
    rig = Rig(Source(Refused("nobody listens")), interval=300.0)
    await rig.go(2)
    assert rig.pauses == [300.0, 300.0]


async def test_a_night_of_failures_leaves_polling_as_it_was() -> None:
    rig = Rig(Source(*[Refused("nobody listens")] * 1_100, 1))
    for _ in range(1_101):
        await rig.poller.once()
    *failures, value = rig.readings
    assert len(failures) == len(rig.failures) == 1_100
    assert failures[-1].next_at == failures[-1].at + timedelta(seconds=LONGEST_PAUSE)
    assert value.outcome == Value(1)
    assert value.next_at == value.at + timedelta(seconds=PART.interval)


@pytest.mark.parametrize("seed", range(20))
async def test_jitter_stays_within_its_bounds(seed: int) -> None:
    rig = Rig(Source(*[1] * 10, *[Refused("no")] * 20), seed=seed)
    await rig.go(30)
    assert all(2.0 * (1 - JITTER) <= each <= 2.0 * (1 + JITTER) for each in rig.pauses[:10])
    assert len(set(rig.pauses[:10])) == 10
    assert all(LONGEST_PAUSE * (1 - JITTER) <= each <= LONGEST_PAUSE * (1 + JITTER) for each in rig.pauses[15:])


@pytest.mark.parametrize("seed", range(20))
async def test_a_server_that_asks_to_wait_is_never_asked_sooner(seed: int) -> None:
    rig = Rig(Source(Refused("rate limit", retry_after=90.0), Refused("rate limit", retry_after=0.5)), seed=seed)
    await rig.go(2)
    assert rig.pauses[0] == 90.0
    assert rig.pauses[1] >= 8.0 * (1 - JITTER)


async def test_missing_route_is_looked_for_again_after_a_minute() -> None:
    rig = Rig(Source(MissingRoute("the server has no such route"), 5))
    await rig.go(2)
    assert rig.pauses == [MISSING_PAUSE, 2.0]
    assert [reading.outcome for reading in rig.readings] == [Missing("the server has no such route"), Value(5)]


async def test_missing_route_is_no_failure_to_back_off_from() -> None:
    rig = Rig(Source(Refused("no"), MissingRoute("none"), Refused("no")))
    await rig.go(3)
    assert rig.pauses == [4.0, MISSING_PAUSE, 4.0]


async def test_slow_source_is_read_less_often() -> None:
    rig = Rig(Source(1))

    async def slow() -> int:
        rig.time.passed += 3.0
        return 1

    rig.source.answers = [slow, 1]
    await rig.go(2)
    assert rig.pauses == [12.0, 2.0]
    assert [reading.took for reading in rig.readings] == [3.0, 0.0]


async def test_a_failure_that_took_long_is_not_paid_for_twice() -> None:
    rig = Rig(Source(1))

    async def refuses_slowly() -> int:
        rig.time.passed += 5.0
        raise Refused("no answer in time")

    rig.source.answers = [refuses_slowly]
    await rig.go(3)
    assert rig.pauses == [4.0, 8.0, 16.0]


async def test_deadline_is_a_failure_and_never_overlaps() -> None:
    rig = Rig(Source(asyncio.Event().wait), Part("jobs", "health", 2.0, deadline=0.001))
    await rig.go(3)
    assert rig.failures == [Failure("timed out", "no answer within 0.001 s")] * 3
    assert rig.pauses == [4.0, 8.0, 16.0]
    assert (rig.source.most_at_once, rig.source.at_once) == (1, 0)


async def test_time_of_the_next_try_is_told() -> None:
    rig = Rig(Source(1, Refused("no"), MissingRoute("none"), ZeroDivisionError("ours"), 2))
    await rig.go(5)
    waits = [reading.next_at - reading.at for reading in rig.readings if reading.next_at]
    assert waits == [timedelta(seconds=each) for each in rig.pauses]
    assert len(waits) == 5


@pytest.mark.parametrize("fault", [ZeroDivisionError("by \x1b[2Jzero"), KeyError("x"), asyncio.CancelledError()])
async def test_fault_of_our_own_is_a_failed_reading_and_polling_goes_on(fault: BaseException) -> None:
    rig = Rig(Source(1, fault, 2))
    await rig.go(3)
    value, failed, again = (reading.outcome for reading in rig.readings)
    assert (value, again) == (Value(1), Value(2))
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.summary) == ("bad answer", f"backtop failed to read this: {type(fault).__name__}")
    assert failed.detail.isprintable()
    assert rig.pauses == [2.0, 4.0, 2.0]


async def test_faults_back_off_too() -> None:
    rig = Rig(Source(ZeroDivisionError("x")))
    await rig.go(6)
    assert rig.pauses == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


async def test_once_tells_one_reading() -> None:
    rig = Rig(Source(SourceError("half a JSON", "{")))
    await rig.poller.once()
    assert rig.failures == [Failure("bad answer", "half a JSON", "{")]
    assert rig.source.asked == 1


async def test_skew_is_told_with_the_reading() -> None:
    readings: list[Reading[int]] = []
    await Poller(PART, Source(1), readings.append, clock=Time(), skew=lambda: 3.5).once()
    assert readings[0].skew == 3.5


async def test_cancelling_ends_the_reading_before_the_poller() -> None:
    begun, ended = asyncio.Event(), False

    async def reading() -> int:
        nonlocal ended
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended = True
        return 1

    keeping = asyncio.create_task(Rig(Source(reading)).poller.keep())
    await begun.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert ended


async def test_nudge_reads_at_once_and_only_once() -> None:
    source, readings = Source(1), asyncio.Queue[Reading[int]]()
    poller = Poller(Part("jobs", "health", 3600.0), source, readings.put_nowait, clock=Time(), rng=Middle())
    keeping = asyncio.create_task(poller.keep())
    await readings.get()
    for expected in (2, 3):
        poller.nudge()
        poller.nudge()
        await readings.get()
        assert source.asked == expected
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_nudge_during_a_reading_is_not_lost_and_overlaps_nothing() -> None:
    readings, hold, begun = asyncio.Queue[Reading[int]](), asyncio.Event(), asyncio.Event()

    async def held() -> int:
        begun.set()
        await hold.wait()
        return 1

    source = Source(held, 2)
    poller = Poller(Part("jobs", "health", 3600.0), source, readings.put_nowait, clock=Time(), rng=Middle())
    keeping = asyncio.create_task(poller.keep())
    await begun.wait()
    poller.nudge()
    await asyncio.sleep(0)
    assert source.asked == 1
    hold.set()
    assert [(await readings.get()).outcome, (await readings.get()).outcome] == [Value(1), Value(2)]
    assert source.most_at_once == 1
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_pause_ends_with_its_time_or_with_a_nudge_and_forgets_the_nudge() -> None:
    nudge = asyncio.Event()
    await pause(nudge, 0.0)
    nudge.set()
    await pause(nudge, 3600.0)
    assert not nudge.is_set()


@pytest.mark.parametrize("took", [0.01, 1.0, 5.0, 18.0, 40.0, 90.0])
async def test_what_is_slow_stays_live_from_one_reading_to_the_next(took: float) -> None:
    async def slowly() -> int:
        rig.time.passed += took
        return 1

    rig = Rig(Source(slowly), Part("jobs", "health", 2.0, deadline=300.0), seed=1)
    await rig.go(3)
    reading = rig.readings[-1]
    assert reading.next_at is not None
    state = PartState(reading.part, value=1, value_at=reading.at, took=reading.took)
    assert (reading.next_at - reading.at).total_seconds() + took < state.stale_after


@pytest.mark.parametrize("took", [20.0, 60.0, 299.0])
def test_however_slow_a_reading_may_be_old_facts_do_not_pass_for_live(took: float) -> None:
    state = PartState(Part("jobs", "health", 2.0, deadline=300.0), value=1, value_at=NOW, took=took)
    assert SLOWNESS * took > LONGEST_PAUSE
    assert state.face(NOW + timedelta(seconds=3 * LONGEST_PAUSE)) is Face.OK
    assert state.face(NOW + timedelta(seconds=3 * LONGEST_PAUSE + 1)) is Face.STALE


async def test_a_server_that_asks_for_a_day_is_asked_again_in_minutes() -> None:
    rig = Rig(Source(Refused("rate limit", retry_after=86400.0)))
    await rig.go(1)
    assert rig.pauses == [LONGEST_ASKED]


async def test_a_fault_of_our_own_in_one_look_is_told_like_any_other() -> None:
    readings: list[Reading[int]] = []
    await Poller(PART, Source(RuntimeError("can't start new thread")), readings.append, clock=Time()).once()
    (outcome,) = (reading.outcome for reading in readings)
    assert isinstance(outcome, Failure)
    assert outcome.summary == "backtop failed to read this: RuntimeError"


def test_what_is_read_every_second_is_live_for_five() -> None:
    state = PartState(Part("host", "counters", 1.0), value=1, value_at=NOW, took=0.01)
    assert state.face(NOW + timedelta(seconds=5)) is Face.OK
    assert state.face(NOW + timedelta(seconds=5.1)) is Face.STALE
