"""From the rows that the person means to the targets of an action."""

from collections.abc import Collection, Mapping, Set

from actions.plan import Refusal
from actions.spec import ActionSpec
from actions.standing import Aim
from backend.model.situation import Situation
from backend.model.target import JobTarget, Target
from backend.parts import JOBS_FAILED
from tui.screens.dashboard import Dashboard
from widgets.table_model import Strayed, TableModel

HIDDEN = "what is marked is hidden by the filter; / and esc show it"
STRAYED: Mapping[Strayed, str] = {
    "gone": "the row under the cursor went away; press again to mean the one that it stands on now",
    "sifted": "the filter took the row under the cursor away; press again to mean the one that it stands on now",
    "folded": "the row under the cursor went into a folded group; press again to mean that whole group",
    "overtaken": "another row came to the top; press again to mean the one that the cursor stands on now",
    "marks": "what was marked went away; press again to mean the row under the cursor",
}
"""What is said once before a key means something else than it did when the person looked last."""
GONE = "what is shown here as failed is not failed any more; look again"


def doubtful(model: TableModel) -> str | None:
    """Why it is not clear what the person means; told once, as long as nothing else goes away."""
    doubt = in_doubt(model)
    if not model.marks.keys:
        model.untold()
    return doubt


def in_doubt(model: TableModel) -> str | None:
    """The same, which is not told by this."""
    if model.marks.keys:  # wherever the cursor stands
        return None if model.meant else HIDDEN
    return None if model.strayed is None or model.view.cursor is None else STRAYED[model.strayed]


def left_out(marked: Set[str], meant: Set[str], targets: Collection[Target]) -> tuple[str, ...]:
    """What the dialog tells of rows that the person sees marked, or in the group, and that are not acted on."""
    hidden, gone = len(marked - meant), len(meant) - len(targets)
    return (
        *((f"leaves out: {hidden} marked {'one' if hidden == 1 else 'ones'} that the filter hides",) if hidden else ()),
        *((f"leaves out: {gone} that {'is' if gone == 1 else 'are'} not failed any more",) if gone > 0 else ()),
    )


def model_of(spec: ActionSpec, dashboard: Dashboard) -> TableModel | None:
    """The list that an action's targets are chosen from, if they are."""
    table = dashboard.panes[spec.panes[0]].table if spec.chosen else None
    return None if table is None else table.model


def aimed(spec: ActionSpec, situation: Situation, model: TableModel | None) -> Aim:
    """What an action means now: of what is chosen, the rows that the person means, about which nothing is in doubt."""
    if model is None:
        return targets_of(spec, situation, ())
    meant = model.meant
    targets = targets_of(spec, situation, meant)
    return Refusal(GONE) if meant and not targets else targets


def targets_of(spec: ActionSpec, situation: Situation, meant: Collection[str]) -> tuple[Target, ...]:
    """What an action means now: of what is chosen, these rows."""
    return jobs_of(situation, meant) if spec.chosen else spec.candidates(situation)


def jobs_of(situation: Situation, meant: Collection[str]) -> tuple[JobTarget, ...]:
    """The failed jobs of these rows, as they stand now and in the order of the list.

    Never one that has no row: the list may have grown since the person saw it.
    """
    failed = situation.value(JOBS_FAILED)
    return tuple(JobTarget.of(job) for job in failed.jobs if job.id in meant) if failed else ()
