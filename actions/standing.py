"""Whether an action could run now, as far as that is known before it is asked for.

The menu, the palette and the command line tell the same reason, in the words of the refusal that its key would meet.
Nothing is sent and no command is run for it. So one reason is left out, that sudo would ask for a password: each look
at that is a command of its own, of which some sites have a mail sent. It is told before the dialog opens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from types import MappingProxyType

from actions.guard import Posture, forbids_planning, forbids_running
from actions.plan import Refusal
from actions.spec import ActionSpec, Ask
from backend.config.model import Config
from backend.errors import JournalError
from backend.frozen import dataclass
from backend.incident.entry import Entry
from backend.incident.scribe import Scribe
from backend.model.situation import Situation
from backend.model.target import Target

Aim = tuple[Target, ...] | Refusal
"""What an action would act on, or why that cannot be said."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What may forbid an action, as it is known at one moment."""

    situation: Situation
    posture: Posture
    config: Config
    recent: Sequence[Entry] = ()
    """What the journal says of the last minutes."""
    unrecordable: str = ""
    """Why the journal could record nothing, as a sentence; empty when it can."""
    taken: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Who acts on a target now, as a sentence by its key."""
    busy: str = ""
    """The title of this program's own action that is open or runs."""

    def forbids(self, spec: ActionSpec, aim: Aim | None = None) -> str | None:
        """Why it cannot run now, as a sentence; None when it can, on something at least.

        Without an aim it may act on anything that it could act on.
        """
        if self.busy:
            return one_at_a_time(self.busy).reason
        if refusal := forbids_planning(spec.facts, self.situation, self.posture):
            return refusal.reason
        candidates = spec.candidates(self.situation)
        if not candidates:
            return spec.nothing
        refusal = self._forbids(spec, candidates if aim is None else aim, together=aim is not None)
        return None if refusal is None else refusal.reason

    def _forbids(self, spec: ActionSpec, aim: Aim, *, together: bool) -> Refusal | None:
        plan = aim if isinstance(aim, Refusal) else spec.planner(Ask(self.situation, aim, self.config))
        if isinstance(plan, Refusal):
            return plan
        if self.unrecordable:
            return Refusal(self.unrecordable)
        refusal = forbids_running(plan, self.recent, self.situation.at)
        if refusal is not None and not refusal.leaves_any_of(plan):
            return refusal
        left = [target for target in plan.targets if refusal is None or target not in refusal.spares]
        return self._taken(left, together=together)

    def _taken(self, targets: Sequence[Target], *, together: bool) -> Refusal | None:
        """Who leaves none of them to be acted on; of those that are acted on `together` one is enough."""
        taken = [self.taken[target.key] for target in targets if target.key in self.taken]
        return Refusal(taken[0]) if taken and (together or len(taken) == len(targets)) else None


def one_at_a_time(title: str) -> Refusal:
    """Another action of this program comes first."""
    return Refusal(f"{title} is open or runs; one action at a time.")


async def unrecordable(scribe: Scribe) -> str:
    """Why nothing could be recorded, before anybody asks for it, as a sentence; empty when it can."""
    try:
        await scribe.look_writable()
    except JournalError as error:
        return cannot_record(error)
    return ""


def cannot_record(error: JournalError) -> str:
    """The same, where it is known."""
    return f"Nothing could be sent, for the journal could not record it: {error}."
