"""Why each action cannot run now: what the menu and the palette tell, without waiting for anything."""

from collections.abc import Mapping, Sequence

from actions.guard import BUDGET_WINDOW
from actions.neighbours import Neighbours
from actions.plan import Refusal
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from actions.standing import Aim, Standing, unrecordable
from backend.errors import JournalError
from backend.incident.entry import Entry
from tui.desk import Desk
from tui.dispatch import Dispatcher
from tui.screens.dashboard import Dashboard
from tui.targets import aimed, model_of
from widgets.present.menu import MenuEntry

Keys = tuple[str, ...]


class Reasons:
    """Judges what the person would act on now; what has to be looked at on this host is as old as the last `look`."""

    def __init__(self, desk: Desk, dispatcher: Dispatcher, dashboard: Dashboard) -> None:
        self._desk = desk
        self._dispatcher = dispatcher
        self._dashboard = dashboard
        self._neighbours = Neighbours()
        self._unrecordable = ""
        self._kept_off: Mapping[str, str] = {}
        self._looked_at: Mapping[str, Keys] = {}
        """For what the neighbours were looked at: by now the person may mean something else."""

    async def look(self) -> None:
        """See whether the journal could be written, and on what other backtops act."""
        try:
            await self._desk.scribe.look_writable()
            self._unrecordable = ""
        except JournalError as error:
            self._unrecordable = unrecordable(error)
        if self._dispatcher.running:
            return  # the locks are our own
        aims = self._aims()
        means = {id_: self._desk.means(REGISTRY[id_]) for id_ in aims}
        self._kept_off = await self._neighbours.keep_off(
            {id_: (means[id_], aim) for id_, aim in aims.items() if not isinstance(aim, Refusal)}
        )
        self._looked_at = {id_: _keys(aim) for id_, aim in aims.items()}

    def of(self, spec: ActionSpec) -> str | None:
        """Why this action cannot run now, as a sentence; None when it can."""
        aims = self._aims()
        return self._standing(aims).forbids(spec, aims[spec.id])

    def entries(self) -> Sequence[MenuEntry]:
        """Every action, and why it cannot run now."""
        aims = self._aims()
        standing = self._standing(aims)
        return [
            MenuEntry(
                spec.id, spec.key, spec.title, spec.risk.value, spec.pane, spec.help,
                standing.forbids(spec, aims[spec.id]),
            )
            for spec in REGISTRY.values()
        ]  # fmt: skip

    def _aims(self) -> Mapping[str, Aim]:
        situation = self._desk.situation()
        return {id_: aimed(spec, situation, model_of(spec, self._dashboard)) for id_, spec in REGISTRY.items()}

    def _standing(self, aims: Mapping[str, Aim]) -> Standing:
        desk, busy = self._desk, self._dispatcher.busy
        return Standing(
            desk.situation(), desk.posture, desk.config,
            recent=self._recent(),
            unrecordable=self._unrecordable,
            kept_off={id_: why for id_, why in self._kept_off.items() if self._looked_at[id_] == _keys(aims[id_])},
            busy=busy.title if busy else "",
        )  # fmt: skip

    def _recent(self) -> Sequence[Entry]:
        """What was read of the runs of the last minutes."""
        now = self._desk.clock.now()
        runs = self._desk.scribe.ledger.runs
        return [entry for run in runs if now - run.last_at < BUDGET_WINDOW for entry in run.entries]


def _keys(aim: Aim) -> Keys:
    return () if isinstance(aim, Refusal) else tuple(target.key for target in aim)
