"""`backtop status` and `backtop diagnose`: one look, told as text or JSON, with an exit code."""

from collections.abc import Sequence
from typing import Any

import msgspec

from backend.clock import Clock
from backend.config.model import Config, Limits
from backend.diagnosis.rules import diagnose
from backend.incident.alert import Alert, alert
from backend.model.finding import Finding, Severity
from backend.model.situation import GRAVITY, SOURCES, Face, PartState, Situation
from backend.platform import Platform
from tui.headless.look import look
from tui.headless.saying import say, say_json

EXIT_CODES = {"good": 0, "warning": 1, "critical": 2, "unknown": 3}


async def run(config: Config, clock: Clock, *, as_json: bool, only_findings: bool = False) -> int:
    """Look once, print, and return the exit code."""
    platform = Platform(config)
    try:
        situation = await look(platform, clock)
    finally:
        await platform.aclose()
    told = report(situation, config.profile, config.limits)
    if as_json:
        say_json(told)
    else:
        say("\n".join(_as_text(told, only_findings=only_findings)))
    return EXIT_CODES[told["verdict"]]


def report(situation: Situation, profile: str, limits: Limits) -> dict[str, Any]:
    """The object that `status --json` prints."""
    findings = diagnose(situation, limits)
    fires = alert(situation, limits)
    return {
        "at": situation.at,
        "profile": profile,
        "verdict": verdict(situation, fires, findings),
        "alert": {"state": fires.state, "since": fires.since},
        "sources": {source: _source(situation, source) for source in SOURCES if situation.of_source(source)},
        "findings": [_finding(finding) for finding in findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    """All but its weight, which only orders them."""
    told: dict[str, Any] = msgspec.to_builtins(finding)
    del told["weight"]
    return told


def verdict(situation: Situation, fires: Alert, findings: Sequence[Finding]) -> str:
    """`critical` when the alert fires or a finding is critical, `unknown` when nobody can tell whether it fires."""
    if fires.state == "firing" or any(finding.severity is Severity.CRITICAL for finding in findings):
        return "critical"
    if fires.state == "unknown":
        return "unknown"
    troubled = any(situation.face(source) in (Face.FAILED, Face.STALE) for source in SOURCES)
    return "warning" if findings or troubled else "good"


def _source(situation: Situation, source: str) -> dict[str, Any]:
    states = situation.of_source(source)
    parts = {state.part.name: _part(state, situation) for state in states}
    known = [state for state in states if state.face(situation.at) is not Face.MISSING]
    worst = max(known, key=lambda state: GRAVITY.index(state.face(situation.at)), default=states[0])
    ages = [part["age_s"] for part in parts.values() if part["age_s"] is not None]
    return {
        **_part(worst, situation),
        "state": situation.face(source).value,
        "age_s": max(ages, default=None),
        "value": {name: part["value"] for name, part in parts.items()},
        "parts": parts,
    }


def _part(state: PartState[Any], situation: Situation) -> dict[str, Any]:
    face = state.face(situation.at)
    error = None
    if state.failure is not None:
        error = {"kind": state.failure.kind, "summary": state.failure.summary}
    elif state.missing is not None:
        error = {"kind": "missing", "summary": state.missing.summary}
    age = state.age(situation.at)
    return {
        "state": face.value,
        "age_s": None if age is None else round(age, 3),
        "took_ms": None if state.took is None else round(1000 * state.took, 1),
        "error": error,
        "value": msgspec.to_builtins(state.value),
    }


def _as_text(told: dict[str, Any], *, only_findings: bool) -> list[str]:
    lines = [
        f"{told['verdict']}   alert {told['alert']['state']}   {told['at']:%Y-%m-%d %H:%M:%S} UTC   {told['profile']}"
    ]
    lines += [f"  {one['severity']:<9} {one['cause']:<9} {one['summary']}" for one in told["findings"]]
    if only_findings:
        for one in told["findings"]:
            lines.append(f"  {one['cause']}: {one['runbook']}; {', '.join(one['actions'])}")
            lines += [f"    {each['name']:<24} {each['value']} {each['unit']}".rstrip() for each in one["evidence"]]
        return lines
    for name, source in told["sources"].items():
        why = f"  {source['error']['summary']}" if source["error"] else ""
        lines.append(f"  {name:<10} {source['state']:<8}{why}")
    return lines
