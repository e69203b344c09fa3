"""Why each action cannot run now: what the menu and the palette tell, without waiting for anything."""

from collections.abc import Mapping, Sequence

from actions.guard import BUDGET_WINDOW
from actions.neighbours import Neighbours
from actions.plan import Refusal
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from actions.standing import Aim, Standing, unrecordable
from backend.incident.entry import Entry
from tui.desk import Desk
from tui.dispatch import Dispatcher
from tui.screens.dashboard import Dashboard
from tui.targets import aimed, doubtful, in_doubt, model_of
from widgets.present.menu import MenuEntry


class Reasons:
    """Judges what the person would act on now; what has to be looked at on this host is as old as the last `look`."""

    def __init__(self, desk: Desk, dispatcher: Dispatcher, dashboard: Dashboard) -> None:
        self._desk = desk
        self._dispatcher = dispatcher
        self._dashboard = dashboard
        self._neighbours = Neighbours()
        self._unrecordable = ""
        self._taken: Mapping[str, str] = {}
        """What was taken of all that was meant; by now the person may mean something else."""

    async def look(self) -> None:
        """See whether the journal could be written, and on what other backtops act."""
        self._unrecordable = await unrecordable(self._desk.scribe)
        if self._dispatcher.running:
            return  # the locks are our own
        aims = [(self._desk.means(spec), self._aim(spec)) for spec in REGISTRY.values()]
        self._taken = await self._neighbours.taken(
            [(means, aim) for means, aim in aims if not isinstance(aim, Refusal)]
        )

    def of(self, spec: ActionSpec) -> str | None:
        """Why this action cannot run now, as a sentence; None when it can."""
        return self._standing().forbids(spec, self._aim(spec))

    def entries(self) -> Sequence[MenuEntry]:
        """Every action, and why it cannot run now."""
        standing = self._standing()
        return [
            MenuEntry(
                spec.id, spec.key, spec.title, spec.risk.value, spec.pane, spec.help,
                standing.forbids(spec, self._aim(spec)),
            )
            for spec in REGISTRY.values()
        ]  # fmt: skip

    def told(self, id_: str) -> None:
        """Who asked for this action was told why it cannot run: a doubt what is meant counts as told if that was it."""
        spec = REGISTRY[id_]
        model = model_of(spec, self._dashboard)
        if model is not None and self.of(spec) == in_doubt(model):
            doubtful(model)

    def _aim(self, spec: ActionSpec) -> Aim:
        model = model_of(spec, self._dashboard)
        if model is not None and (doubt := in_doubt(model)):
            return Refusal(doubt)
        return aimed(spec, self._desk.situation(), model)

    def _standing(self) -> Standing:
        desk, busy = self._desk, self._dispatcher.busy
        return Standing(
            desk.situation(), desk.posture, desk.config,
            recent=self._recent(),
            unrecordable=self._unrecordable,
            taken=self._taken,
            busy=busy.title if busy else "",
        )  # fmt: skip

    def _recent(self) -> Sequence[Entry]:
        """What was read of the runs of the last minutes."""
        now = self._desk.clock.now()
        runs = self._desk.scribe.ledger.runs
        return [entry for run in runs if now - run.last_at < BUDGET_WINDOW for entry in run.entries]
