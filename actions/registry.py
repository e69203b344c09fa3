"""The one table of actions. Keys, footer, help, menu, palette, command line and documentation come from it."""

from collections.abc import Mapping
from types import MappingProxyType

from actions.jobs import failed_jobs, plan_requeue
from actions.plan import Risk
from actions.spec import ActionSpec
from backend.parts import JOBS_FAILED

_TABLE = (
    ActionSpec(
        id="job.requeue",
        key="r",
        pane="failures",
        title="requeue",
        help="Run the marked failed jobs again as they were configured: one at once, several behind a canary.",
        risk=Risk.LOW,
        runbook="Recovery Actions > Queue Management",
        facts=(JOBS_FAILED,),
        planner=plan_requeue,
        candidates=failed_jobs,
        nothing="There is no failed job.",
    ),
)

REGISTRY: Mapping[str, ActionSpec] = MappingProxyType({spec.id: spec for spec in _TABLE})
