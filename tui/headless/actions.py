"""`backtop actions`: the registry, and what could run now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from actions.guard import BUDGET_WINDOW, Posture
from actions.means import Means
from actions.neighbours import Neighbours
from actions.registry import REGISTRY
from actions.spec import ActionSpec
from actions.standing import Standing, cannot_record, unrecordable
from backend.clock import Clock
from backend.config.model import Config
from backend.errors import JournalError
from backend.holding import Locks
from backend.incident.entry import Entry
from backend.incident.journal import Journal
from backend.incident.scribe import Scribe
from backend.locks import whoami
from backend.model.situation import Situation
from backend.platform import Platform
from tui.headless.look import look
from tui.headless.saying import say, say_json


async def actions(config: Config, clock: Clock, *, as_json: bool) -> int:
    """Print the registry, and what could run now."""
    platform = Platform(config)
    try:
        situation = await look(platform, clock, {part.key for spec in REGISTRY.values() for part in spec.facts})
        standing = await _standing(platform, situation, config, clock)
    finally:
        await platform.aclose()
    rows = [_row(spec, standing) for spec in REGISTRY.values()]
    if as_json:
        say_json(rows)
    else:
        for row in rows:
            now = "" if row["available"] else f"  not now: {row['reason']}"
            say(f"{row['id']:<22} {row['key']} in {row['pane']:<10} {row['risk']:<7} {row['title']}{now}")
    return 0


async def _standing(platform: Platform, situation: Situation, config: Config, clock: Clock) -> Standing:
    scribe, locks = Scribe(Journal(config.journal_path, whoami(), clock)), Locks(config.lock_dir, clock)
    recent, trouble = await _recent(scribe, clock.now())
    taken = await Neighbours().taken(
        (Means(spec.executor(platform, clock), scribe, locks, clock), spec.candidates(situation))
        for spec in REGISTRY.values()
    )
    return Standing(situation, Posture(config.read_only), config, recent, trouble, taken)


async def _recent(scribe: Scribe, now: datetime) -> tuple[Sequence[Entry], str]:
    """What the journal says of the last minutes, and why it could record nothing."""
    if trouble := await unrecordable(scribe):
        return (), trouble
    try:
        return await scribe.since(now - BUDGET_WINDOW), ""
    except JournalError as error:
        return (), cannot_record(error)


def _row(spec: ActionSpec, standing: Standing) -> Mapping[str, Any]:
    reason = standing.forbids(spec)
    return {
        "id": spec.id, "title": spec.title, "risk": spec.risk.value, "key": spec.key, "pane": spec.pane,
        "runbook": spec.runbook, "available": reason is None, "reason": reason,
    }  # fmt: skip
