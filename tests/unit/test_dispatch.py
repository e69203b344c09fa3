import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actions.guard import Posture
from actions.jobs import JobExecutor
from actions.outcome import Progress
from actions.plan import Plan
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from backend.config.model import Config
from backend.errors import JournalError, TimedOut
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.incident.scribe import Scribe
from backend.model.jobs import Job, JobState
from backend.model.situation import Situation
from backend.model.target import JobTarget
from tests.engines import LOOPS, EngineRig, seen
from tests.fakes import BAD, NOTHING, SLOW, Rig, failed, listing
from tui.dispatch import Dispatcher

SPEC = REGISTRY["job.requeue"]


class Person:
    """Sits before a dispatcher on a server in hand, and answers its dialogs."""

    def __init__(self, folder: Path, *jobs: Job) -> None:
        self.rig = Rig(folder, *jobs)
        self.seen = listing(*jobs)
        self.posed = Posture()
        self.says = True
        self.while_open: Callable[[], None] = lambda: None
        self.dialogs: list[Plan] = []
        self.told: list[tuple[str, str, bool]] = []
        self.progress: list[Progress | None] = []
        self.read: list[str | None] = []
        self.while_read: Callable[[], object] = lambda: None
        self.records = 0
        self.advised = ""
        self.while_advised: Callable[[], None] = lambda: None
        self.states: list[tuple[ActionSpec | None, Progress | None, int]] = []
        self.dispatcher = Dispatcher(self, lambda _spec: self.rig.runner, Config())

    def situation(self) -> Situation:
        return self.seen

    def posture(self) -> Posture:
        return self.posed

    async def confirm(self, plan: Plan) -> bool:
        self.dialogs.append(plan)
        self.while_open()
        return self.says

    def tell(self, text: str, *, title: str, grave: bool) -> None:
        self.told.append((title, text, grave))

    async def advice(self, spec: ActionSpec) -> str:
        self.while_advised()
        return self.advised

    def progressed(self, progress: Progress | None) -> None:
        self.progress.append(progress)

    def reads(self, text: str | None) -> None:
        self.read.append(text)
        self.while_read()

    def recorded(self, spec: ActionSpec) -> None:
        self.records += 1

    async def acts(self, *jobs: Job) -> None:
        await self.dispatcher.act(SPEC, [JobTarget.of(job) for job in jobs])


async def test_from_key_to_verdict(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    await person.acts(failed())
    assert person.rig.server.sent == ["8841"]
    assert person.told == [("requeue", "worked: completed in attempt 2", False)]
    assert person.records == 1
    assert person.progress[-1] is None
    assert person.dispatcher.busy is None


async def test_no_effect_is_told_gravely(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.server.courses["8841"] = NOTHING
    await person.acts(failed())
    assert person.told == [("requeue", "no effect: still failed in attempt 1, unchanged", True)]


async def test_a_run_that_stops_by_itself_shows_it_before_its_verdict(tmp_path: Path) -> None:
    jobs = [failed(name) for name in ("1", "2", "3")]
    person = Person(tmp_path, *jobs)
    person.rig.server.courses["1"] = BAD
    await person.acts(*jobs)
    halted = "stopped by itself (1: no effect)"
    assert Progress(1, 3, halted, stops=True) in person.progress
    assert person.told[0][1].endswith(f"2 not touched; {halted} after step 1 of 3")


async def test_who_does_not_confirm_changes_nothing(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.says = False
    await person.acts(failed())
    assert len(person.dialogs) == 1
    assert (person.rig.server.sent, person.rig.entries(), person.told) == ([], [], [])
    assert person.dispatcher.busy is None


async def test_refused_plan_is_told_and_opens_no_dialog(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    await person.acts()
    assert person.dialogs == []
    assert person.told == [
        ("requeue: refused", "No failed job is chosen: put the cursor on one, or mark some with space.", True)
    ]


@pytest.mark.parametrize("posture", [Posture(read_only=True), Posture(starts_locked=True)])
async def test_guard_refuses_before_the_dialog(tmp_path: Path, posture: Posture) -> None:
    person = Person(tmp_path, failed())
    person.posed = posture
    await person.acts(failed())
    assert (person.dialogs, person.rig.server.sent) == ([], [])
    assert person.told[0][0] == "requeue: refused"


@pytest.mark.parametrize(
    ("finds", "why"),
    [
        ("A line for sudo is missing.\nann ALL=x", "A line for sudo is missing.\nann ALL=x"),
        (TimedOut("no answer within 4 s"), "Whether this may be asked for cannot be seen: no answer within 4 s."),
    ],
)
async def test_a_right_that_is_missing_is_told_before_anybody_types_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finds: str | TimedOut, why: str
) -> None:
    async def barred(_: JobExecutor) -> str:
        if isinstance(finds, TimedOut):
            raise finds
        return finds

    monkeypatch.setattr(JobExecutor, "barred", barred)
    person = Person(tmp_path, failed())
    await person.acts(failed())
    assert (person.dialogs, person.rig.server.sent) == ([], [])
    assert person.told == [("requeue: refused", why, True)]


async def test_what_cools_down_opens_no_dialog(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.server.courses["8841"] = NOTHING
    await person.acts(failed())
    await person.acts(failed())
    assert len(person.dialogs) == 1
    title, text, _ = person.told[-1]
    assert title == "requeue: refused"
    assert "was already asked for 8841" in text
    assert person.rig.server.sent == ["8841"]


async def test_what_cools_down_is_left_out_of_a_group_and_told(tmp_path: Path) -> None:
    group = (failed("1"), failed("2"), failed("3"))
    person = Person(tmp_path, *group)
    person.rig.server.courses["1"] = NOTHING
    await person.acts(group[0])
    await person.acts(*group)
    assert [target.id for target in person.dialogs[-1].targets] == ["2", "3"]
    assert person.dialogs[-1].effects[0].startswith("leaves out: requeue was already asked for 1 ")
    assert person.rig.server.sent == ["1", "2", "3"]
    await person.acts(*group)
    assert len(person.dialogs) == 2
    assert "was already asked for 1, 2, 3 " in person.told[-1][1]


async def test_what_is_left_out_for_another_reason_is_told_beside_it(tmp_path: Path) -> None:
    group = (failed("1"), failed("../queue/failed"), failed("3"))
    person = Person(tmp_path, *group)
    person.rig.server.courses["1"] = NOTHING
    await person.acts(group[0])
    await person.acts(*group)
    assert [target.id for target in person.dialogs[-1].targets] == ["3"]
    left_out = [effect for effect in person.dialogs[-1].effects if effect.startswith("leaves out")]
    assert len(left_out) == 2
    assert "../queue/failed" in left_out[1]


async def test_a_journal_that_is_no_file_opens_no_dialog(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.path.mkdir(parents=True)
    await person.acts(failed())
    assert not person.dialogs
    assert "the journal cannot record it" in person.told[-1][1]


async def test_what_was_done_while_the_dialog_was_open_refuses(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())

    def somebody_else_acts() -> None:
        Journal(person.rig.path, "bob@research-01", person.rig.time).append(
            "intent", id="r1", action="job.requeue", targets=["job:8841"]
        )

    person.while_open = somebody_else_acts
    await person.acts(failed())
    assert len(person.dialogs) == 1
    assert "by bob@research-01; see what came of it" in person.told[0][1]
    assert person.rig.server.sent == []


async def test_a_journal_that_cannot_be_read_opens_no_dialog(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.path.mkdir()
    await person.acts(failed())
    assert person.dialogs == []
    assert person.told[0][1].startswith("Nothing was sent, for the journal cannot record it: ")


def that_takes_long(person: Person, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let the journal be read only when this is set."""
    may_be_read, since = asyncio.Event(), Scribe.since

    async def slow(self: Scribe, moment: datetime) -> Sequence[Entry]:
        await may_be_read.wait()
        return await since(self, moment)

    monkeypatch.setattr(Scribe, "since", slow)
    return may_be_read


READS = "requeue: looks whether it may run   esc drops it"


async def test_that_the_journal_is_read_is_told_where_it_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(tmp_path, failed())
    person.while_read = that_takes_long(person, monkeypatch).set
    await person.acts(failed())
    assert person.read == [READS, None]
    assert person.told == [("requeue", "worked: completed in attempt 2", False)]


async def test_what_is_at_once_flickers_nothing(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    await person.acts(failed())
    assert person.read == []
    assert person.progress[0] == Progress(0, 1, "may it still run?")


async def test_who_drops_it_waits_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(tmp_path, failed())
    hangs = that_takes_long(person, monkeypatch)
    person.while_read = person.dispatcher.drop
    await person.acts(failed())
    assert not hangs.is_set()
    assert (person.read, person.dialogs, person.rig.server.sent) == ([READS, None], [], [])
    assert person.told == [("requeue", "dropped; nothing was sent", False)]
    assert (person.dispatcher.busy, person.dispatcher.reading) == (None, False)
    hangs.set()
    person.dispatcher.drop()
    person.while_read = lambda: None
    await person.acts(failed())
    assert person.told[1:] == [("requeue", "worked: completed in attempt 2", False)]


async def test_a_target_that_must_not_be_acted_on_any_more_refuses_all(tmp_path: Path) -> None:
    one, two = failed("1"), failed("2")
    person = Person(tmp_path, one, two)
    person.while_open = lambda: setattr(person, "seen", listing(one, replace(two, ambiguous=True)))
    await person.acts(one, two)
    assert person.rig.server.sent == []
    assert person.told == [("requeue: refused", "2 can no longer be acted on; look again before acting.", True)]


async def test_a_unit_that_does_not_stay_up_may_be_in_another_run_by_the_time_it_is_confirmed(tmp_path: Path) -> None:
    person, engine = Person(tmp_path), EngineRig(tmp_path, **LOOPS, restarts=3)
    person.dispatcher.runner = lambda _: engine.runner()
    person.seen = seen(engine.unit)

    def turns() -> None:
        engine.engine.becomes(invocation="2" * 32, restarts=4)
        person.seen = seen(engine.engine.stands)

    person.while_open = turns
    spec = REGISTRY["engine.restart"]
    await person.dispatcher.act(spec, spec.candidates(person.seen))
    assert engine.engine.asked == ["restart"]
    assert [word.partition(":")[0] for _, word, _ in person.told] == ["worked"]


async def test_what_came_of_it_is_told_at_once_and_advice_when_it_is_there(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.server.courses["8841"] = BAD
    person.advised = "the finding is engine: S restart engine in resources"
    person.while_advised = lambda: person.states.append((person.dispatcher.busy, person.progress[-1], len(person.told)))
    await person.acts(failed())
    assert person.states == [(None, None, 1)], "whoever acts or leaves meanwhile finds nothing open"
    assert person.told[1:] == [("requeue", person.advised, False)]


async def test_facts_that_moved_while_the_dialog_was_open_refuse(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())

    def moves() -> None:
        person.seen = listing(failed(attempt=2))

    person.while_open = moves
    await person.acts(failed())
    assert (person.rig.server.sent, person.rig.kinds) == ([], ["refusal"])
    assert "has moved on to another attempt" in person.told[0][1]


async def test_facts_that_grew_old_while_the_dialog_was_open_refuse(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())

    def ages() -> None:
        person.seen = person.seen.seen_at(person.seen.at + timedelta(seconds=30))

    person.while_open = ages
    await person.acts(failed())
    assert person.rig.server.sent == []
    assert "is 30 s old and it is stale" in person.told[0][1]


async def test_lock_that_fell_while_the_dialog_was_open_refuses(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())

    def locks() -> None:
        person.posed = Posture(starts_locked=True)

    person.while_open = locks
    await person.acts(failed())
    assert person.rig.server.sent == []
    assert "Actions are locked" in person.told[0][1]


async def test_what_was_shown_is_what_runs(tmp_path: Path) -> None:
    person = Person(tmp_path, failed("1"), failed("2"))
    person.while_open = lambda: setattr(person, "seen", listing(failed("1"), failed("2"), failed("3")))
    await person.acts(failed("1"))
    assert person.rig.server.sent == ["1"]


async def test_world_that_moved_unseen_refuses_and_is_read_anew(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.server.put(replace(failed(), state=JobState.RUNNING))
    await person.acts(failed())
    assert person.told == [("requeue: refused", "Nothing was sent: job 8841 is running now.", True)]
    assert (person.rig.server.sent, person.records) == ([], 1)


async def test_one_action_at_a_time(tmp_path: Path) -> None:
    person = Person(tmp_path, failed("1"), failed("2"))
    hold, opened = asyncio.Event(), asyncio.Event()

    async def waits(plan: Plan) -> bool:
        opened.set()
        await hold.wait()
        return True

    person.confirm = waits  # type: ignore[method-assign]
    first = asyncio.create_task(person.acts(failed("1")))
    await opened.wait()
    await person.acts(failed("2"))
    assert person.told == [("requeue: refused", "requeue is open or runs; one action at a time.", True)]
    assert person.dispatcher.busy is SPEC
    hold.set()
    await first
    assert person.rig.server.sent == ["1"]
    await person.acts(failed("2"))
    assert person.rig.server.sent == ["1", "2"]


async def test_cancelled_dialog_frees_the_hands(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    opened = asyncio.Event()

    async def hangs(plan: Plan) -> bool:
        opened.set()
        await asyncio.Event().wait()
        return True

    person.confirm = hangs  # type: ignore[method-assign]
    acting = asyncio.create_task(person.acts(failed()))
    await opened.wait()
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting
    assert person.dispatcher.busy is None
    assert person.rig.server.sent == []


async def test_what_has_not_ended_is_followed_to_a_second_word(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.server.courses["8841"] = (*SLOW, (60.0, JobState.FAILED))
    await person.acts(failed())
    assert person.told == [("requeue", "worked so far: running in attempt 2", False)]
    assert person.dispatcher.busy is None
    (id_,) = person.dispatcher.open_runs
    verdict = await person.rig.settle(id_)
    assert verdict is not None
    await person.dispatcher.report(SPEC, verdict)
    assert person.told[1:] == [("requeue", "no effect: failed again in attempt 2, same error", True)]


async def test_bad_end_of_one_is_final_though_another_goes_on(tmp_path: Path) -> None:
    jobs = (failed("1"), failed("2"))
    person = Person(tmp_path, *jobs)
    person.rig.server.courses = {"1": SLOW, "2": NOTHING}
    await person.acts(*jobs)
    assert person.told == [("requeue", "no effect: 1 worked so far, 1 no effect", True)]


async def test_journal_that_breaks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(tmp_path, failed())

    def broken(*_: object, **__: object) -> Entry:
        raise JournalError("the disk is gone")

    person.rig.server.on_send = lambda _: monkeypatch.setattr(Journal, "append", broken)
    await person.acts(failed())
    assert person.told == [("requeue", "worked: completed in attempt 2; not recorded: the disk is gone", True)]


async def test_what_is_confirmed_while_the_program_ends_is_not_begun(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.while_open = lambda: person.dispatcher.end(0.0)  # type: ignore[assignment]
    await person.acts(failed())
    assert person.told == [("requeue: refused", "backtop was told to end; nothing was sent.", True)]
    assert (person.rig.server.sent, person.rig.kinds) == ([], ["refusal"])


async def test_told_to_end_it_says_what_is_waited_for_and_told_again_cuts_it_short(tmp_path: Path) -> None:
    person = Person(tmp_path, failed())
    person.rig.server.hold, arrived = asyncio.Event(), asyncio.Event()
    person.rig.server.on_send = lambda _: arrived.set()
    assert person.dispatcher.end(0.0) == "", "nothing runs"
    person.dispatcher._ending = ""
    acting = asyncio.create_task(person.acts(failed()))
    await arrived.wait()
    waits = person.dispatcher.end(10.0)
    assert waits == (
        "told once more to end, it cuts short what it waits for: POST /api/research/backtests/8841/requeue"
    )
    assert person.dispatcher.end(10.5) == waits, "the same word twice"
    assert person.dispatcher.end(60.0, again=False) == waits, "a hang-up is noticed in several ways"
    await asyncio.sleep(0)
    assert not acting.done()
    assert person.dispatcher.end(11.0) == ""
    await acting
    assert person.told == [
        ("requeue", "unknown: not looked at yet; backtop was told to end at once after step 1 of 1", True)
    ]
    assert list(person.dispatcher.open_runs)
