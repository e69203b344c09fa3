"""The one table of actions. Keys, footer, help, menu, palette, command line and documentation come from it."""

from collections.abc import Mapping
from types import MappingProxyType

from actions.engine import (
    plan_reset_failed,
    plan_restart,
    reset_executor,
    restart_executor,
    the_failed_unit,
    the_unit,
)  # fmt: skip
from actions.jobs import JobExecutor, failed_jobs, plan_requeue
from actions.plan import Risk
from actions.spec import ActionSpec
from backend.model.target import JobTarget, UnitTarget
from backend.parts import ENGINE_UNIT, JOBS_FAILED

_TABLE = (
    ActionSpec(
        id="job.requeue",
        key="r",
        panes=("failures",),
        title="requeue",
        help="Run the marked failed jobs again as they were configured: one at once, several behind a canary.",
        risk=Risk.LOW,
        runbook="Recovery Actions > Queue Management",
        acts_on=JobTarget,
        facts=(JOBS_FAILED,),
        planner=plan_requeue,
        candidates=failed_jobs,
        executor=lambda platform, _clock: JobExecutor(platform.api),
        nothing="There is no failed job.",
    ),
    ActionSpec(
        id="engine.restart",
        key="S",
        panes=("jobs", "resources"),
        title="restart engine",
        help="Restart the engine's unit, and wait until a new run of it is healthy.",
        risk=Risk.HIGH,
        runbook="Quick Actions",
        acts_on=UnitTarget,
        facts=(ENGINE_UNIT,),
        planner=plan_restart,
        candidates=the_unit,
        executor=lambda platform, clock: restart_executor(platform.engine, platform.api, clock),
        nothing="The service manager does not know the engine's unit.",
        chosen=False,
    ),
    ActionSpec(
        id="engine.reset-failed",
        key="e",
        panes=("resources",),
        title="reset failed",
        help="Clear the unit's failed state, so that it may be started again after its start limit.",
        risk=Risk.LOW,
        runbook="Recovery Actions > Service Recovery",
        acts_on=UnitTarget,
        facts=(ENGINE_UNIT,),
        planner=plan_reset_failed,
        candidates=the_failed_unit,
        executor=lambda platform, clock: reset_executor(platform.engine, clock),
        nothing="The engine's unit has not failed.",
        chosen=False,
    ),
)

REGISTRY: Mapping[str, ActionSpec] = MappingProxyType({spec.id: spec for spec in _TABLE})
