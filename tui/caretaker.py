"""Brings runs to their last verdict: those of this program that go on, and those that nobody cares for any more."""

from collections.abc import Coroutine, Sequence

from actions.aftermath import Aftermath, left_alone
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from backend.errors import JournalError
from backend.incident.runs import RunRecord
from tui.desk import Desk
from tui.dispatch import Dispatcher
from tui.stage import AppStage


class Caretaker:
    """Finds the open runs in the journal, and takes up each that is due."""

    def __init__(self, desk: Desk, stage: AppStage, dispatcher: Dispatcher) -> None:
        self._desk = desk
        self._stage = stage
        self._dispatcher = dispatcher
        self._cared_for: set[str] = set()
        self._told: set[str] = set()

    async def due(self) -> Sequence[Coroutine[None, None, None]]:
        """What is to be done now, one for each run. What was broken off is told, once."""
        found = self._unheld()
        if any(run.verdict is None for run in found):
            await self._stage.reread()  # one that ended between the two looks has its verdict by now
            found = [run for run in self._unheld() if run.id in {each.id for each in found}]
        for run in found:
            self._tell_once(run)
        return [self._care(run.id, spec) for run in found if (spec := self._taken_up(run)) is not None]

    def _unheld(self) -> Sequence[RunRecord]:
        """The open runs that nobody brings to their end."""
        return [
            run for run in self._desk.scribe.ledger.open_runs if run.id not in self._cared_for and self._is_due(run)
        ]

    def _is_due(self, run: RunRecord) -> bool:
        ours = run.id in self._dispatcher.ran
        alone = ours or left_alone(run, self._desk.clock.now(), self._desk.host)
        return alone and not self._desk.locks.runs(run.id)

    def _tell_once(self, run: RunRecord) -> None:
        if run.verdict is None and run.id not in self._told:
            self._told.add(run.id)
            self._stage.tell_broken_off(run)

    def _taken_up(self, run: RunRecord) -> ActionSpec | None:
        """What it did, if this program knows that; who only looks takes nothing up."""
        spec = None if self._desk.posture.read_only else REGISTRY.get(run.intent.action)
        if spec is not None:
            self._cared_for.add(run.id)
        return spec

    async def _care(self, id_: str, spec: ActionSpec) -> None:
        try:
            verdict = await Aftermath(self._desk.means(spec)).settle(id_)
        except JournalError:
            return  # tried again at the next look; the first action says why
        finally:
            self._cared_for.discard(id_)
        if verdict is not None:
            self._stage.recorded(spec)
            self._dispatcher.report(spec, verdict)
